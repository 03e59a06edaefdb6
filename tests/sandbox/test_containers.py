"""What a container takes away: capabilities, ids, Landlock, limits, memory, a home. No container needed."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.sandbox import link
from minigrad.sandbox.forkserver import UNPRIVILEGED, _unreadable
from minigrad.sandbox.linux import calls, landlock
from minigrad.sandbox.linux.words import words
from minigrad.sandbox.server import SandboxFault, Server, WorkerEnded
from tests.attacks.special import descendants
from tests.attacks.users import interpreter, path

REPOSITORY = Path(__file__).parents[2]
DOCKER = 0xA80425FB  # the capabilities of Docker's root
EVERY = "0 0 4294967295\n"
ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
NOT_ROOT = "import os\nos.setgroups([]); os.setgid(54321); os.setuid(54321)\n"


# ------------------------------------------------------------------------------ capabilities, ids


@pytest.mark.parametrize(
    ("effective", "uids", "gids", "may"),
    [
        ((1 << 41) - 1, EVERY, EVERY, True),
        (DOCKER, EVERY, EVERY, True),
        (0, EVERY, EVERY, False),
        (DOCKER & ~(1 << calls.CAP_SETUID), EVERY, EVERY, False),
        (DOCKER & ~(1 << calls.CAP_SETGID), EVERY, EVERY, False),
        (DOCKER, "0 1000 1\n", "0 1000 1\n", False),
        (DOCKER, "0 1000 1\n1 100000 65536\n", "0 1000 1\n1 100000 65536\n", True),
        (DOCKER, "0 1000 1\n1 100000 64320\n", EVERY, False),
        (DOCKER, "0 1000 1\n1 100000 64321\n", EVERY, True),
        (DOCKER, EVERY, "0 1000 1\n", False),
    ],
)
def test_root_becomes_another_user_where_it_may(effective, uids, gids, may):
    assert UNPRIVILEGED == 64321
    assert calls.may_become(UNPRIVILEGED, effective, uids, gids) is may


def test_dockers_root_may_not_read_past_file_modes_nor_make_namespaces():
    assert not calls.has(DOCKER, calls.CAP_DAC_READ_SEARCH)
    assert not calls.has(DOCKER, calls.CAP_SYS_ADMIN)
    assert calls.has(DOCKER, calls.CAP_SETUID, calls.CAP_SETGID)


def as_root_with(capabilities: list[str], code: str) -> str:
    """What `code` prints as root that has only these capabilities."""
    listed = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"], "HOME": "/root"}
    command = ["setpriv", "--bounding-set", listed, "--inh-caps", listed, sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


STATUS = """
from minigrad.sandbox.server import Server
from minigrad.sandbox.errors import SandboxUnavailable
try:
    with Server("landlock") as server:
        status = open(f"/proc/{server._process.pid}/status").read()
        for line in status.splitlines():
            if line.startswith(("Uid", "CapPrm", "CapEff")):
                print(line)
        with server.worker() as worker:
            print(worker.call(["cell", "a", "import numpy.polynomial, fractions"], 5.0)["ok"])
except SandboxUnavailable as error:
    print(error)
"""
NONE = "0000000000000000"


def public() -> bool:
    """Whether an ordinary user may read this Python and the repository."""
    code = f"{NOT_ROOT}import numpy\nopen({str(REPOSITORY / 'minigrad' / 'checks.py')!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@ROOT
def test_root_without_the_right_to_change_its_id_keeps_no_capability():
    assert as_root_with(["dac_override"], STATUS).split() == [
        "Uid:", "0", "0", "0", "0", "CapPrm:", NONE, "CapEff:", NONE, "True",
    ]  # fmt: skip


@ROOT
def test_root_without_the_right_to_change_its_id_says_what_it_may_not_read(tmp_path):
    """With its capabilities it might: the judge reads what its workers then could not."""
    (tmp_path / "secret").write_text("")
    (tmp_path / "secret").chmod(0o600)
    os.chown(tmp_path / "secret", 54321, 54321)
    shown = f"from pathlib import Path\n{STATUS}".replace(
        'Server("landlock")', f'Server("landlock", readable=[Path({str(tmp_path / "secret")!r})])'
    )
    assert f"user 0, who may not read {tmp_path / 'secret'}" in as_root_with(["dac_override"], shown)


@ROOT
def test_root_that_may_not_read_past_file_modes_grades_where_it_need_not_or_says_so():
    told = as_root_with(["setuid", "setgid"], STATUS)
    if public():
        assert told.split() == ["Uid:", *["64321"] * 4, "CapPrm:", NONE, "CapEff:", NONE, "True"]
    else:
        assert "workers run as user 64321, who may not read" in told
        assert "--cap-add DAC_READ_SEARCH" in told


@ROOT
def test_the_right_to_read_past_file_modes_is_kept_only_where_it_is_needed():
    told = as_root_with(["setuid", "setgid", "dac_read_search"], STATUS)
    kept = NONE if public() else "0000000000000004"
    assert told.split() == ["Uid:", *["64321"] * 4, "CapPrm:", kept, "CapEff:", kept, "True"]


@ROOT
def test_what_others_may_not_read_is_found_below_the_folders_that_python_searches(tmp_path):
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o005 != 0o005:
            tmp_path = Path("/tmp") / f"minigrad-{os.getpid()}"
            tmp_path.mkdir(mode=0o755)
            break
    (tmp_path / "open.py").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "secret.pth").write_text("")
    (tmp_path / "secret.pth").chmod(0o600)  # no module
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from minigrad.sandbox.forkserver import _unreadable\n"
        f"{NOT_ROOT}print(_unreadable([], [sys.argv[2]]))"
    )

    def found() -> str:
        done = subprocess.run(
            [sys.executable, "-c", script, str(REPOSITORY), str(tmp_path)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    assert found() == "None"
    (tmp_path / "package").mkdir(mode=0o700)
    assert found() == str(tmp_path / "package")
    (tmp_path / "package").chmod(0o744)  # listed, and not entered
    assert found() == str(tmp_path / "package")
    (tmp_path / "package").chmod(0o755)
    (tmp_path / "module.py").write_text("")
    (tmp_path / "module.py").chmod(0o600)
    assert found() == str(tmp_path / "module.py")
    tmp_path.chmod(0o700)
    assert found() == str(tmp_path)


def test_nothing_that_this_user_reads_is_called_unreadable(tmp_path):
    (tmp_path / "module.py").write_text("")
    assert _unreadable([str(tmp_path), str(tmp_path / "gone")], [str(tmp_path)]) is None


@pytest.mark.parametrize("isolation", ["namespaces", "landlock"])
def test_root_of_a_user_namespace_that_has_no_other_id(isolation):
    """As in rootless Podman without subordinate ids, or Apptainer."""
    code = f"""
from minigrad.sandbox.server import Server
with Server({isolation!r}) as server, server.worker() as worker:
    print(worker.call(["cell", "a", "import os; print(os.getuid())"], 5.0)["output"])
"""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare failed" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr.strip()}")
    assert done.stdout.strip() == {"namespaces": "1000", "landlock": "0"}[isolation], done.stderr


# ------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("code", "release", "says"),
    [
        (errno.EOPNOTSUPP, "6.1.0-18-amd64", "lsm=landlock"),
        (errno.ENOSYS, "5.10.0-8", "needs Linux 5.13 or newer, and this is 5.10.0-8"),
        (errno.ENOSYS, "5.4.0", "needs Linux 5.13"),
        (errno.ENOSYS, "5.13.0", "seccomp=unconfined"),
        (errno.ENOSYS, "6.1.0", "seccomp=unconfined"),
        (errno.EPERM, "5.10.0", "seccomp=unconfined"),
        (errno.EIO, "6.1.0", "Input/output error"),
    ],
)
def test_no_landlock_names_the_cause(code, release, says):
    assert says in landlock.why_not(code, release)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "--pids-limit"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "--memory"),
        (OSError(errno.EBADF, "Bad file descriptor"), "--ulimit nofile"),
        (
            PermissionError(errno.EPERM, "capset: Operation not permitted"),
            "capset: Operation not permitted: a cont",
        ),
        (OSError(errno.ENOSYS, "pidfd_open: Function not implemented"), "seccomp=unconfined"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/dev/null"), "directory: /dev/null"),
        (OSError("words of ours"), "words of ours"),
        (KeyError(), "KeyError"),
    ],
)
def test_an_error_is_told_with_its_remedy(error, says):
    assert says in words(error)
    assert "[Errno" not in words(error)


def refused(code: str) -> str:
    """The refusal of a server that is started in a process of its own after `code`."""
    start = (
        "from minigrad.sandbox.server import Server, SandboxUnavailable\n"
        + code
        + ("\ntry:\n    Server('auto').close()\nexcept SandboxUnavailable as error:\n    print(error)")
    )
    done = subprocess.run(
        [sys.executable, "-c", start],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        ("RLIMIT_AS", 900 << 20, "a worker needs 1024 MB, and `ulimit -v` allows 900 MB"),
        ("RLIMIT_FSIZE", 1 << 20, "a worker needs 16 MB, and `ulimit -f` allows 1 MB"),
        ("RLIMIT_NOFILE", 40, "raise `--ulimit nofile`"),
    ],
)
def test_a_limit_below_what_a_submission_is_promised_is_refused(limit, value, says):
    told = refused(f"import resource\nresource.setrlimit(resource.{limit}, ({value}, {value}))")
    assert says in told


def test_the_limits_promised_are_those_that_a_student_would_meet():
    assert set(calls.PROMISED) == {resource.RLIMIT_AS, resource.RLIMIT_FSIZE}


def test_a_worker_killed_for_want_of_memory_is_the_machines_fault(worker, server, monkeypatch):
    before = worker._link._killed_before
    os.kill(max(descendants(server._process.pid)), signal.SIGKILL)
    monkeypatch.setattr(link, "out_of_memory", lambda: before + 1)
    with pytest.raises(SandboxFault, match="ran out of memory: raise `--memory`"):
        worker.call(["cell", "a", "1"], 5.0)


def test_a_worker_that_was_killed_otherwise_ended_by_itself(worker, server, monkeypatch):
    before = worker._link._killed_before
    os.kill(max(descendants(server._process.pid)), signal.SIGKILL)
    monkeypatch.setattr(link, "out_of_memory", lambda: before)
    with pytest.raises(WorkerEnded, match="memory"):
        worker.call(["cell", "a", "1"], 5.0)


def test_the_kernels_count_of_such_kills_is_read():
    assert link.out_of_memory() >= 0
    assert "oom_kill" in Path("/proc/vmstat").read_text()


# --------------------------------------------------------------------------------- home and /tmp


@pytest.mark.parametrize("home", [None, "/", "/nowhere"])
@ROOT
def test_a_user_without_a_name_and_a_home(home):
    python = interpreter()
    if python is None:
        pytest.skip("no Python here that an ordinary user may run")
    code = NOT_ROOT + (
        "from minigrad.sandbox.server import Server\n"
        "with Server('auto') as server, server.worker() as worker:\n"
        "    source = 'import matplotlib.pyplot as p, tempfile; p.plot([1]); print(tempfile.tempdir)'\n"
        "    print(worker.call(['cell', 'a', source], 5.0))"
    )
    environment = {"PYTHONPATH": path(), "PATH": os.environ["PATH"]}
    if home is not None:
        environment["HOME"] = home
    done = subprocess.run(
        [python, "-c", code], env=environment, capture_output=True, text=True, cwd="/", check=False
    )
    assert done.stdout.strip() == str({"ok": True, "output": "None\n", "error": None}), done.stderr


def test_a_folder_named_for_matplotlib_is_used_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    Server("auto").close()
    assert list(tmp_path.glob("fontlist*.json"))
