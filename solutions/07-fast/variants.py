"""Right work for 07-fast that is written otherwise: every check must still pass."""

from minigrad.checks import Variant

GATE_BY_GATE_STEP = '''
def lstm_step_backward(dh, dc, cache):
    """Every gate with a matrix of its own; x and h add up what the four send."""
    u, W, c, c_new, g, f, i, o = cache
    H = f.shape[1]
    t = np.tanh(c_new)
    dc_total = dc + (1 - t * t) * (o * dh)
    local = {0: (dc_total * i, 1 - g * g), 1: (dc_total * c, f - f * f), 2: (dc_total * g, i - i * i), 3: (dh * t, o - o * o)}
    du, dW = np.zeros_like(u), np.zeros_like(W)
    for k, (arrives, slope) in local.items():
        columns = slice(k * H, (k + 1) * H)
        delta = arrives * slope
        du = du + delta @ W[:, columns].T
        dW[:, columns] = np.einsum("bk,bh->kh", u, delta)
    return du[:, H : u.shape[1] - 1], du[:, :H], f * dc_total, dW
'''

ROW_BY_ROW_STEP = '''
def lstm_step_backward(dh, dc, cache):
    """A sample at a time, then stacked; the biases' row is summed by itself."""
    u, W, c, c_new, g, f, i, o = cache
    (B, K), H = u.shape, c.shape[1]
    D, rows = K - H - 1, []
    for b in range(B):
        squashed = np.tanh(c_new[b])
        total = dc[b] + dh[b] * o[b] * (1 - squashed) * (1 + squashed)
        rows.append(np.hstack([total * i[b] * (1 - g[b]) * (1 + g[b]), total * c[b] * f[b] * (1 - f[b]),
                               total * g[b] * i[b] * (1 - i[b]), dh[b] * squashed * o[b] * (1 - o[b]), total * f[b]]))
    rows = np.array(rows)
    delta, dc_old = rows[:, : 4 * H], rows[:, 4 * H :]
    dW = np.vstack([u[:, :-1].T @ delta, delta.sum(axis=0)])
    return delta @ W[H : H + D].T, delta @ W[:H].T, dc_old, dW
'''

STEPS_SEQUENCE = '''
def lstm_sequence(x, h0, c0, W, mask=None):
    """lstm_step and lstm_step_backward in two loops; where() chooses between new and old."""
    h, c, caches, outputs = h0, c0, [], []
    here = np.ones(x.shape[:2], bool) if mask is None else mask
    x = np.where(here[:, :, None], x, 0).astype(x.dtype)
    for t in range(x.shape[1]):
        on = here[:, t, None]
        h_new, c_new, cache = lstm_step(x[:, t], h, c, W)
        caches.append(cache)
        outputs.append(np.where(on, h_new, 0))
        h, c = np.where(on, h_new, h), np.where(on, c_new, c)
    hs = np.stack(outputs, axis=1)

    def vjps(g):
        dx, dW = np.zeros_like(x), np.zeros_like(W)
        dh, dc = np.zeros_like(h0), np.zeros_like(c0)
        for t in reversed(range(x.shape[1])):
            on = here[:, t, None]
            part, dh_old, dc_old, dW_t = lstm_step_backward(np.where(on, dh + g[:, t], 0), np.where(on, dc, 0), caches[t])
            dx[:, t] = part
            dh, dc = dh_old + np.where(on, 0, dh), dc_old + np.where(on, 0, dc)
            dW += dW_t
        return dx, dh, dc, dW

    return hs, vjps
'''

LISTS_SEQUENCE = '''
def lstm_sequence(x, h0, c0, W, mask=None):
    """Lists over time, multiplication by the mask, one matrix a part of u."""
    batch, steps, D = x.shape
    H = h0.shape[1]
    W_h, W_x, b = W[:H], W[H : H + D], W[H + D]
    m = np.ones((steps, batch, 1), x.dtype) if mask is None else mask.T[:, :, None].astype(x.dtype)
    seen = [np.where(m[t] > 0, x[:, t], x.dtype.type(0)) for t in range(steps)]
    hs, cs, kept = [h0], [c0], []
    for t in range(steps):
        a = seen[t] @ W_x + hs[-1] @ W_h + b
        g = np.tanh(a[:, :H])
        f, i, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in (1, 2, 3))
        c = cs[-1] + m[t] * (f * cs[-1] + i * g - cs[-1])
        h = o * np.tanh(c)
        hs.append(hs[-1] + m[t] * (h - hs[-1]))
        cs.append(c)
        kept.append((g, f, i, o, np.tanh(c)))
    outputs = np.array([m[t] * hs[t + 1] for t in range(steps)]).reshape(steps, batch, H)

    def vjps(cotangent):
        dx, dW_h, dW_x, db = np.empty_like(x), W_h * 0, W_x * 0, b * 0
        dh, dc = h0 * 0, c0 * 0
        for t in range(steps - 1, -1, -1):
            g, f, i, o, tanh_c = kept[t]
            mine = np.where(m[t], dh + cotangent[:, t], 0)
            whole = m[t] * dc + mine * o * (1 - tanh_c**2)
            delta = np.hstack([whole * i * (1 - g * g), whole * cs[t] * f * (1 - f), whole * g * i * (1 - i), mine * tanh_c * o * (1 - o)])
            dx[:, t] = delta @ W_x.T
            dW_h, dW_x, db = dW_h + hs[t].T @ delta, dW_x + seen[t].T @ delta, db + delta.sum(0)
            dh, dc = (1 - m[t]) * dh + delta @ W_h.T, (1 - m[t]) * dc + whole * f
        return dx, dh, dc, np.vstack([dW_h, dW_x, db[None]])

    return outputs.swapaxes(0, 1), vjps
'''

COLUMNS_SEQUENCE = '''
def lstm_sequence(x, h0, c0, W, mask=None):
    """The batch as columns, every gate a contiguous block, one exp for all four."""
    (B, T, D), H = x.shape, h0.shape[1]
    kind = x.dtype
    off = None if mask is None else ~mask.T[:, None, :]
    scale = np.repeat(np.array([-2, -1, -1, -1], kind), H)[:, None]
    rows = (W.T * scale).astype(kind)
    z, gates = np.ones((T + 1, H + D + 1, B), kind), np.empty((T, 4, H, B), kind)
    z[0, :H] = h0.T
    z[:T, H:-1] = x.transpose(1, 2, 0)
    if off is not None:
        np.copyto(z[:T, H:-1], 0, where=off)
    c, tanh_c = np.empty((T + 1, H, B), kind), np.empty((T, H, B), kind)
    c[0] = c0.T
    with np.errstate(over="ignore"):
        for t in range(T):
            a = gates[t].reshape(4 * H, B)
            np.matmul(rows, z[t], out=a)
            np.exp(a, out=a)
            a += 1
            np.reciprocal(a, out=a)
            gates[t, 0] = 2 * gates[t, 0] - 1
            if off is not None:
                np.copyto(gates[t, 1], 1, where=off[t])
                np.copyto(gates[t, 2:], 0, where=off[t])
            g, f, i, o = gates[t]
            c[t + 1] = f * c[t] + i * g
            np.tanh(c[t + 1], out=tanh_c[t])
            z[t + 1, :H] = o * tanh_c[t]
            if off is not None:
                np.copyto(z[t + 1, :H], z[t, :H], where=off[t])
    hs = z[1:, :H].copy()
    if off is not None:
        np.copyto(hs, 0, where=off)

    def vjps(cotangent):
        g, f, i, o = gates.swapaxes(0, 1)
        da = np.stack([i * (1 - g * g), c[:-1] * f * (1 - f), g * i * (1 - i), tanh_c * o * (1 - o)], axis=1)
        slope, arrives = o * (1 - tanh_c * tanh_c), cotangent.transpose(1, 2, 0)
        if off is not None:
            arrives = np.where(off, 0, arrives)
        dh, dc = np.zeros((H, B), kind), np.zeros((H, B), kind)
        for t in reversed(range(T)):
            dh = dh + arrives[t]
            dc = dc + dh * slope[t]
            da[t, :3] *= dc
            da[t, 3] *= dh
            dc = dc * f[t]
            passes = 0 if off is None else np.where(off[t], dh, 0)
            dh = W[:H] @ da[t].reshape(4 * H, B) + passes
        flat = da.reshape(T, 4 * H, B)
        dx = np.matmul(W[H:-1], flat).transpose(2, 0, 1)
        return dx, dh.T, dc.T, np.tensordot(z[:-1], flat, axes=((0, 2), (0, 2)))

    return hs.transpose(2, 0, 1), vjps
'''

BORROWED_SEQUENCE = '''
import weakref

IDLE = {}


def lstm_sequence(x, h0, c0, W, mask=None):
    """Arrays are used again, but by a later call only once the vjps that need them are gone."""
    (B, T, D), H = x.shape, h0.shape[1]
    key = B, T, D, H, x.dtype
    idle = IDLE.setdefault(key, [])
    kept = idle.pop() if idle else {
        "u": np.empty((T, B, H + D + 1), x.dtype), "gates": np.empty((T, B, 4, H), x.dtype),
        "c": np.empty((T, B, H), x.dtype), "tanh": np.empty((T, B, H), x.dtype)}
    u, gates, before, squashed = kept["u"], kept["gates"], kept["c"], kept["tanh"]
    u[..., -1] = 1
    here = None if mask is None else mask.T[:, :, None]
    u[:, :, H:-1] = x.swapaxes(0, 1) if here is None else np.where(here, x.swapaxes(0, 1), 0)
    h, c, hs = h0, c0, np.empty((B, T, H), x.dtype)
    for t in range(T):
        u[t, :, :H], before[t] = h, c
        a = (u[t] @ W).reshape(B, 4, H)
        gates[t, :, 0] = np.tanh(a[:, 0])
        gates[t, :, 1:] = squash(a[:, 1:])
        if here is not None:
            gates[t, :, 1:] = np.where(here[t][:, :, None], gates[t, :, 1:], np.array([1, 0, 0])[:, None])
        g, f, i, o = gates[t].swapaxes(0, 1)
        c = f * c + i * g
        squashed[t] = np.tanh(c)
        hs[:, t] = o * squashed[t]
        h = hs[:, t].copy() if here is None else np.where(here[t], hs[:, t], h)

    def vjps(cotangent):
        g, f, i, o = np.moveaxis(gates, 2, 0)
        da = np.empty_like(gates)
        dh, dc = np.zeros_like(h0), np.zeros_like(c0)
        for t in reversed(range(T)):
            mine = dh + cotangent[:, t] if here is None else np.where(here[t], dh + cotangent[:, t], 0)
            dc = dc + mine * o[t] * (1 - squashed[t] ** 2)
            for k, part in enumerate((dc * i[t] * (1 - g[t] ** 2), dc * before[t] * f[t] * (1 - f[t]),
                                      dc * g[t] * i[t] * (1 - i[t]), mine * squashed[t] * o[t] * (1 - o[t]))):
                da[t, :, k] = part
            dc = dc * f[t]
            back = da[t].reshape(B, -1) @ W[:H].T
            dh = back if here is None else back + np.where(here[t], 0, dh)
        das = da.reshape(T, B, -1)
        return np.einsum("tbm,dm->btd", das, W[H:-1]), dh, dc, weight_gradient(u, das)

    weakref.finalize(vjps, idle.append, kept)
    return hs, vjps
'''

EINSUM_GEMM = '''
def weight_gradient(us, das):
    return np.einsum("tbk,tbm->km", us, das, optimize=True)
'''

TENSORDOT_GEMM = '''
def weight_gradient(us, das):
    return np.tensordot(us, das, axes=((0, 1), (0, 1)))
'''

BLOCKS_GEMM = '''
def weight_gradient(us, das):
    """Some rows at a time, so that they stay in the cache."""
    T, B, K = us.shape
    rows, others = np.ascontiguousarray(us).reshape(T * B, K), np.ascontiguousarray(das).reshape(T * B, -1)
    block = max(256, -(-len(rows) // 8))
    total = np.zeros((K, others.shape[1]), us.dtype)
    for first in range(0, len(rows), block):
        total += rows[first : first + block].T.dot(others[first : first + block])
    return total
'''

CONCATENATED_GEMM = '''
def weight_gradient(us, das):
    return np.matmul(np.concatenate(list(us)).T, np.concatenate(list(das)))
'''

STACKED_GEMM = '''
def weight_gradient(us, das):
    """One call for a stack of products, one for each step, and their sum."""
    return np.matmul(us.swapaxes(1, 2), das).sum(axis=0)
'''

STEP, SEQUENCE, GEMM = "step-backward", "sequence", "one-gemm"
VARIANTS = [
    Variant("gate-by-gate", {STEP: GATE_BY_GATE_STEP}),
    Variant("row-by-row", {STEP: ROW_BY_ROW_STEP}),
    Variant("two-loops-of-steps", {SEQUENCE: STEPS_SEQUENCE}),
    Variant("lists", {SEQUENCE: LISTS_SEQUENCE}),
    Variant("columns", {SEQUENCE: COLUMNS_SEQUENCE}),
    Variant("borrowed-arrays", {SEQUENCE: BORROWED_SEQUENCE}),
    Variant("einsum", {GEMM: EINSUM_GEMM}),
    Variant("tensordot", {GEMM: TENSORDOT_GEMM}),
    Variant("a-stack-of-products", {GEMM: STACKED_GEMM}),
    Variant("blocks-of-rows", {GEMM: BLOCKS_GEMM}),
    Variant("rows-steps-concatenated", {STEP: ROW_BY_ROW_STEP, SEQUENCE: STEPS_SEQUENCE, GEMM: CONCATENATED_GEMM}),
    Variant("gates-borrowed-blocks", {STEP: GATE_BY_GATE_STEP, SEQUENCE: BORROWED_SEQUENCE, GEMM: BLOCKS_GEMM}),
]
