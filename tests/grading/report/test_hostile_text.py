"""Text from students, wherever it is shown: bounded, cleaned, escaped."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import json
import re
import unicodedata
from html.parser import HTMLParser

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.cli.terminal import class_table, table
from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.intake.archives import Entry
from minigrad.grading.intake.plan import Around, plan
from minigrad.grading.judge.session import cell_run
from minigrad.grading.model import Exercise, Refused, Report, Verdict, clean
from minigrad.grading.nbgrader import pages
from minigrad.grading.report import formats
from minigrad.grading.report.class_page import class_html
from minigrad.grading.report.feedback import report_html
from tests.grading.handed_in import NAME, new_course, notebook

SCRIPT = "<script>alert(1)</script>"
ATTACKS = (
    SCRIPT,
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><style>*{display:none}</style>",
    "</pre></td></table><h1>100 of 100 points</h1>",
    "[a](javascript:alert(1))",
    "\x1b[2J\x1b[31mgone\x1b]0;title\x07\x9b31m",
    "\u202e001 erocs\u2066\u200f",
    "a\rb\x08\x7f\x00\ufeff\u2028",
    "`" * 50 + SCRIPT,
    "&lt;script&gt; &amp;",
    "é" + "\u0301" * 500,
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1", "\ufeff=1", "\u202e=1")
FORBIDDEN = {"script", "svg", "iframe", "style", "form", "object", "embed", "h1", "img"}


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, str | None] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)


def report(text: str) -> Report:
    """A report with a student's text in every place where some could come to stand."""
    verdict = Verdict("e.a", "e", "It works.", 1.0, True, False, text)
    return Report("00", "graded", (Exercise("e", 1.0, 0.0, (verdict,), text, text),), text, (text,))


def controls(text: str) -> set[str]:
    """Characters that move a cursor or turn text around."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set("\n\r\t")


@pytest.mark.parametrize("text", ATTACKS)
def test_html_shows_text_and_runs_nothing(text):
    for made in (report(text), Report("00", "refused", reason=text, notes=(text,))):
        page = report_html(made)
        assert not Page(page).tags & FORBIDDEN
        assert not controls(page)
        assert all(not name.startswith("on") for name in Page(page).attributes)
    page = class_html({text: report(text), "b": Report("00", "refused", reason=text)})
    body = Page(page[page.index("<body") :])
    honest = class_html({"a": report("`x`"), "b": Report("00", "refused", reason="`x`")})
    plain = Page(honest[honest.index("<body") :])
    assert body.tags - {"body"} <= plain.tags
    assert not controls(page)


@pytest.mark.parametrize("text", ATTACKS)
def test_a_terminal_gets_no_control_characters(text):
    for shown in (
        formats.text(report(text)),
        class_table({text: report(text), "b": Report("00", "refused", reason=text)}),
        table(("a", "b"), [(text, text)]),
    ):
        assert not controls(shown)
        assert "\r" not in shown


@given(st.text(max_size=200))
def test_any_text_is_harmless_everywhere(text):
    made = {text or "a": report(text), "b": Report("00", "refused", reason=text)}
    assert not controls(formats.text(report(text)) + class_table(made) + report_html(report(text)))
    rows = list(csv.reader(io.StringIO(formats.class_csv(made).decode("utf-8-sig"), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(re.match(r"\s*[=+@＝＋＠]", value) for row in rows[1:] for value in row)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_spreadsheet_takes_nothing_for_a_formula(text):
    data = formats.class_csv({text: report(text), "zoë": report("fine")})
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    by_student = {row["student"]: row for row in rows}
    assert by_student["zoë"]["score"] == "0"
    (other,) = [row for row in rows if row["student"] != "zoë"]
    for value in (other["student"], other["reason"], other["notes"], other["mistakes"]):
        assert value[:1] == "'" or value.lstrip(" \n\ufffd")[:1] not in tuple("=+-@＝＋－＠")
        assert not set(value[:1]) & set("=+-@\t\r")


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_cell_prints_is_cleaned_before_it_is_kept(text):
    reply = {"ok": False, "output": text * 3000, "error": {"type": text, "line": 1}}
    run = cell_run("own-1", reply, set(), 1000)
    assert not controls(run.output + run.error)
    assert len(run.output) < 1100
    assert "script" not in run.error
    assert clean(clean(text)) == clean(text)


def test_feedback_in_nbgraders_pages_is_clean(tmp_path):
    _, assignment = new_course(tmp_path)
    release = nbformat.from_dict(release_notebook(assignment))
    made = notebook(assignment, "def scale(x, factor): ...", mine=SCRIPT + ATTACKS[1] + ATTACKS[4])
    made["metadata"]["jupytext"] = {"formats": "ipynb,py"}
    made["metadata"]["kernelspec"] = {"name": "sh", "argv": ["sh"]}
    exercise = dataclasses.replace(report(SCRIPT).exercises[0], name="scale")
    graded = dataclasses.replace(report(SCRIPT), assignment=NAME, exercises=(exercise,))
    rebuilt = pages.judged(assignment, json.dumps(made).encode(), graded)
    assert rebuilt.metadata.get("kernelspec") == release.metadata.get("kernelspec")
    assert "jupytext" not in rebuilt.metadata
    for cell in pages.with_report(rebuilt, graded, assignment).cells:
        for output in cell.get("outputs", []):
            assert not Page(output.get("data", {}).get("text/html", "")).tags & FORBIDDEN
    for text in ATTACKS:
        page = Page(pages.clean_markdown(text))
        assert not page.tags & (FORBIDDEN - {"img", "h1"})  # a student's own headings and pictures
        assert all(not name.startswith("on") for name in page.attributes)
        assert "javascript" not in str(page.attributes.get("href"))


@pytest.mark.parametrize(
    "source",
    [
        "![cat](attachment:a.png)",
        "![cat][c]\n\n[c]: attachment:b.png",
        "![cat](https://example.org/x.png)",
        "![cat](//example.org/x.png)",
        "![cat](x.png)",
        "![cat](data:image/svg+xml;base64,AAAA)",
        "<img src='https://example.org/x' srcset='//example.org/y 2x' alt='cat'>",
        "<IMG SRC=data:text/html;base64,AAAA alt=cat>",
        "<img src='data:image/png;base64,AA\" onerror=x' alt='cat'>",
    ],
)
def test_a_picture_that_the_page_does_not_hold_is_a_word(source):
    shown = pages.clean_markdown(source)
    assert "[a picture, not shown here: cat]" in shown
    assert "img" not in Page(shown).tags


def test_a_page_loads_nothing_by_itself():
    held = pages.clean_markdown("![cat](data:image/png;base64,AAAA)")
    assert '<img src="data:image/png;base64,AAAA" alt="cat">' in held
    for source in (
        "<div style='background-color:url(https://example.org/x)'>a</div>",
        "<div style='width:expression(1)'>a</div>",
        "<a href='data:text/html;base64,AAAA'>a</a>",
        "<a href='//example.org'>a</a>",
        "<a href='../../gradebook.db'>a</a>",
    ):
        assert not Page(pages.clean_markdown(source)).attributes
    linked = Page(pages.clean_markdown("[a](https://example.org) <b style='color:red'>b</b>"))
    assert linked.attributes == {"href": "https://example.org", "style": "color:red;"}


@pytest.mark.parametrize("text", ATTACKS)
def test_markdown_keeps_no_character_that_hides_or_turns(text):
    assert not controls(pages.clean_markdown(text))
    assert not controls(pages.as_shown(text))
    assert pages.as_shown("x = 1\n\ty" * 9000) == "x = 1\n\ty" * 9000, "nothing is cut"


def test_what_markdown_cannot_read_in_time_is_shown_as_text(monkeypatch):
    long = "\\begin{a}<b>" * 5000
    assert pages.clean_markdown(long) == f"<pre>{html.escape(long)}</pre>"
    picture = f"**a** ![](data:image/png;base64,{'A' * 50_000})"
    assert "<strong>a</strong> <img" in pages.clean_markdown(picture)

    def fail(self, text):
        raise RecursionError

    monkeypatch.setattr(pages.MarkdownWithMath, "render", fail)
    assert pages.clean_markdown("*a* <b>") == "<pre>*a* &lt;b&gt;</pre>"


@given(st.text(max_size=60))
def test_a_student_id_from_an_archive_is_fit_to_be_shown(text):
    try:
        made = plan([Entry(f"{text}/hw.ipynb", "file"), Entry("bo/hw.ipynb", "file")], Around("hw"))
    except Refused:
        return
    for student in made.chosen:
        assert not controls(student)
        assert not set(student) & set('<>&"=|;$`\\/:*?')
