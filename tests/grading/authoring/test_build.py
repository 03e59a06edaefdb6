"""Loading an assignment's sources, and building its release."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from minigrad.checks import Check
from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.expected import Known, Shipped
from minigrad.grading.authoring import build as authoring
from minigrad.grading.judge import diagnose
from minigrad.grading.model import Assignment, AuthoringError, Cell, Evidence, GradingError
from minigrad.sandbox.server import Isolation, SandboxUnavailable, Server
from tests.grading import example

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return authoring.load(example.write(tmp_path_factory.mktemp("solutions")))


def test_loads_everything_an_author_wrote(tiny: Assignment) -> None:
    assert (tiny.name, tiny.title, tiny.engine) == ("02-tiny", "A tiny assignment", True)
    assert tiny.exercises() == {"halve": 10, "shift": 5, "learn": 2}
    assert [c.name for c in tiny.checks] == [
        "halve.half",
        "shift.moved",
        "learn.shrinks",
        "halve.one-row-hidden",
    ]
    assert tiny.public == {"halve.half", "shift.moved", "learn.shrinks"}
    assert tiny.solution["halve"].endswith("    return x * 0.5  # secret answer")
    assert "SOLUTION" not in tiny.solution["halve"]
    assert "STUB" not in tiny.solution["shift"]
    assert [m.name for m in tiny.mutants] == ["doubled", "backwards"]
    assert (tiny.rewrites[0].of, tiny.variants[0].name) == ("doubled", "division")
    assert [c.points for c in tiny.cells if c.kind == "written"] == [3]


def test_a_region_becomes_its_stub(tiny: Assignment) -> None:
    released = {c.id: c.source for c in tiny.cells}
    assert released["halve"].endswith('for x (B, D)."""\n    ...')
    assert released["shift"] == (
        "def shift(x, by):\n    y = ...  # x moved\n    for row in x:\n        pass\n    return y"
    )


def test_the_engine_can_be_left_out(tmp_path: Path) -> None:
    header = "# ---\n# jupyter:\n#   minigrad:\n#     engine: false\n# ---\n"
    folder = example.write(
        tmp_path, "notebook.py", '# %% [markdown] id="title"', header + '# %% [markdown] id="title"'
    )
    assert not authoring.load(folder).engine


def test_a_package_of_the_list_comes_to_the_workers_of_build_and_of_students(tmp_path: Path) -> None:
    """`pluggy` is none that every notebook may import; without the list the author is told of it."""
    header = "# ---\n# jupyter:\n#   minigrad:\n#     packages: [{}]\n# ---\n"
    folder = example.write(tmp_path)
    source = (folder / "notebook.py").read_text()
    source = source.replace("    return x * 0.5", "    import pluggy\n    return x * 0.5", 1)
    (folder / "notebook.py").write_text(header.format("pluggy") + source)
    made = authoring.values(authoring.load(folder))
    assert made.packages == ("pluggy",)
    assert shipped.loads(shipped.dumps(made)).packages == ("pluggy",)
    assert not authoring.agree([], made, replace(made, packages=()))
    (folder / "notebook.py").write_text(source)
    with pytest.raises(AuthoringError, match=r"not on the course's list.*; to allow a package, list it"):
        authoring.values(authoring.load(folder))


TWICE = 'exercise="halve" points=10\ncheck("halve")'


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("notebook.py", 'id="halve-check"', 'id="halve"', r"2 cells have the id `halve`"),
        ("notebook.py", ' exercise="halve"', "", r"`halve-check` names no exercise"),
        ("notebook.py", "points=10", "points=-1", r"needs points"),
        ("notebook.py", 'exercise="shift" points=5\ncheck("shift")', TWICE, "two check"),
        ("notebook.py", 'check("shift")', 'check( "shift" )', r'exactly: check\("shift"\)'),
        ("notebook.py", "answer\n    ### END SOLUTION", "answer", r"`halve`: ### BEGIN SOLUTION without"),
        ("notebook.py", "    ### STUB: y = ...  # x moved\n", "    y = 1\n", r"must directly"),
        ("notebook.py", '    """x / 2, for x (B, D)."""', "    ### END SOLUTION", r"END SOLUTION without"),
        ("notebook.py", "    y = x + by\n", "    ### BEGIN SOLUTION\n", r"inside a region"),
        ("notebook.py", 'kind="solution" id="halve"', 'kind="define" id="halve"', r"has solution marks"),
        ("notebook.py", 'kind="lab"', 'kind="labs"', r'kind="labs" is unknown'),
        ("notebook.py", 'kind="lab" id="harness"', 'id="harness"', r'kind="" is unknown'),
        ("notebook.py", 'kind="lab"', 'kind="text"', r"does not go with a code cell"),
        ("notebook.py", 'kind="lab"', 'kind="lab" point=3', r"unknown metadata \['point'\]"),
        ("notebook.py", 'kind="lab"', 'kind="lab" points=3', r"only check and written"),
        ("notebook.py", 'id="imports"', 'id="im ports"', r"use 1 to 64 letters"),
        ("public_checks.py", 'exercise="shift"', 'exercise="shoft"', r"no check cell for .* `shoft`"),
        ("public_checks.py", 'exercise="shift"', 'exercise="halve"', r"exercise `shift` has no public check"),
        ("public_checks.py", "def moved", "def half", r"`half` is already defined in 02-tiny"),
        ("public_checks.py", "def batch(rng):", "def batch(rng:", r"public_checks.py, line 7: "),
        ("checks.py", '"""Not shipped."""', "1 / 0", r"checks.py, line 1: ZeroDivisionError"),
        ("checks.py", "def one_row_hidden", "def half", r"`half` is already defined in 02-tiny/public"),
        ("checks.py", '["halve.half"]', '["halve.quarter"]', r"needs `halve.quarter`: there is no check"),
        ("mutants.py", '"x * 0.5"', '"x * 0.25"', r"`doubled`: its `old` is found 0 times"),
        ("mutants.py", '"x + by"', '"return"', r"`backwards`: its `old` is found 2 times"),
        ("mutants.py", '"x * 2.0"', '"x * 0.5"', r"`doubled` changes nothing"),
        ("mutants.py", '["shift.moved"]', '["shift.moves"]', r"`shift.moves`: .* mean `shift.moved`"),
        ("mutants.py", '["shift.moved"]', "[]", r"fails no check"),
        ("mutants.py", '"Which way does it move?"', '""', r"has no hint"),
        ("mutants.py", '"Which way does it move?"', '["a", ""]', r"has no hint"),
        ("mutants.py", '"Which way does it move?"', '["a", "b", "c", "d"]', r"has 4 steps, and at most 3"),
        ("mutants.py", 'mutant("backwards"', 'mutant("doubled"', r"`doubled` names two"),
        ("mutants.py", '"doubled-sum", "doubled"', '"doubled-sum", "tripled"', r"of `tripled`"),
        ("mutants.py", "MUTANTS = [", "MUTANTS = [3,", r"MUTANTS must be a list of Mutant"),
        ("variants.py", '{"halve"', '{"half"', r"variant `division` replaces \['half'\]"),
    ],
)  # fmt: skip
def test_an_authors_mistake_is_named(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    with pytest.raises(AuthoringError, match=message) as error:
        authoring.load(example.write(tmp_path, file, old, new))
    assert "02-tiny" in str(error.value)
    assert str(tmp_path) not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    (folder / "checks.py").unlink()
    with pytest.raises(AuthoringError, match=r"02-tiny/checks.py is missing"):
        authoring.load(folder)
    assert authoring.names(tmp_path) == ["02-tiny"]


def test_a_hidden_check_needs_a_public_sibling(tmp_path: Path) -> None:
    old = '@check(exercise="shift", weight=5, says="Every entry is moved.")\ndef moved'
    folder = example.write(tmp_path, "public_checks.py", old, "def moved")
    (folder / "checks.py").write_text(example.HIDDEN + old + "2(s, rng): ...\n")
    (folder / "mutants.py").unlink()
    with pytest.raises(AuthoringError, match="`shift` has no public check"):
        authoring.load(folder)


def test_the_release_is_a_valid_notebook_for_nbgrader(tiny: Assignment) -> None:
    from nbgrader.nbgraderformat import SCHEMA_VERSION, MetadataValidator
    from nbgrader.utils import compute_checksum

    notebook = nbformat.from_dict(authoring.release_notebook(tiny))
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    for cell in notebook.cells:
        marks = cell.metadata.nbgrader
        assert marks.schema_version == SCHEMA_VERSION
        assert marks.checksum == compute_checksum(cell)
        assert cell.metadata.get("editable", True) is not marks.locked
    marks = {c.id: c.metadata.nbgrader for c in notebook.cells}
    assert (marks["halve-check"].grade, marks["halve-check"].points, marks["halve-check"].locked) == (
        True,
        10,
        True,
    )
    assert (marks["why"].grade, marks["why"].solution) == (True, True)
    assert (marks["halve"].grade, marks["halve"].solution, marks["halve"].locked) == (False, True, False)


def test_building_twice_gives_the_same_bytes_and_no_secrets(tmp_path: Path, tiny: Assignment) -> None:
    changed = authoring.build(tiny, tmp_path / "a")
    assert changed == ["02-tiny.ipynb", "public_checks.py", "expected.npz"]
    assert authoring.build(tiny, tmp_path / "a") == []
    authoring.build(tiny, tmp_path / "b")
    for name in changed:
        data = (tmp_path / "a/02-tiny" / name).read_bytes()
        assert data == (tmp_path / "b/02-tiny" / name).read_bytes()
        for secret in (
            "secret answer",
            "x + by",
            "one_row_hidden",
            "x * 2.0",
            "doubled",
            str(tmp_path),
        ):
            assert secret.encode() not in data, (name, secret)
    assert authoring.check_build(tiny, tmp_path / "a") == []


def test_check_build_tells_what_differs(tmp_path: Path, tiny: Assignment) -> None:
    authoring.build(tiny, tmp_path)
    folder = tmp_path / "02-tiny"
    with (folder / "02-tiny.ipynb").open("a") as file:
        file.write(" ")
    (folder / "public_checks.py").unlink()
    (folder / "expected.npz").write_bytes(b"PK")
    (folder / "answers.txt").write_text("")
    told = authoring.check_build(tiny, tmp_path)
    assert [line.split()[0].removeprefix("02-tiny/") for line in told] == [
        "02-tiny.ipynb", "public_checks.py", "expected.npz", "answers.txt",
    ]  # fmt: skip


def test_shipped_values_are_the_solutions_and_name_the_mistakes(tiny: Assignment) -> None:
    values = shipped.loads(authoring.files(tiny)["expected.npz"])
    x = shipped.generator(shipped.public_seed("02-tiny", "halve.half")).normal(size=(3, 2))
    np.testing.assert_array_equal(values.expected["halve.half"]["y"], x * 0.5)
    assert set(values.expected) == {"halve.half", "shift.moved"}
    assert values.points == {"halve": 10, "shift": 5, "learn": 2}
    (doubled,) = values.known["halve"]
    assert doubled.hint.startswith("Did you")
    assert diagnose.projections_equal(
        doubled.projections["halve.half"], diagnose.project(Evidence({"y": x * 2}))
    )
    assert json.dumps(values.draws) == json.dumps(shipped.draws())


def test_where_there_is_no_sandbox_the_shipped_values_are_the_same(tiny: Assignment) -> None:
    asked = []

    def serve(isolation: Isolation, engine: bool, packages: tuple[str, ...]) -> Server:
        asked.append(isolation)
        if isolation != "unsafe":
            raise SandboxUnavailable("not here")
        return Server(isolation, engine=engine, packages=packages)

    assert shipped.dumps(authoring.values(tiny, serve)) == shipped.dumps(authoring.values(tiny))
    assert asked == ["auto", "unsafe"]


CELLS = (Cell("e-check", "check", 'check("e")', 1.0, False, "e"), Cell("e", "solution", "def f(): ..."))


def some(scale: float = 1.0, hint: str = "h", weight: float = 4.0, mistaken: float = 1.0) -> Shipped:
    arrays = {
        "c": {"f": np.array([1.0, 3.0]) * scale, "i": np.array([[1, 2]]), "s": np.array(np.float32(0.1))}
    }
    known = {"e": (Known(hint, {"c": np.r_[0.0, np.full(9, mistaken)]}),)}
    return Shipped("02-tiny", {"e": 1.0}, {"e": weight}, arrays, known, (0.5,), cells=CELLS)


def test_shipped_round_trip() -> None:
    back = shipped.loads(shipped.dumps(some()))
    assert shipped.dumps(back) == shipped.dumps(some())
    assert back.cells == CELLS
    assert back.expected["c"]["s"].dtype == np.float32
    assert back.expected["c"]["s"].shape == ()


def agrees(other: Shipped, rtol: float = 1e-7) -> bool:
    """Whether `other` would be left alone where `some()` is there already."""
    probe = Check("c", "e", 1.0, "says", lambda *_: {}, rtol=rtol)
    return authoring.agree([probe], some(), other)


def test_two_builds_agree_as_far_as_the_notebook_compares() -> None:
    assert agrees(some())
    assert agrees(some(1 + 5e-8))
    assert not agrees(some(1 + 2e-7))
    assert agrees(some(1 + 2e-7), rtol=1e-6)
    assert agrees(some(mistaken=1 + 5e-6))
    assert not agrees(some(mistaken=1 + 1e-4))
    assert not agrees(some(hint="other"))
    assert not agrees(some(weight=5.0))
    assert not agrees(replace(some(), expected={}))
    assert not agrees(replace(some(), expected={"c": {}}))
    assert not agrees(replace(some(), known={}))
    assert not agrees(replace(some(), cells=(Cell("a", "text", "words", markdown=True),)))


def test_a_new_hint_leaves_numbers_as_they_were_where_they_would_pass() -> None:
    probe = Check("c", "e", 1.0, "says", lambda *_: {}, rtol=1e-7)
    made = authoring.steady([probe], some(), some(1 + 5e-8, "other", mistaken=1 + 5e-6))
    assert shipped.dumps(made) == shipped.dumps(some(hint="other"))
    other = some(1 + 2e-7, mistaken=1 + 1e-4)
    assert shipped.dumps(authoring.steady([probe], some(), other)) == shipped.dumps(other)
    assert shipped.dumps(authoring.steady([probe], replace(some(), expected={}, known={}), other)) == (
        shipped.dumps(other)
    )


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names kernels of x86")
@pytest.mark.parametrize("kernels", ["Nehalem", "Haswell"])
def test_another_processors_kernels_build_the_same_release(kernels: str, tmp_path: Path) -> None:
    """00 differs most: a nudge of 1e-6 multiplies last bits. What is there already is left alone."""
    environment = os.environ | {"OPENBLAS_CORETYPE": kernels}
    command = [sys.executable, "-m", "minigrad", "build", "--check", "00-autograd"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "00-autograd: as its sources say\n"), done.stderr


def test_a_damaged_file_is_said_to_be_damaged() -> None:
    with (
        warnings.catch_warnings(),
        pytest.raises(GradingError, match="download the assignment's folder again"),
    ):
        shipped.loads(shipped.dumps(some())[:-40])


@pytest.mark.parametrize("turned", [False, True])
def test_a_shared_hint_never_has_an_answer_beside_a_question(turned: bool) -> None:
    steps, answer, question = "What moves?\nThe rows do.\nLook at i.", "The sign is wrong.", "Which sign?"

    def shared(other: str) -> list[str]:
        return authoring._either(*((other, steps) if turned else (steps, other))).split("\n")

    first, idea, place = shared(answer)
    assert (first, place) == ("What moves?", "Look at i.")
    assert set(idea.split(" Or: ")) == {"The rows do.", answer}
    assert set(shared(question)[0].split(" Or: ")) == {"What moves?", question}


def test_mistakes_that_public_checks_cannot_tell_apart_share_their_hints(tmp_path: Path) -> None:
    old, new = r'"by):\n    y = x"', r'"by):\n    y = x - 2 * by"'
    more = f'    mutant("upside-down", {old}, {new}, "Count the signs.", ["shift.moved"]),\n]\nR'
    folder = example.write(tmp_path, "mutants.py", "]\nR", more)
    values = authoring.values(authoring.load(folder))
    assert [known.hint for known in values.known["shift"]] == ["Which way does it move? Or: Count the signs."]
