"""A fault of the judge is never a zero: ungraded, with the cause, and graded on the next run."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import threading
import time
from concurrent.futures import BrokenExecutor
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from minigrad.grading.classroom import court, run
from minigrad.grading.classroom.processes import Processes
from minigrad.grading.classroom.run import grade_class, last_reports
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import GradingError, JudgeFault, Report
from minigrad.grading.store import files
from minigrad.grading.store.reports import read_salt, save_report
from minigrad.sandbox.errors import SandboxUnavailable
from tests.grading.handed_in import ADDS, NAME, RIGHT, fake_judge, hand_in, new_course, notebook
from tests.grading.near import Near
from tests.grading.squares import squares, submission

SALT = b"0123456789abcdef"


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.fixture
def near():
    return Near()


@pytest.fixture
def room(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(court, "Judge", fake_judge())
    course, assignment = new_course(tmp_path)
    for student, answer in (("a", RIGHT), ("b", ADDS), ("c", RIGHT)):
        hand_in(course, student, notebook(assignment, answer))
    return course, assignment


def graded(room, **options):
    course, assignment = room
    return grade_class(course, assignment, course.submissions(NAME), **options)


def test_a_full_disk_below_the_references(near, monkeypatch, tmp_path):
    """What cannot be kept is computed again by who asks next, and everything is graded."""
    monkeypatch.setattr(files, "write", full)
    with Judge(squares(), SALT, serve=near, cache=tmp_path) as judge:
        assert judge.grade(submission()).score == 30
        assert judge.grade(submission(square="def square(x):\n    return 2 * x\n")).exercises[0].hint
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_below_the_reports(room, monkeypatch):
    course, _ = room
    read_salt(course.salt(NAME))
    write = files.write
    monkeypatch.setattr(files, "write", full)
    reports = graded(room)
    assert {r.status for r in reports.values()} == {"ungraded"}
    assert all("No space left on device" in r.reason for r in reports.values())
    monkeypatch.setattr(files, "write", write)
    assert {s: r.score for s, r in graded(room).items()} == {"a": 10.0, "b": 0.0, "c": 10.0}


def test_a_disk_that_is_full_for_one_student_only(room, monkeypatch):
    write = files.write

    def sometimes(path: Path, data: bytes) -> None:
        if path.parent.name == "b":
            full()
        write(path, data)

    read_salt(room[0].salt(NAME))
    monkeypatch.setattr(files, "write", sometimes)
    assert {s: r.status for s, r in graded(room).items()} == {"a": "graded", "b": "ungraded", "c": "graded"}
    assert list(last_reports(room[0], NAME)) == ["a", "c"]


def test_a_run_that_ends_between_a_students_report_and_the_shared_one(room, monkeypatch):
    course, assignment = room
    alone = {"b": course.submissions(NAME)["b"]}
    grade_class(course, assignment, alone)
    expected = {path.name: path.read_bytes() for path in course.results.iterdir()}
    assert expected
    shutil.rmtree(course.results)
    shutil.rmtree(course.reports(NAME))

    def ends(folder: Path, name: str, report: Report) -> None:
        if folder == course.results:
            raise KeyboardInterrupt
        save_report(folder, name, report)

    monkeypatch.setattr(run, "save_report", ends)
    with pytest.raises(KeyboardInterrupt):
        grade_class(course, assignment, alone)
    monkeypatch.setattr(run, "save_report", save_report)
    assert list(last_reports(course, NAME)) == ["b"]
    grade_class(course, assignment, alone)
    assert {path.name: path.read_bytes() for path in course.results.iterdir()} == expected


def test_a_sandbox_that_is_refused_after_a_restart(near):
    """It was there when the run began; then it cannot be had again."""
    refuses = False

    def serve(*asked: object, **options: object) -> Near:
        if refuses:
            raise SandboxUnavailable("no namespaces today")
        return near(*asked, **options)

    with Judge(squares(), SALT, serve=serve) as judge:
        judge.prepare()
        near.faults, refuses = 1, True
        report = judge.grade(submission())
        assert (report.status, report.exercises) == ("ungraded", ())
        assert report.reason == "the judge failed (no namespaces today): grade this submission again"
        refuses = False
        assert judge.grade(submission()).score == 30


def test_no_memory_for_the_judge(near):
    with Judge(squares(), SALT, serve=near) as judge:
        judge.prepare()
        near.faults, near.fault = 3, MemoryError()
        report = judge.grade(submission())
        assert (report.status, report.exercises) == ("ungraded", ())
        assert "MemoryError" in report.reason


def test_a_fork_server_that_is_killed_in_the_middle_of_a_submission():
    """With the real sandbox: the submission is tried again with another one, and graded."""
    slow = "import time\ntime.sleep(0.8)\ndef square(x):\n    return x * x\n"
    try:
        judge = Judge(squares(), SALT)
        judge.prepare()
    except JudgeFault as why:
        pytest.skip(str(why))
    with judge:
        process = judge.server._process
        assert process is not None
        kill = threading.Timer(0.3, lambda: os.kill(process.pid, signal.SIGKILL))
        kill.start()
        report = judge.grade(submission(square=slow))
        kill.join()
        assert judge.server._process is not process
        assert (report.status, report.score) == ("graded", 30.0)


def starts(monkeypatch, second):
    """`second(first process, start)` stands for the start of the second process of a pool."""
    start, first = SpawnProcess.start, []

    def starting(process: SpawnProcess) -> None:
        if first:
            second(first[0], lambda: start(process))
        else:
            first.append(process)
            start(process)

    monkeypatch.setattr(SpawnProcess, "start", starting)


def in_time(use) -> bool:
    """Whether `use` ends; if not, its processes are ended."""
    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    thread.join(20)
    ended = not thread.is_alive()
    for process in multiprocessing.active_children():
        process.kill()
    return ended


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_dies_while_the_next_one_starts(monkeypatch, when):
    """Left to itself, Python 3.11 waits for ever for the second one, or cannot start it."""
    pool, errors = Processes(2), []

    def second(first: SpawnProcess, start) -> None:
        if when == "after":
            start()
        first.kill()
        first.join()
        time.sleep(0.3)  # for whoever watches it
        if when == "before":
            start()

    def use() -> None:
        with pool:
            for _ in range(2):
                try:  # whichever hears of it
                    pool.submit(time.sleep, 60).result()
                except BrokenExecutor as error:
                    errors.append(error)

    starts(monkeypatch, second)
    assert in_time(use)
    assert len(errors) == 2


def test_a_process_that_cannot_start_leaves_none_behind(monkeypatch):
    pool, firsts, errors = Processes(2), [], []

    def second(first: SpawnProcess, start) -> None:
        firsts.append(first)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    def use() -> None:
        with pool:
            try:
                pool.submit(time.sleep, 60)
                pool.submit(time.sleep, 60)
            except OSError as error:
                errors.append(error)
        firsts[0].join()

    starts(monkeypatch, second)
    assert in_time(use)
    assert [e.errno for e in errors] == [11]


def test_who_leaves_by_an_error_does_not_wait_for_what_has_not_begun():
    def use() -> None:
        with contextlib.suppress(ZeroDivisionError), Processes(1) as pool:
            futures = [pool.submit(divmod, 1, 0), *(pool.submit(time.sleep, 1) for _ in range(30))]
            futures[0].result()

    assert in_time(use)


@pytest.mark.slow
def test_a_worker_host_that_is_killed(tmp_path):
    """SIGKILL to a process of a run: what it held is graded alone or ungraded, never a zero."""
    course, assignment = new_course(tmp_path)
    for student, answer in (("a", RIGHT), ("b", ADDS)):
        hand_in(course, student, notebook(assignment, answer))
    killed: list[int] = []

    def kill() -> None:
        for _ in range(500):
            for host in hosts():
                os.kill(host, signal.SIGKILL)
                killed.append(host)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        reports = graded((course, assignment), workers=2)
    except GradingError as error:
        pytest.skip(str(error))
    finally:
        thread.join()
    assert killed
    wanted = {"a": 10.0, "b": 0.0}
    assert all(r.status == "ungraded" or r.score == wanted[s] for s, r in reports.items())
    assert {s: r.score for s, r in graded((course, assignment)).items()} == wanted


def hosts() -> list[int]:
    """Processes of a run, which some thread of this one started; threads and processes may end meanwhile."""
    found = []
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in file.read_text().split():
                with contextlib.suppress(OSError):
                    if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        found.append(int(pid))
    return found
