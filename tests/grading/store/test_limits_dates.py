"""Limits of the course file: the last second of grace, the extreme numbers, which line is named."""

from __future__ import annotations

import pytest

from minigrad.grading.model import GradingError
from minigrad.grading.rules.late import Late
from minigrad.grading.store.dates import read_dates
from tests.grading.store.test_dates import DUE, read


def test_the_last_second_of_grace_is_free_and_the_next_one_is_not():
    late = Late(grace_hours=24, slope_percent_per_day=10)
    assert late.penalty(80.0, 86_400) == 0
    assert late.penalty(80.0, 86_401) == pytest.approx(8.0, rel=1e-4)


def test_without_grace_the_first_second_costs_and_the_due_moment_does_not():
    late = Late(slope_percent_per_day=10)
    assert late.penalty(80.0, -1) == late.penalty(80.0, 0) == 0
    assert late.penalty(80.0, 1) == pytest.approx(80 * 0.1 / 86_400)


def test_without_a_cap_all_points_can_be_lost_and_no_more():
    late = Late(slope_percent_per_day=10)
    assert late.penalty(80.0, 9.95 * 86_400) == pytest.approx(79.6)
    assert late.penalty(80.0, 10.05 * 86_400) == 80


@pytest.mark.parametrize("line", ["grace_hours = 0", "cap_percent = 0", "cap_percent = 100"])
def test_the_smallest_and_the_largest_number_are_taken(tmp_path, line):
    name, _, value = line.partition(" = ")
    assert getattr(read(tmp_path, f"[late]\n{line}").late, name) == float(value)


@pytest.mark.parametrize("value", ["true", "false", '"1"', "-0.1"])
def test_what_is_no_number_from_0_is_refused(tmp_path, value):
    with pytest.raises(GradingError, match=r"line 2 \[late\]: `grace_hours` must be a number from 0"):
        read(tmp_path, f"[late]\ngrace_hours = {value}")


def test_an_extension_to_the_due_date_itself_is_taken_and_a_second_less_is_refused(tmp_path):
    section = f"{DUE}[extensions.01-rnn]\n"
    found = read(tmp_path, f"{section}ada = 2030-02-01T23:59:00Z")
    assert found.extensions["01-rnn"]["ada"] == found.due["01-rnn"]
    with pytest.raises(GradingError, match="is before the due date"):
        read(tmp_path, f"{section}ada = 2030-02-01T23:58:59Z")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[late]\ngrace_hours = -1  # hours", "line 2 [late]"),
        ("\n[due]\n[late]\ngrace_hours.x = 3\n[gradebook]", "line 3 [late]"),  # else its section is named
        ("late = {grace_hours = -1}\n[due]", "line 1 [late]"),  # a section in one line
        ('[gradebook]\ndb_url = """\ndb_url = 3"""', "line 2 [gradebook]"),  # the key's, not its value's
    ],
)
def test_the_line_that_is_named(tmp_path, text, where):
    with pytest.raises(GradingError) as caught:
        read(tmp_path, text)
    assert str(caught.value).removeprefix("course.toml").removeprefix(", ").startswith(f"{where}: ")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "latin").mkdir()
    (tmp_path / "latin" / "course.toml").write_bytes("[due] # für alle".encode("latin-1"))
    (tmp_path / "folder" / "course.toml").mkdir(parents=True)
    for name, why in (("latin", "is not written in UTF-8: save it so"), ("folder", "cannot be read: ")):
        with pytest.raises(GradingError, match=f"^course.toml {why}"):
            read_dates(tmp_path / name / "course.toml", ())


DECIDED = 'reason = "r"\ndate = 2030-02-03\n'


@pytest.mark.parametrize(
    ("points", "right"), [("0.001", True), ("1e300", True), ("inf", False), ("nan", False)]
)
def test_any_points_above_0_can_be_added_and_no_endless_ones(tmp_path, points, right):
    text = f'[[decisions.01-rnn]]\nadd = "a"\npoints = {points}\n{DECIDED}'
    if right:
        assert read(tmp_path, text).decisions["01-rnn"][0].points == float(points)
    else:
        with pytest.raises(GradingError, match="points must be a number above 0"):
            read(tmp_path, text)


def test_a_check_that_is_dropped_adds_no_points(tmp_path):
    assert read(tmp_path, f'[[decisions.01-rnn]]\ndrop = "a.b"\n{DECIDED}').decisions["01-rnn"][0].points == 0


def test_a_key_whose_line_is_not_found_is_named_without_one(tmp_path):
    with pytest.raises(GradingError, match=r"^course\.toml: `dues` is unknown"):
        read(tmp_path, '"due\\u0073" = 1\n')
