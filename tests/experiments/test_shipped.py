"""The parts of `python -m experiments.shipped` that need no package."""

import io

import numpy as np
import pytest

from experiments import shipped

TS = "#about\n@problemName X\n@data\n1,2,3:4,5,6:walking\n7:8:running\n"


def test_a_ts_file_becomes_arrays_of_steps_and_dimensions():
    (first, walking), (second, running) = shipped.series(TS)
    assert first.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert second.tolist() == [[7, 8]]
    assert (walking, running) == ("walking", "running")


def test_bytes_are_off_by_half_a_step_at_most():
    values = np.random.default_rng(0).normal(size=(50, 3))
    small, low, step = shipped.in_bytes(values)
    assert small.dtype == np.uint8
    assert (small.min(axis=0).tolist(), small.max(axis=0).tolist()) == ([0] * 3, [255] * 3)
    assert (np.abs(low + step * small - values) <= step / 2 + 1e-12).all()


def test_only_short_sentences_with_a_clear_rating_are_kept():
    long = " ".join(["word"] * 17)
    text = f"1\t2.2666666\tA   splash.\n2\t-0.4\tNeither.\n3\t-3\t{long}\n4\t-0.5\tBad.\n"
    assert shipped.rated(text) == [(2.27, "A splash."), (-0.5, "Bad.")]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("d 'de' MMMM 'de' y", "{d} de {month} de {y}"),
        ("dd.MM.yy", "{dd}.{mm}.{yy}"),
        ("y('e')'ko' MMM d('a')", "{y}(e)ko {abbr} {d}(a)"),
        ("LLLL d, yyyy", "{month} {d}, {y}"),
    ],
)
def test_a_pattern_becomes_a_format(pattern, wanted):
    assert shipped.form(pattern) == wanted


def test_a_pattern_with_another_field_is_refused():
    with pytest.raises(ValueError, match="'G'"):
        shipped.form("d MMM y G")


def test_a_dictionary_line_is_its_first_pronunciation_without_stress():
    text = "ab AE1 B\ncat K AE1 T # a comment\ncat(2) K AA1 T\nd'or D AO1 R\nthing TH IH1 NG\n"
    assert shipped.pronounced(text) == [("cat", ("K", "AE", "T")), ("thing", ("TH", "IH", "NG"))]


WORDS = """
cat K AE T; act AE K T; cot K AA T; bat B AE T; tab T AE B; cob K AA B; off AA F; on AA N;
hat HH AE T; sit S IH T; box B AA K S; fix F IH K S; three TH R IY; the DH AH; this DH IH S; bath B AE TH
"""


def test_letters_are_aligned_with_the_sounds_that_they_make():
    pairs = [(word, tuple(sounds)) for word, *sounds in map(str.split, WORDS.split(";"))]
    first, last = (
        dict(zip([word for word, _ in pairs], shipped.aligned(pairs, rounds), strict=True))
        for rounds in (1, 6)
    )
    for word, sounds in pairs:
        assert " ".join(filter(None, last[word] or ())) == " ".join(sounds)
    assert last["act"] == ("AE", "K", "T")
    assert last["bath"] == ("B", "AE", "TH", "")
    assert first["bath"] == ("B", "", "AE", "TH"), "the place alone does not tell; the other words do"
    assert shipped.aligned([("a", ("X", "Y", "Z"))]) == [None], "three sounds are more than a letter makes"


def test_the_files_are_the_same_every_time():
    one, two = (shipped.vowels(*["@data\n1,2,3:4,5,6:1\n3:8:2\n"] * 2) for _ in range(2))
    assert one == two
    with np.load(io.BytesIO(one)) as file:
        assert (file["lengths"].tolist(), file["labels"].tolist()) == ([3, 1, 3, 1], [0, 1, 0, 1])
        assert int(file["training"]) == 2
    assert shipped.table([("a", "b"), (1, "x, y")]) == b'a,b\n1,"x, y"\n'


def test_a_package_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"0 files vader"):
        shipped.make(tmp_path)
