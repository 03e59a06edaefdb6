"""RNN, LSTM and GRU over a whole sequence, each one op: forward pass, hand-derived backward pass, in NumPy.

The assignment's own `lstm_sequence` is what a student writes. This file takes the same derivation as far
as NumPy goes; `make bench` compares it with other libraries. Lift a function to Tensors by `minigrad.op`.

Shapes outside are the course's: x (B, T, D), states (B, H), mask (B, T), results (B, T, H) or, with
last=True, the last state (B, H). Parameters are one matrix W (H + D + 1, gates * H) that acts on
[h, x, 1]. Where the mask is False the state is carried and the output is zero. With dx=False there is
no cotangent of x, which data does not need: a fifteenth of an LSTM's step.

Inside, arrays are *feature-major*: rows are features and columns the batch, so that a gate is a
contiguous block and [h; x; 1] (K, B) is filled in by writing h where the next step reads it. Then

- a step is one product, W' @ [h; x; 1], that gives every gate, by W'.dot: of small arrays it takes half the
  time that matmul does;
- σ(a) = (1 + tanh(a / 2)) / 2, so with rows of W' halved all four gates of an LSTM are one tanh: half the
  time of exp, sum and reciprocal, and exact to the last digit of 1;
- what lies side by side is one call: c and g times f and i, for one;
- what the backward pass needs of a step is its cotangent times factors that the forward pass has
  settled; these are computed for several steps at once, and the loop does the rest;
- weight gradients are products over many steps at once;
- every result of the loops is written into a workspace. A workspace is in use as long as the vjps
  live that were made with it, and is borrowed again only then. Nothing that is returned lies in one.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy import add, copyto, matmul, multiply, subtract, tanh

IDLE: deque[Any] = deque(maxlen=8)  # workspaces that no vjps use, the least recently used first
BLOCK = 1 << 16  # entries of h, or of x where it is wider, in the steps of a block: its arrays stay in a cache
LINE = 64  # bytes that a cache moves at once


def borrow(kind: type, *key: Any) -> Any:
    """An idle workspace of this kind and size, or a new one."""
    for work in reversed(IDLE):
        if work.key == key and type(work) is kind:
            IDLE.remove(work)
            return work
    return kind(*key)


def lend(work: Any, vjps: Any) -> None:
    """The workspace is idle again once nobody can call these vjps any more."""
    weakref.finalize(vjps, IDLE.append, work).atexit = False


def room(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array for results that begins with a line of the cache: no register's worth lies across two."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


class Work:
    """What every layer needs: z[t] = [h; x; 1] as step t reads it, and room for cotangents."""

    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        self.key = T, B, D, H, gates, dtype
        self.one, self.half = np.array(1, dtype), np.array(0.5, dtype)  # met faster than Python numbers
        self.z = room((T + 1, H + D + 1, B), dtype)
        self.z[:, -1] = 1
        self.W = room((gates * H, H + D + 1), dtype)
        self.dh, self.dc, self.spare = room((3, H, B), dtype)
        self.block = max(1, min(T, BLOCK // max(1, max(H, D) * B)))  # steps
        self.flat_da: Any  # (block, gates * H, B)
        self.products: list[Products]

    def read(self, x: np.ndarray, h0: np.ndarray, off: Any) -> None:
        """Write all inputs and the first state where the steps read them; zeros where the mask is False."""
        H = h0.shape[1]
        self.z[0, :H] = h0.T
        self.z[:-1, H:-1] = x.swapaxes(0, 1).copy().swapaxes(1, 2)  # sorted by time first, it takes a third
        if off is not None:
            copyto(self.z[:-1, H:-1], 0, where=off)

    def result(self, off: Any, last: bool) -> np.ndarray:
        """The last state (B, H), or all outputs (B, T, H), in memory of its own."""
        H = len(self.dh)
        if last:
            return self.z[-1, :H].T.copy()
        hs = self.z[1:, :H].copy()
        if off is not None:
            copyto(hs, 0, where=off)
        return hs.transpose(2, 0, 1)

    def backward(self, W: Any, g: Any, off: Any, last: bool, dx: bool, through: Any) -> Any:
        """Cotangents of x (None without dx), h0 and W.

        Block by block, the last first: `through(steps, dhs)` goes back through a slice of steps, and leaves
        the cotangents of their gates at the beginning of `da`.
        """
        T, H = len(self.z) - 1, len(self.dh)
        dhs = None if last else np.ascontiguousarray(g.transpose(1, 2, 0))
        if dhs is not None and off is not None:
            dhs = np.where(off, 0, dhs)
        self.dh[...] = g.T if last else 0
        self.dc[...] = 0
        for products in self.products:
            products.sum[...] = 0
        d_x = np.empty((T, W.shape[0] - H - 1, self.dh.shape[1]), self.z.dtype) if dx else None
        for start in reversed(range(0, T, self.block)):
            steps = slice(start, min(T, start + self.block))
            through(steps, dhs)
            for products in self.products:
                products.add(steps)
            if d_x is not None:
                matmul(W[H:-1], self.flat_da[: steps.stop - start], d_x[steps])
        dW = np.concatenate([products.sum for products in self.products]).T
        return None if d_x is None else d_x.transpose(2, 0, 1), self.dh.T.copy(), dW


class Products:
    """The gradient of a weight, the sum over all steps of z[t] @ da[t].T, as one product for each block."""

    def __init__(self, z: np.ndarray, da: np.ndarray) -> None:
        """z (T or more, K, B) of all steps; da (block, M, B), written anew for each block."""
        (_, K, B), (block, M, _) = z.shape, da.shape
        self.z, self.da = z, da
        self.left, self.right = room((K * block * B,), z.dtype), room((M * block * B,), z.dtype)
        self.sum, self.product = room((2, M, K), z.dtype)

    def add(self, steps: slice) -> None:
        z = side_by_side(self.left, self.z[steps])
        da = side_by_side(self.right, self.da[: steps.stop - steps.start])
        da.dot(z.T, self.product)  # in this order a little faster
        add(self.sum, self.product, self.sum)


def side_by_side(memory: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Blocks (steps, M, B) as one matrix (M, steps * B), which is written into this memory."""
    steps, M, B = blocks.shape
    matrix = memory[: blocks.size].reshape(M, steps * B)
    matrix.reshape(M, steps, B)[...] = blocks.transpose(1, 0, 2)
    return matrix


def backwards(steps: slice, back: list[Any]) -> Iterator[tuple[int, Any]]:
    """Each of these steps with its entry of `back`, which begins with the first of them; the last one first."""
    n = steps.stop - steps.start
    return zip(range(steps.stop - 1, steps.start - 1, -1), back[n - 1 :: -1], strict=True)


def switched_off(mask: Any) -> Any:
    """(T, 1, B), True where a sequence has no entry; None without a mask."""
    return None if mask is None else np.ascontiguousarray(~np.asarray(mask, bool).T)[:, None]


# --- RNN -----------------------------------------------------------------------------------------


class RNNWork(Work):
    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        super().__init__(T, B, D, H, gates, dtype)
        self.forward = [(self.z[t], self.z[t, :H], self.z[t + 1, :H]) for t in range(T)]
        self.flat_da = room((self.block, H, B), dtype)
        self.back = list(self.flat_da)
        self.products = [Products(self.z, self.flat_da)]


def rnn(x: Any, h0: Any, W: Any, *, mask: Any = None, last: bool = False, dx: bool = True) -> Any:
    """h' = tanh([h, x, 1] W), W (H + D + 1, H). Result and vjps for x, h0, W.

    With δ the cotangent of a = [h, x, 1] W:  δ = h̄' (1 - h'²),  [h̄, x̄, ·] = δ Wᵀ,  W̄ = Σ [h, x, 1]ᵀ δ.
    """
    (B, T, D), H, off = x.shape, h0.shape[1], switched_off(mask)
    work = borrow(RNNWork, T, B, D, H, 1, np.result_type(x, h0, W))
    work.read(x, h0, off)
    work.W[...] = W.T
    product = work.W.dot
    for t, (z, h, h_next) in enumerate(work.forward):
        product(z, h_next)
        tanh(h_next, h_next)
        if off is not None:
            copyto(h_next, h, where=off[t])

    def vjps(g: Any) -> tuple[Any, ...]:
        return work.backward(W, g, off, last, dx, partial(_rnn_through, work, W[:H], off))

    lend(work, vjps)
    return work.result(off, last), vjps


def _rnn_through(work: RNNWork, W_h: Any, off: Any, steps: slice, dhs: Any) -> None:
    one, dh, spare, H, product = work.one, work.dh, work.spare, len(work.dh), W_h.dot
    hs = work.z[steps.start + 1 : steps.stop + 1, :H]
    da = work.flat_da[: len(hs)]
    multiply(hs, hs, da)
    subtract(one, da, da)
    if off is not None:
        copyto(da, 0, where=off[steps])
    for t, d in backwards(steps, work.back):
        if dhs is not None:
            add(dh, dhs[t], dh)
        multiply(d, dh, d)
        if off is not None:
            multiply(dh, off[t], spare)
        product(d, dh)
        if off is not None:
            add(dh, spare, dh)


# --- LSTM ----------------------------------------------------------------------------------------

MASKED = np.array([1, 0, 0]).reshape(3, 1, 1)  # f = 1, i = o = 0 carries c, and lets no gradient in


class LSTMWork(Work):
    """`gates` holds c, g, f, i, o of each step. A step writes the c of the next."""

    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        super().__init__(T, B, D, H, gates, dtype)
        self.scale = np.repeat(np.array([1, 0.5, 0.5, 0.5], dtype), H)[:, None]
        self.a = room((4 * H, B), dtype)  # small enough to stay in a cache until it is read
        self.gates = room((T + 1, 5, H, B), dtype)
        self.tanh_c = room((T, H, B), dtype)
        self.fc_ig = room((self.block, 2, H, B), dtype)
        self.da = room((self.block, 5, H, B), dtype)  # of g, f, i, o; and ∂h'/∂c'
        self.flat_da = self.da[:, :4].reshape(self.block, 4 * H, B)
        self.products = [Products(self.z, self.flat_da)]
        z, all_four = self.z, self.gates[:, 1:].reshape(T + 1, 4 * H, B)
        self.forward = [
            (z[t], z[t, :H], all_four[t], s[2:], s[:2], s[2:4], s[4], s_next[0], self.tanh_c[t], z[t + 1, :H])
            for t, (s, s_next) in enumerate(itertools.pairwise(self.gates))
        ]
        self.back = [(d[3:], d[4], d[:3], flat) for d, flat in zip(self.da, self.flat_da, strict=True)]
        self.f = list(self.gates[:, 2])


def lstm(x: Any, h0: Any, c0: Any, W: Any, *, mask: Any = None, last: bool = False, dx: bool = True) -> Any:
    """g, f, i, o = tanh, σ, σ, σ of [h, x, 1] W, W (H + D + 1, 4H); c' = f c + i g; h' = o tanh(c').

    Result and vjps for x, h0, c0, W. Backwards, with c̄' what arrives from the next step:

        c̄' += h̄' o (1 - tanh² c')          then  c̄ = c̄' f
        δ_g = c̄' i (1 - g²)     δ_f = c̄' c f (1 - f)     δ_i = c̄' g i (1 - i)
        δ_o = h̄' tanh(c') o (1 - o)         and  [h̄, x̄, ·] = δ Wᵀ,  W̄ = Σ [h, x, 1]ᵀ δ
    """
    (B, T, D), H, off = x.shape, h0.shape[1], switched_off(mask)
    work = borrow(LSTMWork, T, B, D, H, 4, np.result_type(x, h0, c0, W))
    work.read(x, h0, off)
    work.gates[0, 0] = c0.T
    multiply(W.T, work.scale, work.W)
    _lstm_forward(work, off)

    def vjps(g: Any) -> tuple[Any, ...]:
        d_x, dh0, dW = work.backward(W, g, off, last, dx, partial(_lstm_through, work, W[:H], off))
        return d_x, dh0, work.dc.T.copy(), dW

    lend(work, vjps)
    return work.result(off, last), vjps


def _lstm_forward(work: LSTMWork, off: Any) -> None:
    product, a, half, fc_ig, (fc, ig) = work.W.dot, work.a, work.half, work.fc_ig[0], work.fc_ig[0]
    for t, (z, h, all_four, sigmoids, cg, fi, o, c_next, tanh_c, h_next) in enumerate(work.forward):
        product(z, a)
        tanh(a, all_four)
        multiply(sigmoids, half, sigmoids)
        add(sigmoids, half, sigmoids)
        if off is not None:
            copyto(sigmoids, MASKED, where=off[t])
        multiply(cg, fi, fc_ig)
        add(fc, ig, c_next)
        tanh(c_next, tanh_c)
        multiply(o, tanh_c, h_next)
        if off is not None:
            copyto(h_next, h, where=off[t])


def _lstm_factors(work: LSTMWork, steps: slice, off: Any) -> None:
    """All that the cotangents of these steps are multiplied with, into `da`; each rests on another's products.

    i (1 - g²) = i - g (i g)    o (1 - tanh² c') = o - h' tanh c'    tanh(c') o (1 - o) = h' (1 - o)
    """
    one, tanh_c = work.one, work.tanh_c[steps]
    h_next = work.z[steps.start + 1 : steps.stop + 1, : len(work.dh)]
    gates, da, fc_ig = work.gates[steps], work.da[: len(tanh_c)], work.fc_ig[: len(tanh_c)]
    (_, g, _, i, o), (dg, _, _, do, slope) = gates.swapaxes(0, 1), da.swapaxes(0, 1)
    multiply(gates[:, :2], gates[:, 2:4], fc_ig)
    multiply(g, fc_ig[:, 1], dg)
    subtract(i, dg, dg)
    subtract(one, gates[:, 2:], da[:, 1:4])
    multiply(da[:, 1:3], fc_ig, da[:, 1:3])
    multiply(do, h_next, do)
    multiply(tanh_c, h_next, slope)
    subtract(o, slope, slope)
    if off is not None:
        copyto(da[:, 3:], 0, where=off[steps, None])


def _lstm_through(work: LSTMWork, W_h: Any, off: Any, steps: slice, dhs: Any) -> None:
    _lstm_factors(work, steps, off)
    dh, dc, spare, product = work.dh, work.dc, work.spare, W_h.dot
    for t, (from_h, into_c, from_c, da) in backwards(steps, work.back):
        if dhs is not None:
            add(dh, dhs[t], dh)
        multiply(from_h, dh, from_h)
        add(dc, into_c, dc)
        multiply(from_c, dc, from_c)
        multiply(dc, work.f[t], dc)
        if off is not None:
            multiply(dh, off[t], spare)
        product(da, dh)
        if off is not None:
            add(dh, spare, dh)


# --- GRU -----------------------------------------------------------------------------------------


class GRUWork(Work):
    """The gates are in the order z, r, n; `y` is [r h; x; 1], which the candidate reads."""

    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        super().__init__(T, B, D, H, gates, dtype)
        z = self.z
        self.y = room((T, H + D + 1, B), dtype)
        self.y[:, -1] = 1
        self.gates = room((T, 3, H, B), dtype)
        self.keep, self.reset = room((2, self.block, H, B), dtype)  # 1 - z, and ∂(r h)/∂a_r
        self.da = da = room((self.block, 3, H, B), dtype)
        self.flat_da = da.reshape(self.block, 3 * H, B)
        self.products = [Products(z, self.flat_da[:, : 2 * H]), Products(self.y, self.flat_da[:, 2 * H :])]
        flat, (u, r, n) = self.gates.reshape(T, 3 * H, B), self.gates.swapaxes(0, 1)
        self.forward = [
            (z[t], z[t, :H], flat[t, : 2 * H], u[t], r[t], n[t], self.y[t], self.y[t, :H], z[t + 1, :H])
            for t in range(T)
        ]
        self.back = [
            (self.keep[p], self.reset[p], da[p, ::2], da[p, 1], da[p, 2], self.flat_da[p, : 2 * H])
            for p in range(self.block)
        ]
        self.r = list(r)


def gru(x: Any, h0: Any, W: Any, *, mask: Any = None, last: bool = False, dx: bool = True) -> Any:
    """z, r = σ([h, x, 1] W_zr); n = tanh([r h, x, 1] W_n); h' = (1 - z) h + z n; W = [W_zr, W_n].

    W (H + D + 1, 3H). Result and vjps for x, h0, W. Backwards, with ρ = r h:

        δ_n = h̄' z (1 - n²)      [ρ̄, x̄_n, ·] = δ_n W_nᵀ
        δ_z = h̄' (n - h) z (1 - z)    δ_r = ρ̄ h r (1 - r)    [h̄_zr, x̄_zr, ·] = [δ_z, δ_r] W_zrᵀ
        h̄ = h̄' (1 - z) + ρ̄ r + h̄_zr

    A masked step is one with z = 0.
    """
    (B, T, D), H, off = x.shape, h0.shape[1], switched_off(mask)
    work = borrow(GRUWork, T, B, D, H, 3, np.result_type(x, h0, W))
    work.read(x, h0, off)
    work.y[:, H:-1] = work.z[:-1, H:-1]
    multiply(W.T[: 2 * H], work.half, work.W[: 2 * H])
    work.W[2 * H :] = W.T[2 * H :]
    _gru_forward(work, off)

    def vjps(g: Any) -> tuple[Any, ...]:
        through = partial(_gru_through, work, W[:H, : 2 * H], W[:H, 2 * H :])
        return work.backward(W, g, off, last, dx, through)

    lend(work, vjps)
    return work.result(off, last), vjps


def _gru_forward(work: GRUWork, off: Any) -> None:
    half, spare, H = work.half, work.spare, len(work.dh)
    zr_product, n_product = work.W[: 2 * H].dot, work.W[2 * H :].dot
    for t, (zed, h, zr, z, r, n, y, rh, h_next) in enumerate(work.forward):
        zr_product(zed, zr)
        tanh(zr, zr)
        multiply(zr, half, zr)
        add(zr, half, zr)
        if off is not None:
            copyto(z, 0, where=off[t])
        multiply(r, h, rh)
        n_product(y, n)
        tanh(n, n)
        subtract(n, h, spare)
        multiply(spare, z, spare)
        add(h, spare, h_next)


def _gru_factors(work: GRUWork, steps: slice) -> None:
    """All that the cotangents of these steps are multiplied with, into `da`, `keep` and `reset`."""
    one, h = work.one, work.z[steps, : len(work.dh)]
    keep, reset, da = work.keep[: len(h)], work.reset[: len(h)], work.da[: len(h)]
    (z, r, n), (dz, _, dn) = work.gates[steps].swapaxes(0, 1), da.swapaxes(0, 1)
    subtract(one, z, keep)
    subtract(n, h, dz)
    multiply(dz, z, dz)
    multiply(dz, keep, dz)
    multiply(n, n, dn)
    subtract(one, dn, dn)
    multiply(dn, z, dn)
    subtract(one, r, reset)
    multiply(reset, r, reset)
    multiply(reset, h, reset)


def _gru_through(work: GRUWork, W_zr: Any, W_n: Any, steps: slice, dhs: Any) -> None:
    _gru_factors(work, steps)
    dh, d_rh, spare, zr_product, n_product = work.dh, work.dc, work.spare, W_zr.dot, W_n.dot
    for t, (keep, reset, from_h, dr, dn, da_zr) in backwards(steps, work.back):
        if dhs is not None:
            add(dh, dhs[t], dh)
        multiply(from_h, dh, from_h)
        n_product(dn, d_rh)
        multiply(d_rh, reset, dr)
        multiply(d_rh, work.r[t], d_rh)
        multiply(dh, keep, spare)
        zr_product(da_zr, dh)
        add(dh, spare, dh)
        add(dh, d_rh, dh)
