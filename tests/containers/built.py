"""`python -m tests.containers.built [--image NAME]`: the image of `make image`, as users start it.

Without --image it is made here, on a Debian without a registry. DOCKER_HOST names the engine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass

from minigrad.grading.assignment.load import load
from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY, bare
from tests.demo.samples import Sample

IMAGE = "minigrad"
NAME = "01-rnn"
READ_ONLY = ("--read-only", "--tmpfs", "/tmp:mode=1777")
# grades the class that comes in on standard input: in the image's course, or a copy where that is read-only
GRADES = f"""
import json, os, pathlib, shutil, subprocess, sys
course = "/course" if os.access("/course", os.W_OK) else shutil.copytree("/course", "/tmp/course")
for student, text in json.load(sys.stdin).items():
    path = pathlib.Path(course, "submitted", student, "{NAME}", "{NAME}.ipynb")
    path.parent.mkdir(parents=True)
    path.write_text(text)
sys.exit(subprocess.run(["minigrad", "grade", "{NAME}", "--json"], cwd=course).returncode)
"""


@dataclass(frozen=True)
class Way:
    """How somebody starts it."""

    name: str
    options: tuple[str, ...] = ()


WAYS = (
    Way("as it comes"),
    Way("root", ("--user", "0")),
    Way("another user, all dropped", ("--user", "4711:4711", "--cap-drop", "ALL")),
    Way("read-only", READ_ONLY),
    Way("two cores of a gigabyte", ("--cpus", "2", "--memory", "1g", "--memory-swap", "1g")),
)


def submissions() -> dict[str, str]:
    """By student: the solution, and the release as it came."""
    assignment = load(Course.at(REPOSITORY).authored(NAME))
    samples = (Sample("ann", "right", 100), Sample("bob", "blank", 0, solves=()))
    return {s.student: s.file(assignment).decode() for s in samples}


def wrong(way: Way, image: str) -> list[str]:
    """What is not as it should be, in words."""
    command = [
        "docker", "run", "--rm", "--interactive", "--network", "none", *way.options,
        "--entrypoint", "python", image, "-c", GRADES,
    ]  # fmt: skip
    done = subprocess.run(
        command, input=json.dumps(submissions()), capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        return [f"exit code {done.returncode}: {(done.stdout + done.stderr)[-600:]}"]
    scores = {student: r["score"] for student, r in json.JSONDecoder().raw_decode(done.stdout)[0].items()}
    return [] if scores == {"ann": 100, "bob": 0} else [f"graded {scores}"]


def seconds(image: str, times: int = 5) -> float:
    """The shortest time from `docker run` to the end of `minigrad --help`."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        subprocess.run(
            ["docker", "run", "--rm", "--network", "none", image], check=True, stdout=subprocess.DEVNULL
        )
        took.append(time.monotonic() - began)
    return min(took)


def size(image: str) -> float:
    """Its size in MB, what it is built on included."""
    told = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Size}}", image],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return int(told) / 1e6


def make() -> str:
    """The image, built as a user does, but for what it stands on; its name."""
    command = ["make", "image", f"FROM={bare(python=True)}", "OPTIONS=--network host"]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    return IMAGE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.containers.built", description=__doc__)
    parser.add_argument("--image", help="one that is there already")
    image = parser.parse_args().image or make()
    print(f"{image}: {size(image):.0f} MB, starts in {seconds(image):.1f} s", flush=True)
    failed = 0
    for way in WAYS:
        complaints = wrong(way, image)
        failed += bool(complaints)
        print(
            "\n        ".join([f"{'NOT OK' if complaints else 'graded':8}{way.name}", *complaints]),
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
