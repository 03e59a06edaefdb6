"""Attacks from inside a worker: each must fail, or end this one worker and nothing else."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from minigrad.sandbox.linux import X86
from minigrad.sandbox.server import WorkerEnded
from minigrad.sandbox.worker import OUTPUT_LIMIT

PRELUDE = """
import ctypes, fcntl, mmap, os, resource, signal, socket, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result
"""


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


FILES = {
    "read": "open(F).read()",
    "read by descriptor": "os.read(os.open(F, os.O_RDONLY), 9)",
    "list": "os.listdir(D)",
    "write": "open(F, 'w')",
    "append": "open(F, 'a')",
    "create": "open(D + '/new', 'w')",
    "unlink": "os.unlink(F)",
    "rename": "os.rename(F, D + '/other')",
    "rename away": "os.rename(F, 'mine')",
    "chmod": "os.chmod(F, 0)",
    "chown": "os.chown(F, os.getuid(), os.getgid())",
    "utime": "os.utime(F)",
    "truncate": "os.truncate(F, 0)",
    "link": "os.link(F, D + '/link')",
    "symlink": "os.symlink(F, D + '/link')",
    "symlink here": "os.symlink(F, 'link'); open('link').read()",
    "mkdir": "os.mkdir(D + '/folder')",
    "fifo": "os.mkfifo(D + '/fifo')",
    "setxattr": "os.setxattr(F, 'user.a', b'')",
    "climb": "open('../../../../../../../../' + F).read()",
    "open by handle": "must(libc.open_by_handle_at(-100, ctypes.create_string_buffer(200), 0))",
}


@pytest.mark.parametrize("name", FILES)
def test_files_outside_are_out_of_reach(attack, secrets, name):
    before = sorted(os.listdir(secrets))
    names = f"D = {str(secrets)!r}; F = D + '/gradebook.db'\n"
    assert blocked(attack, names + FILES[name]) in ("PermissionError", "FileNotFoundError", "OSError")
    status = (secrets / "gradebook.db").stat()
    assert (secrets / "gradebook.db").read_text() == "secret"
    assert stat.S_IMODE(status.st_mode) == 0o666
    assert sorted(os.listdir(secrets)) == before


SYSTEM = {
    "environ": "open('/proc/self/environ').read()",
    "proc": "os.listdir('/proc')",
    "the judge's memory": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "passwords": "open('/etc/passwd').read()",
    "write beside Python": "import numpy; open(os.path.dirname(numpy.__file__) + '/../evil.pth', 'w')",
    "write into NumPy": "import numpy; open(numpy.__file__, 'a')",
    "grading": "import minigrad.grading.judge",
    "the sandbox itself": "import minigrad.sandbox.linux",
    "the repository": "import tests.sandbox",
    "tcp": "socket.socket()",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "unix": "socket.socket(socket.AF_UNIX)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "pair": "socket.socketpair()",
    "fork": "os.fork()",
    "vfork": "must(libc.vfork())",
    "spawn": "os.posix_spawn('/usr/bin/env', ['env'], {})",
    "exec": "os.execv(sys.executable, ['python'])",
    "subprocess": "subprocess.run(['/bin/true'])",
    "shell": "must(-1 if os.system('true') else 0)",
    "thread": "threading.Thread(target=print).start()",
    "C thread": "must(-libc.pthread_create(ctypes.byref(ctypes.c_ulong()), None, libc.pause, None) and -1)",
    "kill all": "os.kill(-1, 9)",
    "kill parent": "os.kill(os.getppid(), 9)",
    "kill group": "os.killpg(0, 9)",
    "kill thread": "must(libc.tgkill(2, 2, 9))",
    "pidfd": "os.pidfd_open(os.getppid())",
    "ptrace": "must(libc.ptrace(16, os.getppid(), 0, 0))",
    "traceme": "must(libc.ptrace(0, 0, 0, 0))",
    "read memory": "must(libc.process_vm_readv(os.getppid(), 0, 0, 0, 0, 0))",
    "unshare": "must(libc.unshare(0x10000000))",
    "mount": "must(libc.mount(b'tmpfs', b'/dev', b'tmpfs', 0, None))",
    "umount": "must(libc.umount2(b'/scratch', 2))",
    "chroot": "os.chroot('/')",
    "setns": "must(libc.setns(0, 0))",
    "setuid": "os.setuid(0)",
    "memfd": "os.memfd_create('x')",
    "raise memory": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "lower, then raise": "for n in (90, 99): resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))",
    "limits of the parent": "resource.prlimit(os.getppid() or 2, resource.RLIMIT_CPU, (1, 1))",
    "outlive the judge": "must(libc.prctl(1, 0, 0, 0, 0))",
    "signals by fcntl": "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
    "async files": "fcntl.fcntl(0, fcntl.F_SETFL, os.O_ASYNC)",
    "type into the terminal": "fcntl.ioctl(0, 0x5412, b'x')",
    "priority": "os.setpriority(os.PRIO_PROCESS, 0, -5)",
    "affinity": "os.sched_setaffinity(0, {0})",
    "shared memory": "must(libc.shmget(0, 4096, 0o1600))",
    "semaphore": "import multiprocessing; multiprocessing.Lock()",
    "message queue": "must(libc.msgget(0, 0o1600))",
    "hostname": "socket.sethostname('x')",
    "device": "os.mknod('sda', 0o60666, os.makedev(8, 0))",
    "inherited files": "[os.fstat(fd) for fd in range(3, 60)]",
}
REFUSALS = {
    "PermissionError",
    "FileNotFoundError",
    "OSError",
    "RuntimeError",
    "ModuleNotFoundError",
    "ValueError",
}
NUMBERED = {"bpf": 321, "io_uring": 425, "perf": 298, "userfaultfd": 323, "keyctl": 250, "personality": 135}


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


MACHINE_CODE = """
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes({code}))
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
call()
"""
ENDS = {
    "endless loop": ("while True: pass", "cpu"),
    "loop in C": ("sum(range(10**15))", "cpu"),
    "signals ignored": ("for s in (2, 3, 14, 15, 24): signal.signal(s, 1)\nwhile True: pass", "cpu"),
    "exceptions caught": ("while True:\n  try:\n    while True: pass\n  except BaseException: pass", "cpu"),
    "endless output": ("while True: os.write(2, bytes(1 << 16))", "cpu"),
    "sleep": ("time.sleep(1e6)", "wall"),
    "wait for input": ("signal.pause() if 0 else os.read(os.pipe()[0], 1)", "wall"),
    "exit 0": ("os._exit(0)", "exit"),
    "exit 97": ("os._exit(97)", "exit"),
    "null": ("ctypes.string_at(0)", "signal"),
    "abort": ("os.abort()", "signal"),
    "x32": ("libc.syscall(0x40000000 + 39)", "signal"),
    "int 0x80": (MACHINE_CODE.format(code=[0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]), "signal"),
    "garbage": ("os.write(60, b'PASSED 100/100' * 10); time.sleep(99)", "protocol"),
    "huge frame": ("os.write(60, b'mgr1\\1\\0\\0\\0' + b'\\xff' * 4); time.sleep(99)", "protocol"),
    "wrong number": ("os.write(60, b'mgr1\\x63\\0\\0\\0\\1\\0\\0\\0\\0'); time.sleep(99)", "protocol"),
    "bad value": ("os.write(60, b'mgr1\\2\\0\\0\\0\\1\\0\\0\\0\\x99'); time.sleep(99)", "protocol"),
    "half a frame": ("os.write(60, b'mgr1\\2\\0')\nwhile True: pass", "cpu"),
    "channel closed": ("os.close(60); time.sleep(99)", "protocol"),
    "all closed": ("os.closerange(0, 64); time.sleep(99)", "protocol"),
}
ONLY_X86 = {"x32", "int 0x80"}


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


HOGS = {
    "24 GB": "import numpy as np; np.ones(3 << 30)",
    "growing list": "x = [0]\nwhile True: x = x + x",
    "growing list of arrays": "import numpy as np\nx = []\nwhile True: x.append(np.ones(1 << 20))",
    "bytes": "b = bytes(1 << 40)",
}


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
@check(exercise="e", points=1, says="")
def fits(student, rng): return {"y": np.ones(1 << 20)}
@check(exercise="e", points=1, says="")
def exceeds(student, rng): return {"y": np.ones(1 << 20), "z": np.ones(1)}
"""
    worker.call(["checks", "checks.py", checks], 5.0)
    assert worker.call(["probe", "e.fits", "00"], 5.0)["arrays"]["y"].sum() == 1 << 20
    failure = worker.call(["probe", "e.exceeds", "00"], 5.0)["failure"]
    assert failure == {"kind": "bad-value", "name": "", "type": "too large"}
