"""The course file: due dates, extensions and what lateness costs; its errors name line and remedy."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import pytest

from minigrad.grading.model import GradingError
from minigrad.grading.rules.final import Group
from minigrad.grading.rules.late import Late
from minigrad.grading.store import dates
from minigrad.grading.store.dates import Dates, Students, dates_of, read_dates
from minigrad.grading.store.layout import Course

KNOWN = ("01-rnn", "02-lstm", "03-gru")


def read(tmp_path, text: str) -> Dates:
    (tmp_path / "course.toml").write_text(text)
    return read_dates(tmp_path / "course.toml", KNOWN)


def test_the_example_of_the_docstring(tmp_path):
    example = inspect.cleandoc(dates.__doc__ or "").partition("\n\n")[2]
    found = read(tmp_path, example)
    assert found.due == {"01-rnn": datetime(2030, 2, 1, 22, 59, tzinfo=UTC)}
    assert found.extensions == {"01-rnn": {"ada": datetime(2030, 2, 8, 22, 59, tzinfo=UTC)}}
    assert found.late == Late(0.5, 10, 50, 5)
    assert found.counts == "last"
    assert found.groups == (
        Group("homework", ("01-rnn", "02-lstm"), 60, 1),
        Group("project", ("03-gru",), 40),
    )
    assert found.db_url == "postgresql+psycopg2:///course"
    first, second, third = found.decisions["01-rnn"]
    assert (first.kind, first.of, first.students) == ("credit", "rnn-cell.gradients", ())
    assert (second.kind, second.gone, second.date) == ("drop", False, "2030-02-03")
    assert (third.kind, third.of, third.points, third.reason) == (
        "add",
        "rnn-cell",
        2.0,
        "The server was down.",
    )
    assert first.where.endswith(" [decisions.01-rnn]")


def test_no_file_says_nothing(tmp_path):
    assert read_dates(tmp_path / "course.toml", KNOWN) == Dates()
    assert read(tmp_path, "") == Dates()


DUE = "[due]\n01-rnn = 2030-02-01T23:59:00Z\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[due]\n01-rnn = \n", r"line 2.*this is no TOML"),
        (
            "[dues]\n",
            r"line 1: `dues` is unknown: there is due, extensions, late, attempts",
        ),
        ("due = 3\n", r"line 1: `due` must be a table"),
        (f"{DUE}09-none = 2030-02-01\n", r"line 3 \[due\]: `09-none` is no assignment .* there is 01-rnn"),
        ("\n[due]\n01-rnn = 2030-02-01\n", r"line 3 \[due\]: `01-rnn` must be a date with a time"),
        ('[due]\n"01-rnn" = "2030-02-01"\n', r"line 2 \[due\]: `01-rnn` must be a date with a time"),
        ("[due]\n01-rnn = 2030-02-01T23:59:00\n", r"line 2 .*needs its distance from UTC: 2030"),
        ("[extensions.01-rnn]\nada = 2030-02-01T23:59:00Z\n", r"line 1 .*no due date to extend"),
        (f"{DUE}[extensions.01-rnn]\nada = 2030-01-01T23:59:00Z", r"line 4 .*`ada` is before the due date"),
        (f"{DUE}[extensions]\n01-rnn = 3", r"line 4 .*needs a table \[extensions.01-rnn\]"),
        ("[late]\nslope = 3", r"line 2 \[late\]: `slope` is unknown: there is grace_hours, slope_percent"),
        ("[late]\n\ncap_percent = 101", r"line 3 \[late\]: `cap_percent` must be a number from 0 to 100"),
        ("[late]\ngrace_hours = -1", r"line 2 \[late\]: `grace_hours` must be a number from 0"),
        ("[late]\ngrace_hours = nan", r"line 2 \[late\]: `grace_hours` must be a number from 0"),
        ("[late]\nbudget_days = 1.5", r"line 2 \[late\]: `budget_days` must be a whole number"),
        ("[late]\nbudget_days = true", r"line 2 \[late\]: `budget_days` must be a whole number"),
        ("[late]\nbudget_days = -1", r"line 2 \[late\]: `budget_days` must be a whole number"),
        ("[late]\nbudget_days = 2", r"line 2 \[late\]: `budget_days` spares nobody anything: add slope"),
        (
            '[attempts]\ncounts = "first"',
            r"line 2 \[attempts\]: `counts` must be one of 'last', 'last in t",
        ),
        (
            '[feedback]\nhints = "all"',
            r"line 2 \[feedback\]: `hints` must be one of 'question', 'idea', 'place'",
        ),
        ("[feedback]\nhint = 1", r"line 2 \[feedback\]: `hint` is unknown: there is hints"),
        ("[attempts]\ncount = 3", r"line 2 \[attempts\]: `count` is unknown: there is counts"),
        ("[final]\nhw = 3", r"line 2 \[final\]: `hw` must be like \{ of"),
        ("[final]\nhw = {of = [], weight = 1}", r"line 2 \[final.hw\]: `of` must list assignments"),
        ("[final]\nhw = {of = '01-rnn', weight = 1}", r"line 2 \[final.hw\]: `of` must list assignments"),
        (
            "[final]\nhw = {of = ['09'], weight = 1}",
            r"line 2 \[final.hw\]: `of` has '09', which is none of",
        ),
        (
            "[final]\na = {of = ['01-rnn'], weight = 1}\nb = {of = ['01-rnn'], weight = 1}",
            r"line 3 \[final.b\]: `of` has 01-rnn, which a has already",
        ),
        (
            "[final]\nhw = {of = ['01-rnn', '01-rnn'], weight = 1}",
            r"line 2 .*01-rnn, which hw has",
        ),
        ("[final]\nhw = {of = ['01-rnn']}", r"line 2 \[final.hw\]: `weight` must be a number"),
        (
            "[final]\nhw = {of = ['01-rnn'], weight = 0}",
            r"line 2 .*`weight` must be a number above 0",
        ),
        ("[final]\nhw = {of = ['01-rnn'], weight = inf}", r"line 2 .*`weight` must be a number above 0"),
        (
            "[final]\nhw = {of = ['01-rnn'], weight = 1, drop_lowest = 1}",
            r"line 2 \[final.hw\]: `drop_lowest` must be a whole number from 0 to 0",
        ),
        (
            "[final]\nhw = {of = ['01-rnn'], weight = 1, best = 1}",
            r"line 2 .*`best` is unknown: there is of",
        ),
        ("[final.hw]\nof = ['01-rnn']\n\nweight = -1", r"line 4 \[final.hw\]: `weight` must be a number"),
        ('[gradebook]\ndb_url = "course"', r"line 2 \[gradebook\]: `db_url` must be like"),
    ],
)
def test_an_error_names_line_and_remedy(tmp_path, text, told):
    with pytest.raises(GradingError, match=told):
        read(tmp_path, text)


LATER = "2030-02-02T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{DUE}[extensions.01-rnn]\nann = {LATER}\n508x = {LATER}\n", 5),
        (f'{DUE}[extensions.02-lstm]\n[extensions.01-rnn]\n"508x" = {LATER}\n', 5),
        (f"{DUE}[extensions]\n01-rnn.ann = {LATER}\n01-rnn . '508x' = {LATER}\n", 5),
        (f"{DUE}[extensions]\n01-rnn = {{ann = {LATER}, 508x = {LATER}}}\n", 4),
        (f"extensions.01-rnn.508x = {LATER}\ndue.01-rnn = {LATER}\n", 1),
    ],
)
@pytest.mark.parametrize(
    ("roster", "why"),
    [
        ("student\nann\n508\n", "is no student of roster.csv"),
        ("student\n", "has handed in nothing, and no roster.csv knows the name: list the class there"),
    ],
)
def test_an_extension_for_nobody_is_refused_with_its_line(tmp_path, text, line, roster, why):
    """However TOML spells it; without a roster, those are known who have a folder in submitted/."""
    course = Course.at(tmp_path)
    for name in KNOWN:
        course.authored(name).mkdir(parents=True)
        (course.authored(name) / "notebook.py").touch()
    course.roster.write_text(roster)
    (course.submitted / "ann").mkdir(parents=True)
    text = text.replace("[extensions.02-lstm]", f"02-lstm = {LATER}\n[extensions.02-lstm]")
    line += "02-lstm" in text
    course.dates.write_text(text)
    with pytest.raises(GradingError, match=rf"^course.toml, line {line} \[extensions.01-rnn\]: `508x` {why}"):
        dates_of(course)
    (course.submitted / "508x").mkdir()
    course.roster.write_text(f"{roster}508x,\n".replace(",", "") if "508" in roster else roster)
    assert "508x" in dates_of(course).extensions["01-rnn"]


WHY = 'reason = "r"\ndate = 2030-02-03\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WHY, "needs one of drop, credit and add"),
        (f'drop = "a.b"\ncredit = "a.c"\n{WHY}', "needs one of drop, credit and add"),
        ('drop = "a.b"\ndate = 2030-02-03\n', "needs a reason"),
        ('drop = "a.b"\nreason = " "\ndate = 2030-02-03\n', "needs a reason"),
        ('drop = "a.b"\nreason = "r"\n', "needs a date: date = 2030-02-03"),
        ('drop = "a.b"\nreason = "r"\ndate = 2030-02-03T00:00:00Z\n', "needs a date"),
        (
            f'drop = "a.b"\nstudents = ["ann"]\n{WHY}',
            "`students` is unknown: beside drop there is gone",
        ),
        (
            f'credit = "a.b"\npoints = 2\n{WHY}',
            "`points` is unknown: beside credit there is students",
        ),
        (f'credit = "a.b"\nstudents = ["bob"]\n{WHY}', "`bob` is nobody"),
        (f'credit = "a.b"\nstudents = []\n{WHY}', "students names nobody"),
        (f'add = "a"\n{WHY}', "points must be a number above 0"),
        (f'add = "a"\npoints = 0\n{WHY}', "points must be a number above 0"),
        (f'add = "a"\npoints = true\n{WHY}', "points must be a number above 0"),
        (f'drop = "a.b"\ngone = 1\n{WHY}', "gone must be true or false"),
        (f"drop = 3\n{WHY}", "drop must be a name in quotes"),
    ],
)
def test_a_decision_that_is_wrong_is_refused_with_its_line(tmp_path, text, told):
    right = f'[[decisions.01-rnn]]\ncredit = "a.b"\nstudents = ["ann"]\n{WHY}'
    (tmp_path / "course.toml").write_text(f"{right}[[ decisions.'01-rnn' ]]\n{text}")
    with pytest.raises(GradingError, match=rf"^course.toml, line 6 \[decisions.01-rnn\]: {told}"):
        read_dates(tmp_path / "course.toml", KNOWN, Students({"ann"}, "is nobody"))


@pytest.mark.parametrize("text", ["[decisions.01-rnn]\ndrop = 'a.b'\n", "[decisions]\n01-rnn = 3\n"])
def test_decisions_are_a_list_of_an_assignment_that_is_there(tmp_path, text):
    with pytest.raises(GradingError, match=r"write \[\[decisions.01-rnn\]\] above each"):
        read(tmp_path, text)
    with pytest.raises(GradingError, match="`09-none` is no assignment"):
        read(tmp_path, text.replace("01-rnn", "09-none"))
