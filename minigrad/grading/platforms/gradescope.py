"""Gradescope's autograder: the zip that is uploaded, and what runs there.

`python -m minigrad.grading.platforms.gradescope ROOT` grades ROOT/submission into
ROOT/results/results.json, where ROOT is /autograder; with `--test` it grades the solution and the
untouched release instead, and fails unless they earn everything and nothing.
"""

from __future__ import annotations

import json
import math
import secrets
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.court import court
from minigrad.grading.intake.canonical import read
from minigrad.grading.model import Assignment, Exercise, GradingError, Refused, Report, Verdict
from minigrad.grading.platforms.wheel import constraints, contents, wheel, zipped
from minigrad.grading.report.formats import status_line
from minigrad.grading.report.markup import printable
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import SALT_BYTES
from minigrad.sandbox.layout import ALWAYS

TEMPLATES = Path(__file__).parent / "templates"
SETTINGS = "settings.json"


# --- where the course is --------------------------------------------------------------------------


def archive(course: Course, assignment: Assignment, hidden: str, attempts: int | None) -> bytes:
    """The zip to upload: sources of one assignment, a salt of its own, minigrad's wheel with versions.

    `hidden` is Gradescope's word for when students see the hidden checks, `attempts` how many submissions
    are graded.
    """
    name, folder = assignment.name, course.authored(assignment.name)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = [p for p in (*ALWAYS, *assignment.packages) if _installed(p)]
    files = {
        script: (TEMPLATES / script).read_text().replace("PYTHON", python).encode()
        for script in ("setup.sh", "run_autograder")
    }
    files["constraints.txt"] = constraints().encode()
    files["requirements.txt"] = "".join(f"{p}\n" for p in packages).encode()
    files[SETTINGS] = json.dumps({"assignment": name, "hidden": hidden, "attempts": attempts}).encode()
    files[f"course/.minigrad/salts/{name}"] = secrets.token_bytes(SALT_BYTES).hex().encode()
    files |= {f"course/solutions/{name}/{path}": data for path, data in contents(folder).items()}
    built, data = wheel()
    return zipped({**files, built: data}, run=("setup.sh", "run_autograder"))


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


# --- what is shown --------------------------------------------------------------------------------


def results(report: Report, hidden: str) -> dict[str, Any]:
    """results.json: a test a check, hidden ones shown when `hidden` says. Ungraded work has no score."""
    out: dict[str, Any] = {
        "output": printable("\n".join([f"{report.assignment}: {_headline(report)}", *report.notes])),
        "output_format": "text",
        "visibility": "visible",
    }
    if report.status != "graded":
        return out
    tests = [test for e in report.exercises for test in _tests(e, hidden)]
    return {**out, "score": round(report.score, 4), "tests": tests}


def _headline(report: Report) -> str:
    """Never the score, which would tell at once what hidden checks gave."""
    return "graded" if report.status == "graded" else status_line(report)


def _tests(exercise: Exercise, hidden: str) -> list[dict[str, Any]]:
    """A hint stands below the first check that failed, and is seen when that is seen."""
    first = next((v for v in exercise.verdicts if not v.passed), None)
    return [_test(v, exercise.hint if v is first else "", hidden) for v in exercise.verdicts]


def _test(v: Verdict, hint: str, hidden: str) -> dict[str, Any]:
    told = [*([] if v.passed else [v.reason]), *([f"hint: {hint}"] if hint else [])]
    return {
        "name": printable(f"{v.exercise}: {v.says}"),
        "score": round(v.points if v.passed else 0.0, 4),
        "max_score": round(v.points, 4),
        "status": "passed" if v.passed else "failed",
        "output": printable("\n".join(told)),
        "output_format": "text",
        "visibility": "visible" if v.public else hidden,
    }


def used_up(metadata: Mapping[str, Any], attempts: int | None) -> dict[str, Any] | None:
    """The results of a submission beyond the limit: the score of the last one that counted; else None.

    A run that gave no score, or in which the autograder failed, is no attempt.
    """
    earlier = [
        float(p["score"])
        for p in metadata.get("previous_submissions", ())
        if not p.get("autograder_error") and p.get("score") not in (None, "")
    ]
    if attempts is None or len(earlier) < attempts:
        return None
    told = f"not graded: {attempts} submissions count, and were made. The score is the last one's."
    return {"output": told, "output_format": "text", "visibility": "visible", "score": earlier[attempts - 1]}


# --- what runs there ------------------------------------------------------------------------------


def grade(root: Path) -> dict[str, Any]:
    """The results of ROOT/submission."""
    settings = json.loads((root / "source" / SETTINGS).read_text())
    metadata = root / "submission_metadata.json"
    over = used_up(json.loads(metadata.read_text()) if metadata.exists() else {}, settings["attempts"])
    if over:
        return over
    name = settings["assignment"]
    try:
        data = read(the_notebook(root / "submission", name))
    except Refused as error:
        return results(Report(name, "refused", reason=str(error)), settings["hidden"])
    with court(Course.at(root / "source" / "course"), name).judge() as judge:
        return results(judge.grade(data), settings["hidden"])


def the_notebook(folder: Path, name: str) -> Path:
    """The notebook handed in: NAME.ipynb, or the only one there is; Refused for none or several."""
    found = sorted(folder.glob("*.ipynb"))
    chosen = [p for p in found if p.name == f"{name}.ipynb"] or found
    if len(chosen) != 1:
        raise Refused(f"one notebook, {name}.ipynb, is to be handed in, and there are {len(found)}")
    return chosen[0]


def test(root: Path) -> None:
    """GradingError unless the solution earns all points and the untouched release none."""
    name = json.loads((root / "source" / SETTINGS).read_text())["assignment"]
    course = Course.at(root / "source" / "course")
    assignment = load(course.authored(name))
    blank = release_notebook(assignment)
    solved = json.loads(json.dumps(blank))
    for cell in solved["cells"]:
        cell["source"] = assignment.solution.get(cell["id"], cell["source"])
    with court(course, name).judge() as judge:
        for what, notebook in (("solution", solved), ("untouched release", blank)):
            report = judge.grade(json.dumps(notebook).encode())
            wanted = report.points if what == "solution" else 0.0
            if report.status != "graded" or not math.isclose(report.score, wanted, abs_tol=1e-6):
                raise GradingError(f"the {what} of {name} should earn {wanted:g}: {status_line(report)}")


def main(words: list[str]) -> int:
    """`ROOT` grades a submission; `ROOT --test` tries the autograder itself."""
    root = Path(words[0])
    if words[1:] == ["--test"]:
        try:
            test(root)
        except GradingError as error:
            print(f"minigrad: this autograder does not grade: {error}", file=sys.stderr)
            return 1
        print("minigrad: the solution earns everything, the untouched release nothing")
        return 0
    made = json.dumps(grade(root), indent=1)
    (root / "results").mkdir(exist_ok=True)
    (root / "results" / "results.json").write_text(made + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
