"""Figures and claims in the notebooks: each case is a passage as it stands, and what makes it true.

Here is what can be computed in a moment. What must be trained for is held by the test of that notebook's
labs (`test_rnn.py`, `test_lstm.py`, `test_gru.py`); what a lab prints is the text's own evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from minigrad.data import calendars, characters, echo, memory, pairs, recall, recordings, tasks, writing
from minigrad.nn import Linear, init
from tests.solved import names, solved

RNG = np.random.default_rng


def lab(name: str, id: str) -> dict[str, object]:
    """What one lab defines, in a notebook whose `check` finds nothing solved."""
    space = names(name)
    space["check"] = type("Nothing", (), {"passed": lambda self, *_: False})()
    source = next(c.source for c in solved(name).cells if c.id == id)
    exec(compile(source.split("def with_the_library")[0], f"<cell {id}>", "exec"), space)
    return space


def size(cell: object) -> int:
    return sum(p.data.size for p in cell.parameters())  # type: ignore[attr-defined]


def spirals() -> bool:
    """The network of part 9, and its points."""
    space = lab("00-autograd", "lab-trick")
    _, labels = space["spirals"](RNG(0))  # type: ignore[operator]
    weights = space["start"](RNG(0))  # type: ignore[operator]
    return bool(sum(w.size for w in weights) == 1251 and np.bincount(labels).tolist() == [100] * 3)


def nudges(low: float, high: float, bound: float) -> bool:
    """Whether central differences of the V's function are right to `bound` for nudges from low to high."""
    f, x = (lambda x: np.exp(np.sin(3 * x))), 0.7
    exact = f(x) * 3 * np.cos(3 * x)
    errors = [abs((f(x + e) - f(x - e)) / (2 * e) - exact) for e in np.geomspace(low, high, 9)]
    return max(errors) < bound * abs(exact)


def order(length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the first and the second of X and Y stand, in a thousand sequences."""
    counts = memory.order(RNG(0), 1000, length).x[:, :, :2].any(axis=2)
    assert (counts.sum(axis=1) == 2).all()
    return counts.argmax(axis=1), length - 1 - counts[:, ::-1].argmax(axis=1)


def between(which: int, low: float, high: float) -> bool:
    """Whether the first or the second stands between these shares of the length, in whole steps."""
    places = {T: order(T)[which] for T in (12, 24, 48)}
    return all(low * T - 1 < at.min() and at.max() < high * T + 1 for T, at in places.items())


def reber_lengths() -> set[int]:
    rng = RNG(0)
    return {len(memory.reber_string(rng)) for _ in range(500)}


def judged_alone() -> float:
    """How often the judging word without its "not" is right about a text."""
    batch = recall.sentiment(RNG(0), 2000)
    judges = [next(recall.WORDS[t] for t in text if 2 <= t < 10) in recall.POSITIVE for text in batch.x]
    return float(np.mean(np.array(judges) == batch.y))


def nots() -> np.ndarray:
    """The share of texts without "not", with it before the judging word, and behind it."""
    batch = recall.sentiment(RNG(0), 2000)
    kinds = np.zeros(3)
    for text in batch.x:
        judge, away = int(np.flatnonzero((text >= 2) & (text < 10))[0]), np.flatnonzero(text == 1)
        kinds[0 if not len(away) else 1 + int(away[0] > judge)] += 1
        assert not len(away) or abs(int(away[0]) - judge) <= 2
    return kinds / len(batch)


def memory_span(z: float) -> float:
    """The mean age of what an exponential moving average consists of, in steps."""
    n = np.arange(10_000)
    return float((z * (1 - z) ** n * n).sum())


def echoed() -> bool:
    batch = echo(RNG(0), 9)
    return bool((batch.y[:, 10:, 0] == (batch.x[:, :-10, 0] > 0)).all())


def four_times() -> bool:
    lstm, plain = names("02-lstm")["LSTMCell"], names("01-rnn")["RNNCell"]
    return size(lstm(3, 5)) == 4 * size(plain(3, 5))


def lstm_reader() -> int:
    space = names("02-lstm")
    return size(space["LSTMCell"](6, 32)) + size(Linear(32, 4))


def shares() -> list[float]:
    """The parameters of a GRU over those of an LSTM, at equal sizes."""
    lstm, gru = names("02-lstm")["LSTMCell"], names("03-gru")["GRUCell"]
    return [size(gru(D, H)) / size(lstm(D, H)) for D, H in ((1, 1), (2, 16), (8, 16), (64, 128))]


def clipped() -> list[list[float]]:
    from minigrad.nn import Parameter

    pair = [Parameter(np.zeros(2)), Parameter(np.zeros(2))]
    pair[0].grad, pair[1].grad = np.array([3.0, 0.0]), np.array([0.0, 4.0])
    names("01-rnn")["clip_grad_norm"](pair, 1.0)
    return [p.grad.round(12).tolist() for p in pair]


def drawing() -> set[str]:
    """Which of the student's functions take part when a network learns the spirals."""
    space, used = names("00-autograd"), set()
    mine = (
        "numeric_grad",
        "sigmoid",
        "tanh",
        "matmul",
        "backward",
        "unbroadcast",
        "getitem",
        "cross_entropy",
    )

    def noting(name: str) -> Callable[..., object]:
        function = space[name]

        def noted(*arguments: object) -> object:
            used.add(name)
            return function(*arguments)

        return noted

    space |= {name: noting(name) for name in mine}
    lab = next(c.source for c in solved("00-autograd").cells if c.id == "lab-spiral")
    short = {"spirals": lambda rng: (np.ones((3, 2)), np.arange(3)), "start": lambda rng: START}
    space |= {**short, "train": lambda weights, loss, *_: loss().backward()}
    exec(compile(lab.split("if check.passed")[0], "<cell lab-spiral>", "exec"), space)
    space["with_your_tape"]()
    return used


START = [np.ones((2, 2)), np.ones(2), np.ones((2, 2)), np.ones(2), np.ones((2, 3)), np.ones(3)]


def products(T: int, B: int, D: int, H: int) -> int:
    """The multiplications of an LSTM's pass through its matrix."""
    return T * B * (H + D + 1) * 4 * H


def fast_sizes() -> dict[str, tuple[int, int, int, int]]:
    found = re.search(
        r"^SIZES = (\{.*?\})", next(c.source for c in solved("07-fast").cells if c.id == "helpers"), re.M
    )
    assert found
    return dict(eval(found[1]))


def credited(chunk: int) -> float:
    """How many steps back, itself included, a step of a chunk is credited on average."""
    return float(np.mean(np.arange(chunk) + 1))


def letters() -> int:
    """How many letters a note is made of."""
    return len({int(t) for row in pairs.copies(RNG(0), 500, 8, 8).x for t in row})


AT = np.linspace(-5, 5, 11)


def fields() -> dict[str, None]:
    space: dict[str, dict[str, None]] = {}
    exec(next(c.source for c in solved("08-applications").cells if c.id == "predictions"), space)
    return space["predicted"]


CLAIMS: list[tuple[str, str, Callable[[], object]]] = [
    ("00-autograd", "with respect to 1,251 parameters", spirals),
    ("00-autograd", "a hundred points each", spirals),
    (
        "00-autograd",
        "found five hundred times",
        lambda: "updates=500, lr=0.2, stills" in source("00-autograd"),
    ),
    (
        "00-autograd",
        "is drawn by five functions that you wrote",
        lambda: drawing() == {"tanh", "matmul", "backward", "unbroadcast", "cross_entropy"},
    ),
    ("00-autograd", "$e^{1000}$ is no float", lambda: np.log(np.finfo(float).max) < 1000),
    (
        "00-autograd",
        "at $x = -1000$ it asks for $e^{1000}$, which is larger than any float64",
        lambda: np.log(np.finfo(float).max) < 1000,
    ),
    ("00-autograd", "Between $10^{-7}$ and $10^{-5}$ both are small", lambda: nudges(1e-7, 1e-5, 1e-8)),
    (
        "00-autograd",
        "numbers from nudging agree with exact ones to nine digits",
        lambda: nudges(1e-6, 1e-6, 1e-9),
    ),
    ("01-rnn", "It has 128 numbers of memory", lambda: "RNNCell(32, 128, rng=rng)" in source("01-rnn")),
    ("01-rnn", "the bit from ten steps ago", echoed),
    ("01-rnn", "one of four commands", lambda: len(tasks.BOOM_TARGETS) == 4),
    (
        "01-rnn",
        "a gradient can double with each of the 24 steps",
        lambda: tasks.boom(RNG(0), 1).x.shape[1] == 24,
    ),
    ("01-rnn", "$2^{24}$ is seventeen million", lambda: round(2**24 / 1e6) == 17),
    (
        "01-rnn",
        "the usual Glorot draw (variance $2/(D+H)$)",
        lambda: abs(init.glorot((300, 100), RNG(0)).var() - 2 / 400) < 1e-4,
    ),
    (
        "01-rnn",
        "at $\\rho = 0.5$ the first state gets $9 \\cdot 10^{-16}$ of the gradient",
        lambda: f"{0.5**50:.0e}" == "9e-16",
    ),
    ("01-rnn", "at $\\rho = 1.5$ six hundred million times as much", lambda: round(1.5**50 / 1e8) == 6),
    ("01-rnn", "loses a factor of 300,000 in fifty steps", lambda: round(1e-5 / measured("tanh", 1.0)) == 3),
    (
        "01-rnn",
        "To break even one would need $\\rho \\approx 1.5$",
        lambda: measured("tanh", 1.1) < 0.1 < measured("tanh", 1.5) < 10,
    ),
    ("01-rnn", "they become (0.6, 0) and (0, 0.8)", lambda: clipped() == [[0.6, 0.0], [0.0, 0.8]]),
    ("02-lstm", "They differ in 32 numbers out of 5,124", lambda: lstm_reader() == 5124),
    ("02-lstm", "The first comes between $T/10$ and $T/5$", lambda: between(0, 1 / 10, 1 / 5)),
    ("02-lstm", "the second between $T/2$ and $3T/5$", lambda: between(1, 1 / 2, 3 / 5)),
    (
        "02-lstm",
        "must be kept for about $0.85\\,T$ steps",
        lambda: abs(1 - order(48)[0].mean() / 48 - 0.85) < 0.02,
    ),
    (
        "02-lstm",
        "after about $0.7/(1-f)$ steps",
        lambda: abs(np.log(0.5) / np.log([0.9, 0.99]) * (1 - np.array([0.9, 0.99])) - 0.7).max() < 0.05,
    ),
    ("02-lstm", "The odd one, 0.731, is $\\sigma(1)$", lambda: round(1 / (1 + np.exp(-1)), 3) == 0.731),
    ("02-lstm", "its end at $1.6 \\cdot 10^{-7}$", lambda: f"{0.731**50:.1e}" == "1.6e-07"),
    ("02-lstm", "an LSTM has four times the parameters of a plain cell", four_times),
    (
        "02-lstm",
        "The strings have different lengths (9 to 14 symbols)",
        lambda: reber_lengths() == {9, 10, 11, 12, 13, 14},
    ),
    (
        "02-lstm",
        "Networks learn badly from numbers like 1013.2 hPa, for gates saturate",
        lambda: 1 / (1 + np.exp(-1013.2)) == 1,
    ),
    ("02-lstm", "three quarters of the parameters", lambda: shares() == [0.75] * 4),
    ("03-gru", "three quarters of the parameters", lambda: shares() == [0.75] * 4),
    ("03-gru", "So at equal sizes it is always 3 to 4", lambda: shares() == [0.75] * 4),
    ("03-gru", "so the state looks back about $1/z$ steps", lambda: abs(memory_span(0.05) * 0.05 - 1) < 0.06),
    ("03-gru", "after 50 steps $0.5^{50} \\approx 10^{-15}$", lambda: f"{0.5**50:.0e}" == "9e-16"),
    (
        "03-gru",
        "texts of 5 to 12 words",
        lambda: set(recall.sentiment(RNG(0), 500).mask.sum(axis=1).tolist()) == {*range(5, 13)},
    ),
    (
        "03-gru",
        "In a third of them *not* stands one or two words before it",
        lambda: np.abs(nots() - 1 / 3).max() < 0.04,
    ),
    ("03-gru", "the judging word alone (right in two of three)", lambda: abs(judged_alone() - 2 / 3) < 0.04),
    ("02-lstm", "there are about $2^{50}$ ways", lambda: "(50, 16, 4)" in source("02-lstm")),
    (
        "02-lstm",
        "the product over 50 steps should be about $0.73^{50} = 1.6",
        lambda: f"{0.731**50:.1e}" == "1.6e-07",
    ),
    ("05-training", "for $p = 0.5$ and twelve steps, once in 4,096", lambda: 0.5**12 * 4096 == 1),
    (
        "05-training",
        "on average it is $(k + 1)/2$",
        lambda: all(credited(k) == (k + 1) / 2 for k in (2, 5, 30)),
    ),
    (
        "05-training",
        "in pascal about 100,000. tanh of anything like that is ±1",
        lambda: np.tanh(290.0) == np.tanh(100_000.0) == 1,
    ),
    (
        "06-seq2seq",
        "All that goes through the wall is sixty-four numbers",
        lambda: "DATE_WRITTEN), 16, 64, rng)" in source("06-seq2seq"),
    ),
    ("06-seq2seq", "there are $6^8$, fewer than two million notes", lambda: 6**8 < 2e6 and letters() == 6),
    ("06-seq2seq", "The messages of 150 days", lambda: "for _ in range(150)]" in source("06-seq2seq")),
    (
        "07-fast",
        "for one with three hundred times as much to multiply",
        lambda: round(products(*fast_sizes()["M"]) / products(*fast_sizes()["XS"]) / 100) == 3,
    ),
    (
        "07-fast",
        "since $\\sigma(a) = (1 + \\tanh(a/2))/2$",
        lambda: np.allclose((1 + np.tanh(AT / 2)) / 2, 1 / (1 + np.exp(-AT))),
    ),
    ("08-applications", "Fifteen things that people do", lambda: len(fields()) == 15),
    ("08-applications", "dates as forty languages write them", lambda: len(calendars.calendars()) == 40),
    ("08-applications", "on thirty languages", lambda: len(calendars.calendars()[3::4]) == 40 - 30),
    (
        "08-applications",
        "nine men say two Japanese vowels, 640 times in all",
        lambda: sum(len(part) for part in recordings.vowels()) == 640 and recordings.SPEAKERS == 9,
    ),
    (
        "08-applications",
        "There are forty recordings for training and forty for the test.",
        lambda: [len(part) for part in recordings.motions()] == [40, 40],
    ),
    ("08-applications", "5,000 words of a dictionary for training", lambda: len(writing.sounds()) == 6000),
    (
        "08-applications",
        "Five and a third are enough to name any of some forty characters",
        lambda: abs(np.log2(40) - 5 - 1 / 3) < 0.02 and abs(len(characters().vocabulary) - 40) <= 5,
    ),
    ("03-gru", "a sequence has twenty numbers, two of them are marked", lambda: adding_marks()[0]),
    ("03-gru", "the last four steps have no mark", lambda: adding_marks()[1]),
    (
        "03-gru",
        "for adding also the error of always saying 1",
        lambda: abs(((recall.adding(RNG(0), 50_000).y - 1) ** 2).mean() - 1 / 6) < 5e-3,
    ),
]


def adding_marks() -> tuple[bool, bool]:
    marks = recall.adding(RNG(0), 500).x[:, :, 1]
    return marks.shape[1] == 20 and set(marks.sum(axis=1)) == {2.0}, not marks[:, -4:].any()


def measured(kind: str, rho: float) -> float:
    """A ratio of the table in 01-rnn, which the test of its labs measures again."""
    found = re.search(rf'\("{kind}", {rho}\): ([\d.e-]+)', source("01-rnn"))
    assert found
    return float(found[1])


def source(name: str) -> str:
    """All cells of a notebook, each run of white space as one blank."""
    return " ".join(" ".join(c.source for c in solved(name).cells).split())


@pytest.mark.parametrize(("name", "passage", "holds"), CLAIMS, ids=[f"{n}: {p}" for n, p, _ in CLAIMS])
def test_what_a_text_says_is_so(name: str, passage: str, holds: Callable[[], object]) -> None:
    assert passage in source(name)
    assert holds()
