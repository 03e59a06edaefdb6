"""Attacks from inside a worker: on files, on the system, on its limits, on the channel to the judge."""

from __future__ import annotations

from tests.attacks.catalogue import Inside

PRELUDE = """
import ctypes, fcntl, mmap, os, resource, signal, socket, subprocess, sys, threading, time
import numpy
libc = ctypes.CDLL(None, use_errno=True)
S = os.path.dirname(os.path.dirname(numpy.__file__))
U = S + '/pytest/__init__.py'
def must(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result
"""

# On files outside; D is a folder that everybody may read and write, F a file in it.
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
SYSTEM = {
    "environ": "open('/proc/self/environ').read()",
    "proc": "os.listdir('/proc')",
    "the judge's memory": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "passwords": "open('/etc/passwd').read()",
    "write beside Python": "import numpy; open(os.path.dirname(numpy.__file__) + '/../evil.pth', 'w')",
    "write into NumPy": "import numpy; open(numpy.__file__, 'a')",
    "grading": "import minigrad.grading.judge.judge",
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
NUMBERED = {"bpf": 321, "io_uring": 425, "perf": 298, "userfaultfd": 323, "keyctl": 250, "personality": 135}

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
HOGS = {
    "24 GB": "import numpy as np; np.ones(3 << 30)",
    "growing list": "x = [0]\nwhile True: x = x + x",
    "growing list of arrays": "import numpy as np\nx = []\nwhile True: x.append(np.ones(1 << 20))",
    "bytes": "b = bytes(1 << 40)",
}

# Where a file exists, what a folder of Python's holds: seen in the fallback, which only forbids reading.
SEEN = {
    "stat a file outside": "os.stat(F)",
    "stat a home": "os.stat('/home')",
}
# Allowed, and of no effect on anybody else.
HARMLESS = {
    "own signal handlers": "signal.signal(signal.SIGXCPU, signal.SIG_IGN)",
    "LD_PRELOAD set": "os.environ['LD_PRELOAD'] = '/evil.so'",
    "sys.path extended": "sys.path.insert(0, '/tmp')",
    "a gigabyte printed": "line = 'x' * (1 << 20)\nfor _ in range(1024): print(line)",
    "own standard streams closed": "sys.stdout.close(); [os.close(n) for n in (0, 1, 2)]",
}
ANY_FILE = """
for fd in range(3, 60):
    try:
        os.fstat(fd)
        break
    except OSError: pass
else:
    must(-1)
"""
MORE = {
    "any inherited file": ANY_FILE,
    "execute what it wrote": "open('prog', 'wb').write(b'#!/bin/sh'); os.execv('./prog', ['prog'])",
    "fill the disk": "for i in range(99): open(f'f{i}', 'wb').write(bytes(1 << 20))",
    "many files": "for i in range(999): open(f'g{i}', 'wb')",
    "many descriptors": "kept = [os.open('/dev/null', os.O_RDONLY) for _ in range(100)]",
    "reserve 64 GiB": "mmap.mmap(-1, 1 << 36, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)",
    "own the terminal": "os.open('/dev/tty', os.O_RDWR)",
    "list the root": "os.listdir('/')",
    "the environment of the judge": "os.environ.get('MINIGRAD_SECRET') or must(-1)",
    "signal another by fcntl": "fcntl.fcntl(0, 10, signal.SIGKILL)",
    "starve others of processes": "for _ in range(27): threading.Thread(target=time.sleep, args=[9]).start()",
    "double fork": "os.fork() or os.fork() or time.sleep(99)",
    "a child that goes on alone": "must(libc.clone(0, 0, 17, 0, 0, 0, 0))",
    "fork bomb": "while True: os.fork()",
    "abstract socket": "s = socket.socket(socket.AF_UNIX); s.bind('\\0evil')",
    "hidden checks": "open(D + '/checks.py').read()",
    "sitecustomize": "import numpy; open(os.path.dirname(numpy.__file__) + '/../sitecustomize.py', 'w')",
}


def inside() -> tuple[Inside, ...]:
    """All of them."""
    return (
        *(Inside(name, source) for name, source in {**FILES, **SYSTEM, **MORE}.items()),
        *(Inside(name, source, landlock="runs") for name, source in SEEN.items()),
        *(Inside(name, source, "runs") for name, source in HARMLESS.items()),
        *(
            Inside(f"system call {name}", f"must(libc.syscall({number}, 0, 0, 0, 0, 0, 0))", x86=True)
            for name, number in NUMBERED.items()
        ),
        *(Inside(name, source, reason, x86=name in ONLY_X86) for name, (source, reason) in ENDS.items()),
        *(Inside(name, source, "MemoryError", memory_mb=512) for name, source in HOGS.items()),
    )
