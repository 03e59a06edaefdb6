"""Where a notebook's cells stand in its file: for every layout of JSON, and for what is no notebook."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.platforms.lines import lines

TEXTS = st.text(alphabet='ab"\\\n{[]},: é', max_size=20)
# what a hostile notebook may have where the list of cells, or a cell's source, is looked for
DECOY: dict[str, Any] = {"cells": [{"id": "a", "source": ["x\n", "y"]}], "source": "not this"}


def cell(id: str, source: list[str] | str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": DECOY, "id": id, **more, "source": source}


def laid_out(cells: list[dict[str, Any]], indent: int | None) -> str:
    return json.dumps({"metadata": DECOY, "cells": cells, "nbformat": 4}, indent=indent)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, max_size=3), st.sampled_from([None, 0, 1, 4]))
def test_a_line_of_a_cell_is_found_where_it_stands(first: list[str], second: list[str], indent: Any) -> None:
    text = laid_out([cell("a", [f"<{t}" for t in first]), cell("b", [f">{t}" for t in second])], indent)
    found, there = lines(text), text.splitlines()
    for id, mark, sources in (("a", "<", first), ("b", ">", second)):
        assert len(found[id]) == len(sources)
        for source, number in zip(sources, found[id], strict=True):
            assert json.dumps(mark + source) in there[number - 1]


def test_a_source_of_one_string_stands_on_one_line() -> None:
    text = laid_out([cell("a", "one\ntwo"), cell("b", "")], 1)
    (line,) = set(lines(text)["a"])
    assert "one\\ntwo" in text.splitlines()[line - 1]
    assert len(lines(text)["a"]) == 2
    assert lines(text)["b"] == ()


def test_nbgraders_id_is_the_one_that_counts() -> None:
    text = laid_out([cell("x", ["y"], metadata={"nbgrader": {"grade_id": "rnn-cell"}})], 1)
    assert set(lines(text)) == {"rnn-cell"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{not json", "[]", "[" * 100_000, '{"cells": 1}', '{"cells": [1]}', '{"cells": [{"id": "a"}]}'),
        '{"cells": [{"id": "a", "metadata": 3, "source": "x"}]}',
    ],
)
def test_of_what_is_no_notebook_nothing_is_known(text: str) -> None:
    assert lines(text).get("a", ()) == ()
