"""The site's chapters: what is kept of each is what its solution gives, and shows no answer."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.builder import ROOT, answers, build, chapters
from tests.solved import solved

NAME = "01-rnn"


def test_every_chapter_is_kept_as_its_solution_gives_it() -> None:
    assert chapters.stale(chapters.names()) == [], "a solution or the engine has changed: run `make chapters`"
    kept = {path.stem for path in chapters.KEPT.iterdir()}
    assert kept == set(chapters.names()), "a chapter that is gone: delete its file"


@pytest.mark.parametrize("name", chapters.names())
def test_what_is_kept_has_no_answer_and_no_path(name: str) -> None:
    kept = json.loads((chapters.KEPT / f"{name}.json").read_text(encoding="utf-8"))["outputs"]
    assert set(kept) <= {cell.id for cell in solved(name).cells}
    text = "".join(json.dumps(kept, ensure_ascii=False).replace("\\n", "").replace('\\"', '"').split())
    assert [line for line in answers(name) if line in text] == []
    for place in ("tmp", "home", "root"):
        assert f"/{place}/" not in text
    assert "site-packages" not in text
    streams = [output.get("name") for outputs in kept.values() for output in outputs]
    assert "stderr" not in streams, "a warning of the machine that ran it"


@pytest.mark.parametrize("name", chapters.names())
def test_every_picture_is_described_in_words_of_its_own(name: str) -> None:
    kept = json.loads((chapters.KEPT / f"{name}.json").read_text(encoding="utf-8"))["outputs"]
    data = [output.get("data", {}) for outputs in kept.values() for output in outputs]
    said = ["".join(each["text/plain"]) for each in data if "image/png" in each]
    assert said
    assert [text for text in said if not re.match(r"Figure: \S", text) or "see the text" in text] == []


def test_a_description_is_read_without_the_signs_of_tex() -> None:
    text = "Figure: $\\|\\partial L/\\partial h_t\\|\\;/\\;c$,\n$10^{-16}/\\epsilon$"
    assert build.spoken(text) == "Figure: |partial L/partial h_t|/c, 10^-16/epsilon"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chapters that were run, in a copy of what they hang on where one is kept."""
    found: list[str] = []

    def outputs(name: str) -> dict[str, Any]:
        found.append(name)
        return {"imports": [{"output_type": "stream", "name": "stdout", "text": f"run {len(found)}"}]}

    for folder in ("solutions", "assignments"):
        for name in (NAME, "02-lstm", "03-gru"):
            shutil.copytree(ROOT / folder / name, tmp_path / folder / name)
    (tmp_path / "minigrad").mkdir()
    (tmp_path / "minigrad" / "tape.py").write_text("", encoding="utf-8")
    for folder in ("minigrad/nn", "minigrad/habits", "minigrad/grading/rules"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "minigrad" / "nn" / "data.csv").write_text("1\n", encoding="utf-8")
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    monkeypatch.setattr(chapters, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(chapters.running, "outputs", outputs)
    for name in (NAME, "03-gru"):
        chapters.keep(name)
    found.clear()
    return found


def added(text: str) -> Callable[[str], str]:
    return lambda old: old + text


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


DECIDES = {
    f"solutions/{NAME}/notebook.py": replaced("import numpy as np\n", "import numpy as np\nimport re\n"),
    f"solutions/{NAME}/public_checks.py": added("\nX = 1\n"),
    "minigrad/nn/__init__.py": added("\nX = 1\n"),
    "minigrad/nn/data.csv": added("2\n"),
    "minigrad/tape.py": added("# a comment, which a chapter shows\n"),
}
DECIDES_NOTHING = {
    f"solutions/{NAME}/notebook.py": replaced("# # 1", "# # One"),  # a text
    f"solutions/{NAME}/mutants.py": added("\nX = 1\n"),
    f"assignments/{NAME}/expected.npz": added(" "),
    "minigrad/nn/__init__.py": added('\n\n# a comment\n"""and a text"""\n'),
    "minigrad/habits/__init__.py": added("\nX = 1\n"),
    "minigrad/grading/rules/__init__.py": added("\nX = 1\n"),
}


def test_a_chapter_is_stale_when_what_decides_it_changes_and_only_then(
    runs: list[str], tmp_path: Path
) -> None:
    for stale, changes in (([NAME], DECIDES), ([], DECIDES_NOTHING)):
        for file, how in changes.items():
            before = (tmp_path / file).read_bytes()
            change(tmp_path / file, how)
            assert chapters.stale([NAME]) == stale, file
            (tmp_path / file).write_bytes(before)


def change(file: Path, how: Callable[[str], str]) -> None:
    file.write_text(how(file.read_text(encoding="latin-1")), encoding="latin-1")


def test_a_chapter_is_stale_when_one_before_it_leaves_another_library(
    runs: list[str], tmp_path: Path
) -> None:
    lab = 'kind="lab" id="lab-plain"\n'
    notebook = tmp_path / "solutions" / "02-lstm" / "notebook.py"
    change(notebook, replaced(lab, f"{lab}import re\n"))  # a lab leaves nothing there
    assert chapters.stale([NAME, "03-gru"]) == []
    change(notebook, replaced("import numpy as np\n", "import numpy as np\nimport re\n"))
    assert chapters.stale([NAME, "03-gru"]) == ["03-gru"]


def test_a_site_has_what_is_kept_and_runs_what_is_stale(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(notebooks: dict[str, Any]) -> dict[str, str]:
        return {n: o["text"] for n, b in notebooks.items() for c in b["cells"] for o in c.get("outputs", ())}

    assert said(chapters.notebooks([NAME, "03-gru"])) == {NAME: "run 1", "03-gru": "run 2"}
    assert runs == []
    change(tmp_path / "solutions" / "02-lstm" / "public_checks.py", added("\nX = 1\n"))
    assert said(chapters.notebooks([NAME, "03-gru"])) == {NAME: "run 1", "03-gru": "run 1"}
    assert runs == ["03-gru"]
    assert "03-gru is run" in capsys.readouterr().err
    chapters.keep("03-gru")
    assert chapters.stale([NAME, "03-gru"]) == []
