"""Formulas on pages of feedback: all of the course's are set, and a student's run, load and style nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")

from minigrad.grading.nbgrader.pages import clean_markdown
from minigrad.grading.report.formulas import ATTRIBUTES, TAGS, mathml
from tests.recorded import Loads

RELEASES = sorted((Path(__file__).parents[3] / "assignments").glob("*/*.ipynb"))


class Tags(HTMLParser):
    """The tags of a text, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def formulas(text: str) -> list[tuple[str, bool]]:
    """The TeX of a text, and whether it stands on a line of its own."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
    blocks = re.findall(r"\$\$(.*?)\$\$", text, re.S)
    inline = re.findall(r"\$([^$]+?)\$", re.sub(r"\$\$.*?\$\$", "", text, flags=re.S))
    return [(tex, True) for tex in blocks] + [(tex, False) for tex in inline]


def test_every_formula_of_the_course_is_set() -> None:
    texts = [c["source"] for path in RELEASES for c in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    found = {one for text in texts for one in formulas("".join(text))}
    assert len(found) > 100
    assert [tex for tex, block in found if "<math" not in mathml(tex, block)] == []


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\style{background:url(//example.org)}{x}",
        r"\class{score}{x}",
        r"\color{red;background:url(//example.org)}{x}",
        r"\text{</mtext></math><script>alert(1)</script>}",
        "<script>alert(1)</script>",
        r"\unicode{x3c}script>",
        r"&lt;script&gt;",
        r"\begin{a}\end{b}",
        r"\frac{1",
        "{" * 1000,
        "x" * 2001,
        "\\sqrt" * 300 + "x",
    ],
)
def test_a_formula_runs_loads_and_styles_nothing(tex: str) -> None:
    for made in (mathml(tex, True), clean_markdown(f"a ${tex}$ b")):
        assert Loads(made).found == []
        for tag, attributes in Tags(made).found:
            assert TAGS.fullmatch(tag) or tag in ("code", "span", "p"), made
            assert all(
                ATTRIBUTES.fullmatch(name) or attributes == {"class": "formula"} for name in attributes
            )


def test_what_cannot_be_read_or_is_too_long_stays_as_it_was_written() -> None:
    assert mathml(r"\frac{1", False).startswith("<math")
    assert mathml(r"\left(<", False) == r"<code>\left(&lt;</code>"
    assert mathml("x" * 2000, False).startswith("<math")
    assert mathml("x" * 2001, False) == f"<code>{'x' * 2001}</code>"


def test_formulas_stand_among_other_text_and_not_in_attributes() -> None:
    assert clean_markdown("a $x$ `$y$`") == (
        '<p>a <math display="inline"><mrow><mi>x</mi></mrow></math> <code>$y$</code></p>\n'
    )
    picture = clean_markdown("![a $x$](data:image/png;base64,AAAA)")
    assert picture == '<p><img src="data:image/png;base64,AAAA" alt="a $x$"></p>\n'
    assert "<math" not in clean_markdown("\ue0000\ue001"), "nobody writes the marks"
