"""Grading on a Dask cluster of two worker processes, one of which is killed in the middle."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from minigrad.grading.classroom.dask import dask, local
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.model import GradingError
from tests.grading.handed_in import NAME, hand_in, new_course, notebook

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask and what it imports


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("tcp://127.0.0.1:8786", True),
        ("tcp://localhost:8786", True),
        ("tcp://[::1]:8786", True),
        ("tcp://10.0.0.3:8786", False),
        ("tcp://127.0.0.1.example.org:8786", False),
        ("tcp://0.0.0.0:8786", False),
        ("nonsense", False),
    ],
)
def test_what_stays_on_this_machine(address, inside):
    assert local(address) == inside


def test_beyond_this_machine_there_must_be_tls(tmp_path):
    pytest.importorskip("distributed")

    def refused(address: str, tls: Path | None = None) -> str:
        with pytest.raises(GradingError) as error, dask(address, tls):
            pass
        return str(error.value)

    assert "in the open" in refused("tcp://10.0.0.3:8786")
    assert "in the open" in refused("tls://10.0.0.3:8786")
    assert "is no tls:// address" in refused("tcp://10.0.0.3:8786", tmp_path)
    assert "ca.pem is missing" in refused("tls://10.0.0.3:8786", tmp_path)
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").write_text("")
        (tmp_path / f"{name}.pem").chmod(0o644)
    assert "chmod 600" in refused("tls://10.0.0.3:8786", tmp_path)


def certificate(folder: Path) -> Path:
    """A key and a certificate that signs itself, made as the instructor's guide says."""
    guide = (Path(__file__).parents[3] / "docs" / "instructors.md").read_text(encoding="utf-8")
    (command,) = [line for line in guide.splitlines() if line.startswith("openssl req ")]
    folder.mkdir()
    words = [word.replace("tls/", f"{folder}/") for word in shlex.split(command)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    shutil.copy(folder / "cert.pem", folder / "ca.pem")
    return folder


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_a_cluster_is_reached_with_its_key_alone(tmp_path):
    distributed = pytest.importorskip("distributed")
    ours, others = certificate(tmp_path / "tls"), certificate(tmp_path / "others")
    security = distributed.security.Security(
        require_encryption=True,
        tls_ca_file=str(ours / "ca.pem"),
        **{f"tls_{who}_cert": str(ours / "cert.pem") for who in ("scheduler", "worker", "client")},
        **{f"tls_{who}_key": str(ours / "key.pem") for who in ("scheduler", "worker", "client")},
    )
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tls",
        security=security,
        dashboard_address=None,
        silence_logs=60,
    ) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://127.0.0.1:")
        with dask(address, ours) as (executor, workers):
            assert workers == 1
            assert executor.submit(sorted, [2, 1]).result(60) == [1, 2]
        with pytest.raises(GradingError, match="no Dask scheduler answers"), dask(address, others):
            pass


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
def test_a_killed_worker_loses_and_doubles_nothing(tmp_path):
    distributed = pytest.importorskip("distributed")
    course, assignment = new_course(tmp_path)
    for i in range(12):
        answer = f"def scale(x, factor):\n    return x * {'factor' if i % 2 else i}"
        hand_in(course, f"s{i}", notebook(assignment, f"{answer}  # {i}"))
    heard: list[str] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=60
    ) as cluster:
        with distributed.Client(cluster, set_as_default=False) as client:
            processes = list(client.run(os.getpid).values())

        def done(student, report):
            heard.append(student)
            if len(heard) == 3:
                os.kill(processes[0], signal.SIGKILL)

        with dask(cluster.scheduler_address) as (executor, workers):
            assert workers == 2
            submissions = course.submissions(NAME)
            made = grade_class(course, assignment, submissions, workers=workers, executor=executor, done=done)
    assert sorted(heard) == sorted(submissions)
    assert {s: (r.status, r.score) for s, r in made.items()} == {
        f"s{i}": ("graded", 10.0 if i % 2 else 0.0) for i in range(12)
    }
    assert len(list(course.results.glob("*.json"))) == 12
    assert {s: len(list((course.reports(NAME) / s).glob("*.json"))) for s in submissions} == dict.fromkeys(
        submissions, 1
    )
