"""`python -m tests.containers.gradescope [--base IMAGE] [ASSIGNMENT...]`: the autograder in a real container.

It is set up as root, with a network, on a Debian without Python. Each submission is graded in a container of
its own, with half a core and 768 MB, which are Gradescope's default. DOCKER_HOST names the engine.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile

from minigrad.grading.model import Assignment
from minigrad.grading.platforms.gradescope import archive
from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY, bare
from tests.containers.packs import Pack, Run, built, leaks, main, run
from tests.demo.samples import Sample
from tests.grading.platforms.schema import valid

AUTOGRADER = "/autograder"
LIMITS = ("--cpus", "0.5", "--memory", "768m", "--memory-swap", "768m", "--network", "none")
BUILD = """\
FROM {base}
COPY source /autograder/source
RUN mkdir -p /autograder/submission /autograder/results \\
    && cp /autograder/source/run_autograder /autograder/ && chmod 755 /autograder/run_autograder
WORKDIR /autograder
RUN bash /autograder/source/setup.sh
"""
TRIED = (
    f"{AUTOGRADER}/source/course/.minigrad/salts/NAME",
    f"{AUTOGRADER}/source/settings.json",
    f"{AUTOGRADER}/submission_metadata.json",
    f"{AUTOGRADER}/results/results.json",
)


def set_up(assignment: Assignment, base: str) -> str:
    """The image in which an assignment's autograder was set up."""
    packed = zipfile.ZipFile(io.BytesIO(archive(Course.at(REPOSITORY), assignment, "after_due_date", 3)))
    files = {f"source/{name}": packed.read(name) for name in packed.namelist()}
    return built(f"minigrad-gradescope-{assignment.name}", BUILD.format(base=base), files)


def grade(image: str, assignment: Assignment, sample: Sample) -> tuple[Run, list[str]]:
    """What came of one submission, and what of it is not as it should be."""
    files = {
        f"submission/{assignment.name}.ipynb": sample.file(assignment),
        "submission_metadata.json": json.dumps({"previous_submissions": []}).encode(),
    }
    ran = run(image, LIMITS, AUTOGRADER, files, "./run_autograder", f"{AUTOGRADER}/results/results.json")
    return ran, wrong(assignment, sample, ran)


def wrong(assignment: Assignment, sample: Sample, ran: Run) -> list[str]:
    """What is not as the sample says, in words."""
    if ran.made is None:
        return [f"no results: {ran.printed[-600:]}"]
    made = valid(json.loads(ran.made), "results")
    if sample.status != "graded":
        return [] if "score" not in made and "could not be graded" in made["output"] else [f"{made}"]
    seen = [made["output"], *(t for t in made["tests"] if t["visibility"] == "visible")]
    complaints = leaks(assignment, json.dumps(seen))
    if abs(made["score"] - sample.score) > 1e-3:
        complaints.append(f"scored {made['score']}, not {sample.score}: {made}")
    if abs(made["score"] - sum(t["score"] for t in made["tests"])) > 1e-2:
        complaints.append(f"the tests do not add up to {made['score']}")
    hints = {t["name"].split(":")[0] for t in made["tests"] if re.search("hint: (?!No known)", t["output"])}
    if sample.hint and sample.hint not in hints:
        complaints.append(f"no hint on {sample.hint}, only on {sorted(hints)}")
    return complaints


if __name__ == "__main__":
    sys.exit(main(Pack(bare, set_up, grade, TRIED), __doc__ or ""))
