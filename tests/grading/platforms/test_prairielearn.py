"""PrairieLearn: the question, laid out as its grading container has it in /grade, grades as it should."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from minigrad.cli import main
from minigrad.grading.assignment.load import FILES, load
from minigrad.grading.classroom import court
from minigrad.grading.model import Exercise, GradingError, Report, Verdict
from minigrad.grading.platforms import prairielearn
from minigrad.grading.platforms.container import answered
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import NAME, RIGHT
from tests.grading.platforms.places import ENDLESS, HOSTILE, SECRET, Entered, answer, built_course, runner

SCHEMA = json.loads((Path(__file__).parent / "prairielearn.schema.json").read_text())
MOST = 1 << 20  # bytes of results.json
FOLDERS = ("data", "student", "serverFilesCourse", "shared")


def valid(kind: str, made: Any) -> Any:
    jsonschema.validate(made, {**SCHEMA, "$ref": f"#/definitions/{kind}"})
    return made


@dataclasses.dataclass(frozen=True)
class Question:
    """A question's folder, and a machine with the image's packages."""

    folder: Path
    course: Course
    environment: dict[str, str]

    def laid(self, files: dict[str, bytes]) -> Path:
        """A /grade with what was handed in, made afresh as PrairieLearn does."""
        grade = self.folder.parent / "grade"
        shutil.rmtree(grade, ignore_errors=True)
        for name in FOLDERS:
            (grade / name).mkdir(parents=True)
        shutil.copytree(self.folder / "tests", grade / "tests")
        for name, data in files.items():
            (grade / "student" / name).write_bytes(data)
        handed_in = [{"name": n, "contents": base64.b64encode(d).decode()} for n, d in files.items()]
        data = {"submitted_answers": {"_files": handed_in}, "variant_seed": 1, "feedback": {}}
        (grade / "data" / "data.json").write_text(json.dumps(data))
        return grade

    def job(self, files: dict[str, bytes]) -> tuple[int, str, Path]:
        """A grading job's exit code, what it printed, and its /grade."""
        grade = self.laid(files)
        entry = grade / options(self)["entrypoint"].removeprefix("/grade/")
        done = subprocess.run(
            [entry], cwd="/", env=self.environment, timeout=200, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr, grade

    def graded(self, content: str | bytes) -> Any:
        data = content if isinstance(content, bytes) else answer(self.course, content)
        code, told, grade = self.job({f"{NAME}.ipynb": data})
        assert code == 0, told
        made = (grade / "results" / "results.json").read_bytes()
        assert len(made) < MOST
        assert SECRET.encode() not in made
        return valid("results", json.loads(made))


def options(question: Question) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((question.folder / "info.json").read_text())["externalGradingOptions"]
    return made


@pytest.fixture(scope="module")
def question(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Question:
    root = tmp_path_factory.mktemp("prairielearn")
    course = built_course(root / "course")
    folder = root / "question"
    words = ["platform", "prairielearn", NAME, "--image", "me/minigrad", "--out", str(folder)]
    assert main(["--course", str(course.root), *words]) == 0
    return Question(folder, course, runner(root / "image"))


def test_right_and_blank(question: Question) -> None:
    for code, score in ((RIGHT, 1), ("", 0)):
        made = question.graded(code)
        points, most = (sum(test[key] for test in made["tests"]) for key in ("points", "max_points"))
        assert made["score"] == points / most == score


def test_wrong_and_hostile_endless_and_no_json(question: Question) -> None:
    salt = question.folder.parent / "grade" / "tests" / "salt"
    hostile = question.graded(HOSTILE.format(str(salt)))
    assert hostile["score"] == 0
    assert "hint: The factor is added" in hostile["tests"][0]["message"], "so it could not read the salt"
    assert [test["message"] for test in hostile["tests"][1:]] == [""], "a hidden check's reason is not told"
    assert question.graded(ENDLESS)["score"] == 0
    refused = question.graded(b"{not json")
    assert not refused["gradable"]
    assert "score" not in refused


def test_without_the_notebook_nothing_is_graded(question: Question) -> None:
    grade = question.laid({"other.txt": b""})
    assert answered(grade, prairielearn.grade, "question") == 0
    made = valid("results", json.loads((grade / "results" / "results.json").read_text()))
    assert "there is none, only other.txt" in made["format_errors"][0]


def test_a_broken_assignment_leaves_no_results(
    question: Question, capsys: pytest.CaptureFixture[str]
) -> None:
    grade = question.laid({f"{NAME}.ipynb": answer(question.course, RIGHT)})
    source = grade / "tests" / "solutions" / NAME / "notebook.py"
    text = source.read_text()
    source.write_text(text.replace("* factor", "* fact"))
    assert source.read_text() != text
    assert answered(grade, prairielearn.grade, "question") == 1
    assert "this question does not grade" in capsys.readouterr().err
    assert not (grade / "results").exists()


def test_work_that_was_not_graded_leaves_no_results(
    question: Question, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(court, "Judge", Entered)
    grade = question.laid({f"{NAME}.ipynb": b'"FAULT"'})
    assert answered(grade, prairielearn.grade, "question") == 1
    assert "the sandbox failed" in capsys.readouterr().err
    assert Entered.closed
    assert not (grade / "results").exists()


def test_the_question_is_valid_and_whole(question: Question) -> None:
    info = valid("info", json.loads((question.folder / "info.json").read_text()))
    assert info["externalGradingOptions"]["image"] == "me/minigrad"
    assignment = load(question.course.authored(NAME))
    other = dataclasses.replace(assignment, name="02-other")
    assert info["uuid"] == prairielearn.info(assignment, "x")["uuid"] != prairielearn.info(other, "x")["uuid"]
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (question.folder, question.folder / prairielearn.RUN)]
    assert modes == [0o700, 0o755]
    page = (question.folder / "question.html").read_text()
    assert '<pl-file-upload file-names="01-tiny.ipynb">' in page
    (download,) = re.findall(r'<pl-file-download file-name="([^"]+)"', page)
    students = zipfile.ZipFile(question.folder / "clientFilesQuestion" / download)
    (wheel,) = (name for name in students.namelist() if name.endswith(".whl"))
    assert f"pip install jupyterlab -r requirements.txt ./{Path(wheel).name}" in page
    inside = zipfile.ZipFile(io.BytesIO(students.read(wheel)))
    texts = [archive.read(name) for archive in (students, inside) for name in archive.namelist()]
    assert not [text for text in texts if SECRET.encode() in text]
    assert f"{NAME}/{NAME}.ipynb" in students.namelist()
    assert (
        students.read(f"{NAME}/requirements.txt") == (question.folder / "image/requirements.txt").read_bytes()
    )


def test_of_the_sources_only_the_assignments_own_files_are_packed(question: Question) -> None:
    assert {p.name for p in (question.folder / "tests" / "solutions" / NAME).iterdir()} == set(FILES)


def test_what_has_no_checks_is_not_packed(question: Question) -> None:
    assignment = load(question.course.authored(NAME))
    written = tuple(c for c in assignment.cells if c.kind != "check")
    with pytest.raises(GradingError, match="has no checks"):
        prairielearn.question(question.course, dataclasses.replace(assignment, cells=written), "x", "hidden")


def test_hidden_checks_tell_points_alone_unless_they_are_visible() -> None:
    seen, unseen = (
        Verdict(f"e.{public}", "e", "says", 1.0, public, passed=public, reason="off")
        for public in (True, False)
    )
    report = Report("a", "graded", (Exercise("e", 2.0, 1.0, (seen, unseen), hint="look there"),))
    made = valid("results", prairielearn.results(report, "hidden"))
    assert (made["score"], made["tests"][1]["name"]) == (0.5, "e: a hidden check")
    assert "off" not in json.dumps(made)
    assert "look there" not in json.dumps(made)
    told = prairielearn.results(report, "visible")["tests"][1]
    assert (told["name"], told["message"]) == ("e.False", "off\nhint: look there")


def test_a_public_check_that_waits_for_hidden_ones_names_none() -> None:
    waits = Verdict("l.a", "l", "says", 1.0, True, False, "waits for `e.b`", "waits")
    report = Report("a", "graded", (Exercise("l", 1.0, 0.0, (waits,), hint="look there"),))
    (told,) = valid("results", prairielearn.results(report, "hidden", {"l.a"}))["tests"]
    assert (told["name"], told["message"]) == ("l.a", "waits for other checks\nhint: look there")
    (told,) = prairielearn.results(report, "visible", {"l.a"})["tests"]
    assert "waits for `e.b`" in told["message"]


def test_packed_again_a_question_keeps_its_salt(question: Question) -> None:
    assignment = load(question.course.authored(NAME))
    again = prairielearn.question(question.course, assignment, "x", "hidden")
    assert again["tests/salt"] == (question.folder / "tests" / "salt").read_bytes()
