"""What is special to solutions/05-training: its exercises, masks that are drawn, and what its labs show."""

from __future__ import annotations

import pytest

from minigrad.checks import Variant
from tests.solved import evidence, expected, failed, guarded, names, played, solved, trained

NAME = "05-training"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {"tbptt": 30, "recurrent-dropout": 30, "batch-norm": 25, "learned": 15}
    assert trained(NAME) == ["learned.in-chunks", "learned.with-dropout", "learned.with-batch-norm"]
    assert len(a.mutants) >= 60
    assert len(a.variants) >= 11
    assert len(a.rewrites) >= 15
    assert len(guarded(NAME)) == 5


@pytest.mark.parametrize("salt", ["another", "a third", "a fourth"])
def test_the_solution_gives_the_same_arrays_whatever_its_masks_are(salt: str) -> None:
    assert {name: e.failure for name, e in expected(NAME, salt).items() if e.failure} == {}
    assert failed(NAME, evidence(NAME, names(NAME), salt), expected(NAME, salt)) == {}


@pytest.mark.parametrize("variant", solved(NAME).variants, ids=lambda v: v.name)
def test_variants_pass_whatever_their_masks_are(variant: Variant) -> None:
    observed = evidence(NAME, names(NAME, variant.cells), "a third")
    assert failed(NAME, observed, expected(NAME, "a third")) == {}


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(NAME, monkeypatch)
    said = capsys.readouterr().out
    assert "waits for" not in said
    for chunk, row in zip(lab["CHUNKS"], lab["grid"], strict=True):
        for delay, right in zip(lab["DELAYS"], row, strict=True):
            assert right > 90 if delay < chunk else right < 80, (chunk, delay)
    curves = [line.split() for line in said.splitlines() if line.startswith(("a mask for", "one mask for"))]
    assert float(curves[0][-1]) < 0.7
    assert float(curves[1][-1]) > 0.97
    ends = [line for line in said.splitlines() if "percent right after" in line]
    units = {line[:26].strip(): int(line.split()[-1]) for line in ends}
    assert units["as they are"] < 60
    assert units["normalised"] > 97
