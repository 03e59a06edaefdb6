"""Attacks that need more than one cell or one submission: neighbours, deaths, what a seed tells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minigrad.grading.intake.canonical import intake
from minigrad.grading.judge import seeds
from minigrad.grading.judge.judge import Judge
from minigrad.sandbox.probing import words_of
from minigrad.sandbox.server import Isolation, SandboxFault, Server, WorkerEnded
from tests.attacks.catalogue import Row, Work
from tests.attacks.users import path
from tests.attacks.work import body, notebook

BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass"
ENTROPY = body(
    "import sys",
    "frame = sys._getframe()",
    "while 'rng' not in frame.f_locals: frame = frame.f_back",
    "return np.array([int(w) for w in frame.f_locals['rng'].bit_generator.seed_seq.entropy], dtype=float)",
)
OFF = body("y = x * x", "y.flat[0] += 1e4", "return y")
LEAVE = """
import builtins, numpy
builtins.left = numpy.left = 1
try: open('left', 'w')
except OSError: pass
"""
FIND = """
import builtins, numpy, os
print(hasattr(builtins, 'left'), hasattr(numpy, 'left'), os.path.exists('left'))
"""
DOOMED = """
import sys
from minigrad.sandbox.server import Server
server = Server(sys.argv[1])
idle, busy = server.worker(), server.worker()
print("started", flush=True)
busy.call(["cell", "a", "while True: pass"], 600.0)
"""
Outcome = tuple[str, str, bool]  # expected, seen, ok


def spinning_neighbours(isolation: Isolation, judge: Judge) -> Outcome:
    """Two workers spin; a third's deadline counts its own CPU time only."""
    with Server(isolation) as server, server.worker() as a, server.worker() as b, server.worker() as c:
        spin = [threading.Thread(target=ended, args=(w, BURN.format(9), 0.6)) for w in (a, b)]
        for thread in spin:
            thread.start()
        seen = ended(c, BURN.format(0.2), 0.4)
        for thread in spin:
            thread.join()
    return "not charged", seen, seen == "not charged"


def ended(worker: object, source: str, cpu: float) -> str:
    try:
        worker.call(["cell", "a", source], cpu)  # type: ignore[attr-defined]
    except WorkerEnded as end:
        return str(end)
    return "not charged"


def a_set_up_that_fails(isolation: Isolation, judge: Judge) -> Outcome:
    """Before the first byte of student code everything is the judge's fault."""
    with Server(isolation) as server:
        try:
            server.worker(memory_mb="much")  # type: ignore[arg-type]
        except SandboxFault as fault:
            return "SandboxFault", f"SandboxFault: {fault}", True
    return "SandboxFault", "a worker", False


def a_fork_server_that_is_killed(isolation: Isolation, judge: Judge) -> Outcome:
    with Server(isolation) as server, server.worker() as worker:
        assert server._process is not None
        server._process.kill()
        try:
            worker.call(["cell", "a", "while True: pass"], 2.0)
        except SandboxFault as fault:
            return "SandboxFault", f"SandboxFault: {fault}", True
        except WorkerEnded as end:
            return "SandboxFault", f"charged to the submission: {end}", False
    return "SandboxFault", "a reply", False


def a_judge_that_is_killed(isolation: Isolation, judge: Judge) -> Outcome:
    """No process is left."""
    with subprocess.Popen(
        [sys.executable, "-c", DOOMED, isolation], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path()},
    ) as doomed:  # fmt: skip
        assert doomed.stdout is not None
        doomed.stdout.readline()
        family = descendants(doomed.pid)
        doomed.send_signal(signal.SIGKILL)
    for _ in range(100):
        left = [pid for pid in family if alive(pid)]
        if not left:
            break
        time.sleep(0.1)
    return "none left", f"{len(left)} left of {len(family)}", len(family) >= 5 and not left


def descendants(pid: int) -> list[int]:
    found, new = [], [pid]
    while new:
        new = [int(c) for p in new for c in Path(f"/proc/{p}/task/{p}/children").read_text().split()]
        found += new
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def the_seed_found_in_a_generator(isolation: Isolation, judge: Judge) -> Outcome:
    """It is that of this check alone: no salt, and not that of held-out data."""
    observed = judge.observe(intake(notebook(Work("", "Z", square=ENTROPY)), judge.assignment).cells, False)
    found = [float(w) for w in observed.probes["square.value"].arrays["y"]]
    own = [float(w) for w in words_of(judge.seeds.probe("square.value"))]
    salt = [float(w) for w in words_of(judge.salt.hex())]
    held = words_of(seeds.held_out(judge.salt, judge.assignment.name, "square.value"))
    ok = found == own and not set(found) & {*salt, *map(float, held)}
    return "that check's own seed", "that check's own seed" if ok else str(found), ok


def an_expected_value_read_from_the_error(isolation: Isolation, judge: Judge) -> Outcome:
    """One entry is 1e4 off: the reason tells the decade and no more."""
    lost = judge.grade(notebook(Work("", "Z", square=OFF))).exercises[0].verdicts[0].reason
    return "the decade only", lost, lost.startswith("`y` is off by about 1e4 (worst entry [0, 0])")


def the_judges_environment(isolation: Isolation, judge: Judge) -> Outcome:
    """What the judge's own environment asks of Python reaches no worker."""
    before = dict(os.environ)
    hostile = {"PYTHONSTARTUP": "/evil.py", "PYTHONPATH": "/evil", "MINIGRAD_SECRET": "s"}
    os.environ.update(hostile)
    try:
        with Server(isolation) as server, server.worker() as worker:
            listed = worker.call(["cell", "a", "import os; print(sorted(os.environ))"], 2.0)["output"]
    finally:
        os.environ.clear()
        os.environ.update(before)
    return "none of it", listed.strip(), not any(name in listed for name in hostile)


def another_submissions_work(isolation: Isolation, judge: Judge) -> Outcome:
    """What one submission leaves behind, the next does not find."""
    with Server(isolation) as server, server.worker() as one:
        one.call(["cell", "a", LEAVE], 2.0)
        with server.worker() as two:
            seen = two.call(["cell", "a", FIND], 2.0)["output"].strip()
    return "False False False", seen, seen == "False False False"


def comparisons_at_the_edge(isolation: Isolation, judge: Judge) -> Outcome:
    """±1.8e308, booleans and INT64_MIN: no warning, no pass."""
    from minigrad.grading.judge.compare import differs

    low = np.full(2, -(2**63))
    pairs = [
        (np.full(2, 1.7e308), np.full(2, -1.7e308)), (np.full(2, np.nan), np.zeros(2)),
        (np.array([True, False]), np.array([False, False])), (low, np.zeros(2, "int64")), (low, low + 1),
    ]  # fmt: skip
    said = [differs(got, want, 1e-7, 1e-9) for got, want in pairs]
    return "five reasons", "; ".join(said), all(said)


SPECIAL: dict[str, Callable[[Isolation, Judge], Outcome]] = {
    f.__name__.replace("_", " "): f
    for f in (
        spinning_neighbours, a_set_up_that_fails, a_fork_server_that_is_killed, a_judge_that_is_killed,
        the_seed_found_in_a_generator, an_expected_value_read_from_the_error, the_judges_environment,
        another_submissions_work, comparisons_at_the_edge,
    )
}  # fmt: skip


def rows(isolation: Isolation, user: str, judge: Judge) -> list[Row]:
    """All rows of this file."""
    return [Row(name, isolation, user, *attack(isolation, judge)) for name, attack in SPECIAL.items()]
