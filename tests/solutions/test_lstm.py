"""What is special to solutions/02-lstm: its exercises, its written question, and what its labs show."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.grading.authoring.build import release_notebook
from tests.solved import guarded, names, played, rewritten_twice, solved, trained

NAME = "02-lstm"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {
        "lstm-cell": 45,
        "windows": 10,
        "standardise": 10,
        "forecaster": 10,
        "learned": 15,
    }
    assert trained(NAME) == ["learned.order", "learned.reber", "learned.series"]
    written = [c for c in a.cells if c.kind == "written"]
    assert [(c.id, c.points, c.markdown) for c in written] == [("which-path", 10, True)]
    assert len(a.mutants) >= 25
    assert len(a.variants) >= 10
    assert 3 * len(rewritten_twice(NAME)) >= len(a.mutants)


def test_the_written_question_stands_in_a_cell_of_its_own() -> None:
    """nbgrader replaces the answer's cell; what is asked must stay."""
    released = {c["id"]: c for c in release_notebook(solved(NAME))["cells"]}
    question, answer = released["which-path-question"], released["which-path"]
    assert question["metadata"]["nbgrader"]["locked"]
    assert "Which path carried the gradient" in question["source"]
    marks = answer["metadata"]["nbgrader"]
    assert (marks["grade"], marks["solution"], marks["locked"], marks["points"]) == (True, True, False, 10)


def test_labs_wait_for_the_cell() -> None:
    assert set(guarded(NAME)) == {"lstm-cell"}
    assert len(guarded(NAME)) >= 7


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(NAME, monkeypatch, {"updates=300": "updates=100"})
    assert "waits for" not in capsys.readouterr().out
    assert lab["plain_learned"] == {12: 3, 24: 3, 48: 0}
    assert lab["bias_learned"] == {0.0: 0, 1.0: 2}
    first = {key: norms[0] for key, norms in lab["paths"].items()}
    assert first[1.0, "all"] == pytest.approx(2.6e-3, rel=0.2)
    assert first[1.0, "belt only"] == pytest.approx(2.0e-7, rel=0.2)
    assert first[1.0, "never on the belt"] < 1e-25
    assert first[0.0, "all"] < 1e-7 < 0.1 < first[2.0, "all"]
    assert first[3.0, "all"] > 1, "at 3 the gradient grows on its way back"
    plain = np.median([lab["drawn"](seed, None)[0] for seed in range(8)])
    assert first[0.0, "all"] < plain, "with zero biases it vanishes faster than the plain cell's"
    assert 5.3 < np.log10(first[1.0, "all"] / first[0.0, "all"]) < 6, "nearly six orders of magnitude"
    assert 2.3 < np.log10(first[2.0, "all"] / first[1.0, "all"]) < 3, "nearly three more"
    assert {5 * (len(curve) - 1) for _, curve in lab["runs"]} <= {60, 80}, "updates until it is learned"
    bit = np.abs(lab["bit"])
    taker = bit[1].argmax()
    assert (bit[1:, taker] > 0.5).all(), "one unit took the bit at once and kept it"
    assert (lab["f"][2:-2, taker] > 0.7).all(), "with a forget gate close to 1"
    held = bit[-3, lab["units"]]  # before the string's last symbols
    assert (held > bit[-3, taker]).sum() == 2, "two others hold more of it in the end"
    assert lab["right"][-1] == 1.0
    assert lab["against"]["waves"] < 0.1 < 1 < lab["against"]["random walk"]


def test_a_column_of_a_tenth_is_constant_though_its_deviation_is_a_rounding_error() -> None:
    train = np.full((7, 2), 0.1)
    train[:, 1] = np.arange(7)
    assert train.std(axis=0)[0] > 0
    shifted, other = names(NAME)["standardise"](train, train + 1)
    assert abs(shifted[:, 0]).max() < 1e-15
    assert other[:, 0] == pytest.approx(1)
