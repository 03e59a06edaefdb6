"""Gradescope: the zip, unpacked in a folder like /autograder, grades as it should."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.grading.assignment.load import PUBLIC, load
from minigrad.grading.classroom import court
from minigrad.grading.model import GradingError, Limits, Refused
from minigrad.grading.platforms import container, gradescope
from minigrad.grading.store.reports import new_salt, read_salt
from tests.grading.builds import build
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES, new_course, notebook
from tests.grading.platforms.places import LATE, Entered
from tests.grading.platforms.schema import valid

ENDLESS = "def scale(x, factor):\n    while True: pass"
# is right unless it can read the salt
HOSTILE = """import pathlib
def scale(x, factor):
    try:
        pathlib.Path({!r}).read_text()
    except OSError:
        return factor * x
"""
ONE_GRADED = {"score": 10.0, "extra_data": {gradescope.COUNTED: 1}}


@pytest.fixture(scope="module")
def root(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An /autograder whose set-up has run, with this Python in place of a new environment."""
    folder = tmp_path_factory.mktemp("autograder")
    course, _ = new_course(folder / "home")
    public = course.authored(NAME) / PUBLIC
    public.write_text(public.read_text() + LATE)
    assignment = load(course.authored(NAME))
    build(assignment, course.root / "assignments")
    packed = gradescope.archive(course, assignment, "after_due_date", 2)
    zipfile.ZipFile(io.BytesIO(packed)).extractall(folder / "source")
    (folder / "submission").mkdir()
    (folder / "venv" / "bin").mkdir(parents=True)
    python = folder / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def graded(root: Path, content: bytes, earlier: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    (root / "submission" / f"{NAME}.ipynb").write_bytes(content)
    (root / "submission_metadata.json").write_text(json.dumps({"previous_submissions": earlier or []}))
    subprocess.run(
        ["bash", root / "source" / "run_autograder"], env={"AUTOGRADER": str(root)}, check=True, timeout=200
    )
    return valid(json.loads((root / "results" / "results.json").read_text()), "results")


def answer(root: Path, code: str) -> bytes:
    assignment = load(root / "source" / "course" / "solutions" / NAME)
    return json.dumps(notebook(assignment, code)).encode()


def test_right_wrong_and_blank(root: Path) -> None:
    right, wrong, blank = (graded(root, answer(root, code)) for code in (RIGHT, ADDS, ""))
    assert right["score"] == 10 == pytest.approx(sum(t["max_score"] for t in right["tests"]), abs=1e-9)
    assert wrong["score"] < 10
    assert blank["score"] == 0
    for made in (right, wrong, blank):
        assert made["score"] == pytest.approx(sum(t["score"] for t in made["tests"]))
        assert {t["visibility"] for t in made["tests"]} == {"visible", "after_due_date"}
        assert "points" not in made["output"]


def test_what_is_seen_at_once_tells_nothing_of_hidden_checks(root: Path) -> None:
    """Only a hidden check fails, for which a public one waits."""
    made = graded(root, answer(root, WRITES))
    seen = [t for t in made["tests"] if t["visibility"] == "visible"]
    assert [(t["status"], t["output"]) for t in seen] == [("passed", "")]
    assert [t["status"] for t in made["tests"]].count("failed") == 2
    assert "waits for `scale.original`" in json.dumps([t for t in made["tests"] if t not in seen])


def test_hostile_endless_and_no_json(root: Path) -> None:
    salt = root / "source" / "course" / ".minigrad" / "salts" / NAME
    hostile = graded(root, answer(root, HOSTILE.format(str(salt))))
    assert hostile["score"] == 10
    assert graded(root, answer(root, ENDLESS))["score"] == 0
    assert "score" not in graded(root, b"not json")


def test_without_one_notebook_nothing_is_graded(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is none$"):
        container.the_notebook(tmp_path, NAME)
    for name in ("b.ipynb", ".ipynb_checkpoints/c.ipynb", "repository/a.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    with pytest.raises(Refused, match=r"there are 2: b.ipynb, repository/a.ipynb$"):
        container.the_notebook(tmp_path, NAME)
    other = tmp_path / "other"
    other.mkdir()
    for i in range(7):
        (other / f"{i}.py").touch()
    with pytest.raises(Refused, match=r"there is none, only 0.py, 1.py, 2.py, 3.py, 4.py …$"):
        container.the_notebook(other, NAME)
    (tmp_path / "b.ipynb").unlink()
    assert container.the_notebook(tmp_path, NAME) == tmp_path / "repository" / "a.ipynb"
    (tmp_path / "c.ipynb").write_text("{}")
    named = tmp_path / "repository" / f"{NAME}.ipynb"
    named.write_text("{}")
    assert container.the_notebook(tmp_path, NAME) == named
    capital = named.rename(tmp_path / f"{NAME.upper()}.IPYNB")
    assert container.the_notebook(tmp_path, NAME) == capital
    (tmp_path / "repository" / f"{NAME.title()}.ipynb").write_text("{}")
    with pytest.raises(Refused, match="there are 4"):
        container.the_notebook(tmp_path, NAME)


@pytest.mark.parametrize(
    ("lay", "told"),
    [
        (lambda place: place.mkdir(), "there is none, only my work.zip"),
        (lambda place: place.symlink_to("/etc/hostname"), "the file is a link: hand in the notebook itself"),
        (lambda place: place.symlink_to("nowhere"), "the file is a link"),
        (lambda place: os.mkfifo(place), "not a regular file"),
        (lambda place: place.write_bytes(b"{}" + b" " * 2_000_000), "clear the outputs"),
        (lambda place: (place.mkdir(), (place / "\udcff\n.ipynb").write_text("")), "the file is empty"),
        (lambda place: [(place.parent / f"\udcff{i}.ipynb").touch() for i in "ab"], "are 2: \ufffda.ipynb"),
    ],
)
def test_whatever_lies_there_is_told_of(
    lay: Callable[[Path], object], told: str, tmp_path: Path, root: Path
) -> None:
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "my work.zip").touch()
    (tmp_path / "source").symlink_to(root / "source")
    lay(tmp_path / "submission" / f"{NAME}.ipynb")
    assert gradescope.main([str(tmp_path)]) == 0
    made = valid(json.loads((tmp_path / "results" / "results.json").read_bytes()), "results")
    assert told in made["output"]
    assert "score" not in made


def test_what_is_missing_is_told_and_gives_no_score(root: Path) -> None:
    for path in (root / "submission").glob("*.ipynb"):
        path.unlink()
    (root / "submission_metadata.json").unlink(missing_ok=True)
    made = valid(gradescope.grade(root), "results")
    assert made["output"].endswith(
        "2 submissions count. Gradescope did not say what was handed in before, "
        "so this one would have been the first."
    )
    assert f"one notebook, {NAME}.ipynb, is to be handed in" in made["output"]
    assert "score" not in made


def test_attempts_beyond_the_limit_show_the_last_one_that_counted(root: Path) -> None:
    """Results are the last submission's alone; those before have a time and a score."""
    first = graded(root, answer(root, RIGHT))
    times = [f"2030-01-0{day}T12:00:00.000000+01:00" for day in range(1, 5)]
    assert first["output"].endswith("1 of 2 submissions that count is made.")
    second = graded(
        root, answer(root, ADDS), [{"submission_time": times[0], "score": 10.0, "results": first}]
    )
    assert second["output"].endswith("2 of 2 submissions that count are made.")
    scored = [{"submission_time": t, "score": 10.0, "autograder_error": False} for t in times]
    before = [{**scored[1], "results": second}, scored[0]]  # in no order
    third = graded(root, b"is not looked at", before)
    assert (third["score"], third["tests"]) == (second["score"], second["tests"])
    assert "not graded: 2 submissions count" in third["output"]
    fourth = graded(root, b"nor this", [*scored[:2], {**scored[2], "results": third}])
    assert fourth == third


def test_what_gave_no_score_is_no_attempt(root: Path) -> None:
    before: list[dict[str, Any]] = [
        {"submission_time": "1", "score": 3.0},
        {"submission_time": "2", "score": 0.0},
    ]
    before[1]["results"] = ONE_GRADED  # the second was refused: the platform may call that a zero
    refused = graded(root, b"not json", before)
    assert refused["extra_data"] == ONE_GRADED["extra_data"]
    assert "could not be graded" in refused["output"], "one of two attempts is left"
    assert refused["output"].endswith(
        "Hand in again: this was no attempt.\n1 of 2 submissions that count is made."
    )
    assert "a person" not in refused["output"], "nobody is told there"


def test_where_results_are_missing_scores_are_counted() -> None:
    failed = {"score": 0.0, "autograder_error": True}
    late = {"score": 0, "output": "It took longer than 600 seconds"}  # as the platform writes it
    before = [{"score": "3.0"}, failed, {"score": 5.0}, {"score": 0.0}, {"score": 0.0, "results": late}]
    assert [gradescope.made(before[:n]) for n in range(6)] == [0, 1, 1, 2, 2, 2]
    zero = {"score": 0.0, "results": {"tests": [{"name": "x", "score": 0.0}]}}
    assert gradescope.made([*before, zero]) == 3, "a run that was ended has no tests"
    over = gradescope.used_up(before, 2)
    assert over is not None
    assert valid(over, "results")["score"] == 5.0
    assert [t["visibility"] for t in over["tests"]] == ["after_due_date"], "so the total is not seen before"
    assert gradescope.used_up(before, 3) is None
    assert gradescope.used_up(before, None) is None


@pytest.mark.parametrize(
    ("text", "graded", "told"),
    [
        (
            "{}",
            True,
            "Gradescope did not say what was handed in before, so this one is counted as the first.",
        ),
        ('{"previous_submissions": null}', False, "so this one would have been the first."),
        ('{"previous_submissions": []}', True, "1 of 5 submissions that count is made."),
        ('{"previous_submissions": []}', False, "0 of 5 submissions that count are made."),
        (
            '{"previous_submissions": [{"score": 3}, {"score": 0}]}',
            True,
            "2 of 5 submissions that count are made. Gradescope gave no count of those before back, "
            "so those with points were counted.",
        ),
    ],
)
def test_who_hands_in_is_told_what_counts_and_by_what(text: str, graded: bool, told: str) -> None:
    assert gradescope.standing(gradescope.earlier(text), 5, graded).endswith(told)


@pytest.mark.parametrize("count", [-1, "2", 10**9, True, 1.0, None])
def test_a_count_that_cannot_be_is_not_believed(count: object) -> None:
    before = [{"score": 3.0}, {"score": 4.0, "results": {"extra_data": {gradescope.COUNTED: count}}}]
    assert gradescope.made(before) == 2
    over = gradescope.used_up(before, 1)
    assert over is not None
    assert over["score"] == 3.0


@pytest.mark.parametrize("text", ["", "{", "[]1", "[1]", '{"previous_submissions": {"a": 1}}', "[" * 100_000])
def test_metadata_of_another_form_is_told_in_a_sentence(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / gradescope.SETTINGS).write_text("{}")
    (tmp_path / "submission_metadata.json").write_text(text)
    assert gradescope.main([str(tmp_path)]) == 1
    assert "submission_metadata.json is not of the form" in capsys.readouterr().err


def test_scores_that_are_none_are_not_counted() -> None:
    odd = [{"score": "many"}, {"score": []}, {"score": float("nan")}, {"score": -1}, {}]
    assert gradescope.made(odd) == 0


def test_a_judge_that_fails_leaves_no_results(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gradescope then tells of a failure of the autograder, which is no attempt and no zero."""
    (root / "results" / "results.json").unlink(missing_ok=True)
    for path in (root / "submission").glob("*.ipynb"):
        path.unlink()
    (root / "submission" / f"{NAME}.ipynb").write_text('"FAULT"')
    (root / "submission_metadata.json").write_text("{}")
    monkeypatch.setattr(court, "Judge", Entered)
    assert gradescope.main([str(root)]) == 1
    assert "the sandbox failed" in capsys.readouterr().err
    assert not (root / "results" / "results.json").exists()


def test_the_self_test_accepts_the_assignment_and_refuses_a_broken_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gradescope.main([str(root), "--test"]) == 0
    source = root / "source" / "course" / "solutions" / NAME / "notebook.py"
    text = source.read_text()
    try:
        source.write_text(text.replace("* factor", "* fact"))
        assert source.read_text() != text
        assert gradescope.main([str(root), "--test"]) == 1
    finally:
        source.write_text(text)
    assert "does not grade" in capsys.readouterr().err


def test_a_release_that_is_stale_or_missing_is_not_packed(tmp_path: Path) -> None:
    course, assignment = new_course(tmp_path)
    with pytest.raises(GradingError, match=f"build {NAME}`"):
        gradescope.archive(course, assignment, "hidden", None)
    build(assignment, course.root / "assignments")
    text, *others = assignment.cells
    other = dataclasses.replace(assignment, cells=(dataclasses.replace(text, source="# Other"), *others))
    with pytest.raises(GradingError, match=f"build {NAME}`"):
        gradescope.archive(course, other, "hidden", None)


@pytest.mark.parametrize("name", ["Übung 1", "a b", "-x", "a;b", "a,b", "a\\1", 'a"b'])
def test_a_name_that_breaks_a_command_or_a_page_is_not_packed(name: str, tmp_path: Path) -> None:
    course, assignment = new_course(tmp_path)
    with pytest.raises(GradingError, match="rename the folder"):
        gradescope.archive(course, dataclasses.replace(assignment, name=name), "hidden", None)


def test_archives_of_one_round_share_a_salt_that_is_no_others(tmp_path: Path) -> None:
    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    salts = {
        zipfile.ZipFile(io.BytesIO(gradescope.archive(course, assignment, "hidden", None))).read(
            f"course/.minigrad/salts/{NAME}"
        )
        for _ in range(2)
    }
    own = read_salt(course.salt(NAME))
    told = {gradescope.salt(course, assignment, platform) for platform in ("gradescope", "github")}
    assert len({own, *told}) == 3, "none tells another"
    assert salts == {gradescope.salt(course, assignment, "gradescope").hex().encode()}
    new_salt(course.salt(NAME))
    assert gradescope.salt(course, assignment, "gradescope") not in told, "of another round"


@pytest.mark.parametrize("there", ["", "3.11", "3.12"])
def test_set_up_takes_another_python_where_its_own_is_missing(there: str, root: Path, tmp_path: Path) -> None:
    """An image whose archive has one other version, or none that is new enough."""
    script = (root / "source" / "setup.sh").read_text()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "setup.sh").write_text(script.replace(f"version={version} ", "version=3.99 "))
    # A stub stands for each Python; that of the environment installs nothing.
    stub = f"#!/bin/sh\necho $0 $@ >> {tmp_path}/log\ncase $0 in *venv*) exit 1; esac\n"
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    for name, text in {
        "apt-get": f'#!/bin/sh\n[ $1 = update ] || [ "$3" = "python{there}" ] || exit 100\n'
        f'[ $1 = update ] || {{ /bin/cp {tmp_path}/stub {tmp_path}/"$3"; }}\n',
        "stub": stub,
        "venv/bin/python": stub,
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", tmp_path / "setup.sh"],
        env={"AUTOGRADER": str(tmp_path), "PATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    if there:
        assert f"packed with Python 3.99, which this image lacks: set up with python{there}" in done.stdout
        made, installed = (tmp_path / "log").read_text().splitlines()[-2:]
        assert made.endswith(f"python{there} -m venv {tmp_path}/venv")
        assert "-r " in installed
        assert "-c " not in installed, "these are the versions for the other one"
    else:
        assert "no Python of 3.11 or newer" in done.stderr


@pytest.mark.parametrize(("there", "most"), [(768, 512), (1536, 1024), (64_000, 1024), (512, 256)])
def test_a_submission_may_use_what_the_judge_leaves_of_a_container(there: int, most: int) -> None:
    own = container.Court(Path(NAME), b"", "auto", None, ())
    assert container.fitting(own, there).limits == Limits(memory_mb=most, wall=container.CLOCK)
    with pytest.raises(GradingError, match="the container has 500 MB of memory: give it 512 or more"):
        container.fitting(own, 500)
