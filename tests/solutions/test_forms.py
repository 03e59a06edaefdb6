"""Values of another form than was asked for: what a student reads of them, and that they cost once."""

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


FAST = "07-fast"
FORMS = (
    "hs, (vjps,)",
    "hs, [lambda g, k=k: vjps(g)[k] for k in range(4)]",
    "hs.swapaxes(0, 1), vjps",
    "hs.swapaxes(0, 1), lambda g: vjps(g.swapaxes(0, 1))",
    "hs, lambda g: vjps(g)[::-1]",
    "hs, lambda g: dict(zip('abcd', vjps(g)))",
    "hs, lambda g: (*vjps(g)[:3], vjps(g)[3].T)",
    "hs, lambda g: vjps(g)[:3]",
    "hs, lambda g: (vjps(g)[0], None, None, vjps(g)[3])",
    "hs, lambda g: vjps(g)[3]",
)
WRAPPED = """
whole = lstm_sequence


def lstm_sequence(x, h0, c0, W, mask=None):
    hs, vjps = whole(x, h0, c0, W, mask)
    hs = hs if mask is None or not {wrong} else np.where(mask[:, :, None], hs, 1)
    return {form}
"""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrong", [False, True])
def test_a_mistake_of_form_costs_once_and_hides_none(form: str, wrong: bool) -> None:
    """`masks` reads whatever form `sequence` lost points for, and sees a wrong output in it."""
    work = solved(FAST).solution["sequence"] + WRAPPED.format(form=form, wrong=wrong)
    space, known = names(FAST, {"sequence": work}), verdict.known((), frozenset())
    asked = {"sequence.lifted", "masks.carried"} | (
        set() if wrong else {"masks.through-gaps", "masks.padding"}
    )
    passed = set()
    for c in deterministic(FAST):
        if c.name in asked:
            seen = verdict.evidence(run_probe(c, space, seed(c, "salt")), known)
            if verdict.decide(c, seen, expected(FAST)[c.name], public=True).passed:
                passed.add(c.name)
    assert passed == {name for name in asked if name.startswith("masks") and not wrong}


@pytest.mark.parametrize(
    ("form", "earned"),
    [
        ("hs", {"carried", "nothing-there"}),  # no gradients: nothing tells whether they are right
        ("hs, (lambda g: vjps(g)) if mask is None else lambda g: vjps(g)[:3]", set()),
        ("None, vjps", {"unheard", "nan-unheard", "through-padding"}),  # all that hs is not looked at in
    ],
)
def test_a_missing_output_is_forgiven_only_where_others_tell_what_masks_ask(
    form: str, earned: set[str]
) -> None:
    work = solved(FAST).solution["sequence"] + WRAPPED.format(form=form, wrong=False)
    space, known = names(FAST, {"sequence": work}), verdict.known((), frozenset())
    passed = set()
    for c in deterministic(FAST):
        if c.exercise == "masks":
            seen = verdict.evidence(run_probe(c, space, seed(c, "salt")), known)
            if verdict.decide(c, seen, expected(FAST)[c.name], public=True).passed:
                passed.add(c.name.removeprefix("masks."))
    assert passed == earned
