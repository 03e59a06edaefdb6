"""`python -m tests.browser`: 01-rnn solved in the lab of the site, in a headless Chromium, and graded.

With `--pyodide FOLDER`, on that distribution; else on what `distribution.py` finds. It needs Chromium, npm
and the Python index, and says what it saw: figures go to browser.json, a picture of each step into browser/.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minigrad.grading.assignment.load import load
from minigrad.grading.judge.reference import mutated
from minigrad.grading.notebook.mynet import FILE
from tests.browser import Browser, chromium
from tests.browser.distribution import distribution, lite
from tests.browser.menu import downloaded

ROOT = Path(__file__).parents[2]
NAME = "01-rnn"
ONLY = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
WRONG = '[data-mime-type$="jupyter.error"]'
TABLES = ".jp-OutputArea [role=status]"
PANEL = "window.jupyterapp?.shell?.currentWidget"
START = 600  # seconds that a kernel may take, on a machine that does other things as well
RUN = 1800

# A student's own cell: echo with the cell and the step of the notebook, on a bar. It prints updates a second.
BAR = """
import time
from minigrad import train
from minigrad.data import echo

rng = np.random.default_rng(0)
reader, seen = Reader(RNNCell(1, 32, rng=rng), 1, rng), echo(rng, 32)
began = time.perf_counter()
adam = Adam(reader.parameters(), lr=1e-2)
history = train.fit(reader, seen, binary_cross_entropy_with_logits, adam, epochs=40)
first, last = history["loss"][0], history["loss"][-1]
print(f"{40 / (time.perf_counter() - began):.2f} updates a second, loss {first:.4f} {last:.4f}")
"""


class Counting(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and adds up what it sends."""

    sent = 0

    def log_message(self, format: str, *args: object) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        Counting.sent += len(content)
        outputfile.write(content)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(Counting, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def opened(browser: Browser, address: str) -> None:
    """Open the notebook; its kernel answers."""
    browser.open(f"{address}/lab/index.html?path={NAME}/{NAME}.ipynb")
    browser.wait(
        f"{PANEL}?.context?.isReady && {PANEL}.sessionContext.session?.kernel?.status === 'idle'", START
    )


def command(
    browser: Browser, name: str, arguments: Mapping[str, Any] | None = None, seconds: int = RUN
) -> None:
    """Do one of JupyterLab's commands, to its end."""
    browser.run(
        f"window.done = null; window.jupyterapp.commands.execute({name!r}, {json.dumps(arguments or {})})"
        ".then(() => {window.done = 'yes'}, e => {window.done = String(e)})"
    )
    assert (said := browser.wait("window.done", seconds)) == "yes", f"{name}: {said}"


def write(browser: Browser, sources: Mapping[str, str]) -> None:
    """Put texts into the cells of these ids."""
    browser.run(
        f"const sources = {json.dumps(sources)}; for (const cell of {PANEL}.content.widgets) "
        "if (cell.model.id in sources) cell.model.sharedModel.setSource(sources[cell.model.id])"
    )


def answer(browser: Browser, code: str) -> str:
    """What the kernel prints."""
    browser.run(
        f"window.said = ''; window.told = null; const future = {PANEL}.sessionContext.session.kernel"
        f".requestExecute({{code: {json.dumps(code)}, store_history: false}});"
        "future.onIOPub = m => {window.said += m.content.text ?? m.content.evalue ?? ''};"
        "future.done.then(() => {window.told = 'yes'})"
    )
    browser.wait("window.told", RUN)
    return str(browser.run("return window.said")).strip()


def show(browser: Browser, selector: str, picture: Path) -> None:
    """A picture of the first thing that a selector finds."""
    browser.run(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
    time.sleep(1)  # the page scrolls
    browser.screenshot(picture)


def proof(lab: Path, pictures: Path, home: Path) -> dict[str, Any]:
    """Solve the assignment in the browser; what was measured. AssertionError where it is otherwise."""
    assignment = load(ROOT / "solutions" / NAME)
    seen: dict[str, Any] = {}
    with served(lab) as address, chromium(home, ONLY) as browser:
        browser.focus()
        began = time.monotonic()
        opened(browser, address)
        seen["python"] = answer(
            browser, "import sys, numpy; print(sys.version.split()[0], numpy.__version__)"
        )
        seen["seconds to the first answer"] = round(time.monotonic() - began, 1)
        seen["MB fetched"] = round(Counting.sent / 1e6, 1)
        browser.screenshot(pictures / "opened.png")
        print(seen, flush=True)

        mutant = next(m for m in assignment.mutants if "rnn-cell.one-step" in m.fails)
        write(browser, mutated(assignment, mutant))
        command(browser, "notebook:run-all-cells")
        table = browser.texts(TABLES)[0]
        assert "✗ fail" in table, table
        browser.run(f"document.querySelectorAll('{TABLES} details').forEach(e => {{e.open = true}})")
        table = browser.texts(TABLES)[0]
        assert all(step.replace("`", "") in table for step in mutant.hint.splitlines()), table
        show(browser, f"{TABLES} details", pictures / "hint.png")
        print("the hint is shown", flush=True)

        write(browser, {cell.id: cell.source for cell in assignment.solved()})
        began = time.monotonic()
        command(browser, "notebook:run-all-cells")
        seen["seconds for the solved notebook"] = round(time.monotonic() - began, 1)
        tables, wrong = browser.texts(TABLES), browser.texts(WRONG)
        assert not wrong, wrong
        assert [t.split(":")[0] for t in tables] == list(assignment.exercises()), tables
        for table in tables:
            passed, _, of = table.split(": ")[1].split()[:3]
            assert passed == of, table
        show(browser, TABLES, pictures / "solved.png")
        print("every public check passes", seen, flush=True)

        bar(browser, seen)
        show(browser, ".jp-OutputArea progress", pictures / "bar.png")
        command(browser, "docmanager:save")
        seen |= graded(downloaded(browser, home / "downloads"))
        print("downloaded and graded", seen, flush=True)
        kept(browser, address)
        browser.screenshot(pictures / "reloaded.png")
    return seen


def bar(browser: Browser, seen: dict[str, Any]) -> None:
    """Train echo in a cell of one's own, below the last one."""
    browser.run(f"const n = {PANEL}.content; n.activeCellIndex = n.widgets.length - 1")
    command(browser, "notebook:insert-cell-below")
    browser.run(f"{PANEL}.content.activeCell.model.sharedModel.setSource({json.dumps(BAR.strip())})")
    command(browser, "notebook:run-cell")
    assert not browser.texts(WRONG), browser.texts(WRONG)
    text = browser.run(f"return {PANEL}.content.activeCell.node.innerText")
    assert "Warning" not in text, text
    assert "40/40" in text, text
    assert browser.run(f"return {PANEL}.content.activeCell.node.querySelectorAll('progress').length") == 1
    speed, loss = text.rsplit(" updates a second, loss ", 1)
    seen["updates a second"] = float(speed.split()[-1])
    seen["loss"] = loss.split()[:2]
    assignment = load(ROOT / "solutions" / NAME)
    reader = next(cell.source for cell in assignment.cells if cell.id == "lab-boom").split("def run_boom")[0]
    quiet = BAR.replace("epochs=40", "epochs=40, progress=False")
    code = "\n".join([*(cell.source for cell in assignment.solved() if cell.runs), reader, quiet])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    speed, loss = done.stdout.rsplit(" updates a second, loss ", 1)
    seen["updates a second, native"] = float(speed.split()[-1])
    assert loss.split()[0] == seen["loss"][0], (loss, seen["loss"])
    print("echo is trained on its bar", seen, flush=True)


def kept(browser: Browser, address: str) -> None:
    """Open the page anew: the notebook that was saved and the library are there."""
    opened(browser, address)
    sources = browser.run(f"return {PANEL}.content.widgets.map(c => c.model.sharedModel.getSource())")
    assert BAR.strip() in sources, "the reload lost the notebook"
    assert "RNNCell" in answer(browser, f"import os; print(open('../{FILE}').read())"), (
        "the reload lost mynet.py"
    )
    print("a reload loses nothing", flush=True)


def graded(notebook: Path) -> dict[str, Any]:
    """The judge's score of a notebook, hidden checks and all."""
    check = [sys.executable, "-m", "minigrad", "check", str(notebook), "--full", "--json"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["score"] == report["points"] == 100, report
    return {"score": report["score"]}


def main() -> int:
    """The proof, its pictures and figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pyodide", type=Path, metavar="FOLDER", help="a downloaded distribution")
    pyodide = parser.parse_args().pyodide or distribution()
    pictures = ROOT / "browser"
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        lab = Path(place) / "lab"
        lite.build(lab, [NAME], str(pyodide))
        settings = json.loads((lab / "jupyter-lite.json").read_text(encoding="utf-8"))
        settings["jupyter-config-data"]["exposeAppInBrowser"] = (
            True  # so that its commands can be called here
        )
        (lab / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
        (Path(place) / "home").mkdir()
        seen = proof(lab, pictures, Path(place) / "home")
    (ROOT / "browser.json").write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(seen, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
