"""What the packs share when they run in real containers: who hands in, and a container for each."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.assignment.load import load
from minigrad.grading.model import Assignment
from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY, bare
from tests.demo.classes import CLASSES
from tests.demo.samples import Sample, add, not_json

SECONDS = 600
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
ENDLESS = "while True:\n    pass"
# Bytes at most, and nanoseconds of computing, by the control group of version 1, or of version 2.
USED = (
    "cd /sys/fs/cgroup; cat memory/memory.max_usage_in_bytes cpuacct/cpuacct.usage 2>/dev/null"
    " || { cat memory.peak; sed -n 's/usage_usec \\(.*\\)/\\1000/p' cpu.stat; }"
)
# As a runner's Python, or that of an image which is made for Python: pip installs into it.
PYTHON = """\
FROM {base}
RUN python3 -m venv /opt/python
ENV PATH=/opt/python/bin:$PATH
"""


@dataclass(frozen=True)
class Run:
    """What came of one container: its exit code, the file that was wanted of it, and what it used: seconds,
    those of computing, MB at most."""

    code: int
    made: bytes | None
    printed: str
    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Pack:
    """`set_up` makes the image of an assignment, `grade` says what is not as a sample says."""

    base: Callable[[], str]
    set_up: Callable[[Assignment, str], str]
    grade: Callable[[str, Assignment, Sample], tuple[Run, list[str]]]
    tried: tuple[str, ...]  # paths that no submission may read or write, with the assignment's NAME


def samples(name: str, tried: tuple[str, ...]) -> tuple[Sample, ...]:
    """The assignment's class, and whoever hands in what is blank, hostile, endless or no notebook."""
    blank = Sample("s17-blank", "the release as it came", 0, solves=())
    there = {s.student: s for s in (blank, *CLASSES[name])}
    right = there["s01-correct"]
    paths = [(path.replace("NAME", name), mode) for path in tried for mode in ("r", "r+")]
    theft = HOSTILE.format(tried=paths)
    return (
        *there.values(),
        Sample("hostile", "right work that steals and forges", right.score, (add(theft),)),
        Sample("endless", "right work with a cell that never ends", right.score, (add(ENDLESS),)),
        Sample("not-json", "no notebook", 0, (not_json,), status="refused"),
    )


def run(
    image: str, limits: tuple[str, ...], place: str, files: Mapping[str, bytes], command: str, wanted: str
) -> Run:
    """Lay files into `place` of a fresh container, and run a command there."""
    with tempfile.TemporaryDirectory(prefix="minigrad-pack-") as folder:
        here = Path(folder)
        for name, data in files.items():
            (here / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (here / "in" / name).write_bytes(data)
        words = f"{command}; code=$?; echo; echo $({USED}); exit $code"
        container = docker("create", *limits, "--workdir", place, image, "bash", "-c", words).strip()
        try:
            docker("cp", f"{here}/in/.", f"{container}:{place}")
            began = time.monotonic()
            done = subprocess.run(
                ["docker", "start", "--attach", container],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
            seconds = time.monotonic() - began
            copy = ["docker", "cp", f"{container}:{wanted}", str(here / "out")]
            there = not subprocess.run(copy, capture_output=True, check=False).returncode
        finally:
            docker("rm", "--force", container)
        printed, _, used = done.stdout.rstrip().rpartition("\n")
        peak, cpu = map(int, used.split())
        made = (here / "out").read_bytes() if there else None
        return Run(done.returncode, made, printed, seconds, cpu / 1e9, peak / 1e6)


def leaks(assignment: Assignment, seen: str) -> list[str]:
    """What of the hidden checks and of the mistakes stands in a text that students see at once, in words."""
    hidden = {c.name for c in assignment.checks} - set(assignment.public)
    secret = {*hidden, *(m.name for m in assignment.mutants)}
    told = sorted(name for name in secret if name in seen and name not in " ".join(assignment.public))
    return [f"tells of {name}" for name in told]


def docker(*arguments: str) -> str:
    """What the engine prints; SystemExit with its last lines where it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"docker {arguments[0]}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def built(tag: str, dockerfile: str, files: Mapping[str, bytes]) -> str:
    """The image of a Dockerfile with these files beside it, made with a network; its name."""
    with tempfile.TemporaryDirectory(prefix="minigrad-pack-") as folder:
        for name, data in {**files, "Dockerfile": dockerfile.encode()}.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(data)
        docker("build", "--network", "host", "--tag", tag, folder)
    return tag


def python() -> str:
    """An image with a Python into which pip installs; its name."""
    return built("minigrad-bare-venv", PYTHON.format(base=bare(python=True)), {})


def main(pack: Pack, says: str) -> int:
    """Set every assignment up, and grade what is handed in; 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=says)
    parser.add_argument("--base", help="an image that is there already (default: made by debootstrap)")
    parser.add_argument("--only", action="append", help="a student of the class")
    parser.add_argument("names", nargs="*", metavar="ASSIGNMENT", help="default: all")
    args = parser.parse_args()
    base = args.base or pack.base()
    failed = 0
    for name in args.names or CLASSES:
        began = time.monotonic()
        assignment = load(Course.at(REPOSITORY).authored(name))
        image = pack.set_up(assignment, base)
        print(f"{name}: set up in {time.monotonic() - began:.0f} s", flush=True)
        for sample in samples(name, pack.tried):
            if args.only and sample.student not in args.only:
                continue
            ran, complaints = pack.grade(image, assignment, sample)
            failed += bool(complaints)
            word = "NOT OK" if complaints else sample.status
            used = f"{ran.seconds:.0f} s, {ran.cpu:.1f} of computing, {ran.memory:.0f} MB"
            print(f"  {word:8}{sample.student}: {sample.what} ({used})", flush=True)
            for complaint in complaints:
                print(f"          {complaint}", flush=True)
    return 1 if failed else 0
