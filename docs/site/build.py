"""`make site`: the course, the reference and the guides as pages, into site/.

`python docs/site/build.py FOLDER [CHAPTER ...] [--pyodide PLACE]`: with all chapters or only these, built
in a folder beside it, which takes its place once all is whole. What a page needs comes along: nothing is
fetched when it is read. The lab, in which a chapter opens in the browser, fetches NumPy and the like from
PLACE if that is an address; if it is a folder with Pyodide's distribution, they come along, too. Exits 1,
with what is wrong, where Sphinx warns.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chapters
import lite
import picture

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
MATHJAX = "mathjax@3.2.2"
# Of MathJax, what turns TeX into HTML: the program itself and its fonts.
MATHJAX_FILES = ("es5/tex-chtml-full.js", "es5/output/chtml/fonts/woff-v2/")
MARK = ".minigrad-site"  # a file by which a folder is known as a site that was built here
GUIDES = {
    "architecture.md": ROOT / "docs" / "architecture.md",
    "authors.md": ROOT / "docs" / "authors.md",
    "instructors.md": ROOT / "docs" / "instructors.md",
    "gradescope.md": ROOT / "docs" / "gradescope.md",
    "github.md": ROOT / "docs" / "github.md",
    "prairielearn.md": ROOT / "docs" / "prairielearn.md",
    "containers.md": ROOT / "docs" / "containers.md",
    "contributing.md": ROOT / "CONTRIBUTING.md",
    "security.md": ROOT / "SECURITY.md",
    "changelog.md": ROOT / "CHANGELOG.md",
}


def main(site: Path, chosen: Sequence[str], pyodide: str) -> int:
    """Build the site in that folder, its lab with that distribution of Pyodide; the exit status."""
    known = chapters.names()
    if unknown := set(chosen) - set(known):
        print(f"no chapter {', '.join(sorted(unknown))}: there is {', '.join(known)}", file=sys.stderr)
        return 2
    lite.checked(pyodide)
    if not replaceable(site):
        print(f"{site} holds what is no site of this command's: name an empty folder", file=sys.stderr)
        return 2
    final = site.resolve()  # where a link leads to
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{final.name}-new-", dir=final.parent) as place:
        sources = Path(place) / "sources"
        pages(sources, chosen or known)
        options = ["-b", "html", "-W", "--keep-going", "-q", "-j", "auto", "-d", f"{place}/doctrees"]
        html = Path(place) / "html"  # beside it, myst-nb leaves its own copies of the notebooks
        sphinx = [sys.executable, "-m", "sphinx", *options, str(sources), str(html)]
        if subprocess.run(sphinx, check=False).returncode:
            return 1
        for page in html.rglob("*.html"):
            page.write_text(reachable(page.read_text(encoding="utf-8")), encoding="utf-8")
        lite.build(html / "lab", chosen or known, pyodide)
        (html / MARK).write_text("This folder is replaced whole when the site is built.\n", encoding="utf-8")
        swapped(html, final, Path(place) / "old")
    print(f"{site}/index.html is the first page; `python -m http.server -d {site}` shows all, with the lab")
    return 0


def replaceable(site: Path) -> bool:
    """Whether a new site may take the place of what is there: nothing, or a site that was built here."""
    return not site.exists() or (site.is_dir() and ((site / MARK).exists() or not any(site.iterdir())))


def swapped(made: Path, site: Path, old: Path) -> None:
    """Put a folder into the place of a site, which goes to `old`; where that fails, the site is as it was."""
    try:
        if site.exists():
            site.rename(old)
        made.rename(site)
    except BaseException:  # Ctrl-C, too
        if old.exists() and not site.exists():
            old.rename(site)
        raise


def pages(sources: Path, chosen: Sequence[str]) -> None:
    """Lay out what Sphinx makes the site of."""
    shutil.copytree(HERE / "pages", sources)
    shutil.copytree(HERE / "static", sources / "static")
    shutil.copy2(HERE / "conf.py", sources)
    mathjax(sources / "static" / "mathjax")
    picture.draw(sources / "static")
    for path in sources.glob("*.md"):
        path.write_text(with_readme(path.read_text(encoding="utf-8")), encoding="utf-8")
    for page, source in GUIDES.items():
        (sources / page).write_text(without_links(source.read_text(encoding="utf-8")), encoding="utf-8")
    for image in (*ROOT.glob("docs/*.svg"), *ROOT.glob("docs/*.png")):
        shutil.copy2(image, sources)
    course = (sources / "course.md").read_text(encoding="utf-8")
    for name in chosen:
        course = course.replace(f"`{name}`", f"[{name}](course/{name}.ipynb)")
    (sources / "course.md").write_text(course, encoding="utf-8")
    (sources / "course").mkdir()
    for name, notebook in chapters.notebooks(chosen).items():
        page = json.dumps(opened(name, described(notebook)))
        (sources / "course" / f"{name}.ipynb").write_text(page, encoding="utf-8")


def mathjax(into: Path) -> None:
    """Put MathJax there, from npm. Raises SystemExit, with the remedy, where npm cannot have it."""
    with tempfile.TemporaryDirectory() as place:
        command = ["npm", "pack", "--silent", "--pack-destination", place, MATHJAX]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", "") or error
            raise SystemExit(
                f"the site needs {MATHJAX} from npm, for its mathematics: install npm ({why})"
            ) from None
        with tarfile.open(next(Path(place).iterdir())) as packed:
            for member in packed.getmembers():
                name = member.name.removeprefix("package/")
                if member.isfile() and name.startswith(MATHJAX_FILES):
                    target = into / name.removeprefix("es5/")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    file = packed.extractfile(member)
                    target.write_bytes(file.read() if file else b"")


def reachable(html: str) -> str:
    """A page whose headings have a level, and whose tables and listings can be scrolled by keyboard."""
    html = html.replace('role="heading"', 'role="heading" aria-level="2"').replace(
        "<pre>", '<pre tabindex="0">'
    )
    return html.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')


def with_readme(text: str) -> str:
    """A page with the sections of the README that it names: their commands are run by the tests there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in readme.split("\n## ")[1:])
    return re.sub(r"<!-- README: (.+) -->", lambda found: sections[found[1]].strip(), text)


def without_links(text: str) -> str:
    """A guide's text with links only to what is on the site: of others, their words stay."""

    def link(found: re.Match[str]) -> str:
        words, target = found.groups()
        page = Path(target).name.lower()
        if target.startswith("#") or target.endswith((".png", ".svg")):
            return found[0]
        return f"[{words}]({page})" if page in GUIDES else words

    return re.sub(r"(?<!!)\[([^][]+)\]\(([^)\s]+)\)", link, text)


def opened(name: str, notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook, with a link below its title that opens the release in the browser.

    There are two, of which a page shows one: JupyterLab's window of many parts is too wide for a phone, which
    gets the notebook alone. What is a `headerlink` is left out where the search shows how a page begins.
    """
    title, *others = notebook["cells"]
    path = f"path={name}/{name}.ipynb"
    links = " ".join(
        f'<a class="open headerlink {width}" href="../lab/{app}/index.html?{path}">Open in the browser</a>'
        for width, app in (("wide", "lab"), ("narrow", "notebooks"))
    )
    heading, _, text = "".join(title["source"]).partition("\n")
    return {**notebook, "cells": [{**title, "source": f"{heading}\n\n{links}\n{text}"}, *others]}


def described(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook, with each picture's description where the page looks for its alt text."""
    return {**notebook, "cells": [_described(cell) for cell in notebook["cells"]]}


def _described(cell: Mapping[str, Any]) -> dict[str, Any]:
    said = [o["data"]["text/plain"] for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})]
    if not said:
        return dict(cell)
    alts = "\n".join(spoken("".join(text)) for text in said)  # a line each, which conf.py shares out
    return {**cell, "metadata": {**cell["metadata"], "mystnb": {"image": {"alt": alts}}}}


def spoken(text: str) -> str:
    """A description on one line, its mathematics without the signs that are there for TeX."""
    return " ".join(re.sub(r"\\[,;]|[$\\{}]", "", text).split())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("chapter", nargs="*")
    parser.add_argument("--pyodide", metavar="PLACE", default=lite.ADDRESS, help="an address or a folder")
    given = parser.parse_args()
    address = "://" in given.pyodide
    place = given.pyodide if address else str(Path(given.pyodide).expanduser())
    sys.exit(main(given.folder, given.chapter, place))
