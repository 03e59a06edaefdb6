"""Damaged but honest notebooks are repaired where that is safe, with a note, and refused where not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.intake.canonical import intake
from minigrad.grading.model import Assignment, Cell, Refused
from tests.grading.intake.test_canonical import CELLS, TASK, book, ids, raw, refused, release

RIGHT = "def square(x):\n    return x * x"


def sources(result):
    return {c.id: c.source for c in result.cells}


def answered(**answers):
    """A release with answers in it, as a list of raw cells."""
    cells = release()
    for cell in cells:
        cell["source"] = answers.get(cell["id"], cell["source"])
    return cells


# --- split and copied ---------------------------------------------------------------------------


@pytest.mark.parametrize("empty_between", [False, True])
def test_an_answer_split_in_two_is_put_together(empty_between):
    cells = answered(square="def square(x):")
    cells.insert(3, raw("half", "    return x * x", grade_id="square"))
    if empty_between:
        cells.insert(3, raw("", " "))
    result = intake(book(cells), TASK)
    assert sources(result)["square"] == RIGHT
    assert ids(result) == [c.id for c in CELLS]
    assert result.notes == ("`square`: the cell was split or copied; its 2 parts count as one",)


def test_a_copy_beside_an_answer_gives_what_running_both_gives():
    cells = answered(square=RIGHT)
    cells.insert(3, raw("new", "def square(x):\n    return x ** 2", grade_id="square"))
    square = sources(intake(book(cells), TASK))["square"]
    names = {}
    exec(square, names)
    assert square.startswith(RIGHT)
    assert names["square"](3) == 9


@pytest.mark.parametrize("place", [0, 3, 8])
@pytest.mark.parametrize("copy", [RIGHT, "def square(x):\n    ...\n", "", "  "])
def test_a_copy_that_adds_nothing_is_left_out(place, copy):
    cells = answered(square=RIGHT)
    cells.insert(place, raw("new", copy, grade_id="square"))
    result = intake(book(cells), TASK)
    assert sources(result)["square"] == RIGHT
    assert sorted(ids(result)) == sorted(c.id for c in CELLS)
    assert result.notes[0] == "`square`: the cell was copied; the one with an answer was graded"
    assert ids(result).index("imports") < ids(result).index("square")


def test_of_copies_in_between_the_last_one_counts_as_when_they_run():
    cells = answered(square=RIGHT)
    cells.insert(2, raw("a", "def square(x): return 7", grade_id="square"))
    cells.insert(2, raw("b", RIGHT, grade_id="square"))
    names = {}
    exec(sources(intake(book(cells), TASK))["square"], names)
    assert names["square"](3) == 9


def test_different_answers_apart_from_each_other_are_refused():
    cells = answered(square=RIGHT)
    cells.append(raw("new", "def square(x):\n    return 2 * x", grade_id="square"))
    assert "`square`: there are 2 different cells with this id" in refused(book(cells))
    assert "delete the others" in refused(book(cells))


def test_parts_that_are_too_long_together_are_refused():
    cells = answered(square="#" * 60_000)
    cells.insert(3, raw("new", "#" * 50_000, grade_id="square"))
    assert "its parts together have more than 64 KiB" in refused(book(cells))


def test_a_split_answer_in_words_is_put_together():
    cells = answered(why="First.")
    cells.append(raw("new", "Second.", markdown=True, grade_id="why"))
    assert sources(intake(book(cells), TASK))["why"] == "First.\nSecond."


def test_an_unchanged_copy_of_a_locked_cell_does_not_run_and_a_changed_one_is_the_students():
    cells = release()
    cells += [
        raw("a", "print(square(2))", grade_id="plot"),
        raw("b", 'check("square")', grade_id="square-check"),
    ]
    assert intake(book(cells), TASK).cells == CELLS
    cells[-2]["source"] = "print(square(3))"
    own = [c for c in intake(book(cells), TASK).cells if c.kind == "own"]
    assert [c.source for c in own] == ["print(square(3))"]


# --- deleted and merged -------------------------------------------------------------------------


def test_a_missing_locked_cell_is_put_back():
    result = intake(book([c for c in answered(square=RIGHT) if c["id"] != "imports"]), TASK)
    assert [c.id for c in result.cells] == [c.id for c in CELLS]
    assert result.notes == ("`imports`: this locked cell is missing; the release's was put back",)


@pytest.mark.parametrize("place", [0, 7])
def test_a_cell_merged_into_another_is_not_undone_by_the_stub(place):
    both = RIGHT + "\n\ndef cube(x):\n    return x ** 3"
    cells = [c for c in answered(square=both) if c["id"] != "cube"]
    cells.insert(place, cells.pop(2))
    result = intake(book(cells), TASK)
    assert sources(result)["cube"] == ""
    assert "`cube`: the cell is missing; another cell defines what it should" in result.notes
    names = {}
    for cell in result.cells:
        if cell.kind == "solution":
            exec(cell.source, names)
    assert names["cube"](2) == 8


# --- retyped ------------------------------------------------------------------------------------


def test_an_answer_turned_into_markdown_or_raw_is_graded_as_code():
    for kind in ("markdown", "raw"):
        cells = answered(square=RIGHT)
        cells[2]["cell_type"] = kind
        result = intake(book(cells), TASK)
        assert sources(result)["square"] == RIGHT
        assert [c.runs for c in result.cells if c.id == "square"] == [True]
        assert result.notes == ("`square`: the cell's type was changed; its text was taken as code",)


def test_words_turned_into_code_are_not_run():
    cells = answered(why="because")
    cells[7]["cell_type"] = "code"
    result = intake(book(cells), TASK)
    assert sources(result)["why"] == "because"
    assert not result.cells[-1].runs


def test_a_retyped_copy_does_not_count_beside_code():
    cells = answered(square=RIGHT)
    cells.insert(2, raw("old", "def square(x):\n    return 2 * x", markdown=True, grade_id="square"))
    result = intake(book(cells), TASK)
    assert sources(result)["square"] == RIGHT
    assert sources(result)["own-1"].endswith("2 * x")


def test_a_locked_cell_that_was_retyped_and_rewritten_is_the_students_own():
    cells = release()
    cells[0] = {**cells[0], "cell_type": "code", "source": "helper = 1"}
    result = intake(book(cells), TASK)
    assert sources(result) == {**sources(intake(book(release()), TASK)), "own-1": "helper = 1"}


# --- reordered ----------------------------------------------------------------------------------


def test_a_locked_cell_that_was_moved_runs_before_what_needs_it():
    cells = answered(square=RIGHT)
    cells.append(cells.pop(1))
    result = intake(book(cells), TASK)
    order = ids(result)
    assert order.index("imports") == order.index("square") - 1
    assert result.notes == (
        "`imports`: this locked cell was moved; it ran before the answers that follow it",
    )


def test_a_locked_cell_that_may_need_an_answer_stays_where_it_is():
    task = Assignment(
        "a",
        (Cell("f", "solution", "def f(): ..."), Cell("d", "define", "y = f()"), Cell("g", "solution", "")),
        {}, (), frozenset(), {},
    )  # fmt: skip
    cells = [raw("g", "G", grade_id="g"), raw("f", "F", grade_id="f"), raw("d", "y = f()", grade_id="d")]
    result = intake(book(cells), task)
    assert ids(result) == ["g", "f", "d"]
    assert result.notes == ("`d`: this locked cell stands elsewhere than in the release",)


# --- lost metadata ------------------------------------------------------------------------------


def anonymous(cells):
    """The cells as a tool leaves them that knows neither metadata nor ids."""
    return [{k: v for k, v in c.items() if k not in ("metadata", "id")} | {"metadata": {}} for c in cells]


def test_cells_that_lost_all_ids_are_found_by_their_text_and_place():
    cells = answered(square=RIGHT, cube="def helper(x): ...\ndef cube(x):\n    return x ** 3", why="because")
    own = raw("", "print(1)")
    result = intake(book([*anonymous(cells)[:3], own, *anonymous(cells)[3:]], nbformat_minor=4), TASK)
    assert ids(result) == [*(c.id for c in CELLS[:3]), "own-1", *(c.id for c in CELLS[3:])]
    assert sources(result) | {"own-1": ""} == {
        **{c["id"]: c["source"] for c in cells},
        "own-1": "",
    }
    assert result.notes == (
        "`square`, `cube`, `why`: the cell's id is lost; the cell was recognised by its text or its place",
    )


def test_of_two_nameless_definitions_the_last_counts_as_when_they_run():
    cells = anonymous(answered(square=RIGHT))
    cells.insert(3, {"cell_type": "code", "metadata": {}, "source": "def square(x):\n    return 7"})
    result = intake(book(cells), TASK)
    assert sources(result)["square"].endswith("7")
    assert sources(result)["own-1"] == RIGHT


def test_a_cell_that_was_written_anew_is_recognised():
    cells = answered(square="")
    cells[2] = raw("new", RIGHT)
    result = intake(book(cells), TASK)
    assert sources(result)["square"] == RIGHT
    assert ids(result) == [c.id for c in CELLS]


def test_words_are_found_by_place_only_if_all_ids_are_lost():
    cells = answered()
    cells[7] = raw("new", "because", markdown=True)
    result = intake(book(cells), TASK)
    assert sources(result)["why"] == CELLS[7].source
    assert sources(result)["own-1"] == "because"


def test_another_notebook_is_refused():
    message = refused(book([raw("a", "print(1)"), raw("b", "words", markdown=True)]))
    assert "was another file handed in?" in message
    assert intake(book([raw("b", "words", markdown=True)]), TASK).blank


# --- files as tools write them ------------------------------------------------------------------


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5, 6, 99, None, "5", -1])
def test_other_minor_versions(minor):
    data = book(answered(square=RIGHT), nbformat_minor=minor)
    assert sources(intake(data, TASK))["square"] == RIGHT


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_newlines_of_other_systems(newline):
    cells = answered(square=RIGHT.replace("\n", newline))
    text = json.dumps({"nbformat": 4, "cells": cells}, indent=1).replace("\n", newline)
    expected = intake(book(answered(square=RIGHT)), TASK)
    assert intake(b"\xef\xbb\xbf" + text.encode(), TASK) == expected


def test_a_stub_with_other_newlines_and_spaces_at_its_end_is_still_blank():
    cells = answered(square="def square(x):\r\n    ...\r\n\r\n")
    assert intake(book(cells), TASK).blank


# --- whatever was done --------------------------------------------------------------------------

# --- another assignment --------------------------------------------------------------------------


def says(cells, name):
    """A notebook whose metadata name an assignment."""
    return book(cells, metadata={"minigrad": {"assignment": name}})


def test_another_assignment_is_named_and_refused():
    """Also where a check cell has an id of this one: `learned-check` is in six notebooks."""
    theirs = [raw("cell", "class Cell: ...", grade_id="cell"), raw("sc", "check()", grade_id="square-check")]
    with pytest.raises(Refused, match=f"^this is 02-lstm: hand in {TASK.name}$"):
        intake(says(theirs, "02-lstm"), TASK)
    assert intake(says(theirs, TASK.name), TASK)
    assert intake(says(theirs, "<b>words</b> of a student"), TASK), "no name, so nothing is said"


def test_answers_count_for_more_than_the_notebooks_metadata():
    cells = answered(square=RIGHT)
    assert intake(says(cells, "02-lstm"), TASK) == intake(book(cells), TASK)


DAMAGE = st.lists(
    st.tuples(st.sampled_from(["delete", "copy", "move", "retype", "unmark", "empty"]), st.integers(0, 99),
              st.integers(0, 99)),
    max_size=6,
)  # fmt: skip


@given(DAMAGE)
def test_any_damage_is_repaired_or_refused(damage):
    cells = answered(square=RIGHT)
    for what, i, k in damage:
        if not cells:
            break
        cell = cells[i % len(cells)]
        if what in ("delete", "move"):
            cells.remove(cell)
        if what in ("copy", "move"):
            cells.insert(k % (len(cells) + 1), dict(cell))
        if what == "retype":
            cell["cell_type"] = "raw" if k % 2 else "markdown"
        if what == "unmark":
            cell.pop("id", None)
            cell["metadata"] = {}
        if what == "empty":
            cell["source"] = ""
    try:
        result = intake(book(cells), TASK)
    except Refused:
        return
    assert len(set(ids(result))) == len(result.cells)
    locked = [c for c in CELLS if c.kind not in ("solution", "written")]
    assert set(locked) <= set(result.cells)
    assert {c.id for c in CELLS} <= set(ids(result))
