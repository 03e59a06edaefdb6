"""Scores for an LMS: who is missing, blank, partial, refused or ungraded stays told apart."""

from __future__ import annotations

import csv
import io

import pytest

from minigrad.grading.model import Exercise, GradingError, Report
from minigrad.grading.report.lms import lms_csv, read_ids


def graded(score: float, blank: bool = False) -> Report:
    return Report("01-a", "graded", (Exercise("e", 10.0, score, ()),), blank=blank)


REPORTS = {
    "ada": graded(10.0),
    "bea": graded(2.5),
    "cem": graded(0.0),
    "dan": graded(0.0, blank=True),
    "eva": Report("01-a", "refused", reason="=1+1 is no notebook"),
    "fay": Report("01-a", "ungraded", reason="disk full"),
    "nobody": graded(1.0),
}


def test_a_row_for_each_student_of_the_map(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text(
        "\ufeffid,name,student\n007,Ada,ada\n"
        + "".join(f"{s}1,,{s}\n" for s in ["bea", "cem", "dan", "eva", "fay", "gus"])
    )
    data = lms_csv(REPORTS, read_ids(path))
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [(r["id"], r["student"], r["score"], r["points"], r["state"]) for r in rows] == [
        ("007", "ada", "10", "10", "full"),
        ("bea1", "bea", "2.5", "10", "partial"),
        ("cem1", "cem", "0", "10", "zero"),
        ("dan1", "dan", "0", "10", "blank"),
        ("eva1", "eva", "", "10", "refused"),
        ("fay1", "fay", "", "10", "ungraded"),
        ("gus1", "gus", "", "10", "missing"),
    ]
    assert rows[6]["comment"] == "nothing was handed in"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: no columns `student` and `id`"),
        ("name,id\nada,1\n", "line 1: no columns"),
        ("student,id\nada,1\nbea,\n", "line 3: a student and an id are needed"),
        ("student,id\nada\n", "line 2: a student and an id are needed"),
        ("student,id\nada,1\nada,2\n", "line 3: ada is there twice"),
        ("student,id\nada,1\nbea,1\n", "line 3: bea and ada have the same id 1"),
    ],
)
def test_a_wrong_map_names_its_line(tmp_path, text, told):
    path = tmp_path / "ids.csv"
    path.write_text(text)
    with pytest.raises(GradingError, match=told):
        read_ids(path)


def test_no_map_says_what_it_looks_like(tmp_path):
    with pytest.raises(GradingError, match="the first line is `student,id`"):
        read_ids(tmp_path / "ids.csv")
