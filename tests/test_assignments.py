"""The released assignments: in step with their sources, free of answers, and running as they are."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest

from minigrad.grading.assignment import expected as shipped
from minigrad.grading.authoring import build as authoring
from minigrad.grading.judge.reference import mutated
from minigrad.grading.model import Assignment
from minigrad.grading.notebook.checks import Checks
from minigrad.grading.notebook.release import release
from tests import solved

ROOT = Path(__file__).parent.parent
RELEASED = sorted(path.name for path in (ROOT / "assignments").iterdir() if path.is_dir())


@pytest.fixture(scope="module", params=RELEASED)
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return authoring.load(ROOT / "solutions" / request.param)


def test_the_release_is_what_its_sources_build(assignment: Assignment) -> None:
    assert authoring.check_build(assignment, ROOT / "assignments") == []


def test_no_answer_no_hidden_check_and_no_mistake_is_released(assignment: Assignment) -> None:
    folder = ROOT / "assignments" / assignment.name
    released = {c.id: c.source for c in assignment.cells}
    public = assignment.sources["public_checks.py"]
    answers = set().union(*(lines(text) - lines(released[id]) for id, text in assignment.solution.items()))
    hidden = lines(assignment.sources["checks.py"])
    mistakes = {m.name for m in assignment.mutants if not any(m.name in name for name in assignment.public)}
    if assignment.graded:
        assert min(len(answers), len(hidden), len(mistakes)) > 5
    # what an author shows on purpose, in a lab or in a public check, is no secret
    shown = "\n".join([public, *(c.source for c in assignment.cells if c.kind != "solution")])
    for path in folder.iterdir():
        text = path.read_bytes().decode("utf-8", errors="ignore").replace('\\"', '"')
        assert [s for s in answers | hidden | mistakes if s in text and s not in shown] == [], path.name
        assert str(ROOT) not in text


def lines(*texts: str) -> set[str]:
    """Their lines of some length."""
    return {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) > 30}


def test_the_release_runs_from_top_to_bottom(assignment: Assignment) -> None:
    folder = ROOT / "assignments" / assignment.name
    notebook = nbformat.read(folder / f"{assignment.name}.ipynb", as_version=4)
    # ipykernel warns on stderr of its own process; here only what cells put out counts
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert [out for out in outputs if out.output_type == "error" or out.get("name") == "stderr"] == []
    cells = {cell.id: cell for cell in notebook.cells}
    for cell in assignment.cells:
        if cell.kind == "check":
            (result,) = [out for out in cells[cell.id].outputs if out.output_type == "execute_result"]
            assert result.data["text/plain"] == "0.0"
            assert "✓ pass" not in result.data["text/html"]


def test_run_all_goes_on_below_errors_of_the_students_own() -> None:
    """A cell that Python cannot even read stops Jupyter, unless the cell is marked as one that may."""
    folder = ROOT / "assignments" / "01-rnn"
    notebook = nbformat.read(folder / "01-rnn.ipynb", as_version=4)
    own = [c for c in notebook.cells if c.cell_type == "code" and c.metadata.nbgrader.solution]
    for cell in own:
        cell.source = "def half(x)\n    return x / 2"
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    failed = [c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", []))]
    assert failed == own
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")


def test_a_notebook_names_every_mistake_that_its_checks_catch(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "assignments" / assignment.name)
    known = shipped.loads(Path(shipped.FILE).read_bytes()).known
    files = release(Path.cwd())  # once: reading them takes as long as checking
    for mutant in assignment.mutants:
        caught = {assignment.check(name).exercise for name in mutant.fails if name in assignment.public}
        if not caught & set(known):
            continue
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            names = solved.names(assignment.name, mutated(assignment, mutant))
        check = Checks(files, names, Path.cwd())
        for exercise in caught:
            result = check(exercise)
            # public checks that cannot tell two mistakes apart give the hints of both, step by step
            assert all(step in result.hint for step in mutant.hint.split("\n")), mutant.name
            failed = {f"{exercise}.{row.name}" for row in result.rows if row.status != "pass"}
            assert failed == {
                n for n in mutant.fails if n in assignment.public and n.startswith(f"{exercise}.")
            }
