"""What pages name is there, the glossary has each word once, pictures have words and dark colours."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.docs.blocks import INLINE, ROOT, prose

PAGES = sorted(p.relative_to(ROOT).as_posix() for p in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
PICTURES = sorted((ROOT / "docs").glob("*.svg"))
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|toml|cff|yml|svg|png|html|txt))")
LINK = re.compile(r"\]\(([^)#]+)\)")
# where a page may start a path, after the section that named the folder
BASES = ("", "minigrad", "minigrad/grading", "minigrad/grading/*", "docs", "solutions/01-rnn")
MADE = re.compile(  # what is there only once something was run, or on a user's disk
    r"((solutions|assignments)/10-mean/|(submitted|autograded|feedback|demo|dist|site|mine|\.minigrad|tls)/.*"
    r"|(report|grades|results|course|timestamp|mynet|requirements)\.\w+)"
)
VOCABULARY = """op vjp tape node leaf unbroadcast parameter module cell state mask assignment exercise check
probe replay mutant variant observation verdict hint report cohort salt evidence release intake session
reference"""


def named(page: str) -> list[str]:
    """Files and folders that stand between backticks, NN-name being any assignment."""
    found = (code.replace("NN-name", "01-rnn") for code in INLINE.findall(prose(page)))
    return [code for code in found if FILE.fullmatch(code) and not MADE.fullmatch(code)]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    missing = [
        name for name in named(page) if not any(any(ROOT.glob(f"{b}/{name}".lstrip("/"))) for b in BASES)
    ]
    assert not missing, f"{page} names what is not there: {', '.join(missing)}"
    links = LINK.findall(prose(page))
    assert [t for t in links if "://" not in t and not (ROOT / page).parent.joinpath(t).exists()] == []


def test_the_pages_name_files() -> None:
    assert sum(len(named(page)) for page in PAGES) > 50


def test_the_glossary_has_every_word_with_one_meaning() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    glossary = text.partition("## Glossary")[2].partition("\n## ")[0]
    words = [word.split()[0] for word in re.findall(r"\*\*([^*]+)\*\*", glossary)]
    assert set(VOCABULARY.split()) - set(words) == set()
    whole = re.findall(r"\*\*([^*]+)\*\*", glossary)
    assert sorted(whole) == sorted(set(whole))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_has_words_for_those_who_do_not_see_it(path: Path) -> None:
    names = {element.tag.rpartition("}")[2]: element for element in ElementTree.parse(path).getroot().iter()}
    assert len(names["title"].text or "") > 10
    assert len(names["desc"].text or "") > 100
    assert "prefers-color-scheme: dark" in (names["style"].text or "")
    (page,) = [p for p in PAGES if f"]({path.name})" in (ROOT / p).read_text(encoding="utf-8")]
    assert re.search(rf"!\[[^\]]{{40,}}\]\({path.name}\)", (ROOT / page).read_text(encoding="utf-8"))
