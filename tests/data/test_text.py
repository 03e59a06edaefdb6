"""The text is prose from this Python, and its batches walk through it without a gap."""

import sys

import numpy as np
import pytest

from minigrad.data import Text, characters

SMALL = Text("hello world, hello", "".join(sorted(set("hello world, hello"))))


def test_the_text_is_long_plain_prose():
    found = characters()
    assert len(found.text) > 20_000
    assert found.vocabulary == "".join(sorted(set(found.text)))
    assert len(found.vocabulary) < 45
    assert set("etaoin .,\n") <= set(found.vocabulary)
    assert found.text.count("the ") > 500
    assert characters() is found


def test_a_python_without_help_is_named(monkeypatch):
    characters.cache_clear()
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(ImportError, match="no pydoc_data"):
        characters()


def test_encode_and_decode_are_inverse():
    codes = SMALL.encode(SMALL.text)
    assert codes.dtype == np.int64
    assert SMALL.decode(codes) == SMALL.text
    assert np.array_equal(SMALL.one_hot(codes).argmax(-1), codes)


def test_batches_continue_row_by_row():
    drawn = list(SMALL.batches(2, 3))
    x = np.concatenate([batch.x.argmax(-1) for batch in drawn], axis=1)
    y = np.concatenate([batch.y for batch in drawn], axis=1)
    assert [SMALL.decode(row) for row in x] == ["hello ", "rld, h"]
    assert [SMALL.decode(row) for row in y] == ["ello w", "ld, he"]
    assert drawn[0].x.shape == (2, 3, len(SMALL.vocabulary))
    assert drawn[0].mask.all()


def test_silly_arguments_are_named():
    with pytest.raises(ValueError, match=r"not in the vocabulary.*'z'"):
        SMALL.encode("zoo")
    with pytest.raises(ValueError, match="make batch or length smaller"):
        next(SMALL.batches(9, 3))
    with pytest.raises(ValueError, match="batch is 0"):
        next(SMALL.batches(0, 3))
