"""One grading at a time in a course: who holds the lock is named, and nobody holds it after death."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.grading.classroom.lock import FILE, grading
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is graded for a gradebook there")
HOLD = """
import sys
from pathlib import Path
from minigrad.grading.classroom.lock import grading
from minigrad.grading.store.layout import Course
with grading(Course.at(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(root: Path) -> subprocess.Popen[str]:
    """A process that holds the lock of the course in `root`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path):
    course = Course.at(tmp_path)
    with hold(tmp_path) as other:
        said = (
            rf"graded by process {other.pid} on {re.escape(socket.gethostname())} since 2\d{{3}}-.* UTC: wait"
        )
        with pytest.raises(GradingError, match=said), grading(course):
            pass
        other.kill()
    assert f"process {other.pid}" in (course.state / FILE).read_text(), "what it left behind"
    with grading(course):
        assert (course.state / FILE).read_text().startswith(f"process {os.getpid()} on ")


def test_the_same_process_does_not_hold_it_twice(tmp_path):
    course = Course.at(tmp_path)
    with grading(course), pytest.raises(GradingError, match=f"process {os.getpid()} "), grading(course):
        pass
    with pytest.raises(ValueError, match="oh"), grading(course):
        raise ValueError("oh")
    with grading(course):
        pass


def test_a_process_started_meanwhile_does_not_keep_it(tmp_path):
    """A worker may outlive a killed grading for a while."""
    course = Course.at(tmp_path)
    with grading(course):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with grading(course):
        child.communicate()


def test_a_second_grading_is_refused_and_changes_nothing(tmp_path, monkeypatch, capsys):
    from minigrad.cli import gradebook, main
    from tests.grading.handed_in import NAME, RIGHT, hand_in, new_course, notebook

    monkeypatch.setattr(gradebook, "plugin", lambda: None)
    course, assignment = new_course(tmp_path)
    hand_in(course, "a", notebook(assignment, RIGHT))
    with grading(course):
        assert main(["--course", str(tmp_path), "grade", NAME, "--new-salt", "--workers", "1"]) == 2
    assert f"graded by process {os.getpid()} on " in capsys.readouterr().err
    assert not course.salt(NAME).exists()
    assert not course.reports(NAME).exists()
