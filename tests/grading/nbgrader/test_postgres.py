"""The gradebook in PostgreSQL, through course.toml's db_url: recording, lateness, a regrade."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigrad.grading.classroom.court import court
from minigrad.grading.classroom.run import keep_report, take
from minigrad.grading.model import Exercise, Report, Verdict
from tests.grading.builds import build
from tests.grading.handed_in import NAME, RIGHT, hand_in, new_course, notebook

pytest.importorskip("nbgrader")
pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of nbgrader and what it imports


@pytest.fixture
def server() -> Iterator[str]:
    """A PostgreSQL of its own on a Unix socket; the URL of its database."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("Debian's package postgresql is not installed")
    as_user = {}
    if os.getuid() == 0:  # which PostgreSQL refuses to run as
        try:
            as_user = {"user": pwd.getpwnam("postgres").pw_uid, "group": pwd.getpwnam("postgres").pw_gid}
        except KeyError:
            pytest.skip("no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path may have 107 characters

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [str(found[-1].with_name(program)), *words],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=120,
            **as_user,
        )

    try:
        if as_user:
            os.chown(folder, as_user["user"], as_user["group"])
        run("initdb", "-D", "data", "-U", "course", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", options)
        try:
            yield f"postgresql+psycopg2://course@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-D", "data", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def test_recording_into_postgresql(tmp_path, server):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    course.dates.write_text(
        f"[due]\n{NAME} = 2030-01-30T12:00:00Z\n[extensions.{NAME}]\nb = 2030-02-05T12:00:00Z\n"
        f'[late]\nslope_percent_per_day = 10\n[gradebook]\ndb_url = "{server}"\n'
    )
    course.roster.write_text("student\na\nb\n")
    assert not nbgrader.registered(course, NAME)

    def record(score: float) -> None:
        reports = {}
        salt = court(course, NAME).salt
        for student in "ab":
            path = hand_in(course, student, notebook(assignment, f"# {student}\n{RIGHT}"))
            verdict = Verdict("scale.values", "scale", "says", 10.0, True, score == 10)
            reports[student] = Report(NAME, "graded", (Exercise("scale", 10.0, score, (verdict,)),))
            key = take(course, assignment, salt, student, path).key
            keep_report(course.reports(NAME) / student, key, reports[student])
        assert nbgrader.record(course, assignment, course.submissions(NAME), reports) == {}

    record(5.0)
    with nbgrader.book(course) as book:
        book.find_grade("scale-check", NAME, NAME, "a").extra_credit = 1.0
        book.db.commit()
    record(10.0)
    record(10.0)
    with nbgrader.book(course) as book:
        found = {
            s.student.id: (s.score, s.late_submission_penalty) for s in book.assignment_submissions(NAME)
        }
    assert found == {"a": (11.0, pytest.approx(1.1)), "b": (10.0, pytest.approx(0.0))}
    nbgrader.feedback(course, NAME)
    assert (course.feedback / "a" / NAME / f"{NAME}.html").exists()
    assert not course.gradebook.exists()
