"""`python -m tests.containers.gradescope [--base IMAGE] [ASSIGNMENT...]`: the autograder in a real container.

It is set up as root, with a network, on a Debian without Python. Each submission is graded in a container of
its own, with half a core, as Gradescope's documentation has it, and the memory that our guide asks for: the
768 MB which are the default a submission can use up, and then it is not graded.
DOCKER_HOST names the engine.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.grading.assignment.load import load
from minigrad.grading.model import Assignment
from minigrad.grading.platforms.gradescope import archive
from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY, bare
from tests.demo.classes import CLASSES
from tests.demo.samples import Sample, add, not_json
from tests.grading.platforms.schema import valid

AUTOGRADER = "/autograder"
SECONDS = 600
LIMITS = ("--cpus", "0.5", "--memory", "1536m", "--memory-swap", "1536m", "--network", "none")
BUILD = """\
FROM {base}
COPY source /autograder/source
RUN mkdir -p /autograder/submission /autograder/results \\
    && cp /autograder/source/run_autograder /autograder/ && chmod 755 /autograder/run_autograder
WORKDIR /autograder
RUN bash /autograder/source/setup.sh
"""
# Reads what it must not, forges results, and answers nothing at all when one of them goes.
HOSTILE = """
for path, mode in {tried!r}:
    try:
        open(path, mode).close()
    except OSError:
        continue
    globals().clear()
    break
"""
PEAK = (
    "./run_autograder; code=$?; cat /sys/fs/cgroup/memory.peak "
    "/sys/fs/cgroup/memory/memory.max_usage_in_bytes > results/peak 2>/dev/null; exit $code"
)


@dataclass(frozen=True)
class Run:
    """What came of one submission: results.json or None, seconds, MB at most, what was printed."""

    results: dict[str, Any] | None
    seconds: float
    memory: float
    printed: str


def samples(name: str) -> tuple[Sample, ...]:
    """The assignment's class, a hostile student and one whose file is no notebook."""
    salt = f"{AUTOGRADER}/source/course/.minigrad/salts/{name}"
    private = (salt, f"{AUTOGRADER}/source/settings.json", f"{AUTOGRADER}/submission_metadata.json")
    tried = [*((path, "r") for path in private), (f"{AUTOGRADER}/results/results.json", "w")]
    right = next(s for s in CLASSES[name] if s.student == "s01-correct")
    return (
        *CLASSES[name],
        Sample(
            "hostile", "right work that steals and forges", right.score, (add(HOSTILE.format(tried=tried)),)
        ),
        Sample("not-json", "no notebook", 0, (not_json,), status="refused"),
    )


def set_up(name: str, base: str) -> tuple[Assignment, str]:
    """The assignment and the image in which its autograder was set up."""
    course = Course.at(REPOSITORY)
    assignment = load(course.authored(name))
    image = f"minigrad-gradescope-{name}"
    with tempfile.TemporaryDirectory(prefix="minigrad-gradescope-") as folder:
        packed = Path(folder) / "packed.zip"
        packed.write_bytes(archive(course, assignment, "after_due_date", 3))
        zipfile.ZipFile(packed).extractall(Path(folder) / "source")
        packed.unlink()
        (Path(folder) / "Dockerfile").write_text(BUILD.format(base=base))
        docker("build", "--network", "host", "--tag", image, folder)
    return assignment, image


def run(image: str, content: bytes, name: str) -> Run:
    """Grade one file in a container of its own."""
    with tempfile.TemporaryDirectory(prefix="minigrad-gradescope-") as folder:
        here = Path(folder)
        (here / "submission").mkdir()
        (here / "submission" / f"{name}.ipynb").write_bytes(content)
        (here / "submission_metadata.json").write_text(json.dumps({"previous_submissions": []}))
        container = docker("create", *LIMITS, image, "sh", "-c", PEAK).strip()
        try:
            docker("cp", f"{here}/.", f"{container}:/autograder")
            began = time.monotonic()
            done = subprocess.run(
                ["docker", "start", "--attach", container],
                capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
            seconds = time.monotonic() - began
            docker("cp", f"{container}:/autograder/results", str(here))
        finally:
            docker("rm", "--force", container)
        made = here / "results" / "results.json"
        peak = (here / "results" / "peak").read_text().split()
        results = json.loads(made.read_text()) if made.exists() else None
        return Run(results, seconds, int(peak[0]) / 1e6 if peak else 0.0, done.stdout + done.stderr)


def wrong(sample: Sample, ran: Run) -> list[str]:
    """What is not as the sample says, in words."""
    if ran.results is None:
        return [f"no results: {ran.printed[-600:]}"]
    made = valid(ran.results, "results")
    if sample.status != "graded":
        return [] if "score" not in made and "could not be graded" in made["output"] else [f"{made}"]
    complaints = []
    if abs(made["score"] - sample.score) > 1e-3:
        complaints.append(f"scored {made['score']}, not {sample.score}: {made}")
    if abs(made["score"] - sum(t["score"] for t in made["tests"])) > 1e-2:
        complaints.append(f"the tests do not add up to {made['score']}")
    hints = {t["name"].split(":")[0] for t in made["tests"] if re.search("hint: (?!No known)", t["output"])}
    if sample.hint and sample.hint not in hints:
        complaints.append(f"no hint on {sample.hint}, only on {sorted(hints)}")
    return complaints


def docker(*arguments: str) -> str:
    """What the engine prints; SystemExit with its last lines where it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"docker {arguments[0]}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.containers.gradescope", description=__doc__)
    parser.add_argument("--base", help="an image that is there already (default: made by debootstrap)")
    parser.add_argument("--only", action="append", help="a student of the class")
    parser.add_argument("names", nargs="*", metavar="ASSIGNMENT", help="default: all")
    args = parser.parse_args()
    base = args.base or bare()
    failed = 0
    for name in args.names or CLASSES:
        began = time.monotonic()
        assignment, image = set_up(name, base)
        print(f"{name}: set up in {time.monotonic() - began:.0f} s", flush=True)
        for sample in samples(name):
            if args.only and sample.student not in args.only:
                continue
            ran = run(image, sample.file(assignment), name)
            complaints = wrong(sample, ran)
            failed += bool(complaints)
            word = "NOT OK" if complaints else sample.status
            print(
                f"  {word:8}{sample.student}: {sample.what} ({ran.seconds:.0f} s, {ran.memory:.0f} MB)",
                flush=True,
            )
            for complaint in complaints:
                print(f"          {complaint}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
