"""Slips that once got a wrong hint, or lost points twice: what is recognised now, and what it costs.

A hint may rest on numbers, or say no more than an exception shows. Each case edits the solution.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from minigrad.grading.judge import diagnose, verdict
from minigrad.grading.judge.reference import mutated
from minigrad.grading.judge.verdict import decide
from minigrad.grading.model import Evidence
from minigrad.sandbox.probing import run_probe
from tests.solved import names, seed, solved

OWN_CACHE = """
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = (cache[k] for k in ("x", "h0", "hs", "W_x", "W_h"))
    before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    da, later = np.zeros(hs.shape), np.zeros(h0.shape)
    for t in reversed(range(x.shape[1])):
        da[:, t] = (dhs[:, t] + later) * (1 - hs[:, t] ** 2)
        later = da[:, t] @ W_h.T
    dW_x, dW_h = (np.einsum("bti,btj->ij", a, da) for a in (x, before))
    return da @ W_x.T, later, dW_x, dW_h, da.sum(axis=(0, 1))
"""
OWN = ("return hs, (x, h0, hs, W_x, W_h)", "return hs, dict(x=x, h0=h0, hs=hs, W_x=W_x, W_h=W_h)")
NO_BIAS = ("x[:, t] @ W_x + h @ W_h + b", "x[:, t] @ W_x + h @ W_h")


def edited(name: str, cell: str, *edits: tuple[str, str]) -> dict[str, str]:
    text = solved(name).solution[cell]
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return {cell: text}


GLOROT = "init.glorot((input_size, hidden_size), rng, dtype)"
SLIPS = [
    (
        "00-autograd",
        "sigmoid",
        ("g * y * (1 - y)", "g * np.exp(-x) / (1 + np.exp(-x)) ** 2"),
        "sigmoid-overflows-left",
    ),
    (
        "00-autograd",
        "tanh",
        ("g * (1 - y**2)", "g / (np.exp(x) / 2 + np.exp(-x) / 2) ** 2"),
        "tanh-overflows",
    ),
    (
        "01-rnn",
        "clip-value",
        ("    for p in parameters:", "    for p in [] + parameters:"),
        "value-list-alone",
    ),
    ("01-rnn", "clip-norm", ("for p in parameters if", "for p in [] + parameters if"), "norm-list-alone"),
    ("01-rnn", "train-step", ("float(value.data)", "np.asarray(value.data)"), "train-returns-array"),
    ("02-lstm", "lstm-cell", (GLOROT, f"0.5 * {GLOROT}"), None),
    (
        "02-lstm",
        "lstm-cell",
        (GLOROT, "0.01 * rng.standard_normal((input_size, hidden_size)).astype(dtype)"),
        None,
    ),
    (
        "02-lstm",
        "lstm-cell",
        (GLOROT, "init.orthogonal((input_size, hidden_size), rng, dtype)"),
        "cell-orthogonal-x-rows",
    ),
    (
        "02-lstm",
        "lstm-cell",
        (GLOROT, "init.he((input_size, hidden_size), rng, dtype)"),
        "cell-standard-normal",
    ),
]


def seen(name: str, exercise: str, cells: Mapping[str, str]) -> dict[str, Evidence]:
    """What the deterministic checks of one exercise give."""
    a = solved(name)
    namespace, may = names(name, cells), verdict.known(a.cells, frozenset())
    own = [c for c in a.checks if c.exercise == exercise and not c.trained]
    return {c.name: verdict.evidence(run_probe(c, namespace, seed(c, "salt")), may) for c in own}


@pytest.mark.parametrize(
    ("name", "cell", "edit", "mistake"), SLIPS, ids=[f"{s[0]}-{s[1]}: {s[2][1]}" for s in SLIPS]
)
def test_a_slip_gets_its_hint_or_none(
    name: str, cell: str, edit: tuple[str, str], mistake: str | None
) -> None:
    a, exercise = solved(name), {"sigmoid": "sigmoid-tanh", "tanh": "sigmoid-tanh"}.get(cell, cell)
    observed, want = seen(name, exercise, edited(name, cell, edit)), seen(name, exercise, {})
    checks = [c for c in a.checks if c.name in want]
    lost = {n for n, e in observed.items() if not decide(a.check(n), e, want[n], True).passed}
    assert lost
    alike = [m for m in a.mutants if set(m.fails) == lost]  # no other can give the same
    known = {m.name: seen(name, exercise, mutated(a, m)) for m in alike}
    assert diagnose.recognise(checks, observed, want, known) == mistake


FORWARDS = {
    "proposed cache, no bias": (NO_BIAS,),
    "own cache, right": (OWN,),
    "own cache, no bias": (OWN, NO_BIAS),
    "own cache, float32": (OWN, ("h0.dtype)", "np.float32)")),
    "own cache, h0 written into": (OWN, ("    return hs", "    h0[...] = h\n    return hs")),
}


@pytest.mark.parametrize("edits", FORWARDS.values(), ids=FORWARDS)
def test_a_mistake_of_rnn_forward_costs_nothing_of_rnn_backward(edits: tuple[tuple[str, str], ...]) -> None:
    cells = edited("01-rnn", "rnn-forward", *edits) | ({"rnn-backward": OWN_CACHE} if OWN in edits else {})
    lost = set()
    for exercise in ("rnn-forward", "rnn-backward"):
        observed, want = seen("01-rnn", exercise, cells), seen("01-rnn", exercise, {})
        if not all(decide(solved("01-rnn").check(n), e, want[n], True).passed for n, e in observed.items()):
            lost.add(exercise)
    assert lost == (set() if edits == (OWN,) else {"rnn-forward"})


@pytest.mark.parametrize(
    ("name", "cell"), [("01-rnn", "rnn-cell"), ("02-lstm", "lstm-cell"), ("03-gru", "gru-cell")]
)
def test_a_wrong_dtype_does_not_cost_what_is_learned(name: str, cell: str) -> None:
    """What is asked in float32 is not among what training waits for."""
    start = "rng = np.random.default_rng() if rng is None else rng\n"
    wrong = edited(name, cell, (start, f"{start}        dtype = np.float64\n"))
    observed, want = seen(name, cell, wrong), seen(name, cell, {})
    lost = {n for n, e in observed.items() if not decide(solved(name).check(n), e, want[n], True).passed}
    assert lost == {f"{cell}.shapes", f"{cell}.single-precision"}
    assert not lost & {need for c in solved(name).checks for need in c.needs}
