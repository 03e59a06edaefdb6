"""Attacks from inside a worker: each must fail, or end this one worker and nothing else."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from minigrad.sandbox.linux.calls import X86
from minigrad.sandbox.probing import OUTPUT_LIMIT
from minigrad.sandbox.server import WorkerEnded
from tests.attacks.catalogue import REFUSALS
from tests.attacks.inside import ENDS, FILES, HOGS, NUMBERED, ONLY_X86, PRELUDE, SYSTEM


@pytest.fixture(scope="module")
def secrets():
    """A folder that everybody may read and write: only the sandbox stands in the way."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    for name in ("gradebook.db", "checks.py"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o666)
    yield folder
    shutil.rmtree(folder)


def blocked(run, source):
    """The type of error that `source` ends in."""
    assert run(PRELUDE)["ok"]
    reply = run(source)
    assert not reply["ok"], reply
    return reply["error"]["type"]


@pytest.mark.parametrize("name", FILES)
def test_files_outside_are_out_of_reach(attack, secrets, name):
    before = sorted(os.listdir(secrets))
    names = f"D = {str(secrets)!r}; F = D + '/gradebook.db'\n"
    assert blocked(attack, names + FILES[name]) in ("PermissionError", "FileNotFoundError", "OSError")
    status = (secrets / "gradebook.db").stat()
    assert (secrets / "gradebook.db").read_text() == "secret"
    assert stat.S_IMODE(status.st_mode) == 0o666
    assert sorted(os.listdir(secrets)) == before


@pytest.mark.parametrize("name", SYSTEM)
def test_the_system_is_out_of_reach(attack, name):
    assert blocked(attack, SYSTEM[name]) in REFUSALS


@pytest.mark.skipif(not X86, reason="numbers of x86-64")
@pytest.mark.parametrize("name", NUMBERED)
def test_system_calls_off_the_list_are_refused(attack, name):
    assert blocked(attack, f"must(libc.syscall({NUMBERED[name]}, 0, 0, 0, 0, 0))") == "PermissionError"


def test_no_files_are_seen_in_namespaces(server, run, secrets):
    if "namespaces" not in server.isolation:
        pytest.skip("Landlock does not hide that a file exists")
    assert blocked(run, f"os.stat({str(secrets)!r})") == "FileNotFoundError"
    assert blocked(run, "os.stat('/home')") == "FileNotFoundError"


def test_scratch_is_small_and_not_executable(server, run):
    if "namespaces" not in server.isolation:
        pytest.skip("there is no scratch folder")
    assert run("open('a.txt', 'w').write('kept'); assert open('/scratch/a.txt').read() == 'kept'")["ok"]
    assert blocked(run, "for i in range(99): open(f'f{i}', 'wb').write(bytes(1 << 20))") == "OSError"
    assert blocked(run, "for i in range(999): open(f'g{i}', 'wb')") == "OSError"
    copy = "import _ctypes; open('lib.so', 'wb').write(open(_ctypes.__file__, 'rb').read())\n"
    assert blocked(run, "[os.unlink(f) for f in os.listdir()]\n" + copy + "ctypes.CDLL('/scratch/lib.so')")


@pytest.mark.parametrize("attack", ENDS)
def test_a_worker_that_ends_is_charged_alone(server, attack):
    if attack in ONLY_X86 and not X86:
        pytest.skip("x86-64 only")
    source, reason = ENDS[attack]
    with server.worker() as other, server.worker() as worker:
        worker.call(["cell", "a", PRELUDE], 5.0)
        budget = 0.05 if reason in ("cpu", "wall") else 3.0
        with pytest.raises(WorkerEnded) as end:
            worker.call(["cell", "b", source], budget)
        assert end.value.reason == reason, end.value
        with pytest.raises(WorkerEnded):
            worker.call(["cell", "c", "x = 1"], 1.0)
        assert other.call(["cell", "d", "x = 1"], 5.0)["ok"]


@pytest.mark.parametrize("attack", HOGS)
def test_memory_is_bounded(server, attack):
    with server.worker(memory_mb=512) as worker:
        reply = worker.call(["cell", "a", HOGS[attack]], 10.0)
        assert reply["error"]["type"] == "MemoryError"


def test_a_worker_with_no_memory_left_ends_or_goes_on(server):
    source = "x = []\ntry:\n  while True: x.append(bytearray(1 << 20))\nexcept MemoryError:\n  pass\n"
    source += "try:\n  while True: x.append(bytearray(99))\nexcept MemoryError: pass"
    reason = None
    with server.worker(memory_mb=512) as worker:
        try:
            worker.call(["cell", "a", source], 20.0)
            worker.call(["cell", "b", "y = [0] * 10_000_000"], 5.0)
        except WorkerEnded as end:
            reason = end.reason
    assert reason in (None, "memory")


def test_a_gigabyte_of_output_is_cut(run):
    reply = run("line = 'x' * (1 << 20)\nfor _ in range(1024): print(line)", cpu=20.0)
    assert reply["ok"]
    assert len(reply["output"]) == OUTPUT_LIMIT


def test_a_large_answer_goes_through_and_a_larger_one_is_refused(worker):
    checks = """
import numpy as np
from minigrad.checks import check
@check(exercise="e", weight=1, says="")
def fits(student, rng): return {"y": np.ones(1 << 17)}
@check(exercise="e", weight=1, says="")
def exceeds(student, rng): return {"y": np.ones(1 << 17), "z": np.ones(1)}
"""
    worker.call(["checks", "checks.py", checks], 5.0)
    assert worker.call(["probe", "e.fits", "00"], 5.0)["arrays"]["y"].sum() == 1 << 17
    failure = worker.call(["probe", "e.exceeds", "00"], 5.0)["failure"]
    assert failure == {"kind": "bad-value", "name": "", "type": "too large"}
