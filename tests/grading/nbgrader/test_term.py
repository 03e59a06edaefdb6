"""A course's rules over a term of three assignments: from course.toml to gradebook, page and export."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.classroom import court
from minigrad.grading.store.attempts import UNDATED
from minigrad.grading.store.digest import digest
from minigrad.grading.store.layout import Course
from tests import terms
from tests.grading.handed_in import entered
from tests.grading.term import CHECKS, LENIENT, NAMES, Named, hand_in, new_course

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
ONE, TWO, THREE = NAMES
DUE = f"[due]\n{ONE} = 2030-02-01T12:00:00Z\n{TWO} = 2030-02-08T13:00:00+01:00\n"
LATE = "[late]\nslope_percent_per_day = 10\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return new_course(tmp_path_factory.mktemp("term")).root


@pytest.fixture
def course(tmp_path: Path, template: Path, monkeypatch) -> Course:
    monkeypatch.setattr(court, "Judge", Named)
    return entered(template, tmp_path, monkeypatch)


def grade(name: str) -> None:
    assert main(["grade", name, "--workers", "1"]) == 0


def exported(course: Course, name: str) -> dict[str, tuple[str, str, str]]:
    """By student: score, late penalty, late days."""
    main(["export", name])
    with (course.work / f"grades-{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {r["student"]: (r["score"], r["late penalty"], r["late days"]) for r in csv.DictReader(file)}


def page(course: Course, name: str, student: str) -> str | None:
    path = course.feedback / student / name / f"{name}.html"
    found = re.search(r"Late days: [^<.]*[.]", path.read_text()) if path.exists() else None
    return found and found[0]


def test_late_days_are_spent_in_the_order_of_due_dates_and_stated(course):
    from minigrad.grading.nbgrader import plugin

    course.dates.write_text(f"{DUE}{LATE}budget_days = 3\n")
    hand_in(course, "ann", ONE, CHECKS, "2030-02-02 12:00:00 UTC")  # a day
    hand_in(course, "ann", TWO, CHECKS, "2030-02-11 12:00:00 UTC")  # three, of which two are left
    grade(TWO)
    assert exported(course, TWO) == {"ann": ("10", "", "3")}, "the first is not handed in yet"
    plugin.feedback(course, TWO)
    assert page(course, TWO, "ann") == "Late days: 3 spent here, 0 of 3 left."
    grade(ONE)
    assert page(course, TWO, "ann") is None, "a page that tells other days is gone"
    assert exported(course, ONE) == {"ann": ("10", "", "1")}
    assert exported(course, TWO) == {"ann": ("9", "1", "2")}
    plugin.feedback(course, ONE)
    plugin.feedback(course, TWO)
    assert page(course, ONE, "ann") == "Late days: 1 spent here, 2 of 3 left."
    assert page(course, TWO, "ann") == "Late days: 2 spent here, 0 of 3 left."
    course.dates.write_text(f"{DUE}{LATE}budget_days = 4\n")
    assert exported(course, TWO) == {"ann": ("10", "", "3")}
    exported(course, ONE)
    assert page(course, ONE, "ann") is None, "it told of another budget"
    more = f"[extensions.{ONE}]\nann = 2030-02-02T12:00:00Z\n"
    course.dates.write_text(f"{DUE}{more}{LATE}budget_days = 3\n")
    assert exported(course, ONE) == {"ann": ("10", "", "")}
    assert exported(course, TWO) == {"ann": ("10", "", "3")}


def test_pages_elsewhere_are_kept_where_the_grade_is_the_same_and_told(course, capsys):
    """Late days that come in the middle of a term stand on no page yet."""
    from minigrad.grading.nbgrader import plugin

    late, told = DUE + LATE, f"{TWO}: pages of feedback are out of date, by late days, which are shared: "
    course.dates.write_text(late)
    for student, time in (("ann", "02-02"), ("bob", "02-09")):
        hand_in(course, student, ONE, CHECKS, "2030-01-31 12:00:00 UTC")
        hand_in(course, student, TWO, CHECKS, f"2030-{time} 12:00:00 UTC")
    grade(ONE)
    grade(TWO)
    plugin.feedback(course, TWO)
    at = {s: course.feedback / s / TWO / f"{TWO}.html" for s in ("ann", "bob")}
    course.dates.write_text(f"{late}budget_days = 1\n")
    capsys.readouterr()
    grade(ONE)
    shown = capsys.readouterr().err
    assert f"{told}ann; next: `minigrad feedback {TWO}`" in shown
    assert (
        f"{TWO} changed, by late days spent in {ONE}: bob 9 -> 10; next: `minigrad feedback {TWO}`" in shown
    )
    assert [path.exists() for path in at.values()] == [True, False], "a page of another penalty is gone"
    plugin.feedback(course, TWO)
    assert page(course, TWO, "ann") == "Late days: 0 spent here, 1 of 1 left."
    course.dates.write_text(f"{late}budget_days = 2\n")
    grade(ONE)
    assert f"{told}ann, bob; next" in capsys.readouterr().err
    assert all(path.exists() for path in at.values())
    plugin.feedback(course, TWO)
    grade(ONE)
    assert told not in capsys.readouterr().err


def attempt(course: Course, student: str, passes: tuple[str, ...], time: str) -> None:
    """Hand in after another attempt, which is kept with its time."""
    there = course.submitted / student / ONE / f"{ONE}.ipynb"
    before = there.read_bytes() if there.exists() else b""
    stamp = there.with_name("timestamp.txt")
    kept = course.attempts(ONE) / student
    if before:
        kept.mkdir(parents=True, exist_ok=True)
        (kept / f"{UNDATED}.{digest(before)}.ipynb").write_bytes(before)
        (kept / f"{UNDATED}.{digest(before)}.timestamp.txt").write_bytes(stamp.read_bytes())
    hand_in(course, student, ONE, passes, time)


def test_late_days_that_change_another_assignment_are_told_and_in_its_history(course, capsys):
    course.dates.write_text(f"{DUE}{LATE}budget_days = 3\n")
    hand_in(course, "ann", ONE, CHECKS, "2030-02-01 11:00:00 UTC")
    hand_in(course, "ann", TWO, CHECKS, "2030-02-11 12:00:00 UTC")
    grade(ONE)
    grade(TWO)
    hand_in(course, "ann", ONE, CHECKS, "2030-02-02 12:00:00 UTC")
    hand_in(course, "bob", ONE, CHECKS, "2030-02-01 11:00:00 UTC")
    capsys.readouterr()
    main(["regrade", ONE, "--preview"])
    told = f"by late days spent in {ONE}: ann 10 -> 9"
    assert f"{TWO} would change, {told}" in capsys.readouterr().err
    assert exported(course, TWO) == {"ann": ("10", "", "3")}, "a preview changes nothing"
    capsys.readouterr()
    grade(ONE)
    after = f"; next: `minigrad feedback {TWO}`, then `minigrad export {TWO}`"
    assert f"{TWO} changed, {told}{after}" in capsys.readouterr().err
    main(["history", "ann", TWO])
    assert "lateness takes 1, took 0" in capsys.readouterr().out
    grade(ONE)
    assert "late days" not in capsys.readouterr().err, "it is told once"


def test_the_rule_says_which_attempt_counts_and_its_time_is_recorded(course):
    """Nothing, then a part in time, all of it two days late, at last nothing: each rule takes another."""
    part, share = (CHECKS[0],), "2"  # of 10: the public check weighs 1 of 5
    attempt(course, "ann", (), "2030-01-30 12:00:00 UTC")
    attempt(course, "ann", part, "2030-02-01 11:00:00 UTC")
    attempt(course, "ann", CHECKS, "2030-02-03 12:00:00 UTC")
    attempt(course, "ann", (), "2030-02-04 12:00:00 UTC")
    hand_in(course, "bob", ONE, part)

    def now(counts: str, cap: float) -> tuple[str, str, str]:
        late = f"{LATE}cap_percent = {cap}\n".replace("= 10\n", "= 50\n")
        course.dates.write_text(f'{DUE}{late}[attempts]\ncounts = "{counts}"\n')
        grade(ONE)
        assert exported(course, ONE)["bob"] == (share, "", "")
        return exported(course, ONE)["ann"]

    assert now("last", 100) == ("0", "", "")
    assert now("last in time", 100) == (share, "", "")
    assert now("best", 40) == ("6", "4", ""), "6 of the late one are left"
    assert now("best", 90) == (share, "", ""), "1 would be"
    assert len(list(course.attempts(ONE).rglob("*.ipynb"))) == 3, "no attempt was moved"


def test_a_preview_shows_what_another_rule_changes(course, capsys):
    attempt(course, "ann", CHECKS, "2030-01-30 12:00:00 UTC")
    attempt(course, "ann", (), "2030-02-01 11:00:00 UTC")
    grade(ONE)
    course.dates.write_text(f'{DUE}[attempts]\ncounts = "best"\n')
    assert main(["regrade", ONE, "--preview", "--workers", "1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "ann 0 10 +10 another attempt; gains the 2 checks" in told
    assert "1 of 1 submissions change: 1 gain" in told
    assert exported(course, ONE)["ann"][0] == "0"
    course.dates.unlink()
    source = course.authored(ONE) / "checks.py"
    source.write_text(source.read_text().replace("weight=4", f"weight=4, rtol={LENIENT}"))
    assert main(["regrade", ONE, "--preview", "--workers", "1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "ann 0 8 +8 gains scale.original" in told
    source.write_text(source.read_text().replace("weight=4", "weight=1"))
    notebook = course.authored(ONE) / "notebook.py"
    notebook.write_text(notebook.read_text().replace("points=10", "points=4"))
    assert main(["regrade", ONE, "--preview", "--workers", "1"]) == 0
    assert "the maximum of the checks becomes 4, was 10" in capsys.readouterr().out


def test_a_preview_of_another_rule_has_lateness_and_says_what_lies_where(course, capsys):
    attempt(course, "ann", CHECKS, "2030-01-30 12:00:00 UTC")
    attempt(course, "ann", CHECKS[:1], "2030-02-03 12:00:00 UTC")
    hand_in(course, "bob", ONE, CHECKS, "2030-02-03 12:00:00 UTC")
    course.dates.write_text(f"{DUE}{LATE}")
    grade(ONE)
    before = {path: path.read_bytes() for path in course.work.rglob("*.db")}
    course.dates.write_text(f'{DUE}{LATE.replace("10", "20")}[attempts]\ncounts = "last in time"\n')
    capsys.readouterr()
    assert main(["regrade", ONE, "--preview", "--workers", "1"]) == 0
    told = capsys.readouterr()
    lines = " ".join(told.out.split())
    assert "ann 2 10 +8.4 another attempt; gains scale.original; lateness takes 0, took 0.4" in lines
    assert "bob 10 10 -2 lateness takes 4, took 2" in lines
    assert "2 of 2 submissions change: 1 gain, 1 lose; nothing was recorded" in lines
    assert "lies in submitted/" not in told.err
    assert "minigrad grade" not in told.err, "one command is next"
    assert f"next: `minigrad regrade {ONE}`, which records it" in lines
    assert {path: path.read_bytes() for path in course.work.rglob("*.db")} == before
    assert main(["regrade", ONE, "--workers", "1"]) == 0
    assert lines.partition("; nothing")[0] in " ".join(capsys.readouterr().out.split())
    assert {s: row[:2] for s, row in exported(course, ONE).items()} == {"ann": ("10", ""), "bob": ("6", "4")}


def test_stock_autograde_takes_the_attempt_that_counts(course):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin

    attempt(course, "ann", CHECKS, "2030-01-30 12:00:00 UTC")
    attempt(course, "ann", (), "2030-02-03 12:00:00 UTC")
    course.dates.write_text(f'{DUE}{LATE}[attempts]\ncounts = "last in time"\n')
    settings = plugin.config(course)
    assert NbGraderAPI(CourseDirectory(config=settings), config=settings).autograde(ONE, "ann")["success"]
    assert exported(course, ONE)["ann"] == ("10", "", "")


FINAL = f"""
[final]
homework = {{ of = ["{ONE}", "{TWO}"], weight = 60, drop_lowest = 1 }}
project = {{ of = ["{THREE}"], weight = 40 }}
"""


def test_the_final_column_of_the_term(course, capsys):
    course.authored("00-play").mkdir()  # nothing in it is graded
    for file in ("checks.py", "public_checks.py", "mutants.py", "variants.py"):
        course.authored("00-play").joinpath(file).write_text('"""None."""\n')
    course.authored("00-play").joinpath("notebook.py").write_text("# %% [markdown]\n# Play.\n")
    assert main(["export", "--final"]) == 2
    told = capsys.readouterr().err
    assert "course.toml has no [final]" in told
    assert f'of = ["{ONE}"]' in told
    shutil.rmtree(course.authored("00-play"))
    course.dates.write_text(FINAL)
    course.roster.write_text("student,name,canvas\nann,Ann Lee,1\nbob,,2\ncem,,3\n")
    hand_in(course, "ann", ONE, CHECKS)
    hand_in(course, "ann", TWO, CHECKS)  # 10 of 15; the essay waits
    hand_in(course, "bob", ONE, (CHECKS[0],))
    grade(ONE)
    grade(TWO)
    assert main(["export", "--final", "--to", "canvas"]) == 1
    told = capsys.readouterr()
    assert f"nobody has a score in {THREE}: it counts for nobody" in told.err
    assert "not for canvas: ann: needs a person" in told.err
    assert "final, of 100 percent: 2 graded, 1 needs a person" in told.out
    _, *lines = (course.work / "grades-final.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == [
        f"ann,Ann Lee,,,10,10,100,{TWO},100,100,needs a person",
        f"bob,,,,2,,20,{TWO},20,100,graded",
        f"cem,,,,,,0,{ONE},0,100,graded",
    ]
    assert (course.work / "grades-final-canvas.csv").read_text().splitlines()[2:] == [
        "bob,2,,,,20",
        "cem,3,,,,0",
    ]
    hand_in(course, "bob", THREE, CHECKS)
    grade(THREE)
    main(["export", "--final"])
    assert "bob,,,,2,,10,20,100,02-two,52,100,graded" in (course.work / "grades-final.csv").read_text(
        "utf-8-sig"
    )
    assert main(["export", ONE, "--final"]) == 2
    assert main(["export"]) == 2


def test_the_history_tells_what_each_grading_changed_and_why(course, monkeypatch, capsys):
    from minigrad.grading.nbgrader import recording

    def told(*words: str) -> str:
        capsys.readouterr()
        assert main(["history", *words]) == 0
        return " ".join(capsys.readouterr().out.split())

    assert main(["history", "ann"]) == 2
    hand_in(course, "ann", ONE, (CHECKS[0],))
    hand_in(course, "ann", TWO, ())
    hand_in(course, "bob", ONE, CHECKS)
    grade(ONE)
    grade(TWO)
    grade(ONE)
    assert told("ann", ONE).count("UTC") == 1, "nothing changed"
    assert f"{ONE} 2 first graded; does not pass scale.original" in told("ann")
    assert f"{TWO} 0 first graded" in told("ann")
    course.dates.write_text(
        f'[[decisions.{ONE}]]\ncredit = "scale.original"\nreason = "unclear"\ndate = 2030-02-03\n'
    )
    remember = recording.remember
    monkeypatch.setattr(recording, "remember", interrupted)
    assert main(["regrade", ONE, "--workers", "1"]) == 130
    monkeypatch.setattr(recording, "remember", remember)
    assert main(["regrade", ONE, "--workers", "1"]) == 0
    credited = "Decision of 2030-02-03: `scale.original` counts as passed: unclear"
    assert f"2 10 {credited}" in told("ann", ONE)
    hand_in(course, "ann", ONE, ())
    grade(ONE)
    assert "10 8 another attempt; no longer passes scale.values" in told("ann", ONE)
    assert f"bob 10 10 {credited}" in told(ONE)
    assert '"student": "bob"' in told(ONE, "--json")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_whatever_happens_in_a_term_all_say_the_same(template):
    """A short term at random; as many as one likes with `make terms`."""
    with terms.nothing_run():
        terms.play(template, seed=7, events=10)  # it notices pages that are not removed
