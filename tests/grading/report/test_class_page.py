"""The class page in a browser: a phone's width, and tables that sort."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.grading.model import Alike, Exercise, Pair, Report, Side, Verdict
from minigrad.grading.report.class_page import class_html
from tests.browser import chromium, needs_chromium

SCORES = {"ann": 9.5, "bob": 10.0, "cem": 0.0, "dan": None}


def report(score: float | None) -> Report:
    if score is None:
        return Report("01-tiny", "refused", reason="`not` a " + "notebook" * 30)
    verdict = Verdict("scale.values", "scale", "It is scaled.", 10, True, score == 10, "off")
    return Report("01-tiny", "graded", (Exercise("scale", 10, score, (verdict,)),))


@needs_chromium
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_phone_shows_it_and_tables_sort(tmp_path: Path) -> None:
    side = Side("x = 1  # " + "long " * 60, "y = 1", True)
    page = tmp_path / "page.html"
    page.write_text(
        class_html(
            {s: report(x) for s, x in SCORES.items()}, [Alike(("a", "b"), (Pair(("a", "b"), 1.0, (side,)),))]
        )
    )
    (home := tmp_path / "home").mkdir()
    with chromium(home) as browser:
        browser.emulate(390, "light")
        browser.open(page.as_uri())
        browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
        assert browser.run("return document.documentElement.scrollWidth") <= 390
        browser.run("window.students = [...document.querySelectorAll('table')].at(-2)")
        order = "[...students.tBodies[0].rows].map(row => row.cells[0].textContent)"
        assert browser.run(f"return {order}") == ["ann", "bob", "cem", "dan"]
        click = "students.tHead.rows[0].cells[{}].firstElementChild.click()"
        for column, sorted_ in (
            (1, ["cem", "ann", "bob", "dan"]),
            (1, ["dan", "bob", "ann", "cem"]),
            (0, ["ann", "bob", "cem", "dan"]),
        ):
            browser.run(click.format(column))
            assert browser.run(f"return {order}") == sorted_
        assert browser.run("return document.querySelectorAll('[aria-sort]').length") == 1
        assert browser.complaints() == []


def test_a_table_that_goes_on_beyond_the_screen_is_shaded_there() -> None:
    wide = class_html({}).split(".wide {")[1].split("}")[0]
    assert "overflow-x: auto" in wide
    assert wide.count(" local,") == 2, "a shade for each side, and what covers it at the table's end"


def test_a_mistake_is_counted_once_with_another_beside_it_or_not() -> None:
    hints = {"ann": "More than one thing may be wrong here. First: Why?", "bob": "Why?"}
    made = {s: Exercise("scale", 10, 0.0, (), "scale-adds", hint) for s, hint in hints.items()}
    page = class_html({s: Report("01-tiny", "graded", (one,)) for s, one in made.items()})
    assert '<td>Why?</td><td class="n">2</td>\n<td>ann, bob</td>' in page
