"""Gradescope's autograder: the zip that is uploaded, and what runs there.

`python -m minigrad_command gradescope ROOT` grades ROOT/submission into ROOT/results/results.json, where
ROOT is /autograder; with `--test` it grades the solution and the untouched release instead, and fails unless
they earn everything and nothing.

What is known of Gradescope stands in its documentation, docs/ of github.com/gradescope/autograder_samples:
`specs.md` (files, results), `submission_metadata.md` (what was handed in before; of it, pull request 132
says that results are the last submission's alone), `troubleshooting.md` (limits; a run without results is
told to students as a failure of the autograder), `best_practices.md` (it runs as root), `base_images.md`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from minigrad.errors import MinigradError
from minigrad.grading.assignment.load import authored, load
from minigrad.grading.classroom.court import court
from minigrad.grading.model import Assignment, GradingError
from minigrad.grading.platforms.container import answered, fitting, judged
from minigrad.grading.platforms.packed import constraints, filled, handout, requirements, salt, settings
from minigrad.grading.platforms.results import WHEN, results
from minigrad.grading.platforms.trial import demand_sound
from minigrad.grading.platforms.wheel import wheel, zipped
from minigrad.grading.store.layout import Course

SETTINGS = "settings.json"
FILES = ("setup.sh", "run_autograder", SETTINGS)  # of any archive
METADATA = "submission_metadata.json"
COUNTED = "graded_so_far"  # in the results' extra_data
COUNTING = (
    "by what Gradescope hands back of those before: where it gives no count, those with points, "
    f"and without {METADATA}, or the list in it, none"
)


# --- where the course is --------------------------------------------------------------------------


def archive(course: Course, assignment: Assignment, hidden: str, attempts: int | None) -> bytes:
    """The zip to upload: sources of one assignment, a salt, minigrad's wheel with versions.

    `hidden` is Gradescope's word for when students see the hidden checks, `attempts` how many submissions
    are graded. Raises GradingError where the release is not what the sources give: students work on it.
    """
    name = assignment.name
    handout(course, assignment)
    built, data = wheel()
    files = {
        "setup.sh": filled("setup.sh"),
        "run_autograder": filled("run_autograder"),
        "constraints.txt": constraints(assignment),
        "requirements.txt": requirements(assignment),
        SETTINGS: settings(course, assignment, hidden, attempts=attempts),
        f"course/.minigrad/salts/{name}": salt(course, assignment, "gradescope").hex().encode(),
        **{f"course/solutions/{name}/{path}": text for path, text in authored(course.authored(name)).items()},
        built: data,
    }
    return zipped(files, run=("setup.sh", "run_autograder"))


# --- what was handed in before --------------------------------------------------------------------


def earlier(text: str) -> list[Mapping[str, Any]] | None:
    """The submissions before this one, the first first; each has its time and score, the last its results.

    `text` is that of submission_metadata.json; None where that does not say, GradingError where it is not of
    Gradescope's form.
    """
    try:
        before = (json.loads(text) or {}).get("previous_submissions")
        return before if before is None else sorted(before, key=lambda p: str(p.get("submission_time")))
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise GradingError(
            f"{METADATA} is not of the form that Gradescope's documentation has, "
            "so nobody knows what was handed in before: rerun the autograder"
        ) from None


def made(before: Sequence[Mapping[str, Any]]) -> int:
    """How many submissions were graded so far, as the last one's results say.

    Gradescope keeps the results of the last one alone, so each carries the number on. Where they were not
    written here, since that run failed or took too long, scores are counted.
    """
    told = _extra(before).get(COUNTED)
    return told if _is_count(told, before) else len(_scored(before))


def standing(before: Sequence[Mapping[str, Any]] | None, attempts: int, graded: bool) -> str:
    """Which of a limited number of submissions this one was, and what that is counted by where it is not
    the last one's results: a sentence for who handed in."""
    if before is None:
        return (
            f"{attempts} submissions count. Gradescope did not say what was handed in before, "
            f"so this one {'is counted as the first' if graded else 'would have been the first'}."
        )
    count = made(before) + graded
    told = f"{count} of {attempts} submissions that count {'is' if count == 1 else 'are'} made."
    if before and not _is_count(_extra(before).get(COUNTED), before):
        told += " Gradescope gave no count of those before back, so those with points were counted."
    return told


def used_up(
    before: Sequence[Mapping[str, Any]], attempts: int | None, hidden: str = WHEN[0]
) -> dict[str, Any] | None:
    """The results of a submission beyond the limit: those of the last one that counted; else None.

    Where no more than its score is known, a test without points that is shown when `hidden` says keeps the
    total from being seen before.
    """
    if attempts is None or made(before) < attempts:
        return None
    told = {
        "output": f"not graded: {attempts} submissions count, and were made. The score is the last one's.",
        "output_format": "text",
        "visibility": "visible",
    }
    if _is_count(_extra(before).get(COUNTED), before):
        return {**before[-1]["results"], **told}
    test = {"name": f"the score of submission {attempts} counts", "status": "passed", "visibility": hidden}
    return {**told, "score": _scored(before)[attempts - 1], "tests": [test]}


def _is_count(told: object, before: Sequence[Mapping[str, Any]]) -> TypeGuard[int]:
    return type(told) is int and 0 <= told <= len(before)


def _extra(before: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    results = before[-1].get("results") if before else None
    found = results.get("extra_data") if isinstance(results, dict) else None
    return found if isinstance(found, dict) else {}


def _scored(before: Sequence[Mapping[str, Any]]) -> list[float]:
    """The scores of those that were graded. A run that failed has 0, too: it counts only with its tests."""
    found = [(_score(p.get("score")), p) for p in before if not p.get("autograder_error")]
    return [score for score, p in found if score is not None and (score or _has_tests(p))]


def _score(told: object) -> float | None:
    try:
        score = float(str(told))
    except ValueError:
        return None
    return score if math.isfinite(score) and score >= 0 else None


def _has_tests(submission: Mapping[str, Any]) -> bool:
    results = submission.get("results")
    return isinstance(results, dict) and bool(results.get("tests"))


# --- what runs there ------------------------------------------------------------------------------


def grade(root: Path) -> dict[str, Any]:
    """The results of ROOT/submission; GradingError where the judge failed, which is no student's fault."""
    asked = json.loads((root / "source" / SETTINGS).read_text())
    metadata = root / METADATA
    known = earlier(metadata.read_text(errors="replace") if metadata.exists() else "{}")
    before, attempts = known or [], asked["attempts"]
    if over := used_up(before, attempts, asked["hidden"]):
        return over
    course = Course.at(root / "source" / "course")
    report = judged(court(course, asked["assignment"]), root / "submission", asked["hints"])
    graded = report.status == "graded"
    told = results(report, asked["hidden"], asked["late"])
    if attempts is not None:
        told["output"] += f"\n{standing(known, attempts, graded)}"
    return {**told, "extra_data": {COUNTED: made(before) + graded}}


def test(root: Path) -> None:
    """GradingError unless the solution earns all points and the untouched release none."""
    name = json.loads((root / "source" / SETTINGS).read_text())["assignment"]
    course = Course.at(root / "source" / "course")
    with fitting(court(course, name)).judge() as judge:
        judge.prepare()  # what mutants give is kept in the image: each submission is a container of its own
        demand_sound(judge, load(course.authored(name)))


def main(words: Sequence[str]) -> int:
    """`ROOT` grades a submission; `ROOT --test` tries the autograder. 1 where it failed: no results."""
    root = Path(words[0])
    if "--test" not in words[1:]:
        return answered(root, grade, "autograder")
    try:
        test(root)
    except MinigradError as error:
        print(f"minigrad: this autograder does not grade: {error}", file=sys.stderr)
        return 1
    print("minigrad: the solution earns everything, the untouched release nothing")
    return 0
