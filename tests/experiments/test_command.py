"""`python -m experiments`: what it prints and writes, its exit codes, and that an error is one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments import published
from experiments.__main__ import main
from experiments.published import Run


@pytest.fixture
def course(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_needs_solutions_and_knows_its_experiments(course, tmp_path_factory, monkeypatch, capsys):
    assert main(["nothing"]) == 2
    assert capsys.readouterr().err == "experiments: no experiment 'nothing': there is forget-bias, reber\n"
    assert main(["reber"]) == 2
    assert "01-rnn is not in" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert main([]) == 2
    assert "there are none here" in capsys.readouterr().err


def test_it_prints_a_table_and_writes_json(course, monkeypatch, capsys):
    def runs(solutions, names, seeds, workers):
        assert (solutions, names, seeds, workers) == (course / "solutions", ("reber",), 2, 1)
        for model in ("Elman", "LSTM"):
            for seed in range(seeds):
                yield Run("reber", model, seed, 80 + 40 * seed if model == "LSTM" else None, 1.5)

    monkeypatch.setattr(published, "runs", runs)
    assert main(["reber", "--seeds", "2", "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "Neural Computation 9, 1997" in said
    assert "look them up" in said
    rows = [line.split() for line in said.splitlines() if line.startswith(("Elman", "LSTM"))]
    assert rows == [
        ["Elman", "0", "%", "0", "of", "2", "0-66", "%", "-"],
        ["LSTM", "97-100", "%", "2", "of", "2", "34-100", "%", "100"],
    ]
    told = json.loads((course / "reproduce.json").read_text())
    assert [line["learned"] for line in told["lines"]] == [0, 2]
    assert [run["updates"] for run in told["runs"]] == [None, None, 80, 120]
    assert told["experiments"].keys() == {"reber"}
