"""Limits of repair: one cell too many in between, one byte too long, one neighbour that is not there."""

from __future__ import annotations

import pytest

from minigrad.grading.intake.canonical import intake
from minigrad.grading.intake.match import defined, match, promised
from minigrad.grading.intake.parse import parse
from minigrad.grading.model import Assignment, Cell, Refused
from tests.grading.intake.test_canonical import CELLS, TASK, book, ids, raw, refused, release
from tests.grading.intake.test_match import RIGHT, anonymous, answered, sources


def found(cells, task=TASK):
    """The position of each release cell in a notebook, by id."""
    return {id: f.position for id, f in match(parse(book(cells)).cells, task).found.items()}


def task(*cells: Cell) -> Assignment:
    return Assignment("a", cells, {}, (), frozenset(), {})


# --- several cells with one id --------------------------------------------------------------------


def parts(*between, first="def square(x):", second="    return x * x"):
    """A notebook whose answer is in two parts with other cells in between."""
    cells = answered(square=first)
    cells[3:3] = [*between, raw("half", second, grade_id="square")]
    return cells


OTHER = raw("mine", "y = 1")
NOTHING = raw("empty", "  \n")
STUB = raw("again", CELLS[2].source, grade_id="square")


@pytest.mark.parametrize("between", [[], [NOTHING], [STUB], [NOTHING, STUB, NOTHING]])
def test_parts_with_nothing_between_them_are_one(between):
    assert sources(intake(book(parts(*between)), TASK))["square"] == RIGHT
    assert found(parts(*between))["square"] == 2, "where the first part stands"


@pytest.mark.parametrize(
    "between", [[OTHER], [OTHER, NOTHING], [NOTHING, OTHER], [STUB, OTHER, STUB], [OTHER, NOTHING, NOTHING]]
)
def test_parts_with_one_other_cell_between_them_are_refused(between):
    assert "there are 2 different cells with this id" in refused(book(parts(*between)))


def test_parts_of_64_kib_together_are_taken_and_one_byte_more_is_refused():
    def notebook(extra):
        return book(parts(first="#" * 40_000, second="#" * (65_536 - 40_000 - 1 + extra)))

    assert len(sources(intake(notebook(0), TASK))["square"]) == 65_536
    assert refused(notebook(1)) == "`square`: its parts together have more than 64 KiB"


def test_pictures_do_not_count_in_the_parts_of_an_answer_in_words():
    picture = "![](data:image/png;base64," + "A" * 40_000 + ")"
    cells = [*answered(why=picture), raw("more", picture + "!", markdown=True, grade_id="why")]
    assert len(sources(intake(book(cells), TASK))["why"]) > 80_000


def test_three_parts_are_counted():
    cells = parts(raw("middle", "    # squared", grade_id="square"))
    result = intake(book(cells), TASK)
    assert result.notes == ("`square`: the cell was split or copied; its 3 parts count as one",)


def test_another_cell_before_the_last_of_three_parts_is_one_too_many():
    more = raw("middle", "    # squared", grade_id="square")
    assert "there are 3 different cells with this id" in refused(book(parts(more, OTHER)))
    assert "there are 3 different cells with this id" in refused(book(parts(OTHER, more)))


def test_of_a_locked_cell_and_its_retyped_copy_the_cell_of_its_type_counts():
    cells = release()
    cells[1:1] = [raw("copy", CELLS[1].source, markdown=True, grade_id="imports")]
    assert found(cells)["imports"] == 2
    assert [c.source for c in intake(book(cells), TASK).cells if c.kind == "own"] == [CELLS[1].source]


def test_a_copy_of_a_cell_that_runs_is_the_students_own_and_of_one_that_does_not_is_left_out():
    for id, own in (("imports", ["own-1"]), ("plot", []), ("square-check", []), ("title", [])):
        copy = next(c for c in release() if c["id"] == id)
        result = intake(book([*release(), copy]), TASK)
        assert [c.id for c in result.cells if c.kind == "own"] == own, id


def test_of_copies_that_are_alike_the_first_has_the_place():
    retyped = [raw("x", CELLS[1].source, markdown=True, grade_id="imports") for _ in range(2)]
    cells = [c for c in release() if c["id"] != "imports"]
    assert found([cells[0], retyped[0], *cells[1:], retyped[1]])["imports"] == 1
    assert found([*release(), STUB])["square"] == 2


def test_a_locked_cell_with_its_id_is_not_taken_from_a_nameless_copy():
    cells = [*release(), *anonymous(release()[1:2])]
    assert found(cells)["imports"] == 1
    assert [c.source for c in intake(book(cells), TASK).cells if c.kind == "own"] == [CELLS[1].source]


# --- lost ids -------------------------------------------------------------------------------------


def test_a_cell_that_was_found_is_not_found_again_for_another_one_with_its_text():
    twice = task(
        Cell("a", "lab", "plot()"), Cell("b", "lab", "plot()"), Cell("f", "solution", "def f(): ...")
    )
    cells = [raw("a", "plot()", grade_id="a"), raw("f", "def f(): 1", grade_id="f")]
    assert found(cells, twice) == {"a": 0, "f": 1}
    assert sorted(ids(intake(book(cells), twice))) == ["a", "b", "f"]
    nameless = anonymous([raw("x", "plot()"), raw("y", "plot()"), raw("z", "def f(): 1")])
    assert found(nameless, twice) == {"a": 0, "b": 1, "f": 2}


def test_a_locked_cell_without_text_is_not_looked_for():
    empty = task(Cell("a", "lab", " "), Cell("f", "solution", "def f(): ..."))
    assert found([raw("x", "1"), raw("f", "def f(): 1", grade_id="f")], empty) == {"f": 1}


ENDS = task(
    Cell("first", "solution", "..."),
    Cell("check", "check", "check()", 1.0),
    Cell("middle", "solution", "..."),
    Cell("lab", "lab", "plot()"),
    Cell("last", "written", "words", 1.0, markdown=True),
)


def nameless(*cells):
    return anonymous([raw("x", source, markdown) for source, markdown in cells])


def test_answers_without_names_are_found_between_the_cells_beside_them_also_at_both_ends():
    cells = nameless(("1", False), ("check()", False), ("2", False), ("plot()", False), ("because", True))
    assert found(cells, ENDS) == {"first": 0, "check": 1, "middle": 2, "lab": 3, "last": 4}
    assert [c.id for c in intake(book(cells), ENDS).cells] == ["first", "check", "middle", "lab", "last"]


def test_two_cells_in_an_answers_place_are_none():
    cells = nameless(("1", False), ("1", False), ("check()", False), ("2", False), ("plot()", False))
    assert found(cells, ENDS) == {"check": 2, "middle": 3, "lab": 4}


def test_a_cell_of_the_other_type_is_not_in_an_answers_place():
    cells = nameless(("1", True), ("check()", False), ("2", False), ("plot()", False), ("because", False))
    assert found(cells, ENDS) == {"check": 1, "middle": 2, "lab": 3}


def test_the_last_cell_but_one_is_bounded_by_the_last():
    three = task(
        Cell("check", "check", "check()", 1.0), Cell("f", "solution", ""), Cell("lab", "lab", "plot()")
    )
    cells = nameless(("check()", False), ("1", False), ("plot()", False), ("mine", False))
    assert found(cells, three) == {"check": 0, "f": 1, "lab": 2}


def test_without_a_neighbour_there_is_no_place():
    cells = nameless(("1", False), ("check()", False), ("2", False), ("because", True))
    assert found(cells, ENDS) == {"first": 0, "check": 1}
    cells = nameless(("1", False), ("2", False), ("plot()", False), ("because", True))
    assert found(cells, ENDS) == {"lab": 2, "last": 3}


def test_places_are_looked_at_only_where_all_ids_are_lost():
    cells = nameless(("1", False), ("check()", False), ("2", False), ("plot()", False))
    cells.append(raw("last", "because", markdown=True, grade_id="last"))
    assert found(cells, ENDS) == {"check": 1, "lab": 3, "last": 4}


def test_what_defines_two_answers_is_neither_and_stays_where_it_is():
    both = "def square(x): ...\ndef cube(x): ..."
    cells = [c for c in release() if c["id"] not in ("square", "cube")]
    assert not {"square", "cube"} & found([*cells, raw("x", both)]).keys()
    assert sources(intake(book([*cells, raw("x", both)]), TASK))["own-1"] == both


def test_stubs_that_lost_their_ids_are_answers_too():
    result = intake(book(anonymous(release())), TASK)
    assert result.blank
    assert result.notes == (
        "`square`, `cube`, `why`: the cell's id is lost; the cell was recognised by its text or its place",
    )


def test_an_answer_behind_words_of_the_students_own_is_found():
    cells = [c for c in release() if c["id"] != "square"]
    cells[1:1] = [raw("x", "words", markdown=True), raw("y", RIGHT)]
    assert found(cells)["square"] == 2


def test_a_text_cell_that_looks_like_an_answer_is_none():
    cells = [c for c in release() if c["id"] != "square"]
    assert "square" not in found([*cells, raw("x", RIGHT, markdown=True)])
    assert found([*cells, raw("x", RIGHT)])["square"] == 7


def test_words_without_code_are_no_other_file_and_any_code_is():
    intake(book([raw("x", "words", markdown=True), raw("y", " ")]), TASK)
    assert "was another file handed in?" in refused(book([raw("y", "1")]))
    assert found([raw("y", "1"), *anonymous(release()[3:4])]) == {"square-check": 1}
    with pytest.raises(Refused, match="was another file"):
        intake(book([raw("y", "1"), *anonymous(release()[4:5])]), TASK)  # a lab carries no points


# --- names ----------------------------------------------------------------------------------------


def test_the_names_that_a_text_defines():
    assert defined("def a(): ...\nasync def b(): ...\nclass C: ...\nd = 1\n e = 1\nf == 1\n") == {
        "a", "b", "C", "d",
    }  # fmt: skip


def test_a_stub_promises_its_functions_else_what_it_assigns():
    assert promised("x = 1\ndef f(): ...") == {"f"}
    assert promised("x = 1") == {"x"}
    assert promised("...") == frozenset()
