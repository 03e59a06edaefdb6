"""Random programs on the tape of `tape.py` and on that of `fast/`: `python -m tests.tapes 20000 [SEED]`.

A program draws leaves, ops, backward passes and mistakes from one random stream. It is run on both tapes, and
all that can be seen must agree: results, gradients, dtypes, which arrays can be written, and every error with
its words and notes. Half of the programs leave out what the two tapes may sum in another order: products of
matrices, indices that repeat, broadcasting, two dtypes. In these, numbers agree to the last bit; in the
others within rounding.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, fast, no_grad, op

SHAPES = [(), (3,), (1,), (2, 3), (3, 3), (4, 4), (3, 1), (1, 3), (2, 1, 3), (0, 3), (3, 0), (4, 3, 2)]
TOLERANCE = {np.dtype(np.float64): 1e-11, np.dtype(np.float32): 2e-4}


@contextmanager
def the_tape(on: bool) -> Iterator[None]:
    """With on=False, all on the plain tape."""
    before, fast.ON = fast.ON, on
    try:
        yield
    finally:
        fast.ON = before


# Ops of a user's own, with every kind of vjps that the contract allows, and some that it does not


@op
def same(x):
    return x * 1, (lambda g: g,)


@op
def itself(x):
    return x, (lambda g: g,)


@op
def second(a, b):
    return b, (None, lambda g: g)


@op
def turned(x):
    return x.T.copy(), (lambda g: g.T,)


@op
def part(x):
    return np.stack([x, x]), (lambda g: g[1],)


@op
def product(a, b):
    return a * b, (b, a)


@op
def shared(a, b, *, factor=2.0):
    return a * b * factor, lambda g: (g * b * factor, g * a * factor)


@op
def joined(*arrays):
    total = arrays[0]
    for a in arrays[1:]:
        total = total + a
    return total * 1, tuple([lambda g: g] * len(arrays))


@op
def by_name(x, *, scale):
    return x * scale, (scale, x)


@op
def raising(x):
    def vjp(g):
        raise ArithmeticError("no way back")

    return x + 1, (vjp,)


@op
def misshapen(a, b):
    return a + b, (lambda g: g, lambda g: g[None][..., :1].repeat(5, -1))


@op
def too_few(a, b):
    return a * b, lambda g: (g * b,)


@op
def one_of_two(a, b):
    return a * b, (b,)


UNARY = [
    *(mg.tanh, mg.sigmoid, mg.sin, mg.neg, mg.relu, mg.abs, mg.softplus, mg.leaky_relu),
    *(lambda x: mg.exp(mg.tanh(x)), lambda x: x * 0.5, lambda x: 1 - x, lambda x: x**2, lambda x: x + 1),
    *(lambda x: mg.clip(x, -0.5, 0.5), lambda x: x.astype(x.dtype), same, itself, part, turned),
    *(lambda x: mg.tanh(x=x), lambda x: mg.mul(b=x, a=2.0), lambda x: by_name(x, scale=x)),
    *(lambda x: x.T, lambda x: x.reshape(-1), lambda x: x[None], lambda x: mg.flip(x), mg.squeeze),
    *(lambda x: x.swapaxes(0, -1), lambda x: mg.pad(x, 1), lambda x: mg.cumsum(x, 0), lambda x: x[...]),
    *(lambda x: x.sum(), lambda x: x.sum(axis=0), lambda x: mg.mean(x=x, axis=-1, keepdims=True)),
    *(lambda x: x.std(axis=0), lambda x: mg.norm(x=x, axis=-1), lambda x: x.flatten(), mg.ravel, mg.sign),
    *(lambda x: x % 0.7, lambda x: x // 2, lambda x: mg.einsum("...->...", x), lambda x: x.isfinite()),
    *(lambda x: x.max(), lambda x: mg.min(x, axis=0), lambda x: x.detach(), lambda x: x.astype(int)),
]
BINARY = [
    *(mg.add, mg.sub, mg.mul, mg.maximum, mg.minimum, lambda a, b: a / (b * b + 1.0), product, shared),
    *(lambda a, b: mg.add(b=a, a=b), lambda a, b: mg.where(a.data > 0, a, b), lambda a, b: second(a, b=b)),
    *(lambda a, b: joined(a, b, a), lambda a, b: mg.concatenate([a, b]), lambda a, b: mg.stack([a, b], -1)),
    *(lambda a, b: mg.concatenate(tensors=[a, b, a], axis=-1), lambda a, b: mg.sub(a, b.data)),
    *(lambda a, b: a[1:] * b[:-1], lambda a, b: a[:, :2] + b[:, 1:], lambda a, b: mg.add(a, b=b) * a),
]
REORDERED = [
    *(mg.dot, lambda a, b: mg.einsum("ij,jk", a, b), lambda a, b: mg.einsum("...i,...i->...", a, b)),
    *(lambda a, b: mg.mod(b=a * a + 1, a=b), lambda a, b: mg.einsum("ii,...->i", a, b)),
    mg.matmul,
    lambda a, b: a @ mg.tanh(b) @ b,
    lambda a, b: mg.matmul(b=b, a=a),
]
MISTAKES = [lambda a, b: raising(a), misshapen, too_few, one_of_two, lambda a, b: raising(a) * b]


@dataclass
class Program:
    """One program while it runs: its stream, its tensors, and what was seen so far."""

    rng: np.random.Generator
    values: list[Tensor] = field(default_factory=list)
    leaves: list[Tensor] = field(default_factory=list)
    retained: list[Tensor] = field(default_factory=list)
    seen: list[tuple[str, Any]] = field(default_factory=list)
    dtypes: list[Any] = field(default_factory=list)
    exact: bool = False  # nothing that may be summed in another order

    def __post_init__(self) -> None:
        self.exact = self.chance(0.5)

    def pick(self, choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def attempt(self, what: str, f: Any, *arguments: Any) -> Any:
        """f(*arguments), or None where it raises; the error is part of what is seen."""
        try:
            return f(*arguments)
        except Exception as error:
            notes = getattr(error, "__notes__", [])
            self.seen.append((what, f"{type(error).__name__}: {error} {notes}"))
            return None

    def leaf(self) -> None:
        shape = self.pick(SHAPES)
        dtype = np.dtype(np.float32 if self.chance(0.2) else np.float64)
        dtype = self.dtypes[0] if self.exact and self.dtypes else dtype
        self.leaves.append(Tensor(self.rng.standard_normal(shape).astype(dtype), requires_grad=True))
        self.values.append(self.leaves[-1])
        self.dtypes.append(dtype)

    def index(self, x: Tensor) -> Any:
        """An index into x: basic, of integers that may repeat, or of truth values."""
        kind = self.rng.integers(6)
        if kind == 0 or not x.ndim:
            return self.pick([0, -1, ..., None, slice(1, None), (..., 0)])
        if kind == 1:
            return self.rng.random(x.shape) < 0.5
        if kind == 2 and not self.exact:
            return self.rng.integers(-1, 2, 4)
        cuts = np.sort(self.rng.integers(0, 4, 2))
        along = slice(*map(int, cuts)) if self.chance(0.8) else slice(None, None, -1)
        return along if kind in (2, 3) or x.ndim == 1 else (slice(None), along)

    def pieces(self, a: Tensor) -> Tensor:
        """Parts of one tensor, by any axis and in any order, and all of it now and then, summed up."""
        total = a.sum() * 2.0
        for _ in range(self.rng.integers(2, 9)):
            piece = a if self.chance(0.2) else self.attempt("piece", lambda: a[self.index(a)])
            if piece is None:
                continue
            total = total + (piece * self.rng.standard_normal(piece.shape).astype(a.dtype)).sum()
        return total

    def recurrence(self) -> Tensor:
        """A state that is multiplied by two large matrices, by each several times."""
        shapes = (2, 70), (70, 70), (70, 70)
        x, *matrices = (Tensor(self.rng.standard_normal(shape) / 8, requires_grad=True) for shape in shapes)
        self.leaves += matrices
        self.dtypes.append(np.dtype(np.float64))
        for _ in range(self.rng.integers(2, 6)):
            x = mg.tanh(x @ self.pick(matrices))
        return x.sum()

    def step(self) -> None:
        a, b, kind = self.pick(self.values), self.pick(self.values), self.rng.random()
        if kind < 0.1:
            new = self.attempt("pieces", self.pieces, a)
        elif kind < 0.12 and not self.exact:
            new = self.recurrence()
        elif kind < 0.4:
            new = self.attempt("op of one", self.pick(UNARY), a)
        elif kind < 0.65:
            if self.exact:
                b = self.pick([v for v in self.values if v.shape == a.shape and v.dtype == a.dtype])
            new = self.attempt("op of two", self.pick(BINARY), a, b)
        elif kind < 0.87:
            new = self.attempt("index", lambda: a[self.index(a)])
        elif kind < 0.96 and not self.exact:
            new = self.attempt("product", self.pick(REORDERED), a, b)
        else:
            new = self.attempt("mistake", self.pick(MISTAKES), a, b)
        if new is None or new.size > 5000:
            return
        if kind >= 0.96 and self.chance(0.7):  # else nearly every program would end in an error
            return
        self.seen.append(("result", new.data.copy()))
        self.seen.append(("kind", (new.requires_grad, new.dtype, new.data.flags.writeable)))
        large = new.dtype.kind == "f" and np.abs(new.data).max(initial=0) > 50
        self.values.append(mg.tanh(new) if large else new)
        if self.chance(0.1) and self.attempt("retain", new.retain_grad) is not None:
            self.retained.append(new)

    def kept(self) -> list[Tensor]:
        """The tensors that have a gradient."""
        return [t for t in (*self.leaves, *self.retained) if t.grad is not None]

    def backward(self) -> None:
        live = [v for v in self.values if v.requires_grad and v.node.vjps is not None]
        root = self.pick(live[-4:] if live and self.chance(0.9) else self.values)
        if live and self.chance(0.7):  # of many results
            root = Tensor(np.zeros((), self.dtypes[0]))
            for value in live:
                root = root + value.sum() if self.chance(0.8) else root
        g = None
        if (root.size != 1 and not self.chance(0.05)) or self.chance(0.2):
            g = self.rng.standard_normal(root.shape)
        if g is not None and self.chance(0.05):
            g = g[None]
        kept = None if g is None else g.copy()
        self.attempt("backward", root.backward, g)
        self.seen.append(("with a gradient", [t.grad is not None for t in (*self.leaves, *self.retained)]))
        if g is not None:
            self.seen.append(("the cotangent given", np.array_equal(g, kept)))
        for tensor in self.kept():
            grad = tensor.grad
            mine = grad.flags.writeable and not np.shares_memory(grad, tensor.data)
            self.seen.append(("gradient", grad.copy()))
            self.seen.append(("of", (grad.dtype, grad.shape, mine)))
        for one in self.leaves:  # nobody else holds a leaf's gradient
            if one.grad is not None and self.chance(0.2):
                one.grad += 1
                self.seen += [("another's gradient", other.grad.copy()) for other in self.kept()]
        if self.chance(0.5):
            for tensor in self.leaves:
                tensor.zero_grad()
        if self.chance(0.5):  # what was freed stays in the way, but not always
            self.values = [v for v in self.values if not v.requires_grad or v.node.op is None]

    def run(self) -> Program:
        for _ in range(self.rng.integers(1, 4)):
            self.leaf()
        for _ in range(self.rng.integers(3, 25)):
            kind = self.rng.random()
            if kind < 0.1:
                self.backward()
            elif kind < 0.14:
                leaf = self.pick(self.leaves)
                leaf.data = leaf.data * 0.5
            elif kind < 0.17:
                self.leaf()
            else:
                with no_grad() if self.chance(0.05) else nullcontext():
                    self.step()
        self.backward()
        return self


def difference(seed: int) -> tuple[str | None, Program]:
    """What the two tapes disagree about in the program of a seed, or None; and the program."""
    programs = []
    with np.errstate(all="ignore"):
        for on in (True, False):
            with the_tape(on):
                programs.append(Program(np.random.default_rng(seed)).run())
    quick, plain = programs
    tolerance = 0.0 if quick.exact else max(TOLERANCE[dtype] for dtype in quick.dtypes)
    for place, ((what, a), (name, b)) in enumerate(zip(quick.seen, plain.seen, strict=False)):
        if what != name or not alike(a, b, tolerance):
            return f"seed {seed}, at {place}, {what}: fast gives\n{a}\nplain gives {name}\n{b}", quick
    if len(quick.seen) != len(plain.seen):
        return f"seed {seed}: {len(quick.seen)} observations against {len(plain.seen)}", quick
    return None, quick


def alike(a: Any, b: Any, tolerance: float) -> bool:
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return type(a) is type(b) and bool(a == b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if not tolerance or a.dtype.kind != "f":
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0.0)))
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def main(arguments: list[str]) -> int:
    count, first = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
    exact, errors, gradients, failed = 0, Counter[str](), 0, 0
    for seed in range(first, first + count):
        what, program = difference(seed)
        exact += program.exact
        errors.update(f"{name}, {text.split(':')[0]}" for name, text in program.seen if isinstance(text, str))
        gradients += sum(name == "gradient" for name, _ in program.seen)
        if what is not None:
            failed += 1
            print(what, flush=True)
    print(f"{count} programs, {exact} compared to the last bit, with {gradients} gradients")
    print(f"{failed} on which the tapes disagree")
    print("errors met on both:", ", ".join(f"{name} {n}" for name, n in errors.most_common()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
