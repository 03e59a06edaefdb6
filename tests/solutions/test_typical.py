"""What students do most, in the notebook: recognised by public checks alone, or told what to do instead.

Each case edits the solution; what is expected is a mutant, whose hint is shown, or words of the error.
"""

from __future__ import annotations

from typing import Any

import pytest

from minigrad.grading.assignment import load as sources
from minigrad.grading.notebook.checks import Checks
from minigrad.grading.notebook.release import release
from minigrad.grading.report.exercise import Result
from tests.solutions.test_hints import edited
from tests.solved import RELEASES, SOLUTIONS, names, solved

Edit = tuple[str, str]
ROWS = "np.zeros((batch, self.hidden_size)"
RNN = "return self.activation(x @ self.W_x + h @ self.W_h + self.b)"
BACKWARD = "return dx, dh, dW_x, dW_h, db"
SCALED = "p.grad *= max_norm / norm"
STEP = "    optimizer.step()"
DRAWN = "init.glorot((input_size, hidden_size), rng, dtype)"

RECOGNISED: list[tuple[str, str, tuple[Edit, ...], str]] = [
    ("01-rnn", "rnn-cell", (("x @ self.W_x", "x @ self.W_x.data"),), "cell-W_x-off-tape"),
    ("01-rnn", "rnn-cell", (("h @ self.W_h", "h.detach() @ self.W_h"),), "cell-detaches-state"),
    ("01-rnn", "rnn-cell", ((RNN, RNN.replace("b)", "b).detach()")),), "cell-leaves-the-tape"),
    ("01-rnn", "rnn-cell", ((ROWS, ROWS.replace("batch", "1")),), "cell-state-one-row"),
    ("01-rnn", "rnn-cell", ((RNN, RNN.replace("self.activation", "tanh")),), "cell-always-tanh"),
    ("01-rnn", "rnn-cell",
     (("is None else rng\n", "is None else np.random.default_rng()\n"),), "start-from-elsewhere"),
    ("01-rnn", "rnn-backward", ((BACKWARD, "return dx, dh, dW_h, dW_x, db"),), "backward-weights-exchanged"),
    ("01-rnn", "rnn-backward", ((BACKWARD, "return dh, dx, dW_x, dW_h, db"),), "backward-states-exchanged"),
    ("01-rnn", "clip-value", ((", out=p.grad)", ")"),), "value-nothing-clipped"),
    ("01-rnn", "clip-value", (("for p in parameters:", "for p in parameters + []:"),), "value-list-alone"),
    ("01-rnn", "clip-norm", ((SCALED, "p.data *= max_norm / norm"),), "norm-nothing-scaled"),
    ("01-rnn", "clip-norm", ((SCALED, "p.grad = p.grad * (max_norm / norm)"),), "norm-new-array"),
    ("01-rnn", "clip-norm", (("    return norm", "    norm"),), "norm-returns-nothing"),
    ("01-rnn", "train-step", (("    optimizer.zero_grad()\n", ""),), "train-no-zero-grad"),
    ("01-rnn", "train-step",
     ((STEP, "    for p in model.parameters():\n        p = p - 0.1 * p.grad"),), "train-no-step"),
    ("01-rnn", "train-step", (("float(value.data)", "value"),), "train-returns-tensor"),
    ("02-lstm", "lstm-cell", (("concatenate([h, x]", "concatenate([x, h]"),), "cell-x-first"),
    ("02-lstm", "lstm-cell", (("hx @ self.W_o", "hx @ self.W_o.data"),), "cell-W_o-off-tape"),
    ("02-lstm", "lstm-cell",
     (("h, c = state", "h, c = (s.detach() for s in state)"),), "cell-detaches-state"),
    ("02-lstm", "lstm-cell", ((ROWS, ROWS.replace("batch", "1")),), "cell-state-one-row"),
    ("03-gru", "gru-cell",
     (("concatenate([h, x]", "concatenate([x, h]"), ("concatenate([r * h, x]", "concatenate([x, r * h]")),
     "cell-x-first"),
    ("03-gru", "gru-cell",
     (("        hx =", "        h = h.detach()\n        hx ="),), "cell-detaches-state"),
    ("03-gru", "gru-cell", (("hx @ self.W_r", "hx @ self.W_r.data"),), "cell-W_r-off-tape"),
    ("04-batches", "pad", (("return x, mask", "return mask, x"),), "pad-exchanged"),
    ("04-batches", "masked-mean", ((" * (1 / max(count, 1))", ""),), "mean-is-a-sum"),
    ("05-training", "tbptt",
     (("(s.detach() for s in state)", "(state)"), ("state.detach()", "state")), "tbptt-nothing-cut"),
    ("05-training", "tbptt",
     (("tuple(s.detach() for s in state)", "(state[0].detach(), state[1])"),), "tbptt-keeps-c"),
    ("05-training", "recurrent-dropout", (("self.rng.random((", "np.random.random_sample(("),),
     "dropout-global-generator"),
    ("06-seq2seq", "sequence-loss", (("log_softmax(logits)", "log_softmax(logits, axis=1)"),),
     "loss-softmax-over-time"),
]  # fmt: skip

TOLD: list[tuple[str, str, Edit, str]] = [
    ("00-autograd", "backward", ("    node.grad = np.array(g) if", "    return np.array(g) if"),
     "`grad` is None after `backward`, which returns nothing and has to write it"),
    ("01-rnn", "rnn-cell", ("x @ self.W_x", "self.W_x @ x"), "say both shapes aloud"),
    ("01-rnn", "rnn-cell", ("x @ self.W_x", "x @ W_x"), "is `self.` missing in front of it?"),
    ("01-rnn", "rnn-cell", (RNN, RNN.replace("self.activation", "np.tanh")),
     "use minigrad.tanh"),
    ("01-rnn", "rnn-cell", (RNN, RNN.removeprefix("return ")),
     "`RNNCell`'s `__call__` gives None: is a `return` missing?"),
    ("01-rnn", "rnn-cell", (f"return Tensor({ROWS}", f"Tensor({ROWS}"),
     "`RNNCell`'s `initial_state` gives None: is a `return` missing?"),
    ("01-rnn", "rnn-cell",
     (f"{ROWS}, self.b.dtype)", "torch.zeros((batch, self.hidden_size))"), "there is no PyTorch here"),
    ("01-rnn", "clip-value", ("np.clip(p.grad, -clip_value, clip_value, out=p.grad)", "p.grad.clamp_(0)"),
     "`[...] =`"),
    ("01-rnn", "clip-norm", (SCALED, "p.grad.mul_(max_norm / norm)"), "`[...] =`"),
    ("01-rnn", "clip-norm", ("    return norm", "    norm"),
     "`clip_grad_norm` gives None: is a `return` missing?"),
    ("01-rnn", "train-step", ("value.backward()", "loss.backward()"), "call it, and take its result"),
    ("01-rnn", "train-step", ("loss(model(x), y)", "float(loss(model(x), y))"), "a float has no tape"),
    ("01-rnn", "train-step", ("    return float(value.data)", "    float(value.data)"),
     "`train_step` gives None: is a `return` missing?"),
]  # fmt: skip


def shown(name: str, cell: str, *edits: Edit, exercise: str = "") -> Result:
    """What `check(...)` shows of one exercise, whose name is the cell's where none is given."""
    folder = RELEASES / name
    made: dict[str, Any] = names(name, edited(name, cell, *edits))
    return Checks(release(folder), made, folder)(exercise or cell)


@pytest.mark.parametrize(
    ("name", "cell", "edits", "mistake"), RECOGNISED, ids=[f"{r[0]}-{r[1]}-{r[3]}" for r in RECOGNISED]
)
def test_a_typical_mistake_is_recognised_in_the_notebook(
    name: str, cell: str, edits: tuple[Edit, ...], mistake: str
) -> None:
    hint = next(m.hint for m in solved(name).mutants if m.name == mistake)
    said = shown(name, cell, *edits).hint
    assert hint.splitlines()[0] in said.splitlines()[0]


@pytest.mark.parametrize(
    ("edits", "mistake"),
    [
        ((("h @ self.W_h + self.b", "h @ self.W_h.T"),), "cell-transposed"),
        ((("h @ self.W_h + self.b", "self.b"), (ROWS, ROWS.replace("batch", "1"))), "cell-state-one-row"),
    ],
)
def test_two_mistakes_in_one_cell_get_the_hint_of_one(edits: tuple[Edit, ...], mistake: str) -> None:
    hint = next(m.hint for m in solved("01-rnn").mutants if m.name == mistake)
    assert shown("01-rnn", "rnn-cell", *edits).hint == f"More than one thing may be wrong here. First: {hint}"


@pytest.mark.parametrize(
    ("name", "cell", "edit", "words"), TOLD, ids=[f"{t[0]}-{t[1]}: {t[2][1][:30]}" for t in TOLD]
)
def test_a_typical_error_names_its_remedy(name: str, cell: str, edit: Edit, words: str) -> None:
    assert any(words in detail for row in shown(name, cell, edit).rows for detail in row.details)


def test_no_step_of_a_hint_is_a_line_of_the_solution() -> None:
    """A question, the idea, the place: never the line."""
    for name in sources.names(SOLUTIONS):
        lines = {line.strip() for text in solved(name).solution.values() for line in text.splitlines()}
        for mutant in solved(name).mutants:
            told = [line for line in lines if len(line) > 12 and line in mutant.hint]
            assert not told, f"{name}: {mutant.name}"


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([("x @ self.W_x", "self.W_x @ x")], "or the order"),
        ([("h @ self.W_h", "self.W_h @ h")], "or the order"),
        ([("x @ self.W_x", "x * self.W_x"), ("h @ self.W_h", "h * self.W_h")], "the operator"),
    ],
)
def test_another_wrong_product_is_not_told_that_a_matrix_is_turned(edits: list[Edit], words: str) -> None:
    """All stop in the same checks with the same kind of error: what is said must be true of all."""
    said = shown("01-rnn", "rnn-cell", *edits).hint
    assert said.startswith("No known mistake") or words in said


UNKNOWN: list[tuple[str, str, Edit, str]] = [
    ("01-rnn", "rnn-cell", (f"W_x = Parameter({DRAWN})", f"W_x = Tensor({DRAWN})"),
     "only if it is a `Parameter`"),
    ("01-rnn", "rnn-backward", ("db += da.sum", "db += 0.5 * da.sum"), "which of them add to it"),
    ("01-rnn", "clip-norm",
     ("}.values()", "}.values()\n    kept = iter(kept) if len(kept) < 2 else kept"), "for paper"),
    ("00-autograd", "sigmoid", ("y, (lambda g: g * y * (1 - y),)", "y"), "what `entries` says"),
    ("00-autograd", "backward", ("g = np.ones_like(root.data)", "pass"), "what `from-one` says"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cell", "edit", "words"), UNKNOWN)
def test_where_no_mistake_is_known_the_first_true_word_is_pointed_to(
    name: str, cell: str, edit: Edit, words: str
) -> None:
    exercise = "sigmoid-tanh" if cell == "sigmoid" else cell
    assert words in shown(name, cell, edit, exercise=exercise).hint
