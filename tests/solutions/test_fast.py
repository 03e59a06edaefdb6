"""What is special to solutions/07-fast: its exercises, and the fused layers against the tape and torch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, concatenate, no_grad, op, sigmoid, stack, tanh, where
from tests.benchmarks.cells import CELLS
from tests.benchmarks.fused import GATES, layers
from tests.solved import cells, evidence, expected, failed, guarded, names, played, solved, trained

NAME = "07-fast"
LAYERS = tuple(GATES)


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {"step-backward": 25, "sequence": 45, "one-gemm": 10, "masks": 20}
    assert trained(NAME) == []
    assert len(a.mutants) >= 80
    assert len(a.variants) >= 11
    assert len(a.rewrites) >= 30
    assert guarded(NAME) == ["sequence", "one-gemm", "sequence", "sequence"]


def test_the_labs_of_the_solution_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(NAME, monkeypatch)
    said = capsys.readouterr().out
    # the picture of nodes stands before part 3, for which its second half waits; no other lab waits
    assert [line for line in said.splitlines() if "waits for" in line] == [
        'This part waits for sequence: check("sequence") says what is missing.'
    ]
    assert "step by step: 1025 nodes for 64 steps" in said
    dots = [
        line.count("·") for cell in solved(NAME).cells for line in cell.source.splitlines() if "··" in line
    ]
    assert sum(dots) == 1025 + 1, "the title's picture: a dot for each node, and one for the op"


def test_the_text_counts_lines_as_they_are() -> None:
    """Code without its docstring: the tape's LSTM, and the sequence with its share of the weights."""
    sources = {c.id: c.source for c in cells(NAME)}
    slow = sources["tape-lstm"].split("def one_matrix")[0].strip().splitlines()
    fast = [*sources["sequence"].strip().splitlines(), *sources["one-gemm"].strip().splitlines()[1:]]
    lines = [len([line for line in code if line.strip() and '"""' not in line]) for code in (slow, fast)]
    assert lines[0] == 16
    assert lines[1] >= 2 * lines[0]


@pytest.mark.parametrize(
    "without", ["return hs, lambda g: tuple(2 * a for a in vjps(g))", "raise RuntimeError('no mask')"]
)
def test_a_mistake_without_a_mask_costs_nothing_where_masks_are_right(without: str) -> None:
    """It once cost 14 of the 20 points for masks, and all of them where it raised."""
    wrapped = f"""
whole = lstm_sequence


def lstm_sequence(x, h0, c0, W, mask=None):
    hs, vjps = whole(x, h0, c0, W, mask)
    if mask is None:
        {without}
    return hs, vjps
"""
    work = {"sequence": solved(NAME).solution["sequence"] + wrapped}
    lost = {check.split(".")[0] for check in failed(NAME, evidence(NAME, names(NAME, work)), expected(NAME))}
    assert lost == {"sequence"}


# The fused layers


def drawn(name: str, B: int, T: int, D: int, H: int, seed: int = 0) -> list[np.ndarray]:
    """x, h0, (c0,) W of a layer."""
    rng = np.random.default_rng(seed)
    states = [rng.normal(size=(B, H)) for _ in range(2 if name == "lstm" else 1)]
    return [rng.normal(size=(B, T, D)), *states, rng.normal(size=(H + D + 1, GATES[name] * H)) / np.sqrt(H)]


def step_by_step(name: str, arguments: list[Tensor], mask: Any, last: bool) -> Tensor:
    """The layer on the tape."""
    x, h, *others, W = arguments
    c, H, outputs = others[0] if others else None, h.shape[1], []
    for t in range(x.shape[1]):
        here = np.ones((len(h.data), 1), bool) if mask is None else mask[:, t, None]
        one = np.ones((len(h.data), 1))
        a = concatenate([h, x[:, t], one], 1) @ W
        blocks = [a[:, k * H : (k + 1) * H] for k in range(GATES[name])]
        new_c = None
        if name == "rnn":
            new = tanh(a)
        elif name == "lstm":
            g, f, i, o = tanh(blocks[0]), *(sigmoid(b) for b in blocks[1:])
            new_c = f * c + i * g
            new = o * tanh(new_c)
        else:
            z, r = sigmoid(blocks[0]), sigmoid(blocks[1])
            new = (1 - z) * h + z * tanh(concatenate([r * h, x[:, t], one], 1) @ W[:, 2 * H :])
        outputs.append(where(here, new, 0.0))
        h, c = where(here, new, h), None if new_c is None else where(here, new_c, c)
    return h if last else stack(outputs, 1)


def both_ways(
    layer: Any, arrays: list[np.ndarray], *, seed: int = 1, **keywords: Any
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The result, and the gradients that a random cotangent gives."""
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    y = layer(*leaves, **keywords)
    y.backward(np.random.default_rng(seed).normal(size=y.shape))
    assert all(leaf.grad is not None for leaf in leaves)
    return y.data, [leaf.grad for leaf in leaves]


def close(got: Any, want: Any) -> None:
    for a, b in zip((got[0], *got[1]), (want[0], *want[1]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [(5, 7, 3, 4), (1, 1, 1, 1), (128, 5, 2, 256)])  # the last in three blocks
@pytest.mark.parametrize("name", LAYERS)
def test_a_fused_layer_equals_the_tape(name: str, size: Any, masked: bool, last: bool) -> None:
    arrays = drawn(name, *size)
    mask = np.random.default_rng(2).random(size[:2]) < 0.6 if masked else None
    fused = both_ways(op(getattr(layers(), name)), arrays, mask=mask, last=last)
    want = both_ways(lambda *leaves: step_by_step(name, list(leaves), mask, last), arrays)
    close(fused, want)
    if mask is not None:
        assert not fused[1][0][~mask].any()
        assert last or not fused[0][~mask].any()


@pytest.mark.parametrize("name", LAYERS)
def test_what_padding_holds_changes_nothing(name: str) -> None:
    arrays, mask = drawn(name, 4, 6, 3, 5), np.random.default_rng(3).random((4, 6)) < 0.5
    odd = [np.where(mask[..., None], arrays[0], np.nan), *arrays[1:]]
    layer = op(getattr(layers(), name))
    close(both_ways(layer, odd, mask=mask), both_ways(layer, arrays, mask=mask))


@pytest.mark.parametrize("name", LAYERS)
def test_a_fused_layer_equals_torch(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
    B, T, D, H = 5, 30, 3, 8
    arrays = drawn(name, B, T, D, H)
    x, h0, *c0, W = (torch.tensor(a, requires_grad=True) for a in arrays)
    if name == "gru":
        lib = type("lib", (), {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "concatenate": torch.cat})
        parameters = [*torch.split(W[:-1], H, dim=1), *torch.split(W[-1], H)]
        state, outputs = (h0,), []
        for t in range(T):
            state = CELLS["gru"].step(lib, parameters, x[:, t], state)
            outputs.append(state[0])
        y = torch.stack(outputs, 1)
    else:
        kind = torch.nn.RNN if name == "rnn" else torch.nn.LSTM
        order = [2, 1, 0, 3] if name == "lstm" else [0]  # torch's i, f, g, o from our g, f, i, o
        rows = torch.cat([W.T[k * H : (k + 1) * H] for k in order])
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        values = (rows[:, H:-1], rows[:, :H], rows[:, -1], torch.zeros_like(rows[:, -1]))
        state = (h0[None], c0[0][None]) if c0 else h0[None]
        module = kind(D, H, batch_first=True, dtype=torch.float64)
        y, _ = torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x, state))
    y.backward(torch.tensor(np.random.default_rng(1).normal(size=y.shape)))
    want = y.detach().numpy(), [leaf.grad.numpy() for leaf in (x, h0, *c0, W)]
    close(both_ways(op(getattr(layers(), name)), arrays), want)


@pytest.mark.parametrize("name", LAYERS)
def test_single_precision_stays_and_data_needs_no_gradient(name: str) -> None:
    arrays = [a.astype(np.float32) for a in drawn(name, 3, 4, 2, 5)]
    y, vjps = getattr(layers(), name)(*arrays, dx=False)
    assert y.dtype == np.float32
    first, *others = vjps(np.ones_like(y))
    assert first is None
    assert all(g.dtype == np.float32 and g.shape == a.shape for g, a in zip(others, arrays[1:], strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_no_steps_at_all(name: str) -> None:
    arrays = drawn(name, 3, 0, 2, 5)
    y, gradients = both_ways(op(getattr(layers(), name)), arrays)
    assert y.shape == (3, 0, 5)
    assert [g.shape for g in gradients] == [a.shape for a in arrays]
    h, gradients = both_ways(op(getattr(layers(), name)), arrays, last=True)
    np.testing.assert_array_equal(h, arrays[1])
    np.testing.assert_array_equal(gradients[1], np.random.default_rng(1).normal(size=(3, 5)))


# Workspaces are used again, and never while something still needs them


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_results_and_vjps_outlive_later_calls(name: str, last: bool) -> None:
    layer = getattr(layers(), name)
    cases = [drawn(name, 3, 6, 2, 4, seed) for seed in range(3)]
    g = np.random.default_rng(9).normal(size=(3, 4) if last else (3, 6, 4))
    alone = []
    for case in cases:
        layers().IDLE.clear()
        y, vjps = layer(*case, last=last)
        alone.append([y.copy(), *(part.copy() for part in vjps(g))])
    layers().IDLE.clear()
    made = [layer(*case, last=last) for case in cases]
    held = {n: made[n][1](g) for n in (1, 0, 2)}
    again = {n: made[n][1](g) for n in (2, 1, 0)}
    kept = [y for y, _ in made]
    del made
    for seed in range(3, 6):  # these use the three workspaces that were given back
        layer(*drawn(name, 3, 6, 2, 4, seed), last=last)[1](g)
    for n, (y, *gradients) in enumerate(alone):
        np.testing.assert_array_equal(kept[n], y)
        for parts in (held[n], again[n]):
            for got, want in zip(parts, gradients, strict=True):
                np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", LAYERS)
def test_one_layer_in_many_places_of_a_graph(name: str) -> None:
    """Stacked on itself, beside itself, with a state of another call; twice, so that rooms are used again."""

    def graph(layer: Any, x: Tensor, h0: Tensor, *rest: Tensor) -> Tensor:
        lower = layer(x, h0, *rest)
        upper = layer(lower, lower[:, -1], *rest)
        beside = layer(x * 0.5, upper[:, 0], *rest)
        return concatenate([lower, upper * beside, layer(upper, h0, *rest, last=True)[:, None]], 1)

    def plain(*leaves: Tensor, last: bool = False) -> Tensor:
        return step_by_step(name, list(leaves), None, last)

    for seed in range(2):
        arrays = drawn(name, 3, 5, 4, 4, seed)
        fused = op(getattr(layers(), name))
        close(
            both_ways(lambda *leaves: graph(fused, *leaves), arrays),
            both_ways(lambda *leaves: graph(plain, *leaves), arrays),
        )


def test_a_workspace_is_idle_once_its_vjps_are_gone_and_few_are_kept() -> None:
    module, arrays = layers(), drawn("lstm", 2, 3, 2, 4)
    module.IDLE.clear()
    y, vjps = module.lstm(*arrays)
    assert not module.IDLE
    del vjps
    (first,) = module.IDLE
    with no_grad():
        op(module.lstm)(*arrays)
    assert list(module.IDLE) == [first]
    module.lstm(*drawn("lstm", 2, 4, 2, 4))
    assert len(module.IDLE) == 2
    for T in range(5, 25):
        module.lstm(*drawn("lstm", 2, T, 2, 4))
    assert len(module.IDLE) == module.IDLE.maxlen
    assert y.shape == (2, 3, 4)
