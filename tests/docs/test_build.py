"""The site's folder: a new site takes the old one's place when it is whole, and what is no site is left."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.builder import build

CHAPTER = "01-rnn"
PLACE = build.lite.ADDRESS


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that was built."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / build.MARK).touch()
    (folder / "index.html").write_text("old")
    return folder


def sphinx(status: int, text: str = "new") -> object:
    """What runs in Sphinx's place: it writes a page, and ends with that status."""

    def run(command: Sequence[str], check: bool) -> subprocess.CompletedProcess[str]:
        html = Path(command[-1])
        html.mkdir(parents=True)
        (html / "index.html").write_text(text)
        return subprocess.CompletedProcess(command, status)

    return run


def held(site: Path) -> str:
    """The page, where nothing lies beside the site."""
    assert list(site.parent.iterdir()) == [site]
    return (site / "index.html").read_text()


def ending(error: BaseException) -> object:
    def end(*arguments: object) -> None:
        raise error

    return end


@pytest.mark.parametrize("error", [SystemExit("no npm"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["pages", "lite.build"])
def test_a_build_that_ends_early_leaves_the_site(
    site: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    monkeypatch.setattr(build, "pages", lambda *arguments: None)
    monkeypatch.setattr(build.subprocess, "run", sphinx(0))
    owner, _, name = step.rpartition(".")
    monkeypatch.setattr(getattr(build, owner) if owner else build, name, ending(error))
    with pytest.raises(type(error)):
        build.main(site, [CHAPTER], PLACE)
    assert held(site) == "old"


@pytest.mark.parametrize(("status", "text"), [(1, "old"), (0, "new")])
def test_a_site_is_replaced_where_sphinx_does_not_warn(
    site: Path, monkeypatch: pytest.MonkeyPatch, status: int, text: str
) -> None:
    monkeypatch.setattr(build, "pages", lambda *arguments: None)
    monkeypatch.setattr(build.lite, "build", lambda *arguments: None)
    for _ in range(2):  # what was built here is known as such
        monkeypatch.setattr(build.subprocess, "run", sphinx(status))
        assert build.main(site, [CHAPTER], PLACE) == status
        assert held(site) == text


def test_a_swap_that_fails_leaves_the_site(site: Path) -> None:
    with pytest.raises(FileNotFoundError):
        build.swapped(site.parent / "made", site, site.parent / "old")
    assert held(site) == "old"


def test_a_folder_with_something_else_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "pages", lambda *arguments: pytest.fail("it was built"))
    file, other = tmp_path / "file", tmp_path / "other"
    file.touch()
    other.mkdir()
    (other / "objects.inv").touch()  # of another project's pages
    for place in (file, other):
        assert build.main(place, [CHAPTER], PLACE) == 2
        assert f"{place} holds what is no site of this command's: name an" in capsys.readouterr().err
    assert (other / "objects.inv").exists()


def test_a_wrong_place_of_pyodide_is_said_first(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "pages", lambda *arguments: pytest.fail("it was built"))
    with pytest.raises(SystemExit, match="there is no folder"):
        build.main(site, [CHAPTER], str(site.parent / "nowhere"))
    assert held(site) == "old"
