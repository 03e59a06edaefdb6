"""The whole site: built without a warning, and read in Chromium with no address but its own."""

from __future__ import annotations

import functools
import html
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from minigrad.grading.notebook.study import record
from tests.browser import Browser, chromium, needs_chromium
from tests.browser.menu import downloaded, opened
from tests.docs.builder import ROOT, answers, build, chapters

WRITTEN = ROOT / "docs" / "site" / "pages"
PAGES = sorted(
    [
        *(path.relative_to(WRITTEN).with_suffix(".html").as_posix() for path in WRITTEN.rglob("*.md")),
        *(str(Path(page).with_suffix(".html")) for page in build.GUIDES),
        *(f"course/{name}.html" for name in chapters.names()),
        *("genindex.html", "py-modindex.html", "search.html"),
    ]
)
CHAPTER = "01-rnn"
AXE = "axe-core@4.14.1"
Notebooks = dict[str, dict[str, Any]]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("npm"), reason="needs npm")]
LAB = 300  # seconds that the lab may take to open, on a machine that does other things as well
LABS = "/lab/"  # what the lab says, which a page before opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site") / "site"
    # a relative path, as `make site` has it
    build = [sys.executable, "docs/site/build.py", os.path.relpath(folder, ROOT)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    if re.search("the (site|lab) needs", done.stderr):
        pytest.skip(f"no registry here: {done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((folder / "lab" / app / "index.html").exists() for app in ("lab", "notebooks"))
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    only = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    with chromium(tmp_path_factory.mktemp("chromium"), only) as page:
        yield page


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program that looks for what people who see or hear less could not use."""
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(folder), AXE], check=True, capture_output=True
    )
    with tarfile.open(next(folder.iterdir())) as packed:
        file = packed.extractfile("package/axe.min.js")
        assert file is not None
        return file.read().decode()


class Page(HTMLParser):
    """A page's anchors, what it refers to, and the words for its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.pictures: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if value and (name in ("href", "src")):
                self.targets.append(value)
        if tag == "img":
            self.pictures.append(dict(attrs).get("alt") or "")


def test_the_pages_are_those_that_are_read(site: Path) -> None:
    """JupyterLite's own are its authors' to test."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    assert sorted(page.as_posix() for page in found if page.parts[0] not in ("_static", "lab")) == PAGES


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = {name: Page((site / name).read_text(encoding="utf-8")) for name in PAGES}
    for name, page in pages.items():
        for target in page.targets:
            url = urlsplit(target)
            if url.scheme in ("http", "https"):
                assert target.startswith("https://github.com/pradyunsg/furo"), f"{name}: {target}"
            elif url.scheme != "data":
                path = (site / name).parent / unquote(url.path) if url.path else site / name
                assert path.exists(), f"{name}: {target}"
                there = path.resolve().relative_to(site.resolve()).as_posix()
                if url.fragment and there in pages:
                    assert unquote(url.fragment) in pages[there].anchors, f"{name}: {target}"


def text_of(page: Path) -> str:
    """What a page shows, without spaces."""
    return "".join(html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))).split())


@pytest.fixture(scope="module")
def read() -> Notebooks:
    """The chapters, read once: it takes a digest of the engine."""
    return chapters.notebooks(chapters.names())


@pytest.mark.parametrize("name", chapters.names())
def test_a_chapter_shows_outputs_and_no_answer(site: Path, read: Notebooks, name: str) -> None:
    text = text_of(site / "course" / f"{name}.html")
    outputs = [output for cell in read[name]["cells"] for output in cell.get("outputs", ())]
    printed = [output["text"] for output in outputs if output["output_type"] == "stream"]
    assert printed
    assert all("".join(line.split()) in text for some in printed for line in some.splitlines())
    assert [line for line in answers(name) if line in text] == []


@pytest.mark.parametrize("name", chapters.names())
def test_a_picture_of_a_chapter_has_its_own_words(site: Path, name: str) -> None:
    pictures = Page((site / "course" / f"{name}.html").read_text(encoding="utf-8")).pictures
    assert pictures
    assert [alt for alt in pictures if not alt.startswith("Figure: ") or alt.count("Figure: ") > 1] == []


def test_the_reference_calls_types_by_our_names(site: Path) -> None:
    shown = {path.name: text_of(path) for path in (site / "api").glob("*.html")}
    assert "state_dict()→dict[str,Array]" in shown["nn.html"]
    assert [name for name, text in shown.items() if re.search(r"ForwardRef|dtype\[Any\]", text)] == []


def test_the_record_of_a_student_is_text_to_the_lab(site: Path) -> None:
    """As JSON, JupyterLite would begin it with {}, and the line that a check adds would end the kernel."""
    settings = json.loads((site / "lab" / "jupyter-lite.json").read_text(encoding="utf-8"))
    kinds = settings["jupyter-config-data"]["fileTypes"].values()
    assert [k["fileFormat"] for k in kinds if Path(record.FILE).suffix in k["extensions"]] == ["text"]


def test_the_labs_pages_have_an_icon(site: Path) -> None:
    """Else a browser asks for one at the server's root, which is not the site's."""
    pages = list((site / "lab").rglob("index.html"))
    assert len(pages) > 2
    for page in pages:
        found = re.search('<link rel="icon" [^>]*href="(.+?)"', page.read_text(encoding="utf-8"))
        assert found, page
        assert (page.parent / found[1]).is_file(), page


@needs_chromium
def test_a_word_is_found(address: str, browser: Browser) -> None:
    browser.emulate(1280, "light")
    browser.open(f"{address}/search.html?q=clipping")
    browser.wait("document.querySelectorAll('#search-results li').length")
    assert any(f"course/{CHAPTER}.html" in url for url in browser.run(FOUND))


@needs_chromium
def test_paper_cuts_no_line_off(address: str, browser: Browser) -> None:
    browser.emulate(794, "dark", "print")  # A4, at 96 pixels an inch
    browser.open(f"{address}/course/{CHAPTER}.html")
    assert browser.run("return document.querySelectorAll('pre').length") > 20
    assert browser.run(CUT_OFF) == []


@needs_chromium
def test_the_lab_has_the_devices_theme_and_a_reload_opens_the_same_notebook(
    address: str, browser: Browser
) -> None:
    light = "document.body.dataset.jpThemeLight"
    browser.emulate(1280, "light")
    browser.open(f"{address}/lab/lab/index.html?path={CHAPTER}/{CHAPTER}.ipynb")
    browser.wait(NOTEBOOK, LAB)
    browser.wait(f"document.title == '{CHAPTER} - minigrad' && {light} == 'true'", LAB)
    browser.emulate(1280, "dark")
    browser.run("window.before = true; location.reload()")
    browser.wait(f"!window.before && {NOTEBOOK} && {light} == 'false'", LAB)


@needs_chromium
def test_on_a_phone_a_chapter_opens_as_a_notebook_that_has_the_width(address: str, browser: Browser) -> None:
    shown = "return [...document.querySelectorAll('a.open')].filter(a => a.offsetWidth).map(a => a.href)"
    browser.emulate(1280, "light")
    browser.open(f"{address}/course/{CHAPTER}.html")
    for width, app in ((1280, "lab"), (390, "notebooks")):
        browser.emulate(width, "light")
        (link,) = browser.run(shown)
        assert f"/lab/{app}/index.html" in link
    browser.open(link)
    assert browser.wait(NOTEBOOK, LAB) > 300
    browser.wait("document.querySelector('.jp-NotebookTrustedStatus')?.offsetWidth === 0", LAB)


@needs_chromium
@pytest.mark.parametrize(("app", "width"), [("lab", 1280), ("notebooks", 390)])
def test_a_notebook_is_downloaded_from_the_labs_menu(
    address: str, browser: Browser, tmp_path: Path, app: str, width: int
) -> None:
    browser.emulate(width, "light")
    browser.focus()  # nothing can be downloaded while no notebook is in front
    browser.open(f"{address}/lab/{app}/index.html?path={CHAPTER}/{CHAPTER}.ipynb")
    browser.wait(NOTEBOOK, LAB)
    file = downloaded(browser, tmp_path / "downloads")
    assert file.name == f"{CHAPTER}_{CHAPTER}.ipynb"  # as the page on the lab says
    released = ROOT / "assignments" / CHAPTER / f"{CHAPTER}.ipynb"
    given, came = (json.loads(path.read_text("utf-8"))["cells"] for path in (released, file))
    assert [cell["source"] for cell in came] == [cell["source"] for cell in given]
    assert "Save and Export Notebook As" not in opened(browser, "File")  # it would lead nowhere
    assert [said for said in browser.complaints() if "Failed to load" in said] == []


NOTEBOOK = "document.querySelector('.jp-MarkdownOutput h1')?.offsetWidth"  # its title, once it is shown
CUT_OFF = """
return [...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.innerText.slice(0, 80));
"""
SHADOWLESS = """
return [...document.querySelectorAll('article *')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => [e, getComputedStyle(e)])
  .filter(([e, style]) => /auto|scroll/.test(style.overflowX) && style.backgroundImage == 'none')
  .map(([e]) => e.tagName + ' ' + e.className);
"""
# Of words over a shadow nobody can compute how well they are read.
WITHOUT_SHADOWS = (
    "document.head.insertAdjacentHTML('beforeend', '<style>* { background-image: none !important }</style>')"
)
FOUND = "return [...document.querySelectorAll('#search-results li a')].map(a => a.href)"
READY = "document.readyState == 'complete' && (!window.MathJax || !!MathJax.startup?.promise)"
SETTLED = "return window.MathJax ? MathJax.startup.promise.then(() => true) : true"
# Thousands of words of code have a few colours, and hundreds of formulas, of a dozen parts each, have one: of
# each kind one is left to be looked at.
ONE_OF_A_KIND = """
const seen = new Set();
for (const e of document.querySelectorAll('pre span, code span, mjx-container')) {
  const kind = [e.tagName, e.className, e.closest('div').className, !!e.closest('.cell_output')].join();
  const whole = !e.children.length || e.tagName == 'MJX-CONTAINER';
  if (whole && seen.has(kind)) e.replaceWith(e.textContent); else seen.add(kind);
}
"""
# The list of pages is the same on each page: it is looked at on two of them, which stand in it and do not.
FRAMED = ("index.html", f"course/{CHAPTER}.html")
LOOK = """
const seen = {exclude: window.framed ? [] : [['.sidebar-drawer']]};
return axe.run(seen, {runOnly: ['wcag2a', 'wcag2aa'], resultTypes: ['violations'], preload: false}).then(
  r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(
    n => n.target.join(' ') + ' ' + n.failureSummary.split('\\n')[1]).join(' | ')))
"""
RAW = r"""
const left = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const node = walk.currentNode;
  if (!node.parentElement.closest('pre, code, script, style, mjx-container, .sig')
      && /\\[a-zA-Z(\[]|\$[^$\s]+\$/.test(node.data)) left.push(node.data.trim());
}
return left;
"""


@needs_chromium
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_can_be_read(name: str, address: str, browser: Browser, axe: str) -> None:
    browser.emulate(1280, "light")
    browser.open(f"{address}/{name}")
    browser.wait(READY)
    browser.run(SETTLED)
    wrong = [f"raw TeX {text}" for text in browser.run(RAW)]
    for width in (390, 1280):
        browser.emulate(width, "light")
        if browser.run("return document.documentElement.scrollWidth > innerWidth + 1"):
            wrong.append(f"wider than {width} pixels")
        wrong += [f"{width} pixels: no shadow where {part} goes on" for part in browser.run(SHADOWLESS)]
    browser.run(f"window.framed = {json.dumps(name in FRAMED)}; {axe}; {ONE_OF_A_KIND}; {WITHOUT_SHADOWS}")
    for width, theme in ((1280, "light"), (390, "dark")):
        browser.emulate(width, theme)
        wrong += [f"{width} pixels, {theme}: {found}" for found in browser.run(LOOK)]
    # the lab, which a page before it opened, goes on saying what its own parts do
    wrong += [said for said in browser.complaints() if not re.search(LABS, said)]
    fetched = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    wrong += [f"fetched {url}" for url in fetched if not url.startswith((address, "data:"))]
    assert not wrong, "\n".join(wrong)
