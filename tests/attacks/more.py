"""A second round of attacks, by somebody who had read the released notebook and the guide alone."""

from __future__ import annotations

from tests.attacks.catalogue import ALL, Inside, Work
from tests.attacks.packages import of_packages
from tests.attacks.work import NONE, WRONG, body

HIDDEN = "value_of_mean_student_rng_normal"  # a word of hidden checks, as an identifier
OPEN = "open({!r}, 'rb').read(1)"
SYSTEM = {
    "its own memory": OPEN.format("/proc/self/mem"),
    "its own map": OPEN.format("/proc/self/maps"),
    "kernel settings": OPEN.format("/proc/sys/kernel/hostname"),
    "control groups": "open('/sys/fs/cgroup/cgroup.procs', 'w')",
    "memory of the machine": OPEN.format("/dev/mem"),
    "kernel's messages": OPEN.format("/dev/kmsg"),
    "a new terminal": "os.open('/dev/ptmx', os.O_RDWR)",
    "shared memory by name": "open('/dev/shm/minigrad', 'w')",
    "a home by going there": "os.chdir('/root'); open('.bashrc').read()",
    "kernel log": "must(libc.klogctl(3, ctypes.create_string_buffer(9), 9))",
    "ports": "must(libc.iopl(3))",
    "the clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "real-time priority": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
    "memory locked": "must(libc.mlockall(1))",
    "files watched": "must(libc.inotify_init1(0))",
    "a clock as a file": "must(libc.timerfd_create(1, 0))",
    "signals as a file": "must(libc.signalfd(-1, ctypes.create_string_buffer(128), 0))",
    "accounting": "must(libc.acct(b'log'))",
    "reboot": "must(libc.reboot(0))",
    "sendfile": "os.sendfile(1, 0, 0, 9)",
    "splice": "must(libc.splice(0, None, 1, None, 9, 0))",
    "the channel as a socket": "socket.socket(socket.AF_UNIX, fileno=60).send(b'x')",
    "a file handed over the channel": "socket.send_fds(socket.socket(fileno=60), [b'x'], [0])",
    "a library linked": "import numpy; os.link(numpy.__file__, 'mine')",
    "a library locked": "import numpy; fcntl.flock(os.open(numpy.__file__, os.O_RDONLY), fcntl.LOCK_EX)",
    "a range locked": "fcntl.lockf(os.open('/dev/null', os.O_RDWR), fcntl.LOCK_EX)",
    "a lease": "import numpy; fcntl.fcntl(os.open(numpy.__file__, os.O_RDONLY), fcntl.F_SETLEASE, 0)",
    "a large pipe": "fcntl.fcntl(os.pipe()[0], 1031, 1 << 24)",
    "a library mapped to be written": "import numpy; mmap.mmap(os.open(numpy.__file__, 0), 0, prot=2)",
}
NUMBERED = {
    "pidfd_send_signal": 424,
    "open_tree": 428,
    "fsopen": 430,
    "pidfd_getfd": 438,
    "memfd_secret": 447,
}
ENDS = {
    "a reply in drops": (
        "os.write(60, b'mgr1\\2\\0\\0\\0\\0\\0\\x10\\0')\nwhile True: os.write(60, b'x'); time.sleep(0.01)",
        "wall",
    ),
    "a reply of 16 MB": ("os.write(60, b'mgr1\\2\\0\\0\\0\\xff\\xff\\xff\\0'); time.sleep(9)", "protocol"),
}  # fmt: skip
# Process 1 of a namespace gets no signal that it does not handle.
SIGNALS = {
    "stopped by itself": ("signal.raise_signal(signal.SIGSTOP)", "wall"),
    "killed by itself": ("signal.raise_signal(signal.SIGKILL)", "memory"),
    "a timer that kills": ("signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.2)", "signal"),
}

FORGED = f"""
import numpy as np, sys
from minigrad.sandbox import worker
worker.run_probe = lambda *a: {{"arrays": {{"{HIDDEN}": np.zeros(1)}}}}
"""
TOLD = """
import sys
def square(x):
    for name, lines in [(n, "".join(v[2])) for n, v in sys.modules["linecache"].cache.items() if len(v) > 2]:
        print(name, lines)
    raise ValueError(name + lines)
"""
LEFT = """
import linecache, os, sys
print(list(linecache.cache), sys.modules.get("checks"), os.listdir(".") if os.getcwd() != "/" else "")
for name in ("left",):
    try: print(open(name).read())
    except OSError: pass
"""
LEAVE = body(
    "import linecache, os",
    "try: open('left', 'w').write(''.join(linecache.getlines('checks.py')))",
    "except OSError: pass",
    "os._exit(0)",
)
NAME_LIES = """
class Odd(AttributeError):
    @property
    def name(self): raise Odd
def square(x):
    raise Odd
"""
SLOW_MESSAGE = """
class Slow(TypeError):
    def __str__(self):
        while True: pass
def square(x):
    raise Slow
"""
AS_DATA = """
class Box:
    def __init__(self, data): self.data = data
def square(x):
    return Box(Box(x * x))
"""
INTERFACE = """
class Array:
    def __init__(self, x): self.__array_interface__ = x.__array_interface__
def square(x):
    return Array(x * x)
"""
FRAMES = """
import sys
def square(x):
    frame = sys._getframe(1)
    while frame:
        for value in frame.f_locals.values():
            if isinstance(value, dict):
                value["failure"] = value["passed"] = True
        frame = frame.f_back
    return 3 * x
"""
RAISES = "import sys\ndef square(x):\n    from minigrad.checks import Missing, Todo\n    raise {}\n"

WORDS = (
    Work("a hidden word as a missing name", "Z", square=RAISES.format(f"Missing({HIDDEN!r})"),
         reason="a name the check needs"),
    Work("a hidden word as a thing to do", "Z", square=RAISES.format(f"Todo('`{HIDDEN}`')"),
         reason="still to do"),
    Work("a hidden word as a function without return", "Z",
         square=f"def {HIDDEN}(x):\n    y = x\n" + RAISES.format(f"Todo('gives None', {HIDDEN!r})"),
         reason="a function gives None"),
    Work("a hidden word as a variable", "Z", square=body(f"return {HIDDEN}"), reason="NameError in line 3"),
    Work("a hidden word as an attribute", "Z", square=body(f"return x.{HIDDEN}"),
         reason="AttributeError in line 3"),
    Work("a hidden word as a type", "Z", square=body(f"return type({HIDDEN!r}, (), {{}})()"),
         reason="not an array"),
    Work("a hidden word as an array", "Z", NONE, first=FORGED, reason="is missing"),
    Work("hidden text printed and raised", "Z", square=TOLD, reason="ValueError in line"),
    Work("hidden text left for the next worker", "K", first=LEFT, square=LEAVE, reason="ends Python"),
    Work("another cell blamed", "Z", square=body("exec(compile('1/0', '<cell step>', 'exec'))"),
         reason="ZeroDivisionError in line 1 of your cell `step`"),
    Work("a line that is not there", "Z",
         square=body("exec(compile('\\n' * 31336 + '1/0', '<cell square>', 'exec'))"),
         reason="ZeroDivisionError in your cell `square`"),
    Work("a line beyond 64 bits", "K", reason="ends Python",
         square=body("raise SyntaxError('s', ('<cell square>', 10**30, 1, 't'))")),
    Work("a cell with a long id", "K", reason="ends Python",
         square=body("raise SyntaxError('s', ('<cell ' + 'a' * 10**7 + '>', 1, 1, 't'))")),
    Work("an error whose name raises", "Z", square=NAME_LIES, reason="AttributeError raised in the check"),
    Work("an error whose message never ends", "K", square=SLOW_MESSAGE, reason="takes more than", slow=True),
)  # fmt: skip
POINTS = (
    Work("the check's own dictionaries changed", "Z", square=FRAMES),
    Work("a reply at exit", "N", square=WRONG, first="import atexit, os\n"
         "atexit.register(lambda: os.write(60, b'passed'))"),
    Work("randomness fixed", "Z", NONE, first="import numpy as np\nd = np.random.default_rng\n"
         "np.random.default_rng = lambda *a: d(0)"),
    Work("np.asarray replaced", "Z", (0.0, 0.0, 0.0), square=WRONG,
         last="import numpy as np\nnp.asarray = lambda *a, **k: np.zeros(())"),
    Work("Student replaced", "Z", NONE, last="import minigrad.checks as c\n"
         "c.Student.__getattr__ = lambda s, n: lambda *a: 0.0"),
    Work("a finder for numpy", "N", ALL, first="import sys\nclass F:\n    def find_spec(*a): return None\n"
         "sys.meta_path.insert(0, F())"),
    Work("the notebook's module replaced", "N", ALL, first="import sys\nsys.modules['__main__'] = None"),
    Work("all names cleared", "Z", NONE, last="globals().clear()", reason="is not defined"),
    Work("tracing", "N", ALL, first="import sys\nsys.settrace(print)\nsys.setprofile(print)"),
    Work("collecting all the time", "N", ALL, first="import gc\ngc.set_threshold(1)\ngc.disable()"),
    Work("the end of time caught", "N", ALL, first="try:\n    while True: pass\nexcept BaseException: pass"),
    Work("the end of time ignored", "K", ALL, slow=True, reason="is there an endless loop, ",
         first="import signal\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True: pass"),
    Work("no reply", "K", slow=True, reason="waits without", square=body(
        "from minigrad.sandbox import worker", "worker._write = lambda fd, data: len(data)")),
    Work("memory used up before the reply", "N", ALL,  square=body(
        "import resource", "global kept; kept = []", "try:", "    while True: kept.append(bytes(1 << 20))",
        "except MemoryError: pass", "try:", "    while True: kept.append(bytes(1 << 10))",
        "except MemoryError: pass", "return x * x")),
)  # fmt: skip
ARRAYS = (
    Work("an endless array without memory", "Z", reason="larger than the 1 MB",
         square=body("return np.broadcast_to(0.0, (1 << 40,))")),
    Work("the other byte order", "Z", square=body("return (x * x).astype('>f8')"), reason="not an array"),
    Work("long double", "Z", square=body("return (x * x).astype(np.longdouble)"), reason="not an array"),
    Work("dates", "Z", square=body("return (x * x).astype('M8[s]')"), reason="not an array"),
    Work("a record", "Z", square=body("return np.zeros(3, 'f8,f8')"), reason="not an array"),
    Work("nine axes", "Z", square=body("return np.zeros((1,) * 9)"), reason="not an array"),
    Work("a box around the right array", "Z", square=AS_DATA, reason="not an array"),
    Work("an interface to the right array", "Z", square=INTERFACE, reason="not an array"),
    Work("a masked right array", "N", ALL, square=body("return np.ma.array(x * x, mask=True)")),
    Work("another order of memory", "N", ALL, square=body("return np.asfortranarray((x * x)[::-1])[::-1]")),
    Work("a wide name", "N", ALL, square="def ｓquare(x):\n    return x * x\n"),
    Work("another encoding", "N", ALL, first="# -*- coding: utf-7 -*-\nx = '+AHg-'"),
    Work("a null byte", "N", ALL, last="x = '\0'"),
)  # fmt: skip
MORE_WORK = WORDS + POINTS + ARRAYS


def more_inside() -> tuple[Inside, ...]:
    """Those from inside a worker."""
    return (
        *of_packages(),
        *(Inside(name, source) for name, source in SYSTEM.items()),
        *(
            Inside(f"system call {name}", f"must(libc.syscall({number}, 0, 0, 0, 0, 0, 0))")
            for name, number in NUMBERED.items()
        ),
        *(Inside(name, source, reason) for name, (source, reason) in ENDS.items()),
        *(Inside(name, source, "runs", reason) for name, (source, reason) in SIGNALS.items()),
    )
