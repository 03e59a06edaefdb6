"""English prose that every Python installation carries, as characters to learn from."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigrad.arguments import indices
from minigrad.contract.kinds import check_fields
from minigrad.contract.told import asked
from minigrad.data.tasks import Batch

# A paragraph of plain prose: no code, no tables, no markup.
_PROSE = re.compile(r"[A-Z][A-Za-z ,.;:'()\-?!\"]{60,}\.")


@dataclass(frozen=True)
class Text:
    """A text and its vocabulary: each character once, sorted. A character's code is its index there.

    Of your own text: `Text(text, "".join(sorted(set(text))))`.
    """

    text: str
    vocabulary: str

    def __post_init__(self) -> None:
        check_fields(self)

    @asked
    def encode(self, text: str) -> np.ndarray:
        """The codes of a text's N characters: their indices in the vocabulary, (N,) int64.

        Raises ValueError, which names them, where characters are not in the vocabulary.
        """
        places = {character: code for code, character in enumerate(self.vocabulary)}
        unknown = sorted(set(text) - set(places))
        if unknown:
            raise ValueError(f"not in the vocabulary: {unknown}; it has {self.vocabulary!r}")
        return np.array([places[character] for character in text], dtype=np.int64)

    @asked
    def decode(self, codes: npt.ArrayLike) -> str:
        """The text of N characters that the codes (N,) stand for. Raises ValueError as `indices` does."""
        places = indices("decode", "codes", codes, len(self.vocabulary))
        return "".join(self.vocabulary[place] for place in places.ravel().tolist())

    @asked
    def one_hot(self, codes: npt.ArrayLike) -> np.ndarray:
        """codes (...) as one-hot rows (..., V), float64; V is the length of the vocabulary.

        Raises ValueError as `indices` does.
        """
        places = indices("one_hot", "codes", codes, len(self.vocabulary))
        return np.asarray(np.eye(len(self.vocabulary))[places])

    @asked
    def batches(self, batch: int, length: int) -> Iterator[Batch]:
        """Walk through the text once, in `batch` equal streams side by side, `length` characters a time.

        x (B, T, V) is one-hot; y (B, T) holds the codes of the characters that come next; mask (B, T)
        is True. B is `batch`, T is `length`. Row b of a batch begins where row b of the batch before
        ended, so a state may be carried over. Fewer than `length` characters at a stream's end are
        left out. Raises ValueError where batch or length is below 1, or the text too short for one batch.
        """
        if batch < 1 or length < 1:
            raise ValueError(f"batch is {batch} and length {length}; both must be at least 1")
        codes = self.encode(self.text)
        stream = (len(codes) - 1) // batch
        if stream < length:
            raise ValueError(
                f"a text of {len(codes)} characters gives {batch} streams of {stream} characters, "
                f"too few for length {length}; make batch or length smaller"
            )
        x = codes[: stream * batch].reshape(batch, stream)
        y = codes[1 : stream * batch + 1].reshape(batch, stream)
        mask = np.ones((batch, length), dtype=bool)
        for start in range(0, stream - length + 1, length):
            cut = slice(start, start + length)
            yield Batch(self.one_hot(x[:, cut]), y[:, cut], mask)


@functools.cache
def characters() -> Text:
    """The prose of Python's own reference, as its `help()` shows it, in lower case: about 47,000 characters.

    It comes from the running Python and needs no network; its exact words differ between versions
    of Python. Raises ImportError where an installation has no such help, as Pyodide has none.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise ImportError("this Python has no pydoc_data, the text of its help: make your own Text") from None
    pages = (topics[name] for name in sorted(topics))
    paragraphs = (" ".join(part.split()) for page in pages for part in re.split(r"\n\s*\n", page))
    prose = dict.fromkeys(part for part in paragraphs if _PROSE.fullmatch(part))
    text = "\n".join(prose).lower()
    return Text(text, "".join(sorted(set(text))))
