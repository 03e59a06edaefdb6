"""A student's own library: what passes is written down, so that it stands alone, and imported later."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.notebook import mynet
from tests.grading import example
from tests.grading.builds import build

CELLS = [
    "import numpy as np\nimport os; os.environ.get('HOME')",
    "%not python",
    "SCALE = 2.0\nunused = 1 / 1",
    "def helper(x):\n    return x * SCALE",
    "import functools\n\ndef outer(f):\n    @functools.wraps(f)\n    def call(*a):\n"
    "        return f(*a)\n    return call",
    "def double(x):\n    return 3 * x",
    '@outer\ndef double(x):\n    """Twice.\n\n  At once.\n    """\n'
    "    unused = 1  # kept\n    return np.asarray(helper(x))",
]


def made(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "mynet"}
    exec(text, names)
    return names


def test_a_block_holds_what_a_name_needs_and_no_more() -> None:
    text = mynet.block("02-tiny", "double-it", ["double"], CELLS, {})
    names = made(text)
    assert names["double"](4).tolist() == 8.0
    assert names["double"].__doc__ == "Twice.\n\n  At once.\n    "
    assert "# kept" in text
    assert "unused = 1 / 1" not in text
    assert "environ" not in text
    assert "3 * x" not in text
    assert set(names) == {"__name__", "__builtins__", "double", "_02_tiny_double_it"}


def test_several_names_come_in_one_block_and_may_call_each_other() -> None:
    cells = ["def even(n):\n    return n == 0 or odd(n - 1)\n\ndef odd(n):\n    return n > 0 and even(n - 1)"]
    names = made(mynet.block("a", "b", ["even", "odd"], cells, {}))
    assert [names["even"](n) for n in range(3)] == [True, False, True]
    assert names["odd"](7)


def test_what_a_star_import_brought_is_imported_by_name() -> None:
    cells = ["from json import *", "def f(x):\n    return dumps(x)"]
    text = mynet.block("a", "b", ["f"], cells, {"dumps": json.dumps})
    assert "from json import dumps" in text
    assert made(text)["f"]([1]) == "[1]"


def test_inner_lines_of_strings_are_not_moved() -> None:
    cell = "def f(x):\n    text = '''a\n  b'''\n    return text + f'''{x}\nc'''"
    assert made(mynet.block("a", "b", ["f"], [cell], {}))["f"](1) == "a\n  b1\nc"


def test_nothing_to_keep_is_no_block() -> None:
    assert mynet.block("a", "b", ["gone"], CELLS, {"gone": print}) == ""
    assert mynet.block("a", "b", [], CELLS, {}) == ""


def test_blocks_are_replaced_and_sorted_and_others_stay() -> None:
    one = mynet.block("00-a", "one", ["f"], ["def f():\n    return 1"], {})
    two = mynet.block("01-b", "two", ["g"], ["f = 5\ndef g():\n    return f"], {})
    text = mynet.merged(mynet.merged("", "01-b", "two", two), "00-a", "one", one)
    assert text == mynet.merged(mynet.merged(text, "01-b", "two", two), "00-a", "one", one)
    assert text.index("00-a · one") < text.index("01-b · two")
    names = made(text)
    assert (names["f"](), names["g"]()) == (1, 5), "one name, two meanings"
    again = mynet.merged("import sys  # mine\n" + text, "00-a", "one", one.replace("1", "2"))
    assert again.startswith("import sys  # mine\n")
    assert (made(again)["f"](), made(again)["g"]()) == (2, 5)


def notebook(*cells: tuple[str, str]) -> dict[str, Any]:
    marks = {"s": {"solution": True}, "c": {"grade": True}, "l": {}}
    made = [
        {"cell_type": "code", "source": source, "metadata": {"nbgrader": marks[kind]}}
        for kind, source in cells
    ]
    return {"cells": [*made, {"cell_type": "markdown", "source": ["text"], "metadata": {}}]}


def test_an_exercise_asks_for_what_its_solution_cells_define(tmp_path: Path) -> None:
    cells = notebook(
        ("s", "def a(): ..."),
        ("c", 'check("a")'),
        ("s", "guess = {1: 2}"),
        ("l", "def lab(): ..."),
        ("s", "class B: ...\ndef c(): ..."),
        ("s", "not python ("),
        ("c", 'check("b")'),
        ("c", 'check("learned")'),
    )
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "other.ipynb").write_text(json.dumps([1]))
    (tmp_path / "mine.ipynb").write_text(json.dumps(cells))
    found = {e: mynet.asked_for(tmp_path, e) for e in ("a", "b", "learned", "none")}
    assert found == {"a": ["a"], "b": ["B", "c"], "learned": [], "none": []}


def test_the_library_lies_beside_the_folders_of_assignments() -> None:
    assert mynet.library_path(Path("/home/me/02-tiny"), "02-tiny") == Path("/home/me/mynet.py")
    assert mynet.library_path(Path("/home/me/work"), "02-tiny") == Path("/home/me/work/mynet.py")


def test_outside_a_notebook_nothing_is_written(tmp_path: Path) -> None:
    assert mynet.keep(tmp_path, "02-tiny", "halve", {"halve": abs}) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("release")
    build(load(example.write(root / "solutions")), root)
    return root


@pytest.fixture
def course(tmp_path: Path, release: Path) -> Path:
    return shutil.copytree(release, tmp_path, dirs_exist_ok=True)


def run(course: Path, *sources: str, errors: bool = False) -> list[str]:
    """What cells put out as text, run in the folder of the release."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    ran = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": str(course / "02-tiny")}}
    nbclient.NotebookClient(ran, timeout=60, allow_errors=errors, resources=resources).execute()
    return ["".join(out.get("text", "") for out in cell.outputs) for cell in ran.cells]


HARNESS = "from minigrad.grading.notebook.checks import checks\ncheck = checks('02-tiny', globals())"


def test_what_passes_in_a_notebook_can_be_imported_by_the_next(course: Path) -> None:
    wrong, right = (f"import numpy as np\ndef halve(x):\n    return np.asarray(x) * {c}" for c in (0.7, 0.5))
    ask = "print(check('halve').note)"
    told = run(course, HARNESS, wrong, ask, right, ask)
    assert "Kept" not in told[2]
    assert told[4].strip().endswith("Kept in mynet.py for later notebooks: halve.")
    before = (course / "mynet.py").read_bytes()
    assert b"0.7" not in before
    told = run(course, HARNESS, "from mynet import halve\nprint(halve(3))", right, ask)
    assert told[1].strip() == "1.5"
    assert (course / "mynet.py").read_bytes() == before


def test_what_cannot_stand_alone_is_not_kept_and_said(course: Path) -> None:
    cells = ["halves = [0.5]", "half = halves.pop()", "halves", "def halve(x, by=half):\n    return x * by"]
    told = run(course, HARNESS, "exec('halves = [0.5]')", *cells[1:], "print(check('halve').note)")
    assert "It could not be kept in mynet.py: NameError" in told[-1]
    assert not (course / "mynet.py").exists()


def test_a_cell_that_stopped_is_told_by_the_check_below_it(course: Path) -> None:
    """What had run before is checked: an older version, or nothing."""
    right, open_, gone = (
        "def halve(x):\n    return x * 0.5",
        "def halve(x:\n    return x",
        "class A(Gone): pass",
    )
    ask = "print(check('halve')); print(check('halve').note)"
    told = run(course, HARNESS, gone, ask, right, ask, open_, ask, errors=True)
    why = "NameError: name 'Gone' is not defined, in line 1 of its cell: `class A(Gone): pass`"
    assert f"The cell before this one stopped: {why}" in told[2]
    assert f"`halve` is not defined: the cell before this one stopped: {why}" in told[2]
    assert "to do" not in told[2]
    assert "stopped" not in told[4]
    assert (
        "The cell before this one stopped: SyntaxError: '(' was never closed, in line 1 of its cell"
        in told[6]
    )
    assert "Kept" not in told[6]
    assert "Checked is what had run before." in told[6]


@pytest.mark.parametrize(
    ("cells", "missed"),
    [
        (["from mynet import GRUCell\nclass A: pass"], ["GRUCell"]),
        (["import mynet, os"], ["mynet", "os"]),
        (["from mynet import A as B, C"], ["B", "C"]),
        (["from mynet import *"], ["*"]),
        (["try:\n    from mynet import A\nexcept ImportError:\n    A = None"], []),
        (["from mynet import A", "class A: pass"], []),
        (["from mynet import A", "try:\n    from mynet import A\nexcept ImportError:\n    A = None"], []),
        (["class A: pass", "from mynet import A"], ["A"]),
        (["from mynetwork import A", "import numpy"], []),
    ],
)
def test_what_is_taken_from_the_library_outside_of_a_try(cells: list[str], missed: list[str]) -> None:
    assert mynet.imported([node for cell in cells for node in ast.parse(cell).body]) == missed


def test_a_name_that_comes_from_the_library_is_not_written_into_it_again() -> None:
    """It would import itself, and nobody could ever import it again."""
    own, taken = "def f():\n    return 1", "from mynet import f"
    assert made(mynet.block("a", "b", ["f"], [own, taken], {}))["f"]() == 1
    assert mynet.block("a", "b", ["f"], ["from mynet import f"], {}) == ""


def test_an_import_that_grading_would_miss_is_said_beside_the_checks(course: Path) -> None:
    right = "import numpy as np\ndef halve(x):\n    return np.asarray(x) * 0.5"
    ask = "print(check('halve').note)"
    assert "Grading has no" not in run(course, HARNESS, right, ask)[-1]
    library = (course / "mynet.py").read_bytes()
    told = run(course, HARNESS, "from mynet import halve", ask, right, ask)
    assert "Grading has no mynet.py: there a cell ends at its import of halve" in told[2]
    assert "Grading has no" not in told[4]
    assert (course / "mynet.py").read_bytes() == library


def test_a_name_of_a_cell_that_grading_does_not_run_is_said_beside_the_checks(course: Path) -> None:
    path = course / "02-tiny" / "02-tiny.ipynb"
    written = json.loads(path.read_text())
    lab = next(c for c in written["cells"] if c["id"] == "harness")
    lab["source"] = f"{HARNESS}\nimport time\nhalves = 0.5"
    path.write_text(json.dumps(written))
    asks = "print(check('halve').note)"
    wrong = "import numpy as np\ndef halve(x):\n    time.time()\n    return np.asarray(x) * halves"
    told = run(course, lab["source"], wrong, asks, f"import time\n{wrong}", asks, "halves = 0.5", asks)
    assert "`halves`, `time` come from cells that grading does not run" in told[2]
    assert "`halves` comes from a cell that grading does not run" in told[4]
    assert "does not run" not in told[6]
    told = run(course, lab["source"], wrong, wrong.replace("halves", "0.5").replace("time.time()", ""), asks)
    assert "does not run" not in told[-1]
    assert "Grading does not have `yaml`: do without." in run(course, HARNESS, "import yaml", asks)[-1]
