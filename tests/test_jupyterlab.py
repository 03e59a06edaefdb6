"""The release of 01-rnn in a real JupyterLab, looked at through a headless Chromium."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.judge.reference import mutated
from tests.browser import Browser, chromium, free_port, needs_chromium, process

ROOT = Path(__file__).parent.parent
SETTINGS = {
    "notebook-extension/tracker": {
        "windowingMode": "none"
    },  # every cell is in the page, not only those in view
    "apputils-extension/notification": {"fetchNews": "false"},
}
WRONG = '[data-mime-type$="jupyter.error"], [data-mime-type$="jupyter.stderr"]'
CONFIG = """
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.LabApp.expose_app_in_browser = True
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
"""

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(address with a token in it, the folder it serves) of a JupyterLab with the release of 01-rnn."""
    pytest.importorskip("jupyterlab")
    home = tmp_path_factory.mktemp("jupyter")
    served = home / "01-rnn"
    shutil.copytree(ROOT / "assignments" / "01-rnn", served)
    for name, values in SETTINGS.items():
        file = home / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    (home / "jupyter_lab_config.py").write_text(CONFIG)
    token, port = secrets.token_hex(16), free_port()
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"--port={port}"]
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_TOKEN": token,
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
    }
    ready = f"http://127.0.0.1:{port}/api?token={token}"
    with process(command, ready, home / "lab.log", env=environment, cwd=served):
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?reset&token={token}", served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        page.focus()
        yield page


def run_all(browser: Browser, address: str) -> tuple[list[str], list[str]]:
    """Open a notebook and run its cells: the texts of the checks' tables, and of errors and stderr."""
    browser.open(address)
    panel = "window.jupyterapp?.shell?.currentWidget"
    browser.wait(f"{panel}?.context?.isReady && {panel}.sessionContext.session?.kernel?.status === 'idle'")
    browser.run(
        "window.done = null; window.jupyterapp.commands.execute('notebook:run-all-cells')"
        ".then(() => {window.done = 'yes'}, e => {window.done = String(e)})"
    )
    assert browser.wait("window.done", 180) == "yes"
    return browser.texts(".jp-OutputArea [role=status]"), browser.texts(WRONG)


def show(browser: Browser, selector: str, path: Path) -> None:
    browser.run(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
    time.sleep(0.5)  # the page scrolls
    browser.screenshot(path)


def test_the_release_runs_from_top_to_bottom(lab: tuple[str, Path], browser: Browser, tmp_path: Path) -> None:
    address, _ = lab
    exercises = load(ROOT / "solutions" / "01-rnn").exercises()
    tables, wrong = run_all(browser, address.format("01-rnn.ipynb"))
    assert wrong == []
    assert [table.split(":")[0] for table in tables] == list(exercises)
    assert len(tables) == len(exercises)
    for table in tables:
        assert re.search(r": 0 of \d+ public checks pass", table), table
        assert "– to do" in table or "… waits" in table
        assert "✓ pass" not in table
    show(browser, ".jp-OutputArea [role=status]", tmp_path / "release.png")


def test_a_mistake_shows_numbers_a_hint_and_a_picture(
    lab: tuple[str, Path], browser: Browser, tmp_path: Path
) -> None:
    address, served = lab
    assignment = load(ROOT / "solutions" / "01-rnn")
    mutant = next(m for m in assignment.mutants if "rnn-cell.one-step" in m.fails)
    notebook = json.loads((served / "01-rnn.ipynb").read_text())
    mistaken = mutated(assignment, mutant)
    for cell in notebook["cells"]:
        cell["source"] = mistaken.get(cell["id"], cell["source"])
    (served / "mistaken.ipynb").write_text(json.dumps(notebook))
    (table, *_), _ = run_all(browser, address.format("mistaken.ipynb"))
    assert "✗ fail" in table
    assert "✓ pass" in table
    assert "expected" in table
    assert browser.run("return document.querySelectorAll('[role=status] svg').length") >= 1
    browser.run("document.querySelectorAll('[role=status] details').forEach(d => d.open = true)")
    told = browser.run("return document.querySelector('[role=status]').innerText")
    assert all(step in told for step in mutant.hint.replace("`", "").split("\n"))
    show(browser, "[role=status] svg", tmp_path / "mistake.png")
