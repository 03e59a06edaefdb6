"""Sums of products: of vectors and matrices by `dot`, over any axes by `einsum`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.fast import lift, quick
from minigrad.fast.vjps import zeros
from minigrad.sums import MANY, widened
from minigrad.tape import Array, Result, unbroadcast

__all__ = ["dot", "einsum"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@quick
def dot(a: Array, b: Array) -> Result:
    """The sums of products along the last axis of a and the last but one of b: (n, k) by (k, m) gives (n, m).

    A vector (k,) has but one axis; of more axes than two, all of a stand before all of b in the result, as in
    NumPy. With a scalar, of shape (), it is their product. Raises ValueError where the lengths differ.
    """
    if not a.ndim or not b.ndim:
        return a * b, (b, a)
    turned = np.moveaxis(b, -2, 0) if b.ndim > 1 else b
    k, shape = a.shape[-1], a.shape[:-1] + turned.shape[1:]
    rows = a.reshape(math.prod(a.shape[:-1]), k)
    columns = turned.reshape(len(turned), math.prod(turned.shape[1:]))

    def flat(g: Array) -> Array:
        return g.reshape(len(rows), columns.shape[1])

    def vjp_b(g: Array) -> Array:
        gb = (rows.T @ flat(g)).reshape(turned.shape)
        return np.moveaxis(gb, 0, -2) if b.ndim > 1 else gb

    return (rows @ columns).reshape(shape), (lambda g: (flat(g) @ columns.T).reshape(a.shape), vjp_b)


@lift
def einsum(subscripts: str, *operands: Array) -> Result:
    """Sums of products of tensors by letters for their axes: "ij,jk->ik" of (n, k) and (k, m) gives (n, m).

    Letters that the result lacks are summed over. Without "->" it has those that occur once, in alphabetical
    order. A letter twice in one operand takes its diagonal; "..." stands for any further axes, which
    broadcast. Raises ValueError where letters, operands and lengths do not fit, TypeError for no text.
    """
    terms, out = _terms(subscripts, operands)
    y = _contracted(terms, out, *operands)

    def vjp_of(i: int) -> Any:
        term, x = terms[i], operands[i]
        others, rest = [*operands[:i], *operands[i + 1 :]], [*terms[:i], *terms[i + 1 :]]
        own = "".join(dict.fromkeys(term))  # each letter once
        known = [letter for letter in own if letter in out or any(letter in t for t in rest)]

        def vjp(g: Array) -> Array:
            part = _contracted([out, *rest], "".join(known), g, *others)
            part = part[tuple([slice(None) if letter in known else None for letter in own])]
            lengths = [x.shape[term.index(letter)] for letter in own]
            # Whatever has one entry in all others, or is in none of them, was summed over: it spreads.
            part = np.broadcast_to(
                part, [m if n == 1 else n for n, m in zip(part.shape, lengths, strict=True)]
            )
            if own == term:
                return part
            gx = zeros(x.shape, g)
            np.einsum(f"{term}->{own}", gx)[...] = unbroadcast(part, tuple(lengths))  # a view: the diagonal
            return gx

        return vjp

    return y, (None, *[vjp_of(i) for i in range(len(operands))])


def _contracted(terms: list[str], out: str, *operands: Array) -> Array:
    """NumPy's einsum, in the operands' dtype. Many float32 are added up as float64, but for a product of two
    matrices, which BLAS does, in parts.
    """
    subscripts = f"{','.join(terms)}->{out}"
    if max([x.size for x in operands]) > MANY:
        lengths = {
            letter: n
            for t, x in zip(terms, operands, strict=True)
            for letter, n in zip(t, x.shape, strict=False)
            if n > 1
        }
        summed = lengths.keys() - set(out)
        a, b = set(terms[0]), set(terms[-1])
        matrices = len(terms) == 2 and a & b == summed and a - b and b - a
        if not matrices and math.prod([lengths[letter] for letter in summed]) > MANY:
            wide = np.einsum(subscripts, *map(widened, operands), optimize=True)
            return wide.astype(np.result_type(*operands))
    return np.einsum(subscripts, *operands, optimize=True)


def _terms(subscripts: str, operands: tuple[Array, ...]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with letters in place of "..."."""
    if not isinstance(subscripts, str):
        kind = type(subscripts).__name__
        raise TypeError(f"einsum takes its subscripts as text, such as 'ij,jk->ik', not a {kind}")
    given, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"{subscripts!r} names {len(terms)} operands, {len(operands)} were given")
    if not arrow:
        out = "..." * ("..." in given) + "".join(
            sorted(c for c in given if c.isalpha() and given.count(c) == 1)
        )
    free = [letter for letter in _LETTERS if letter not in given]
    surplus = [x.ndim - len(t.replace("...", "")) for t, x in zip(terms, operands, strict=True) if "..." in t]
    dots = "".join(free[: max(surplus, default=0)])
    counts = iter(surplus)
    terms = [t.replace("...", dots[len(dots) - next(counts) :]) if "..." in t else t for t in terms]
    return terms, out.replace("...", dots)
