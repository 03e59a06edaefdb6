"""The signs for pass and fail can be read wherever they stand."""

from __future__ import annotations

import re

import pytest

from minigrad.grading.report.exercise import Result, Row
from minigrad.grading.report.markup import MARKS, Mark, badge
from tests.grading.nbgrader.test_feedback import contrast


@pytest.mark.parametrize("word", MARKS)
def test_a_mark_has_the_contrast_of_aa_in_every_theme(word: Mark) -> None:
    """White on a ground of its own, whatever the notebook's is; and as text on nbgrader's white pages."""
    sign, colour = MARKS[word]
    assert f"background:{colour};color:#fff" in badge(word)
    assert f"{sign} {word}" in badge(word)
    assert contrast(colour.removeprefix("#"), "fff") >= 4.5


def test_a_notebook_s_table_colours_no_text_on_the_page_s_ground() -> None:
    rows = tuple(Row(word, "A sentence.", "name", ("why",)) for word in MARKS)
    shown = Result("one", 10.0, 5.0, rows, "a hint", "a note")._repr_html_()
    styles = re.findall(r'style="([^"]*)"', shown)
    coloured = [style for style in styles if re.search(r"(?:^|;)color:", style)]
    assert coloured
    assert all("background:" in style for style in coloured)
