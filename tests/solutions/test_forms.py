"""What a student reads of a Tensor where a Parameter should be, in every assignment that has them."""

from __future__ import annotations

import pytest

from minigrad.grading.judge import verdict
from minigrad.grading.notebook.release import release
from minigrad.sandbox.probing import run_probe
from tests.solved import RELEASES, deterministic, expected, names, seed, solved

MADE = "Parameter(np.zeros(hidden_size, dtype))"
TENSORS = (
    # assignment, check, cell, what makes the Parameter, and the attribute
    ("01-rnn", "rnn-cell.shapes", "rnn-cell", MADE, "RNNCell", "b"),
    ("02-lstm", "lstm-cell.shapes", "lstm-cell", f"self.b_o = {MADE}", "LSTMCell", "b_o"),
    ("03-gru", "gru-cell.shapes", "gru-cell", f"self.b_h = {MADE}", "GRUCell", "b_h"),
    (
        "05-training",
        "batch-norm.norm-parts",
        "batch-norm",
        "Parameter(np.ones(features))",
        "BatchNorm",
        "gain",
    ),
)


@pytest.mark.parametrize(("tensor", "told"), [("Tensor(", "a Tensor"), ("np.array(", "an array")])
@pytest.mark.parametrize(("name", "check", "cell", "made", "module", "attribute"), TENSORS)
def test_a_tensor_that_should_be_a_parameter_is_named(
    name: str, check: str, cell: str, made: str, module: str, attribute: str, tensor: str, told: str
) -> None:
    source = solved(name).solution[cell]
    assert source.count(made) == 1
    space = names(name, {cell: source.replace(made, made.replace("Parameter(", tensor))})
    asked = next(c for c in deterministic(name) if c.name == check)
    known = verdict.known((), release(RELEASES / name).names)
    seen = verdict.evidence(run_probe(asked, space, seed(asked, "salt")), known)
    decided = verdict.decide(asked, seen, expected(name)[check], public=True)
    assert not decided.passed
    reason = decided.reason.removeprefix("AttributeError raised in the check: ")
    assert reason.startswith(f"`{module}`'s `{attribute}`: got {told} of shape (")
    assert f": write `self.{attribute} = Parameter(…)`, or no optimiser finds it" in reason
