"""What a regrade changes, by student and check."""

from __future__ import annotations

from minigrad.grading.classroom.changes import (
    Change,
    as_recorded,
    changes,
    changes_json,
    changes_line,
    changes_rows,
    maximum_line,
)
from minigrad.grading.model import Exercise, Report, Verdict


def graded(**passed: bool) -> Report:
    verdicts = tuple(Verdict(f"e.{name}", "e", "", 5.0, True, ok) for name, ok in passed.items())
    score = sum(5.0 for ok in passed.values() if ok)
    return Report("01-a", "graded", (Exercise("e", 10.0, score, verdicts),))


REFUSED = Report("01-a", "refused", reason="no notebook")


def test_equal_reports_change_nothing():
    assert changes({"a": graded(x=True), "b": REFUSED}, {"a": graded(x=True), "b": REFUSED}) == []


def test_gains_losses_and_swaps():
    before = {"a": graded(x=False, y=True), "b": graded(x=True, y=True), "c": graded(x=True, y=False)}
    after = {"a": graded(x=True, y=True), "b": graded(x=True, y=False), "c": graded(x=False, y=True)}
    found = changes(before, after)
    assert [(c.student, c.difference, c.gained, c.lost) for c in found] == [
        ("a", 5.0, ("e.x",), ()),
        ("b", -5.0, (), ("e.y",)),
        ("c", 0.0, ("e.y",), ("e.x",)),
    ]
    told = changes_line(found, 7)
    assert told == "3 of 7 submissions change: 1 gain, 1 lose, 1 keep their score with other checks or status"
    assert changes_rows(found)[2] == ("c", "5", "5", "0", "gains e.y; loses e.x")


def test_all_checks_of_a_report_are_told_in_one_word_and_programs_get_each():
    found = changes({"a": graded(x=False, y=False)}, {"a": graded(x=True, y=True)})
    assert changes_rows(found)[0][4] == "gains the 2 checks"
    (one,) = changes_json(found)
    assert one["gained"] == ("e.x", "e.y")
    assert "every" not in one


def worth(points: float, **checks: tuple[float, bool]) -> Report:
    verdicts = tuple(Verdict(f"e.{name}", "e", "", p, True, ok) for name, (p, ok) in checks.items())
    score = sum(p for p, ok in checks.values() if ok)
    return Report("01-a", "graded", (Exercise("e", points, score, verdicts),))


def test_a_loss_without_a_lost_check_says_why():
    """Shares that moved, checks that came and went, a maximum that fell."""
    before = {"a": worth(10, x=(8, True), y=(2, False))}
    rows = {
        "e.x is worth 4, was 8; e.y is worth 6, was 2": worth(10, x=(4, True), y=(6, False)),
        "new: e.z; e.x is worth 5, was 8": worth(10, x=(5, True), y=(2, False), z=(3, False)),
        "new: e.z; gone: e.x": worth(10, z=(8, False), y=(2, False)),
        "e is worth 5, was 10": worth(5, x=(4, True), y=(1, False)),
    }
    for why, after in rows.items():
        assert [row[4] for row in changes_rows(changes(before, {"a": after}))] == [why]
    found = changes(before, {"a": rows["new: e.z; gone: e.x"]})
    assert changes_rows(found, {"a"})[0][4] == "another attempt; new: e.z; gone: e.x"
    (row,) = changes_rows(changes(before, {"a": REFUSED}))
    assert row[4] == "no notebook"
    assert maximum_line(before, {"a": worth(5, x=(4, True))}) == "the maximum of the checks becomes 5, was 10"
    assert {maximum_line(before, before), maximum_line({}, before), maximum_line(before, {"a": REFUSED})} == {
        ""
    }


def test_what_lateness_takes_is_a_change_of_its_own():
    before, after = {"a": graded(x=True), "b": graded(x=True)}, {"a": graded(x=True), "b": graded(x=True)}
    found = changes(before, after, {"a": (3.0, 0.0), "b": (1.0, 1.0)})
    assert changes_rows(found, {"a"}) == [
        ("a", "5", "5", "+3", "another attempt; lateness takes 0, took 3"),
    ]
    assert changes_line(found, 2) == "1 of 2 submissions change: 1 gain, 0 lose"


def test_what_was_not_graded_has_no_score():
    found = changes({"a": REFUSED, "b": graded(x=True)}, {"a": graded(x=True), "b": REFUSED, "c": REFUSED})
    assert found == [
        Change("a", "refused", "graded", None, 5.0),
        Change("b", "graded", "refused", 5.0, None, reason="no notebook"),
        Change("c", "missing", "refused", None, None, reason="no notebook"),
    ]
    assert [row[1:4] for row in changes_rows(found)] == [
        ("refused", "5", "+5"),
        ("5", "refused", "-5"),
        ("missing", "refused", "0"),
    ]
    assert changes_json(found)[0]["difference"] == 5.0


def test_a_report_as_the_gradebook_has_it():
    """Itself where nothing differs; a score, a maximum or a refusal that the gradebook is behind with."""
    report = graded(x=True, y=False)
    (only,) = report.exercises
    for same in ({"e": (5.0 + 1e-12, 10.0)}, {"other": (1.0, 2.0)}, {}):
        assert as_recorded(report, same) == report
    for score, most in ((4.0, 10.0), (5.0, 12.0)):
        (had,) = as_recorded(report, {"e": (score, most)}).exercises
        assert (had.score, had.points, had.verdicts) == (score, most, only.verdicts)
    assert as_recorded(report, {"e": (None, 10.0)}).status == "refused"
    assert as_recorded(REFUSED, {"e": (None, 10.0)}) == REFUSED == as_recorded(REFUSED, {})
    had = as_recorded(REFUSED, {"e": (5.0, 10.0)})
    assert (had.status, had.score, had.points) == ("graded", 5.0, 10.0)
    failed = Report("01-a", "ungraded", reason="the sandbox failed")
    assert as_recorded(failed, {"e": (5.0, 10.0)}) == failed, "it keeps what it had"
