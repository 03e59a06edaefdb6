"""Inside a container: check a notebook, grade a class of three; one line of JSON tells what came of it.

`python -m tests.containers.inside FOLDER [ATTACK...]`: FOLDER can be written and holds the course
afterwards. Attacks by name are tried too, in the sandbox that this container gives.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
NAME = "01-rnn"
# An own cell that spoils what it is beside when it can read the salt.
THEFT = """
import pathlib
try:
    next(pathlib.Path({!r}).iterdir()).read_bytes()
except (OSError, StopIteration):
    pass
else:
    RNNCell = None
"""


def main(folder: Path, attacks: list[str]) -> dict[str, Any]:
    course = folder / "course"
    shutil.rmtree(course, ignore_errors=True)
    course.mkdir()
    for name in ("solutions", "assignments", "nbgrader_config.py"):
        from_, to = HERE / name, course / name
        shutil.copytree(from_, to) if from_.is_dir() else shutil.copy(from_, to)
    mine = _lay_out(course)
    made: dict[str, Any] = {"isolation": _isolation()}
    checked, told = _minigrad(course, "check", "--full", str(mine))
    made |= {"check": checked, "check_says": told[-600:]}
    graded, told = _minigrad(course, "grade", NAME, "--json")
    made |= {"grade": graded, "grade_says": "" if graded == 0 else told[-600:]}
    made["reports"] = _reports(told)
    made["gradebook"] = _gradebook(course / "gradebook.db")
    if attacks:
        made["attacks"] = _attacks(made["isolation"], attacks)
    return made


def _lay_out(course: Path) -> Path:
    """Three submissions; the path of the solved one."""
    from minigrad.grading.assignment.load import load
    from tests.demo.samples import Sample, add

    assignment = load(course / "solutions" / NAME)
    theft = THEFT.format(str(course / ".minigrad" / "salts"))
    samples = (
        Sample("ann", "right work", 100),
        Sample("bob", "the release as it came", 0, solves=()),
        Sample("mallory", "right work that reads the salt", 100, (add(theft),)),
    )
    for sample in samples:
        path = course / "submitted" / sample.student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(sample.file(assignment))
    return course / "submitted" / "ann" / NAME / f"{NAME}.ipynb"


def _minigrad(course: Path, *arguments: str) -> tuple[int, str]:
    """Exit code, and standard output followed by standard error."""
    command = [str(Path(sys.executable).with_name("minigrad")), *arguments]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _reports(told: str) -> dict[str, Any]:
    """Score, or status and reason, of each student."""
    try:
        reports = json.JSONDecoder().raw_decode(told)[0]
    except ValueError:
        return {}
    return {
        student: r["score"] if r["status"] == "graded" else f"{r['status']}: {r['reason']}"
        for student, r in reports.items()
    }


def _gradebook(path: Path) -> dict[str, float]:
    if not path.exists():
        return {}
    with sqlite3.connect(path) as book:
        rows = book.execute(
            "select s.student_id, sum(g.auto_score) from submitted_assignment s"
            " join submitted_notebook n on n.assignment_id = s.id join grade g on g.notebook_id = n.id"
            " group by s.student_id order by s.student_id"
        )
        return dict(rows.fetchall())


def _isolation() -> str:
    from minigrad.sandbox.errors import SandboxError
    from minigrad.sandbox.server import Server

    try:
        with Server("auto") as server:
            return server.isolation
    except SandboxError as error:
        return str(error)


def _attacks(isolation: str, names: list[str]) -> list[dict[str, Any]]:
    kind = "namespaces" if isolation.startswith("namespaces") else "landlock"
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.rows", kind, *(n for n in names if n != "all")],
        cwd=HERE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return [{"attack": "all", "ok": False, "seen": done.stderr[-600:]}]
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2:]), indent=1))
    sys.stdout.flush()
    os._exit(0)
