"""What is special to solutions/04-batches: its exercises, what padding may not change, what its labs show."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.solved import expected, guarded, played, rewritten_twice, solved, trained

NAME = "04-batches"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {
        "pad": 15,
        "masked-mean": 15,
        "pack": 20,
        "bidirectional": 25,
        "tagger": 10,
        "learned": 15,
    }
    assert trained(NAME) == ["learned.tagging", "learned.glides"]
    assert len(a.mutants) >= 15
    assert len(a.variants) >= 8
    assert 3 * len(rewritten_twice(NAME)) >= len(a.mutants)
    assert len(guarded(NAME)) >= 4


def test_the_padding_and_the_others_in_a_batch_change_nothing() -> None:
    """What these checks compare must hold for the solution itself, not only agree with it."""
    seen = 0
    for e in expected(NAME).values():
        for what, array in e.arrays.items():
            if what.startswith("same bits"):
                assert (array == 1).all(), what
            elif "less" in what:
                assert np.abs(array).max() < 1e-14, what
            else:
                continue
            seen += 1
    assert seen >= 15


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(NAME, monkeypatch)
    said = capsys.readouterr().out
    assert "waits for" not in said
    off = [line.split("off by at most") for line in said.splitlines() if "off by at most" in line]
    harmless = {" ".join(way.split()) for way, most in off if float(most) < 1e-14}
    assert len(off) == 6
    assert harmless == {"from the beginning carried", "from the end carried", "from the end set to zero"}
    names_right = [line.split(":") for line in said.splitlines() if "of the names" in line]
    right = {name: float(rest.split()[0]) for name, rest in names_right}
    assert right["both directions"] > 0.97
    assert right["left to right only"] < 0.6
    at_hill = {
        tag: [float(line.split()[3]) for line in said.splitlines() if line.startswith(f"{tag} ")]
        for tag in ("person", "company", "street")
    }
    title = {"person": [0.55, 0.0], "company": [0.21, 0.0], "street": [0.23, 0.99]}
    for tag, shares in title.items():
        assert at_hill[tag] == pytest.approx(shares, abs=0.04), tag
    padding = re.search(r"(\d+)% of the rectangle is padding", said)
    assert padding
    assert 62 <= int(padding[1]) <= 70, "two thirds of the work are gone"
