"""RNN, LSTM and GRU over a whole sequence, each one op: forward pass, hand-derived backward pass, in NumPy.

The assignment's own `lstm_sequence` is what a student writes. This file takes the same derivation as far
as NumPy goes; `make bench` compares it with other libraries. Lift a function to Tensors by `minigrad.op`.

Shapes outside are the course's: x (B, T, D), states (B, H), mask (B, T), results (B, T, H) or, with
last=True, the last state (B, H). Parameters are one matrix W (H + D + 1, gates * H) that acts on
[h, x, 1]. Where the mask is False the state is carried and the output is zero. With dx=False there is
no cotangent of x, which data does not need: a fifteenth of an LSTM's step.

Inside, arrays are *feature-major*: rows are features and columns the batch, so that a gate is a
contiguous block and [h; x; 1] (K, B) is filled in by writing h where the next step reads it. Then

- a step is one product, W' @ [h; x; 1], that gives every gate;
- σ(a) = 1 / (1 + exp(-a)) and tanh(a) = 2 σ(2a) - 1, so with rows of W' scaled by -1 and by -2 all four
  gates of an LSTM are one exp, one add and one reciprocal;
- what the backward pass needs of a step is its cotangent times factors that the forward pass has
  settled; these are computed for many steps at once, and the loop does the rest;
- weight gradients are products over many steps at once;
- every result of the loops is written into a workspace. A workspace is in use as long as the vjps
  live that were made with it, and is borrowed again only then. Nothing that is returned lies in one.
"""

from __future__ import annotations

import weakref
from collections import deque
from functools import partial
from typing import Any

import numpy as np
from numpy import add, copyto, exp, matmul, multiply, reciprocal, subtract, tanh

IDLE: deque[Any] = deque(maxlen=8)  # workspaces that no vjps use, the least recently used first
ROWS = 512  # of a block, whose factors and weight gradients are computed at once: many, but not too many for caches


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


class Work:
    """What every layer needs: z[t] = [h; x; 1] as step t reads it, and room for a block of cotangents."""

    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        self.key = T, B, D, H, gates, dtype
        self.one = np.array(1, dtype)  # as arrays, constants are met faster than as Python numbers
        self.z = np.ones((T + 1, H + D + 1, B), dtype)
        self.W = np.empty((gates * H, H + D + 1), dtype)
        self.dh, self.dc, self.spare = np.empty((3, H, B), dtype)
        self.block = max(1, min(T, -(-ROWS // max(1, B))))  # steps
        self.da = np.empty((self.block, gates, H, B), dtype)
        self.flat_da = self.da.reshape(self.block, gates * H, B)
        self.rows = np.empty((H + D + 1) * self.block * B, dtype), np.empty(gates * H * self.block * B, dtype)

    def read(self, x: np.ndarray, h0: np.ndarray, off: Any) -> None:
        """Write all inputs and the first state where the steps read them; zeros where the mask is False."""
        H = h0.shape[1]
        self.z[0, :H] = h0.T
        self.z[:-1, H:-1] = x.transpose(1, 2, 0)
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

    def backward(self, W: Any, g: Any, off: Any, last: bool, dx: bool, through: Any, weights: Any) -> Any:
        """Cotangents of x (None without dx), h0 and W.

        Block by block, the last first: `through(steps, dhs)` goes back through a slice of steps and leaves
        the cotangents of their gates at the beginning of `da`; `weights(steps, da, dW)` adds up.
        """
        T, H = len(self.z) - 1, len(self.dh)
        dhs = None if last else np.ascontiguousarray(g.transpose(1, 2, 0))
        if dhs is not None and off is not None:
            dhs = np.where(off, 0, dhs)
        self.dh[...] = g.T if last else 0
        self.dc[...] = 0
        dW = np.zeros(W.shape, self.z.dtype)
        d_x = np.empty((T, W.shape[0] - H - 1, self.dh.shape[1]), self.z.dtype) if dx else None
        for start in reversed(range(0, T, self.block)):
            steps = slice(start, min(T, start + self.block))
            through(steps, dhs)
            da = self.flat_da[: steps.stop - start]
            weights(steps, da, dW)
            if d_x is not None:
                matmul(W[H:-1], da, d_x[steps])
        return None if d_x is None else d_x.transpose(2, 0, 1), self.dh.T.copy(), dW

    def add_products(self, z: np.ndarray, da: np.ndarray, out: np.ndarray) -> None:
        """Add the sum of z[t] @ da[t].T, z (steps, K, B), da (steps, M, B), to out as one product."""
        left, right = (side_by_side(*pair) for pair in zip(self.rows, (z, da), strict=True))
        add(out, matmul(right, left.T).T, out)  # in this order the product is a little faster


def side_by_side(room: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Blocks (steps, M, B) as one matrix (M, steps * B), which is written into this room."""
    steps, M, B = blocks.shape
    matrix = room[: blocks.size].reshape(M, steps * B)
    matrix.reshape(M, steps, B)[...] = blocks.transpose(1, 0, 2)
    return matrix


def switched_off(mask: Any) -> Any:
    """(T, 1, B), True where a sequence has no entry; None without a mask."""
    return None if mask is None else np.ascontiguousarray(~np.asarray(mask, bool).T)[:, None]


# --- RNN -----------------------------------------------------------------------------------------


class RNNWork(Work):
    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        super().__init__(T, B, D, H, gates, dtype)
        self.forward = [(self.z[t], self.z[t, :H], self.z[t + 1, :H]) for t in range(T)]


def rnn(x: Any, h0: Any, W: Any, *, mask: Any = None, last: bool = False, dx: bool = True) -> Any:
    """h' = tanh([h, x, 1] W), W (H + D + 1, H). Result and vjps for x, h0, W.

    With δ the cotangent of a = [h, x, 1] W:  δ = h̄' (1 - h'²),  [h̄, x̄, ·] = δ Wᵀ,  W̄ = Σ [h, x, 1]ᵀ δ.
    """
    (B, T, D), H, off = x.shape, h0.shape[1], switched_off(mask)
    work = borrow(RNNWork, T, B, D, H, 1, np.result_type(x, h0, W))
    work.read(x, h0, off)
    work.W[...] = W.T
    for t, (z, h, h_next) in enumerate(work.forward):
        matmul(work.W, z, h_next)
        tanh(h_next, h_next)
        if off is not None:
            copyto(h_next, h, where=off[t])

    def weights(steps: slice, da: Any, dW: Any) -> None:
        work.add_products(work.z[steps], da, dW)

    def vjps(g: Any) -> tuple[Any, ...]:
        return work.backward(W, g, off, last, dx, partial(_rnn_through, work, W[:H], off), weights)

    lend(work, vjps)
    return work.result(off, last), vjps


def _rnn_through(work: RNNWork, W_h: Any, off: Any, steps: slice, dhs: Any) -> None:
    one, dh, spare, H = work.one, work.dh, work.spare, len(work.dh)
    hs = work.z[steps.start + 1 : steps.stop + 1, :H]
    da = work.flat_da[: len(hs)]
    multiply(hs, hs, da)
    subtract(one, da, da)
    if off is not None:
        copyto(da, 0, where=off[steps])
    for t, d in zip(range(steps.stop - 1, steps.start - 1, -1), da[::-1], strict=True):
        if dhs is not None:
            add(dh, dhs[t], dh)
        multiply(d, dh, d)
        if off is not None:
            multiply(dh, off[t], spare)
        matmul(W_h, d, dh)
        if off is not None:
            add(dh, spare, dh)


# --- LSTM ----------------------------------------------------------------------------------------

MASKED = np.array([1, 0, 0]).reshape(3, 1, 1)  # f = 1, i = o = 0 carries c, and lets no gradient in


class LSTMWork(Work):
    """The gates are in the order g, f, i, o: three sigmoids together, and the three that c' leads to."""

    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        super().__init__(T, B, D, H, gates, dtype)
        z, da = self.z, self.da
        self.scale = np.repeat(np.array([-2, -1, -1, -1], dtype), H)[:, None]
        self.gates = np.empty((T, 4, H, B), dtype)
        self.c, self.tanh_c = np.empty((T + 1, H, B), dtype), np.empty((T, H, B), dtype)
        self.slope = np.empty((self.block, H, B), dtype)  # ∂h'/∂c'
        a, (g, f, i, o) = self.gates.reshape(T, 4 * H, B), self.gates.swapaxes(0, 1)
        self.forward = [
            (z[t], z[t, :H], a[t], self.gates[t, 1:], g[t], f[t], i[t], o[t], self.c[t], self.c[t + 1],
             self.tanh_c[t], z[t + 1, :H])
            for t in range(T)
        ]  # fmt: skip
        self.back = [(self.slope[p], da[p, :3], da[p, 3], self.flat_da[p]) for p in range(self.block)]
        self.f = list(f)


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
    work.c[0] = c0.T
    multiply(W.T, work.scale, work.W)
    with np.errstate(over="ignore"):  # exp of far-off numbers is inf, and its reciprocal 0
        _lstm_forward(work, off)

    def weights(steps: slice, da: Any, dW: Any) -> None:
        work.add_products(work.z[steps], da, dW)

    def vjps(g: Any) -> tuple[Any, ...]:
        d_x, dh0, dW = work.backward(W, g, off, last, dx, partial(_lstm_through, work, W[:H], off), weights)
        return d_x, dh0, work.dc.T.copy(), dW

    lend(work, vjps)
    return work.result(off, last), vjps


def _lstm_forward(work: LSTMWork, off: Any) -> None:
    W, one, spare = work.W, work.one, work.spare
    for t, (z, h, a, sigmoids, g, f, i, o, c, c_next, tanh_c, h_next) in enumerate(work.forward):
        matmul(W, z, a)
        exp(a, a)
        add(a, one, a)
        reciprocal(a, a)
        add(g, g, g)
        subtract(g, one, g)
        if off is not None:
            copyto(sigmoids, MASKED, where=off[t])
        multiply(f, c, c_next)
        multiply(i, g, spare)
        add(c_next, spare, c_next)
        tanh(c_next, tanh_c)
        multiply(o, tanh_c, h_next)
        if off is not None:
            copyto(h_next, h, where=off[t])


def _lstm_factors(work: LSTMWork, steps: slice) -> None:
    """All that the cotangents of these steps are multiplied with, into `da` and `slope`."""
    one, c, tanh_c = work.one, work.c[steps], work.tanh_c[steps]
    da, slope = work.da[: len(c)], work.slope[: len(c)]
    (g, _, i, o), (dg, df, di, do) = work.gates[steps].swapaxes(0, 1), da.swapaxes(0, 1)
    sigmoids, d_sigmoids = work.gates[steps, 1:], da[:, 1:]
    subtract(one, sigmoids, d_sigmoids)
    multiply(d_sigmoids, sigmoids, d_sigmoids)
    multiply(df, c, df)
    multiply(di, g, di)
    multiply(do, tanh_c, do)
    multiply(g, g, dg)
    subtract(one, dg, dg)
    multiply(dg, i, dg)
    multiply(tanh_c, tanh_c, slope)
    subtract(one, slope, slope)
    multiply(slope, o, slope)


def _lstm_through(work: LSTMWork, W_h: Any, off: Any, steps: slice, dhs: Any) -> None:
    _lstm_factors(work, steps)
    dh, dc, spare = work.dh, work.dc, work.spare
    for t in range(steps.stop - 1, steps.start - 1, -1):
        slope, from_c, from_h, da = work.back[t - steps.start]
        if dhs is not None:
            add(dh, dhs[t], dh)
        multiply(dh, slope, spare)
        add(dc, spare, dc)
        multiply(from_c, dc, from_c)
        multiply(from_h, dh, from_h)
        multiply(dc, work.f[t], dc)
        if off is not None:
            multiply(dh, off[t], spare)
        matmul(W_h, da, dh)
        if off is not None:
            add(dh, spare, dh)


# --- GRU -----------------------------------------------------------------------------------------


class GRUWork(Work):
    """The gates are in the order z, r, n; `rz` is [r h; x; 1], which the candidate reads."""

    def __init__(self, T: int, B: int, D: int, H: int, gates: int, dtype: Any) -> None:
        super().__init__(T, B, D, H, gates, dtype)
        z, da = self.z, self.da
        self.y = np.ones((T, H + D + 1, B), dtype)
        self.gates = np.empty((T, 3, H, B), dtype)
        self.keep, self.reset = np.empty((2, self.block, H, B), dtype)  # 1 - z, and ∂(r h)/∂a_r
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
    multiply(W.T[: 2 * H], -work.one, work.W[: 2 * H])
    work.W[2 * H :] = W.T[2 * H :]
    with np.errstate(over="ignore"):
        _gru_forward(work, off)

    def weights(steps: slice, da: Any, dW: Any) -> None:
        work.add_products(work.z[steps], da[:, : 2 * H], dW[:, : 2 * H])
        work.add_products(work.y[steps], da[:, 2 * H :], dW[:, 2 * H :])

    def vjps(g: Any) -> tuple[Any, ...]:
        through = partial(_gru_through, work, W[:H, : 2 * H], W[:H, 2 * H :])
        return work.backward(W, g, off, last, dx, through, weights)

    lend(work, vjps)
    return work.result(off, last), vjps


def _gru_forward(work: GRUWork, off: Any) -> None:
    one, spare, H = work.one, work.spare, len(work.dh)
    W_zr, W_n = work.W[: 2 * H], work.W[2 * H :]
    for t, (zed, h, zr, z, r, n, y, rh, h_next) in enumerate(work.forward):
        matmul(W_zr, zed, zr)
        exp(zr, zr)
        add(zr, one, zr)
        reciprocal(zr, zr)
        if off is not None:
            copyto(z, 0, where=off[t])
        multiply(r, h, rh)
        matmul(W_n, y, n)
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
    dh, d_rh, spare = work.dh, work.dc, work.spare
    for t in range(steps.stop - 1, steps.start - 1, -1):
        keep, reset, from_h, dr, dn, da_zr = work.back[t - steps.start]
        if dhs is not None:
            add(dh, dhs[t], dh)
        multiply(from_h, dh, from_h)
        matmul(W_n, dn, d_rh)
        multiply(d_rh, reset, dr)
        multiply(d_rh, work.r[t], d_rh)
        multiply(dh, keep, spare)
        matmul(W_zr, da_zr, dh)
        add(dh, spare, dh)
        add(dh, d_rh, dh)
