"""Servers and workers: deadlines, faults, what a worker may use, and what is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.sandbox import link
from minigrad.sandbox import server as server_module
from minigrad.sandbox.layout import Layout, layout
from minigrad.sandbox.server import Lent, SandboxFault, SandboxUnavailable, Server, WorkerEnded

REPOSITORY = Path(minigrad.__file__).resolve().parent.parent
SITE = Path(np.__file__).resolve().parent.parent
BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass"

CHECKS = """
from minigrad.checks import check
@check(exercise="e", weight=1, says="")
def squares(student, rng):
    x = rng.normal(size=3)
    return {"x": x, "y": student.square(x)}
"""


# ------------------------------------------------------------------------- an honest notebook


def test_a_notebook_and_its_probes(worker):
    assert worker.call(["checks", "checks.py", CHECKS], 2.0) is None
    assert worker.call(["probe", "e.squares", "0a"], 2.0) == {
        "failure": {"kind": "missing", "name": "square"}
    }
    assert worker.call(["cell", "s", "def square(x):\n    return x * x"], 2.0)["ok"]
    arrays = worker.call(["probe", "e.squares", "0a"], 2.0)["arrays"]
    assert np.array_equal(arrays["x"], np.random.default_rng([10]).normal(size=3))
    assert np.array_equal(arrays["y"], arrays["x"] ** 2)


@pytest.mark.parametrize(
    "source",
    [
        "from minigrad import Tensor\nx = Tensor([1.0], requires_grad=True)\n(x * x).sum().backward()",
        "import minigrad.nn, minigrad.optim, minigrad.data",
        "import statistics, decimal, xml.dom.minidom, collections.abc, typing, unittest, email.message",
        "import numpy.polynomial, numpy.ma, numpy.testing",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2], label='a')\nplt.title('b')\n"
        "plt.legend()\nplt.tight_layout()\nplt.show()",
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass",
        "import warnings\nwarnings.warn('careful')",
        "import sys; print('x', file=sys.__stdout__); sys.__stdout__.flush()",
        "import os, sys; [os.close(fd) for fd in (0, 1, 2)]; sys.stdout.close()",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
        "import random, secrets, uuid; uuid.uuid4(); random.random(); secrets.token_hex()",
    ],
)
def test_what_notebooks_usually_do_works(run, source):
    assert run(source) | {"output": ""} == {"ok": True, "output": "", "error": None}
    assert run("print('still here')")["output"] == "still here\n"


def test_workers_share_nothing_and_start_alike(server):
    seen = []
    source = "import random as r, numpy as n\nprint(r.random(), n.random.rand(), hash('a'), 'x' in vars())"
    for _ in range(2):
        with server.worker() as worker:
            seen.append(worker.call(["cell", "a", source], 2.0)["output"])
            worker.call(["cell", "b", "x = 1"], 2.0)
    assert seen[0] == seen[1]
    assert "False" in seen[0]


def test_one_thread_of_blas(run):
    assert run("import os; print(len(os.sched_getaffinity(0)) and os.environ.get('LANG'))")["ok"]
    assert run("import numpy as np; np.ones((500, 500)) @ np.ones((500, 500))")["ok"]


# ---------------------------------------------------------------------------------- deadlines


def test_cpu_is_measured_from_outside(worker):
    before = worker.cpu
    worker.call(["cell", "a", BURN.format(0.2)], 5.0)
    spent = worker.cpu - before
    assert 0.2 <= spent < 5.0
    worker.call(["cell", "b", "import time; time.process_time = lambda: 0.0"], 5.0)
    assert worker.cpu >= before + spent


def test_the_deadline_is_for_each_call_and_counts_cpu(worker):
    for _ in range(3):
        assert worker.call(["cell", "a", BURN.format(0.3)], 0.6)["ok"]
    assert worker.call(["cell", "b", "import time; time.sleep(0.8)"], 0.4)["ok"]
    with pytest.raises(WorkerEnded, match=r"over 0\.2 s of CPU"):
        worker.call(["cell", "c", BURN.format(9)], 0.2)
    assert worker.cpu >= 1.0


def test_closing_is_idempotent_and_keeps_the_cpu(server):
    worker = server.worker()
    worker.call(["cell", "a", BURN.format(0.05)], 2.0)
    worker.close()
    worker.close()
    assert worker.cpu >= 0.05
    with pytest.raises(WorkerEnded):
        worker.call(["cell", "a", ""], 1.0)


# ------------------------------------------------------------------------------------- faults


def test_a_set_up_that_fails_is_the_judges_fault(server):
    with pytest.raises(SandboxFault, match="could not be set up"):
        server.worker(memory_mb="much")
    server.worker().close()


def test_a_dead_fork_server_is_the_judges_fault(server):
    with Server(isolation_of(server)) as doomed:
        worker = doomed.worker()
        doomed._process.kill()
        with pytest.raises(SandboxFault, match="supervisor is gone"):
            worker.call(["cell", "a", "while True: pass"], 9.0)
        with pytest.raises(SandboxFault):
            doomed.worker()
        worker.close()


def isolation_of(server):
    return "namespaces" if "namespaces" in server.isolation else "landlock"


def test_a_server_belongs_to_its_process(server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        pid = os.fork()
    if pid == 0:
        try:
            server.worker()
        except SandboxFault:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    server.worker().close()


def test_a_server_outlives_the_thread_that_started_it(server):
    made = []
    thread = threading.Thread(target=lambda: made.append(Server(isolation_of(server))))
    thread.start()
    thread.join()
    with made[0] as other, other.worker() as worker:
        assert worker.call(["cell", "a", "x = 1"], 2.0)["ok"]


def test_isolation_says_what_is_in_force(server):
    assert server.isolation.endswith("seccomp + rlimits")
    assert "Landlock" in server.isolation or "namespaces" in server.isolation


def test_auto_takes_the_strongest_and_never_less_than_landlock(monkeypatch):
    tried = []

    def refuse(self, isolation):
        tried.append(isolation)
        raise SandboxFault(f"no {isolation} today")

    monkeypatch.setattr(Server, "_launch", refuse)
    with pytest.raises(
        SandboxUnavailable, match=r"no namespaces today(.|\n)*no landlock today(.|\n)*--unsafe"
    ):
        Server()
    assert tried == ["namespaces", "landlock"]


def test_other_systems_have_no_sandbox(monkeypatch):
    monkeypatch.setattr(server_module.platform, "machine", lambda: "riscv64")
    with pytest.raises(SandboxUnavailable, match="x86-64"):
        Server()


# --------------------------------------------------------------------------- what is readable


@pytest.mark.parametrize(
    "secret", [SITE, SITE / "numpy" / "core.py", SITE.parent, REPOSITORY / "minigrad" / "nn"]
)
def test_a_server_that_would_show_a_secret_does_not_start(secret):
    with pytest.raises(SandboxUnavailable, match="move it elsewhere"):
        Server(forbidden=[secret])


def test_secrets_beside_what_is_readable_are_no_obstacle():
    shown = layout(engine=True)
    for secret in ("solutions", "submitted", "gradebook.db", ".minigrad", "minigrad/grading"):
        assert shown.exposes(REPOSITORY / secret) is None


def test_a_link_to_a_secret_is_followed(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "solutions")
    with pytest.raises(SandboxUnavailable):
        Server(readable=[tmp_path / "data"], forbidden=[tmp_path / "solutions"])


def test_extra_files_can_be_made_readable(server):
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        for name in ("a.txt", "b.txt"):
            (folder / name).write_text(name)
        with Server(isolation_of(server), readable=[folder / "a.txt"]) as other, other.worker() as worker:
            assert worker.call(["cell", "a", f"print(open({str(folder / 'a.txt')!r}).read())"], 2.0)["output"]
            assert not worker.call(["cell", "b", f"open({str(folder / 'b.txt')!r})"], 2.0)["ok"]
            assert not worker.call(["cell", "c", f"open({str(folder / 'a.txt')!r}, 'w')"], 2.0)["ok"]
    finally:
        shutil.rmtree(folder)


def test_without_the_engine_there_is_none(server):
    with Server(isolation_of(server), engine=False) as bare, bare.worker() as worker:
        for name in ("tensor", "nn", "errors", "grading", "sandbox.linux.calls"):
            reply = worker.call(["cell", "a", f"import minigrad.{name}"], 2.0)
            assert reply["error"]["type"] == "ModuleNotFoundError"
        engine = str(REPOSITORY / "minigrad" / "tape.py")
        assert not worker.call(["cell", "b", f"open({engine!r})"], 2.0)["ok"]
        assert worker.call(["checks", "checks.py", CHECKS], 2.0) is None


def test_a_tree_that_contains_the_package_is_given_in_parts(tmp_path):
    package = tmp_path / "lib" / "site" / "minigrad"
    package.mkdir(parents=True)
    for name in ("lib/os.py", "lib/site/numpy.py", "lib/site/minigrad/judge.py", "lib/site/minigrad/ops.py"):
        (tmp_path / name).touch()
    (tmp_path / "lib" / "link").symlink_to(package)  # would show what is hidden
    shown = Layout((), (str(tmp_path / "lib"),), (str(package),), (str(package / "ops.py"),))
    read, list_only = shown.read()
    names = sorted(str(Path(p).relative_to(tmp_path)) for p in read)
    assert names == ["lib/os.py", "lib/site/minigrad/ops.py", "lib/site/numpy.py"]
    assert list_only == [str(tmp_path / "lib"), str(tmp_path / "lib" / "site")]


INSTALLED = """
import json, sys
from pathlib import Path
from minigrad.sandbox.server import Server
isolation, site, engine = json.loads(sys.argv[1])
with Server(isolation, readable=[Path(site)], engine=engine) as server, server.worker() as worker:
    for name in ("beside.txt", "minigrad/checks.py", "minigrad/tape.py", "minigrad/grading/__init__.py"):
        print(worker.call(["cell", "a", f"open({site + '/' + name!r})"], 2.0)["ok"])
"""


@pytest.mark.parametrize("engine", [True, False])
def test_an_installed_package_shows_no_more_than_a_repository(server, engine):
    """In site-packages, which is readable, the package's own folder is still cut down."""
    site = Path(tempfile.mkdtemp())
    site.chmod(0o755)
    try:
        shutil.copytree(REPOSITORY / "minigrad", site / "minigrad")
        (site / "beside.txt").touch()
        arguments = json.dumps([isolation_of(server), str(site), engine])
        out = subprocess.run(
            [sys.executable, "-c", INSTALLED, arguments],
            env={**os.environ, "PYTHONPATH": f"{site}:{SITE}"},
            cwd=site,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(site)
    assert out.returncode == 0, out.stderr
    assert out.stdout.split() == ["True", "True", str(engine), "False"]


# ------------------------------------------------------------------------- judges come and go

JUDGE = """
import sys, time
from minigrad.sandbox.server import Server, WorkerEnded
server = Server(sys.argv[1])
idle, busy = server.worker(), server.worker()
print("started", flush=True)
busy.call(["cell", "a", "while True: pass"], 600.0)
"""


def test_nothing_survives_a_judge_that_is_killed(server):
    judge = subprocess.Popen(
        [sys.executable, "-c", JUDGE, isolation_of(server)], stdout=subprocess.PIPE, text=True
    )
    with judge:
        assert judge.stdout.readline() == "started\n"
        family = descendants(judge.pid)
        assert len(family) >= 5  # fork server, two supervisors, two workers
        judge.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not any(map(alive, family)):
            return
        time.sleep(0.1)
    raise AssertionError([pid for pid in family if alive(pid)])


def pid_of(lent):
    return lent._process.pid


def test_a_lent_server_goes_on_for_whoever_asks_for_the_same(sandbox):
    with Lent() as first:
        with Lent() as beside:  # each has its own while it is used
            assert pid_of(beside) != pid_of(first)
        with first.worker() as worker:
            worker.call(["cell", "a", "kept = 1"], 5)
    with Lent() as again, Lent(engine=False) as without:
        assert pid_of(again) == pid_of(first)
        assert pid_of(without) not in (pid_of(again), pid_of(beside))
        assert again.isolation != "unsafe"
        with again.worker() as worker:
            assert not worker.call(["cell", "a", "kept"], 5)["ok"], "a fresh worker knows nothing"


def test_a_lent_server_that_is_closed_starts_no_worker(sandbox):
    lent = Lent()
    lent.close()
    lent.close()
    with pytest.raises(SandboxFault, match="start a new one"):
        lent.worker()
    with Lent() as first, Lent() as second:
        assert pid_of(first) != pid_of(second), "closed twice is not lent twice"


def test_a_lent_server_that_died_is_not_lent_again(sandbox):
    with Lent() as first:
        os.kill(pid_of(first), signal.SIGKILL)
        first._process.wait()
    with Lent() as second, second.worker():
        assert pid_of(second) != pid_of(first)


def test_a_secret_is_refused_where_a_server_waits(sandbox):
    Lent().close()
    with pytest.raises(SandboxUnavailable, match="workers could read"):
        Lent(forbidden=[Path(np.__file__)])


LENT = """
from minigrad.sandbox.server import Lent
for engine in (True, False, True):
    with Lent(engine=engine) as lent:
        print(lent._process.pid)
"""


def test_no_lent_server_outlives_the_process_that_lent_it(sandbox):
    command = [sys.executable, "-W", "error", "-c", LENT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pids = [int(line) for line in done.stdout.split()]
    assert pids[0] == pids[2] != pids[1]
    assert not done.stderr
    assert not any(map(alive, pids))


def descendants(pid):
    found, new = [], [pid]
    while new:
        new = [child for parent in new for child in children(parent)]
        found += new
    return found


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


ORDINARY = """
import sys
from minigrad.sandbox.server import Server
for isolation in ("namespaces", "landlock"):
    try:
        with Server(isolation, forbidden=[]) as server, server.worker() as worker:
            secret = worker.call(["cell", "a", f"open({sys.argv[1]!r}).read()"], 2.0)
            fine = worker.call(["cell", "b", "import os, numpy; assert os.getuid()"], 2.0)
            print(isolation, secret["ok"], fine["ok"], sep=":")
    except Exception as error:
        print(isolation, error, sep=":")
"""


def interpreter_for_others():
    """A Python of this version that a user without rights can run, with NumPy on its path."""
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        done = subprocess.run(
            [sys.executable, "-c", "import os, sys; os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1],"
             " [sys.argv[1], '-c', 'import numpy, minigrad'])", python],
            env={"PYTHONPATH": f"{REPOSITORY}:{SITE}"}, capture_output=True, cwd="/", check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return python
    pytest.skip("no interpreter here that another user may run")


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become someone else; else all tests run so")
def test_an_ordinary_user_has_the_same_sandbox():
    python = interpreter_for_others()
    with tempfile.NamedTemporaryFile() as secret:
        os.chmod(secret.name, 0o666)
        out = subprocess.run(
            [python, "-c", ORDINARY, secret.name], env={"PYTHONPATH": f"{REPOSITORY}:{SITE}"}, cwd="/",
            capture_output=True, text=True, user=65534, group=65534, extra_groups=[], check=True,
        )  # fmt: skip
    for line in out.stdout.splitlines():
        assert line.endswith(":False:True") or "no sandbox can be set up" in line, out.stdout
    assert ":False:True" in out.stdout


# ------------------------------------------------------------------------------------- unsafe


def test_unsafe_is_no_sandbox_and_says_so(plain_server, tmp_path):
    assert plain_server.isolation == "unsafe"
    with plain_server.worker() as worker:
        assert worker.cpu < 0.05
        assert worker.call(["cell", "a", f"open({str(tmp_path / 'x')!r}, 'w').close(); print('hi')"], 5.0)[
            "ok"
        ]
        assert worker.call(["checks", "checks.py", CHECKS], 2.0) is None
        worker.call(["cell", "b", BURN.format(0.2)], 5.0)
        assert worker.cpu >= 0.2
    assert (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("while True: pass", "cpu"),
        ("import time; time.sleep(99)", "wall"),
        ("import os; os._exit(3)", "exit"),
        ("import os; os.abort()", "signal"),
    ],
)
def test_unsafe_keeps_deadlines(plain_server, source, reason):
    with plain_server.worker() as worker:
        with pytest.raises(WorkerEnded) as end:
            worker.call(["cell", "a", source], 0.2)
        assert end.value.reason == reason
        with pytest.raises(WorkerEnded):
            worker.call(["cell", "a", ""], 1.0)


def test_ends_are_named():
    assert link.why_ended(-9).reason == "memory"
    assert link.why_ended(-11).detail == "SIGSEGV"
    assert link.why_ended(-99).reason == "signal"
    assert link.why_ended(0).reason == "exit"


def test_workers_take_the_kernels_that_the_judge_was_told_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert server_module._environment()["OPENBLAS_CORETYPE"] == "Haswell"


def test_a_reply_over_its_limit_ends_the_worker_before_it_is_read(worker):
    worker.call(
        ["cell", "a", "import os, struct\nhead = struct.pack('<4sII', b'mgr1', 2, (1 << 24) - 1)"], 2.0
    )
    with pytest.raises(WorkerEnded, match="over the limit of 1310720") as end:
        worker.call(["cell", "b", "os.write(60, head)"], 2.0)
    assert end.value.reason == "protocol"
