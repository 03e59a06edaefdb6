"""A hostile file becomes canonical cells, or a plain reason."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.intake import canonical as m
from minigrad.grading.intake.canonical import intake, read
from minigrad.grading.model import Assignment, Cell, Refused

CELLS = (
    Cell("title", "text", "# Squares", markdown=True),
    Cell("imports", "define", "import numpy as np"),
    Cell("square", "solution", "def square(x):\n    ..."),
    Cell("square-check", "check", 'check("square")', 20.0, exercise="square"),
    Cell("plot", "lab", "print(square(2))"),
    Cell("cube", "solution", "def cube(x):\n    ..."),
    Cell("cube-check", "check", 'check("cube")', 10.0, exercise="cube"),
    Cell("why", "written", "*Your answer*", 5.0, markdown=True, exercise="why"),
)
TASK = Assignment("00-squares", CELLS, {}, (), frozenset(), {})


def raw(id, source, markdown=False, grade_id=None, **marks):
    metadata = {"nbgrader": {"grade_id": grade_id, **marks}} if grade_id else {}
    return {"cell_type": "markdown" if markdown else "code", "id": id, "metadata": metadata, "source": source}


def release():
    return [raw(c.id, c.source, c.markdown, grade_id=c.id, points=c.points) for c in CELLS]


def book(cells, **top):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **top}).encode()


def ids(result):
    return [c.id for c in result.cells]


def refused(data):
    with pytest.raises(Refused) as e:
        intake(data, TASK)
    return str(e.value)


def test_an_untouched_release_is_blank():
    result = intake(book(release()), TASK)
    assert result.cells == CELLS
    assert result.blank
    assert result.notes == ()


def test_answers_come_from_the_submission_and_locked_cells_from_the_release():
    cells = release()
    cells[1]["source"] = "import os"
    cells[2]["source"] = ["def square(x):\r\n", "    return x * x"]
    cells[3]["source"] = "1e9"
    cells[4]["source"] = "1 / 0"
    cells[7]["source"] = "because"
    result = intake(book(cells), TASK)
    sources = {c.id: c.source for c in result.cells}
    assert sources["square"] == "def square(x):\n    return x * x"
    assert sources["why"] == "because"
    assert sources["imports"] == "import numpy as np"
    assert sources["square-check"] == 'check("square")'
    assert sources["plot"] == "print(square(2))"
    assert not result.blank
    assert result.notes == (
        "`imports`: this locked cell was edited; the release's text was graded",
        "`square-check`: the check cell was edited; this has no effect",
    )


def test_edited_points_and_flags_have_no_effect():
    cells = release()
    cells[3]["metadata"]["nbgrader"] |= {"points": 1e9, "locked": False, "solution": True}
    result = intake(book(cells), TASK)
    assert result.cells == CELLS
    assert result.notes == ("`square-check`: worth 20 points, whatever the file says",)


def test_added_cells_keep_their_place_and_empty_ones_go():
    cells = release()
    cells.insert(2, raw("x1", "def helper(): ..."))
    cells.insert(4, raw("x2", "  \n"))
    cells.append(raw("x3", "my notes", markdown=True))
    cells.append({"cell_type": "raw", "id": "x4", "metadata": {}, "source": "raw"})
    result = intake(book(cells), TASK)
    assert ids(result) == [
        "title", "imports", "own-1", "square", "square-check", "plot", "cube", "cube-check", "why", "own-2",
    ]  # fmt: skip
    own = [c for c in result.cells if c.kind == "own"]
    assert [(c.source, c.markdown, c.runs) for c in own] == [
        ("def helper(): ...", False, True),
        ("my notes", True, False),
    ]
    assert not result.blank


def test_an_import_of_the_students_library_is_noted_where_it_ends_the_cell():
    """Grading has no mynet.py; an import in a `try` has an answer to that."""
    cells = release()
    cells[2]["source"] = "import os\nfrom mynet import square"
    cells[5]["source"] = "try:\n    import mynet\nexcept ImportError:\n    pass"
    cells += [
        raw("x1", "import mynet"),
        raw("x2", "import mynetwork"),
        raw("x3", "import mynet", markdown=True),
    ]
    assert intake(book(cells), TASK).notes == tuple(
        f"`{id}`: the cell imports mynet, which grading does not have: it ends there; "
        "write what it takes into this notebook"
        for id in ("square", "own-1")
    )


def test_the_students_order_is_kept():
    cells = release()
    cells[2], cells[5] = cells[5], cells[2]
    assert ids(intake(book(cells), TASK))[2:6] == ["cube", "square-check", "plot", "square"]


def test_a_missing_answer_becomes_the_stub_in_the_releases_place():
    cells = [c for c in release() if c["id"] not in ("title", "cube", "square-check")]
    result = intake(book(cells), TASK)
    assert result.cells == CELLS
    assert result.notes == (
        "`square-check`: the check cell is missing; its points were still graded",
        "`cube`: the cell is missing; the release's empty one was graded",
    )
    assert intake(book([]), TASK).cells == CELLS


def test_cells_without_metadata_are_found_by_their_id():
    cells = [
        raw(c.id, "def square(x): return 1" if c.id == "square" else c.source, c.markdown) for c in CELLS
    ]
    result = intake(book(cells), TASK)
    assert [c.id for c in result.cells] == [c.id for c in CELLS]
    assert result.cells[2].source == "def square(x): return 1"


def test_a_grade_id_counts_more_than_a_cell_id():
    cells = release()
    cells[2] = raw("cube", "A", grade_id="square")
    cells[5] = raw("square", "B", grade_id="cube")
    result = intake(book(cells), TASK)
    assert {c.id: c.source for c in result.cells if c.kind == "solution"} == {"square": "A", "cube": "B"}


def test_a_copied_cell_is_no_answer_to_another():
    cells = [c for c in release() if c["id"] != "cube"]
    cells.append(raw("cube", "print(square(3))", grade_id="plot"))
    result = intake(book(cells), TASK)
    assert "`cube`: the cell is missing; the release's empty one was graded" in result.notes
    assert [c.source for c in result.cells if c.id == "own-1"] == ["print(square(3))"]


@pytest.mark.parametrize("grade_id", [[], {}, 5, None, True, "x" * 10_000])
def test_odd_grade_ids_are_no_ids(grade_id):
    cells = release()
    cells[2]["metadata"]["nbgrader"]["grade_id"] = grade_id
    assert ids(intake(book(cells), TASK))[2] == "square"  # by its cell id


@pytest.mark.parametrize(
    "metadata", [None, [], {"nbgrader": []}, {"nbgrader": {"points": "7", "grade_id": {}}}]
)
def test_odd_metadata_is_ignored(metadata):
    cells = release()
    cells[1]["metadata"] = metadata
    assert intake(book(cells), TASK).cells == CELLS


def test_an_own_cell_never_takes_a_releases_id():
    task = Assignment("a", (Cell("own-1", "solution", ""),), {}, (), frozenset(), {})
    result = intake(book([raw("q", "x = 1"), raw("own-1", "y = 1")]), task)
    assert [(c.id, c.source) for c in result.cells] == [("own-2", "x = 1"), ("own-1", "y = 1")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"this is not json", "not valid JSON"),
        (b'{"nbformat": 4, "cells": [', "not valid JSON"),
        ('{"nbformat": 4}'.encode("utf-16"), "not UTF-8"),
        ('{"nbformat": 4, "x": "é"}'.encode("latin-1"), "not UTF-8"),
        (b"[]", "holds no cells"),
        (b'{"nbformat": 4}', "holds no cells"),
        (b'{"nbformat": 4, "cells": {}}', "holds no cells"),
        (b'{"nbformat": 4, "cells": [1]}', "holds no cells"),
        (book([], nbformat=3), "nbformat 4"),
        (book([], nbformat=5), "nbformat 4"),
        (book([], nbformat=True), "nbformat 4"),
        (book([], nbformat=4.0), "nbformat 4"),
        (b'{"nbformat": NaN, "cells": []}', "nbformat 4"),
        (b'{"nbformat": 4, "cells": Infinity}', "holds no cells"),
        (b'{"nbformat": ' + b"9" * 5000 + b', "cells": []}', "nbformat 4"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": NaN}]}', "cell 1 has no text"),
        (b"[" * 100_000, "nests too deeply"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "nests too deeply"),
        (b"[" + b"{}," * 60_000 + b"{}]", "too much data"),
        (b"[" + b"1," * 400_000 + b"1]", "too much data"),
        (b'"' + b'\\"' * 900_000, "not valid JSON"),
        (b'{"cells": [\n<<<<<<< HEAD\n{},\n=======\n>>>>>>> b\n]}', "conflict marks (<<<<<<< in line 2)"),
        (
            b'{"cells": [\r\n=======\r\n]}',
            "(======= in line 2): two versions of it are mixed. Take one whole",
        ),
        (b"[" * 100 + b"\n>>>>>>> b", "conflict marks (>>>>>>> in line 2)"),
        (b"{\n <<<<<<< HEAD\n}", "not valid JSON"),
        (b"x" * 2_000_001, "2.0 MB"),
        (book([raw("a", "x")] * 301), "301 cells"),
        (book([raw("a", "x" * 65_537)]), "cell 1 has 64 KiB"),
        (book([raw("a", "é" * 40_000)]), "cell 1 has 78 KiB"),
        (book([raw("a", 5)]), "cell 1 has no text"),
        (book([raw("a", ["x", 5])]), "cell 1 has no text"),
        (book([raw("a", "\ud800")]), "cell 1 holds characters"),
        (book([{"cell_type": "heading", "source": ""}]), "cell 1 is neither"),
        (book([{"source": ""}]), "cell 1 is neither"),
    ],
    ids=range(36),
)
def test_what_is_refused(data, reason):
    assert reason in refused(data)


def test_brackets_and_commas_in_text_are_no_structure():
    cells = release()
    cells[2]["source"] = 's = "' + "[{," * 15_000 + '\\"[[["'
    cells[2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "[" * 500_000}]
    assert intake(book(cells), TASK).cells[2].source == cells[2]["source"]


def test_a_byte_order_mark_is_tolerated():
    assert intake(b"\xef\xbb\xbf" + book(release()), TASK).blank


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_canonical(data):
    try:
        result = intake(data, TASK)
    except Refused:
        return
    assert {c.id for c in CELLS} <= set(ids(result))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda v: (
        st.lists(v, max_size=4) | st.dictionaries(st.sampled_from(["id", "nbgrader", "points", "x"]), v)
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"cell_type": st.sampled_from(["code", "markdown", "raw"])},
            optional={
                "source": JSON | st.text(),
                "metadata": JSON,
                "id": JSON | st.sampled_from(["square", "why"]),
            },
        ),
        max_size=5,
    )
)
def test_any_cells_are_refused_or_canonical(cells):
    try:
        result = intake(book(cells), TASK)
    except Refused:
        return
    assert len(set(ids(result))) == len(result.cells)
    locked = [c for c in CELLS if c.kind not in ("solution", "written")]
    assert set(locked) <= set(result.cells)


def test_read_takes_regular_files_only(tmp_path):
    good = tmp_path / "a.ipynb"
    good.write_bytes(b"hello")
    assert read(good) == b"hello"
    (tmp_path / "link.ipynb").symlink_to(good)
    with pytest.raises(Refused, match="is a link"):
        read(tmp_path / "link.ipynb")
    with pytest.raises(Refused, match="missing"):
        read(tmp_path / "none.ipynb")
    with pytest.raises(Refused, match="regular file"):
        read(tmp_path)
    os.link(good, tmp_path / "hard.ipynb")
    with pytest.raises(Refused, match="hard link"):
        read(tmp_path / "hard.ipynb")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_read_does_not_wait_for_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Refused, match="not a regular file"):
        read(tmp_path / "fifo")
    with pytest.raises(Refused, match="not a regular file"):
        read(type(tmp_path)("/dev/zero"))


def test_read_refuses_big_files_and_linked_folders(tmp_path):
    big = tmp_path / "big"
    big.write_bytes(b"x" * (m.MAX_BYTES + 1))
    with pytest.raises(Refused, match=r"2\.0 MB"):
        read(big)
    (tmp_path / "submitted" / "alice").mkdir(parents=True)
    (tmp_path / "submitted" / "alice" / "a.ipynb").write_bytes(b"x")
    (tmp_path / "submitted" / "bob").symlink_to(tmp_path / "submitted" / "alice")
    within = tmp_path / "submitted"
    assert read(within / "alice" / "a.ipynb", within) == b"x"
    for path in (within / "bob" / "a.ipynb", within / ".." / "big", tmp_path / "big"):
        with pytest.raises(Refused, match="folder"):
            read(path, within)
