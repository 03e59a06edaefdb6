"""Reports as text, HTML, CSV, JSON, a class page; pictures of expected against got."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import bleach
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.judge.observe import STOPPED
from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.report import formats
from minigrad.grading.report.class_page import class_html
from minigrad.grading.report.feedback import exercise_html, report_html, summary
from minigrad.grading.report.markup import number, prose, rounded
from minigrad.grading.report.picture import picture, worst_entry

EVIL = "<script>alert('x')</script>\x1b[31m\r`&`"


def verdict(name: str, points: float, passed: bool, says: str = "It `works`.", reason: str = "") -> Verdict:
    return Verdict(name, name.split(".")[0], says, points, name.endswith("a"), passed, reason)


def report(passed: bool, **changes: object) -> Report:
    verdicts = (
        verdict("cell.a", 5, True),
        verdict("cell.b", 20 / 3, passed, reason="`W_h` is off by about 1e-2"),
    )
    score = sum(v.points for v in verdicts if v.passed)
    mistake = {} if passed else {"mistake": "transposed", "hint": "Is `W_h` the right way round?"}
    exercise = Exercise("cell", 35 / 3, score, verdicts, **mistake)
    return Report("01-rnn", "graded", (exercise,), **changes)  # type: ignore[arg-type]


REFUSED = Report("01-rnn", "refused", reason=f"not JSON {EVIL}", notes=(EVIL,))
UNGRADED = Report("01-rnn", "ungraded", reason="no sandbox")
CLASS = {
    "zoe": report(True),
    "ann": report(False, notes=("an output was cut",)),
    '=HYPERLINK("http://x")': report(False),
    "bob<b>": REFUSED,
    "uma": UNGRADED,
    "eve": report(False, blank=True),
}


def test_an_untouched_exercise_is_one_line_to_its_author() -> None:
    todo = dataclasses.replace(verdict("cell.a", 5, False, reason="`f` is still to do"), failure="todo")
    failed = dataclasses.replace(todo, check="cell.b", failure="exception")
    untouched, begun = (Exercise("cell", 10, 0, (todo, v)) for v in (todo, failed))
    assert formats.exercise_text(untouched, public=True) == "cell: still to do, 2 public checks"
    assert len(formats.exercise_text(begun, public=True).splitlines()) > 3
    assert len(formats.exercise_text(untouched).splitlines()) > 3, "staff read each with its points"


def test_an_exercise_that_only_waits_is_one_line_to_its_author() -> None:
    one, two = (
        dataclasses.replace(verdict(f"learned.{n}", 5, False, reason=f"waits for {names}"), failure="waits")
        for n, names in (("a", "`cell`, `step.one`"), ("b", "`step`, `clip`"))
    )
    stopped = dataclasses.replace(two, reason=STOPPED.reason)
    assert formats.exercise_text(Exercise("learned", 10, 0, (one, two)), public=True) == (
        "learned: waits for cell, step, clip, 2 public checks"
    )
    for other in (stopped, dataclasses.replace(two, failure="exception")):
        assert len(formats.exercise_text(Exercise("learned", 10, 0, (one, other)), True).splitlines()) > 3


def test_a_summary_says_each_sentence_once() -> None:
    other = "It is fast."
    verdicts = (
        verdict("cell.a", 1, False, reason="too late"),
        verdict("cell.b", 1, False, reason="off"),
        verdict("cell.c", 1, False, other, reason="too late"),
        verdict("cell.d", 1, False, reason="too late"),
        verdict("cell.e", 1, True),
    )
    assert summary(Exercise("cell", 5, 1, verdicts))["lost"] == [
        ["fail", "It `works`.", "a, d: too late\nb: off"],
        ["fail", other, "c: the same as a"],
    ]
    alike = tuple(dataclasses.replace(v, reason="too late") for v in verdicts[:3])
    assert summary(Exercise("cell", 3, 0, alike))["lost"] == [["fail", "all 3 checks", "too late"]]


class Tags(HTMLParser):
    """Every tag of a page; raises when one is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br", "col"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("value", "shown"),
    [(25.0, "25"), (0.0, "0"), (33.3333, "33.33"), (12.5, "12.5"), (100, "100"), (0.001, "0")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (25.0, "25"), (25 - 1e-9, "25"), (33.3333, "33.3"), (12.25, "12.25"), (6.6667, "6.7"),
        (19.9667, "19.9"), (20.03, "20"), (0.9667, "0.9"), (0.03, "0.03"), (0.001, "0"), (-0.3333, "-0.3"),
    ],
)  # fmt: skip
def test_points_are_rounded_for_people(value: float, shown: str) -> None:
    assert rounded(value) == shown


def test_text_says_what_was_lost_and_why() -> None:
    lines = formats.text(report(False)).splitlines()
    assert lines[0] == "01-rnn: 5 of 11.7 points"
    assert [line.split() for line in lines[2:5]] == [
        ["✓", "pass", "5/5", "It", "`works`.", "(a)"],
        ["✗", "fail", "0/6.7", "It", "`works`.", "(b)"],
        ["`W_h`", "is", "off", "by", "about", "1e-2"],
    ]
    assert lines[5] == "  hint: Is `W_h` the right way round?"
    assert [v.check for v, hint in formats.lost(report(False)) if hint] == ["cell.b"]


@pytest.mark.parametrize(
    ("failure", "sign", "word"),
    [("todo", "–", "to do"), ("missing", "–", "to do"), ("waits", "…", "waits"), ("timeout", "✗", "fail")],
)
def test_what_is_still_to_do_is_no_mistake(failure: str, sign: str, word: str) -> None:
    one = dataclasses.replace(verdict("cell.a", 5, False, reason="why"), failure=failure)
    exercise = Exercise("cell", 5, 0, (one,))
    line = formats.exercise_text(exercise).splitlines()[1]
    assert line.startswith(f"  {sign} {word} ")
    page = exercise_html(exercise).replace("&nbsp;", " ")
    assert f">{sign} {word}<" in page


def test_what_was_not_graded_is_no_zero() -> None:
    assert "could not be graded: not JSON" in formats.text(REFUSED)
    assert "by no fault of the submission" in formats.text(UNGRADED)
    assert "0 of" not in formats.text(UNGRADED)


@given(st.text())
def test_nothing_shown_is_markup_or_control(text: str) -> None:
    evil = Report(
        "01-rnn", "graded", (Exercise("e", 1, 0, (verdict("e.a", 1, False, text, text),), text, text),)
    )
    page = report_html(evil)
    ours = {"div", "h2", "p", "b", "table", "tbody", "tr", "td", "br", "small", "code", "details", "summary"}
    assert Tags(page).seen <= ours
    assert all(c.isprintable() or c == "\n" for c in page + formats.text(evil))


def test_feedback_survives_a_sanitiser() -> None:
    page = report_html(report(False)) + report_html(REFUSED)
    assert "<script" not in page
    tags = {"div", "h2", "p", "b", "table", "tbody", "tr", "td", "br", "small", "code"}
    assert bleach.clean(page, tags=tags, attributes=["role"]).count("<td") == page.count("<td")
    assert "off by about 1e-2" in page
    assert "b (hidden check)" in page
    assert "<b>Hint:</b> Is <code>W_h</code>" in page


def test_names_between_backticks_are_code() -> None:
    assert prose("`a<b` and `c`") == "<code>a&lt;b</code> and <code>c</code>"


def test_csv_is_read_by_spreadsheets_and_has_no_formulas() -> None:
    data = formats.class_csv(CLASS)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))}
    assert rows["ann"]["score"] == "5"
    assert rows["ann"]["cell"] == "5"
    assert rows["ann"]["failed checks"] == "cell.b"
    assert rows["ann"]["mistakes"] == "transposed"
    assert (rows["uma"]["score"], rows["uma"]["status"]) == ("", "ungraded")
    assert '\'=HYPERLINK("http://x")' in rows


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r=", "＝"])
def test_no_cell_begins_as_a_formula(start: str) -> None:
    text = formats.class_csv({f"{start}1": report(True)}).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["student"].startswith("'")


def test_json_has_every_check() -> None:
    data = json.loads(json.dumps(formats.class_json(CLASS), allow_nan=False))
    assert list(data) == sorted(CLASS)
    assert data["ann"]["exercises"][0]["checks"][1]["reason"] == "`W_h` is off by about 1e-2"
    assert data["uma"]["score"] is None


def test_the_class_view_shows_who_and_what_needs_attention() -> None:
    page = class_html(CLASS)
    Tags(page)
    assert page.count("<script") == 1, "the one that sorts"
    assert page.count("<table>") == page.count('<div class="wide"'), "none widens a phone's page"
    assert not re.search(r"<th(?! scope=)(?!ead)", page)
    assert "bob&lt;b&gt;" in page
    for words in (
        "not graded, by no fault of the submission: no sandbox",
        "was the right file handed in?",
        "2 of 3",  # failed cell.b, of who handed in answers
        "<code>transposed</code>",
        "an output was cut",
        "distribution of scores",
    ):
        assert words in page, words
    people = page.split("need a person</h2>")[1].split("</table>")[0]
    assert [name in people for name in ("ann", "bob", "uma", "eve", "zoe")] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_an_empty_class_has_a_page() -> None:
    Tags(class_html({}))
    Tags(class_html({"uma": UNGRADED}))


SHAPES = [(2,), (5,), (300,), (1, 7), (7, 1), (4, 3), (30, 40), (2, 3, 4), (2, 2, 1, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf, -np.inf, 1e308])
def test_pictures_are_valid_svg_and_frame_the_worst(shape: tuple[int, ...], bad: float) -> None:
    want = np.random.default_rng(0).normal(size=shape)
    got = want.copy()
    worst = tuple(n - 1 for n in shape)
    got[worst] += bad
    assert worst_entry(want, got) == worst
    svg = picture(want, got)
    ET.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_pictures_of_other_types(dtype: str) -> None:
    a = np.eye(3).astype(dtype)
    ET.fromstring(picture(a, a[::-1]))
    ET.fromstring(picture(np.zeros(3, dtype), np.ones(3, dtype)))
    ET.fromstring(picture(np.zeros((3, 3), dtype), np.zeros((3, 3), dtype)))


@pytest.mark.parametrize(
    ("want", "got"),
    [(np.ones(()), np.ones(())), (np.ones(3), np.ones(4)), (np.zeros((0, 2)), np.zeros((0, 2)))],
)
def test_no_picture_where_it_would_show_nothing(want: np.ndarray, got: np.ndarray) -> None:
    assert picture(want, got) == ""
    assert picture(np.full(3, np.nan), np.ones(3)) == ""
