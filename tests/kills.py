"""`python -m tests.kills [KILLS] [SEED]`: a class graded under kills at random moments, then compared.

`minigrad grade` is started again and again and killed (SIGKILL, to it alone or with its group, or
Ctrl-C) until it was killed often enough; each round that comes to its end must hold, byte for byte,
what an undisturbed run holds. Nothing stored may be lost by a later kill, and no process may remain.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.authoring.build import build
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import new_salt
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES, hand_in, new_course, notebook

ANSWERS = {
    "ada": RIGHT,
    "bea": ADDS,
    "cem": WRITES,
    "dan": RIGHT,
    "eva": "def scale(x, factor):\n    return 1",
}
HOWS = ("SIGKILL", "SIGKILL to all", "Ctrl-C")


@dataclass(frozen=True)
class Result:
    """What a campaign did: kills by kind, rounds that came to their end, and what was wrong."""

    kills: dict[str, int]
    rounds: int
    wrong: list[str]


def lay_out(root: Path, record: bool) -> Course:
    """A built course with a salt and a class: two with equal code, a broken file, endless code."""
    course, assignment = new_course(root)
    build(assignment, course.root / "assignments")
    new_salt(course.salt(NAME))
    for student, answer in ANSWERS.items():
        hand_in(course, student, notebook(assignment, answer))
    hand_in(course, "fay", b"no notebook")
    if record:
        from minigrad.grading.nbgrader import plugin as nbgrader

        nbgrader.register(course, assignment)
    return course


def stored(course: Course) -> dict[str, bytes]:
    """Every report on disk, shared and by student."""
    files = [*course.results.glob("*.json"), *course.reports(NAME).glob("*/*.json")]
    return {str(p.relative_to(course.state)): p.read_bytes() for p in files}


def recorded(course: Course) -> list[list[str]]:
    """The gradebook, as nbgrader exports it."""
    from minigrad.grading.nbgrader import plugin as nbgrader

    nbgrader.export(course, course.work / "grades.csv")
    with (course.work / "grades.csv").open(newline="") as file:
        return sorted(csv.reader(file))


def start(course: Course, record: bool) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.kills", "grade", str(course.root), "record" if record else "judge"],
        cwd=course.root.parent / "code",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a job in a shell's background has none
    )


def run(course: Course, record: bool) -> None:
    """Grade without a kill."""
    process = start(course, record)
    told = process.communicate()[1].decode()
    if process.returncode != 1:  # one submission is refused
        raise RuntimeError(f"exit {process.returncode}: {told}")


def campaign(root: Path, kills: int, seed: int = 0, record: bool = False) -> Result:
    """Grade in `root` with `kills` kills; `record` passes the reports through nbgrader as well."""
    rng = random.Random(seed)
    for package in ("minigrad", "tests"):  # as they are now: an edit would make other results
        source = Path(__file__).parents[1] / package
        shutil.copytree(source, root / "code" / package, ignore=shutil.ignore_patterns("__pycache__"))
    lay_out(root / "template", record)
    calm = _copy(root, "calm")
    began = time.monotonic()
    run(calm, record)
    whole = time.monotonic() - began
    expected, grades = stored(calm), recorded(calm) if record else []
    wrong: list[str] = []
    done = dict.fromkeys(HOWS, 0)
    rounds = 0
    course, before = _copy(root, "round0"), dict[str, bytes]()
    while sum(done.values()) < kills:
        process = start(course, record)
        how = HOWS[sum(done.values()) % len(HOWS)]
        ended = False
        try:
            process.wait(rng.uniform(0, whole))
            ended = True  # by itself: Python too exits with 1, when a Ctrl-C meets it at its very start
        except subprocess.TimeoutExpired:
            _kill(process, how)
            done[how] += 1
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                wrong.append(f"{how} did not end it")
                os.killpg(process.pid, signal.SIGKILL)
        told = process.communicate()[1].decode()
        wrong += _remains(process.pid)
        now = stored(course)
        wrong += [f"lost after {how}: {name}" for name in before if now.get(name) != before[name]]
        if "Traceback" in told and not told.rstrip().endswith("KeyboardInterrupt"):  # Python's own start
            wrong.append(f"after {how}: {told[-400:]}")
        if ended:
            rounds += 1
            if process.returncode != 1:  # one submission is refused
                wrong.append(f"round {rounds}: exit {process.returncode}: {told[-400:]}")
            wrong += compare(now, expected)
            if record and (book := recorded(course)) != grades:
                rows = [row for row in book if row not in grades]
                wrong.append(f"round {rounds}: the gradebook differs: {rows}; {told[-400:]}")
            course, now = _copy(root, f"round{rounds}"), {}
        before = now
    run(course, record)
    wrong += compare(stored(course), expected)
    if record and recorded(course) != grades:
        wrong.append("at last: the gradebook differs")
    return Result(done, rounds + 1, wrong)


def compare(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """How two sets of stored reports differ."""
    return (
        [f"missing: {name}" for name in expected.keys() - found.keys()]
        + [f"one too many: {name}" for name in found.keys() - expected.keys()]
        + [f"differs: {name}" for name in expected.keys() & found.keys() if expected[name] != found[name]]
    )


def _copy(root: Path, name: str) -> Course:
    shutil.copytree(root / "template", root / name)
    return Course.at(root / name)


def _kill(process: subprocess.Popen[bytes], how: str) -> None:
    if how == "SIGKILL":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL if "all" in how else signal.SIGINT)


def _remains(session: int) -> list[str]:
    """Processes of a session that outlive its end for more than ten seconds."""
    for _ in range(100):
        left = [p.name for p in Path("/proc").glob("[0-9]*") if _session(p) == session]
        if not left:
            return []
        time.sleep(0.1)
    return [f"still running: {', '.join(left)}"]


def _session(process: Path) -> int:
    """The session of a process that is no zombie; 0 for none."""
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[3])


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["grade"]:
        from minigrad import cli
        from minigrad.cli import gradebook

        if arguments[2] == "judge":
            gradebook.plugin = lambda: None
        return cli.main(["--course", arguments[1], "grade", NAME, "--workers", "2"])
    kills, seed = [*map(int, arguments), *(30, 0)[len(arguments) :]]
    with tempfile.TemporaryDirectory() as folder:
        result = campaign(Path(folder), kills, seed, record=True)
    print(f"kills: {result.kills}; rounds that came to their end: {result.rounds}; wrong: {result.wrong}")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
