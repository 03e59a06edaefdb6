"""Known mistakes in 07-fast, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


HAT = "dc_hat = dc + dh * o * (1 - tanh_c**2)"
DG, DF = "dc_hat * i * (1 - g**2),", "dc_hat * c * f * (1 - f),"
DI, DO = "dc_hat * g * i * (1 - i),", "dh * tanh_c * o * (1 - o),"
OUT = "return du[:, H:-1], du[:, :H], dc_hat * f, u.T @ da"
FIRST = "us[0, :, :H] = h0"
STATE = "cs = np.empty((T + 1, B, H), x.dtype)"
ROOM = "us = np.ones((T + 1, B, H + D + 1), x.dtype)"
GATES_ROOM = "gates = np.empty((T, B, 4 * H), x.dtype)"
SLOPE = "slope = o * (1 - tanh_cs**2)"
FACTORS = "factors = [i * (1 - g**2), cs[:-1] * f * (1 - f), g * i * (1 - i), tanh_cs * o * (1 - o)]"
ADD_H, ADD_C, FORGOTTEN = "dh = dh + dhs[t]", "dc = dc + dh * slope[t]", "dc = dc * f[t]"
SIDE = "das[t] *= np.concatenate([dc, dc, dc, dh], axis=1)"
BACK = "dh = das[t] @ W[:H].T + np.where(on[t], 0, dh)"
HEARD = "dhs = np.where(on, dhs.swapaxes(0, 1), 0)"
RETURN = "return dx.swapaxes(0, 1), dh, dc, weight_gradient(us[:-1], das)"
GEMM = "return us.reshape(-1, us.shape[2]).T @ das.reshape(-1, das.shape[2])"
ON = "on = np.ones((T, 1, 1), bool) if mask is None else mask.T[:, :, None]"
KEEP_C, SHUT = "np.copyto(f[t], 1, where=~on[t])", "np.copyto(gates[t, :, 2 * H :], 0, where=~on[t])"
KEEP_H = "np.where(on[t], o[t] * np.tanh(cs[t + 1]), us[t, :, :H])"

MUTANTS = [
    # --- step-backward
    mutant(
        "step-without-dc",
        HAT,
        "dc_hat = dh * o * (1 - tanh_c**2)",
        "The new c was returned too: what comes to it from the next step, `dc`, is lost.",
        of(
            "step-backward",
            "biases each-way gates one-number-of-c one-number-of-gates saturated-gates two-ways "
            "whole-batch",
        ),
    ),
    mutant(
        "step-without-dh",
        HAT,
        "dc_hat = dc",
        "h' = o ⊙ tanh(c') is made from the new c: what `dh` sends there is missing.",
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-no-output-gate",
        HAT,
        "dc_hat = dc + dh * (1 - tanh_c**2)",
        "On its way from h' to c', `dh` passes the output gate.",
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-no-tanh-slope",
        HAT,
        "dc_hat = dc + dh * o",
        "On its way from h' to c', `dh` passes a tanh, and with it its derivative.",
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-slope-of-c",
        HAT,
        "dc_hat = dc + dh * o * (1 - c_new**2)",
        "The derivative of tanh is 1 − tanh², of its output: square tanh(c'), not c'.",
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-slope-not-squared",
        HAT,
        "dc_hat = dc + dh * o * (1 - tanh_c)",
        "The derivative of tanh at c' is 1 − tanh²(c'): something is not squared.",
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-tanh-of-old-c",
        "tanh_c = np.tanh(c_new)",
        "tanh_c = np.tanh(c)",
        "h' is made from tanh of the new c, not of the old one.",
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-g-as-sigmoid",
        DG,
        "dc_hat * i * g * (1 - g),",
        "The candidate g is a tanh: its derivative is not that of σ.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-g-no-derivative",
        DG,
        "dc_hat * i,",
        "The part of the candidate stops at g; it must go on through the derivative of tanh, to a.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-g-of-forget",
        DG,
        "dc_hat * f * (1 - g**2),",
        "g is multiplied by i in c', so its part is multiplied by i, not by f.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-g-of-dc-alone",
        DG,
        "dc * i * (1 - g**2),",
        "The candidate hears of the new c's whole cotangent, also of what came by `dh`.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-of-new-c",
        DF,
        "dc_hat * c_new * f * (1 - f),",
        "The forget gate multiplied the old c; its part needs that one, not the new.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-no-derivative",
        DF,
        "dc_hat * c,",
        "The forget gate's part stops at f; it must go on through the derivative of σ, to a.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-of-dc-alone",
        DF,
        "dc * c * f * (1 - f),",
        "The forget gate hears of the new c's whole cotangent, also of what came by `dh`.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-as-tanh",
        DF,
        "dc_hat * c * (1 - f**2),",
        "The forget gate is a σ: its derivative is f (1 − f), not that of tanh.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-i-as-tanh",
        DI,
        "dc_hat * g * (1 - i**2),",
        "The input gate is a σ: its derivative is i (1 − i), not that of tanh.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-i-no-derivative",
        DI,
        "dc_hat * g,",
        "The input gate's part stops at i; it must go on through the derivative of σ, to a.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-o-by-c-hat",
        DO,
        "dc_hat * tanh_c * o * (1 - o),",
        "The output gate stands in h' alone: only `dh` reaches it.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-o-without-tanh",
        DO,
        "dh * c_new * o * (1 - o),",
        "In h' the output gate multiplies tanh(c'), not c'.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-o-no-derivative",
        DO,
        "dh * tanh_c,",
        "The output gate's part stops at o; it must go on through the derivative of σ, to a.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-and-i-exchanged",
        DF + "\n            " + DI,
        DI + "\n            " + DF,
        "The columns of W are in the order g, f, i, o: two blocks are exchanged.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-order-f-i-g-o",
        DG + "\n            " + DF + "\n            " + DI,
        DF + "\n            " + DI + "\n            " + DG,
        "The columns of W are in the order g, f, i, o, the candidate first.",
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-dc-not-forgotten",
        OUT,
        "return du[:, H:-1], du[:, :H], dc_hat, u.T @ da",
        "On its way to the old c, the cotangent passes the forget gate.",
        of("step-backward", "each-way one-number-of-c two-ways"),
    ),
    mutant(
        "step-dc-direct-only",
        OUT,
        "return du[:, H:-1], du[:, :H], dc * f, u.T @ da",
        "The old c hears of the new c's whole cotangent, also of what came by `dh`.",
        of("step-backward", "each-way two-ways"),
    ),
    mutant(
        "step-x-first",
        OUT,
        "return du[:, : -H - 1], du[:, -H - 1 : -1], dc_hat * f, u.T @ da",
        "u is [h, x, 1]: the first columns belong to h.",
        of("step-backward", "gates saturated-gates"),
    ),
    mutant(
        "step-h-before-x",
        OUT,
        "return du[:, :H], du[:, H:-1], dc_hat * f, u.T @ da",
        "The order of the results is that of the arguments: x, h, c, W.",
        of("step-backward", "gates saturated-gates step-shapes"),
    ),
    mutant(
        "step-dx-with-ones",
        OUT,
        "return du[:, H:], du[:, :H], dc_hat * f, u.T @ da",
        "The last column of u is the ones; it does not belong to x.",
        of("step-backward", "gates saturated-gates step-shapes"),
    ),
    mutant(
        "step-batch-mean",
        OUT,
        "return du[:, H:-1], du[:, :H], dc_hat * f, u.T @ da / len(u)",
        "W is shared by all samples: its gradient is their sum, not their mean.",
        of("step-backward", "biases saturated-gates whole-batch"),
    ),
    mutant(
        "step-no-bias",
        OUT,
        "return du[:, H:-1], du[:, :H], dc_hat * f, (u * (np.arange(u.shape[1]) < u.shape[1] - 1)).T @ da",
        "The last row of W, the biases, gets no gradient: the ones in u are what multiplies it.",
        of("step-backward", "biases whole-batch"),
    ),
    mutant(
        "step-no-o-in-u",
        "du = da @ W.T",
        "du = da[:, : 3 * H] @ W[:, : 3 * H].T",
        "All four gates read u; the part of the output gate is missing in dx and dh.",
        of("step-backward", "gates saturated-gates"),
    ),
    mutant(
        "step-float64",
        "tanh_c = np.tanh(c_new)",
        "tanh_c = np.tanh(c_new.astype(float))",
        "float32 went in and float64 comes out.",
        of("step-backward", "step-shapes"),
    ),
    mutant(
        "step-writes-dc",
        HAT,
        "dc += dh * o * (1 - tanh_c**2)\n    dc_hat = dc",
        "`dc` is changed in place: whoever gave it may need it, and a second call gives something else.",
        of("step-backward", "step-arguments step-called-twice"),
    ),
    # --- sequence
    mutant(
        "sequence-ignores-h0",
        FIRST,
        "us[0, :, :H] = 0",
        "The first step does not read h0.",
        of(
            "sequence",
            "all-outputs last-of-three lifted long-and-large many-alive one-step single-precision "
            "states states-of-many-steps twice-in-one-graph two-alive two-steps-of-numbers "
            "without-the-tape",
        ),
    ),
    mutant(
        "sequence-ignores-c0",
        "cs[0] = c0",
        "cs[0] = 0",
        "The first step does not start from c0.",
        of(
            "sequence",
            "all-outputs last-of-three lifted long-and-large many-alive one-step single-precision "
            "states states-of-many-steps twice-in-one-graph two-alive two-steps-of-numbers "
            "without-the-tape",
        ),
    ),
    mutant(
        "sequence-time-first",
        "return hs.swapaxes(0, 1), vjps",
        "return hs, vjps",
        "hs comes with time first; (B, T, H) is asked for.",
        of(
            "sequence",
            "lifted long-and-large many-alive shape-of-hs single-precision states "
            "states-of-many-steps twice-in-one-graph two-alive",
        ),
    ),
    mutant(
        "sequence-last-output-only",
        ADD_H,
        "dh = dh + dhs[t] * (t == T - 1)",
        "Every output may be used, not the last alone: each step's cotangent must be added.",
        of("sequence", "all-outputs long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-no-recurrence",
        ADD_H,
        "dh = dhs[t]",
        "What the next step sends back to h is overwritten by what the output sends; the two add up.",
        of("sequence", "all-outputs last-of-three long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-first-output-missing",
        ADD_H,
        "dh = dh + dhs[t] * (t > 0)",
        "The cotangent of the first output is never added.",
        of("sequence", "all-outputs long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-c-not-passed-on",
        ADD_C,
        "dc = dh * slope[t]",
        "What the next step sends back to c is lost: it adds to what comes by h.",
        of("sequence", "all-outputs last-of-three long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-c-without-h",
        ADD_C,
        "pass",
        "c' is heard of through h' = o ⊙ tanh(c') too: what dh sends there is missing.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers "
            "without-the-tape",
        ),
    ),
    mutant(
        "sequence-slope-without-o",
        SLOPE,
        "slope = 1 - tanh_cs**2",
        "On its way from h' to c', dh passes the output gate.",
        of("sequence", "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-slope-of-c",
        SLOPE,
        "slope = o * (1 - cs[1:] ** 2)",
        "The derivative of tanh is 1 − tanh², of its output: square tanh(c'), not c'.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-slope-of-old-c",
        SLOPE,
        "slope = o * (1 - np.tanh(cs[:-1]) ** 2)",
        "h' is made from the new c: the slope of tanh is taken a step too early.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-dc-not-forgotten",
        FORGOTTEN,
        "pass",
        "On its way to the step before, dc passes the forget gate.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-forgotten-too-early",
        SIDE + "\n            " + FORGOTTEN,
        FORGOTTEN + "\n            " + SIDE,
        "The gates of a step hear of the new c; the forget gate's factor is for what goes on to the old one.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-o-by-c",
        SIDE,
        "das[t] *= np.concatenate([dc, dc, dc, dc], axis=1)",
        "The output gate stands in h' alone: dh reaches it, not dc.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-g-by-h",
        SIDE,
        "das[t] *= np.concatenate([dh, dc, dc, dh], axis=1)",
        "The candidate stands in c': dc reaches it, not dh.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-rows-of-x",
        BACK,
        "dh = das[t] @ W[D : D + H].T + np.where(on[t], 0, dh)",
        "The first H rows of W belong to h, the next D to x.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-h0-a-product-short",
        BACK,
        "dh = das[t] @ W[:H].T + np.where(on[t], 0, dh) if t else dh",
        "The gradient of h0 lies before the first step: one more product with W.",
        of("sequence", "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-adds-twice",
        BACK,
        "dh = das[t] @ W[:H].T + dh",
        "What arrived at h' goes on to h through the gates only: it is added a second time.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-f-of-new-c",
        "cs[:-1] * f * (1 - f)",
        "cs[1:] * f * (1 - f)",
        "The forget gate multiplied the old c; its factor needs that one, not the new.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-g-as-sigmoid",
        "i * (1 - g**2), cs",
        "i * g * (1 - g), cs",
        "The candidate g is a tanh: its derivative is not that of σ.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-i-as-tanh",
        "g * i * (1 - i), tanh_cs",
        "g * (1 - i**2), tanh_cs",
        "The input gate is a σ: its derivative is i (1 − i), not that of tanh.",
        of("sequence", "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-o-without-tanh",
        "tanh_cs * o * (1 - o)]",
        "cs[1:] * o * (1 - o)]",
        "In h' the output gate multiplies tanh(c'), not c'.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-o-no-derivative",
        "tanh_cs * o * (1 - o)]",
        "tanh_cs * o]",
        "The output gate is a σ: its derivative is o (1 − o).",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-dx-rows-of-h",
        "dx = das @ W[H:-1].T",
        "dx = das @ W[:D].T",
        "The rows of W that belong to x come after the H rows of h.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-dx-reversed",
        "return dx.swapaxes(0, 1), dh",
        "return dx[::-1].swapaxes(0, 1), dh",
        "dx comes in the order in which the loop went, from the last step to the first.",
        of("sequence", "all-outputs last-of-three long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-dx-time-first",
        "return dx.swapaxes(0, 1), dh",
        "return dx, dh",
        "dx has time first; it must have the shape of x.",
        of("sequence", "all-outputs last-of-three lifted long-and-large one-step shapes-of-gradients twice-in-one-graph two-steps-of-numbers without-the-tape many-alive"),
    ),
    mutant(
        "sequence-c0-before-h0",
        RETURN,
        "return dx.swapaxes(0, 1), dc, dh, weight_gradient(us[:-1], das)",
        "The order of the gradients is that of the arguments: x, h0, c0, W.",
        of(
            "sequence",
            "all-outputs last-of-three long-and-large one-step twice-in-one-graph "
            "two-steps-of-numbers without-the-tape",
        ),
    ),
    mutant(
        "sequence-weights-of-new-h",
        "weight_gradient(us[:-1], das)",
        "weight_gradient(us[1:], das)",
        "What multiplied W at step t is the u that this step read; here it is the one of the step after.",
        of("sequence", "all-outputs long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-weights-of-last-step",
        "weight_gradient(us[:-1], das)",
        "weight_gradient(us[-2:-1], das[-1:])",
        "W is used at every step: its gradient is the sum over all of them.",
        of("sequence", "all-outputs long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-writes-g",
        "dhs = np.where(on, dhs.swapaxes(0, 1), 0)\n        dh, dc = np.zeros_like(h0), np.zeros_like(c0)\n        for t in reversed(range(T)):\n            dh = dh + dhs[t]",
        "dhs = dhs.swapaxes(0, 1)\n        np.copyto(dhs, 0, where=~on)\n        dh, dc = np.zeros_like(h0), np.zeros_like(c0)\n        for t in reversed(range(T)):\n            dhs[t] += dh\n            dh = dhs[t].copy()",
        "The cotangent that was given is changed in place.",
        of("sequence", "arguments-afterwards lifted twice-in-one-graph"),
    ),
    mutant(
        "sequence-writes-x",
        "us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)",
        "us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)\n    x *= 0.5",
        "The argument x is changed in place.",
        of("sequence", "arguments-afterwards twice-in-one-graph"),
    ),
    mutant(
        "sequence-shared-cells",
        STATE,
        'cs = lstm_sequence.__dict__.setdefault(f"cs {x.shape} {H} {x.dtype}", np.empty((T + 1, B, H), x.dtype))',
        "An array is kept between calls and used again, while an earlier result still needs what stood in it.",
        of("sequence", "many-alive twice-in-one-graph two-alive"),
    ),
    mutant(
        "sequence-shared-gates",
        GATES_ROOM,
        'gates = lstm_sequence.__dict__.setdefault(f"gates {x.shape} {H} {x.dtype}", np.empty((T, B, 4 * H), x.dtype))',
        "The gates are kept between calls and written anew, while an earlier vjps still needs them.",
        of("sequence", "many-alive twice-in-one-graph two-alive"),
    ),
    mutant(
        "sequence-uses-up-factors",
        "    def vjps(dhs):\n        factors = [i * (1 - g**2), cs[:-1] * f * (1 - f), g * i * (1 - i), tanh_cs * o * (1 - o)]\n        das = np.concatenate(factors, axis=2)\n",
        "    factors = [i * (1 - g**2), cs[:-1] * f * (1 - f), g * i * (1 - i), tanh_cs * o * (1 - o)]\n    das = np.concatenate(factors, axis=2)\n\n    def vjps(dhs):\n",
        "vjps multiplies into factors that were computed once, so that its second call finds them changed.",
        of("sequence", "many-alive"),
    ),
    mutant(
        "sequence-adds-up-weights",
        RETURN,
        "vjps.total = getattr(vjps, 'total', 0) + weight_gradient(us[:-1], das)\n        return dx.swapaxes(0, 1), dh, dc, vjps.total",
        "Each further call of one vjps adds to the gradient of W of the call before: the sum must begin at zero every time.",
        of("sequence", "many-alive"),
    ),
    mutant(
        "sequence-float64",
        ROOM,
        "us = np.ones((T + 1, B, H + D + 1))",
        "Somewhere an array is made without saying of which dtype: float32 becomes float64.",
        of("sequence", "single-precision arguments-afterwards"),
    ),
    # --- one-gemm
    mutant(
        "gemm-last-step",
        GEMM,
        "return us[-1].T @ das[-1]",
        "Only one step's product is there: it is the sum over all of them.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-first-step-missing",
        GEMM,
        "return us[1:].reshape(-1, us.shape[2]).T @ das[1:].reshape(-1, das.shape[2])",
        "The first step's product is missing.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-mean",
        GEMM,
        "return us.reshape(-1, us.shape[2]).T @ das.reshape(-1, das.shape[2]) / len(us)",
        "It is a sum over the steps, not a mean.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-reshaped-not-transposed",
        GEMM,
        "return us.reshape(us.shape[2], -1) @ das.reshape(-1, das.shape[2])",
        "Reshaping to (K, T·B) does not transpose: it cuts the same row of numbers elsewhere.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-batch-first",
        GEMM,
        "return us.reshape(-1, us.shape[2]).T @ das.swapaxes(0, 1).reshape(-1, das.shape[2])",
        "The rows of the two matrices do not belong together: one has its samples in another order.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-sums-first",
        GEMM,
        "return us.sum(axis=0).T @ das.sum(axis=0)",
        "The product of two sums is not the sum of products.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-transposed",
        GEMM,
        "return das.reshape(-1, das.shape[2]).T @ us.reshape(-1, us.shape[2])",
        "The result is (M, K); asked for is (K, M), the shape of W.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-a-product-each-step",
        GEMM,
        "return sum(u.T @ da for u, da in zip(us, das))",
        "The numbers are right, but there is a product for each step; write all rows below each other first.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one"),
    ),
    mutant(
        "gemm-in-pieces",
        GEMM,
        "return sum(us[t : t + 20].reshape(-1, us.shape[2]).T @ das[t : t + 20].reshape(-1, das.shape[2]) for t in range(0, len(us), 20))",
        "The numbers are right, and steps are taken together; but there are still more pieces than ten.",
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one"),
    ),
    mutant(
        "gemm-changes-us",
        GEMM,
        "us *= 1.0000001\n    " + GEMM,
        "us is changed in place: it belongs to whoever called, who may need it again.",
        of("one-gemm", "sum-of-products pieces-of-arrays"),
    ),
    mutant(
        "gemm-float64",
        GEMM,
        "return us.reshape(-1, us.shape[2]).T.astype(float) @ das.reshape(-1, das.shape[2])",
        "float32 went in and float64 comes out.",
        of("one-gemm", "pieces-of-arrays sum-of-products"),
    ),
    # --- masks
    mutant(
        "mask-ignored",
        ON,
        "on = np.ones((T, 1, 1), bool)",
        "The mask changes nothing.",
        of(
            "masks",
            "anything-in-padding carried nothing-there padding through-gaps through-padding unheard "
            "nan-unheard",
        ),
    ),
    mutant(
        "mask-inverted",
        ON,
        "on = np.ones((T, 1, 1), bool) if mask is None else ~mask.T[:, :, None]",
        "The mask is True where there is an entry; here it works the other way round.",
        of(
            "masks",
            "anything-in-padding carried nothing-there padding through-gaps through-padding unheard "
            "nan-unheard",
        ),
    ),
    mutant(
        "mask-a-step-late",
        ON,
        "on = np.ones((T, 1, 1), bool) if mask is None else np.roll(mask, 1, axis=1).T[:, :, None]",
        "The mask is applied a step too late.",
        of(
            "masks",
            "anything-in-padding carried nothing-there padding through-gaps through-padding unheard "
            "nan-unheard",
        ),
    ),
    mutant(
        "mask-inputs-only",
        ON,
        "on = np.ones((T, 1, 1), bool)\n    if mask is not None:\n        x = np.where(mask[:, :, None], x, 0)",
        "Only the inputs are masked: a step that reads zeros still changes h and c.",
        of(
            "masks",
            "anything-in-padding carried nothing-there padding through-gaps through-padding unheard "
            "nan-unheard",
        ),
    ),
    mutant(
        "mask-forgets-c",
        KEEP_C,
        "pass",
        "At a masked step c still passes the forget gate: it must be carried as it is.",
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-clears-c",
        KEEP_C,
        "np.copyto(f[t], 0, where=~on[t])",
        "At a masked step c becomes zero: with which f is f ⊙ c the old c?",
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-clears-h",
        KEEP_H,
        "o[t] * np.tanh(cs[t + 1])",
        "At a masked step h becomes zero, for the next step too: the output is zero, the state is carried.",
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-lets-candidate-in",
        SHUT,
        "np.copyto(gates[t, :, 3 * H :], 0, where=~on[t])",
        "At a masked step the candidate still gets into c through the input gate.",
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-output-gate-open",
        SHUT,
        "np.copyto(i[t], 0, where=~on[t])",
        "Backwards, a masked step's output gate still lets gradient in, though its output is a constant.",
        of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-repeats-output",
        "hs = np.where(on, us[1:, :, :H], 0)",
        "hs = us[1:, :, :H].copy()",
        "Where the mask is False the output repeats the carried state; it must be zero.",
        of("masks", "anything-in-padding carried nothing-there padding through-gaps"),
    ),
    mutant(
        "mask-hears-cotangent",
        HEARD,
        "dhs = dhs.swapaxes(0, 1)",
        "The cotangent of a masked output is added to that of h, though this output is a constant.",
        of("masks", "anything-in-padding padding unheard nan-unheard"),
    ),
    mutant(
        "mask-multiplies-cotangent",
        HEARD,
        "dhs = on * dhs.swapaxes(0, 1)",
        "The cotangent is multiplied by the mask, and zero times NaN is not zero: it must be chosen.",
        of("masks", "nan-unheard"),
    ),
    mutant(
        "mask-stops-dh",
        BACK,
        "dh = das[t] @ W[:H].T",
        "Backwards, h's gradient does not get past a masked step.",
        of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-stops-dc",
        FORGOTTEN,
        "dc = dc * np.where(on[t], f[t], 0)",
        "Backwards, c's gradient does not get past a masked step.",
        of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-reads-padding",
        "us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)",
        "us[:T, :, H:-1] = x.swapaxes(0, 1)",
        "Padding is still read: zero times what stands there is not zero when that is NaN or infinite.",
        of("masks", "anything-in-padding"),
    ),
]


def written(text: str, *changes: tuple[str, str]) -> str:
    """A text with the one place of each change changed."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


# The exercises in other words; the rewrites make known mistakes in them.
BY_GATE = '''
def lstm_step_backward(dh, dc, cache):
    u, W, c, c_new, g, f, i, o = cache
    H, squashed = f.shape[1], np.tanh(c_new)
    total = dc + (1 - squashed * squashed) * (o * dh)
    parts = {
        "g": (total * i) * (1 - g * g),
        "f": (total * c) * (f - f * f),
        "i": (total * g) * (i - i * i),
        "o": (dh * squashed) * (o - o * o),
    }
    delta, D = np.hstack([parts[name] for name in "gfio"]), u.shape[1] - H - 1
    W_h, W_x, _ = np.split(W, [H, H + D])
    dW = np.vstack([u[:, :-1].T @ delta, delta.sum(axis=0)])
    return delta @ W_x.T, delta @ W_h.T, total * f, dW
'''
BY_STEP = '''
def lstm_sequence(x, h0, c0, W, mask=None):
    h, c, caches, outputs, T = h0, c0, [], [], x.shape[1]
    here = np.ones(x.shape[:2], bool) if mask is None else mask
    x = np.where(here[:, :, None], x, x.dtype.type(0))
    for t in range(T):
        on = here[:, t, None]
        h_new, c_new, cache = lstm_step(x[:, t], h, c, W)
        caches.append(cache)
        outputs.append(np.where(on, h_new, 0))
        h = np.where(on, h_new, h)
        c = np.where(on, c_new, c)

    def vjps(g):
        dx, dW = np.zeros_like(x), np.zeros_like(W)
        dh, dc = np.zeros_like(h0), np.zeros_like(c0)
        for t in reversed(range(T)):
            on = here[:, t, None]
            mine = np.where(on, dh + g[:, t], 0)
            dx[:, t], old_h, old_c, part = lstm_step_backward(mine, np.where(on, dc, 0), caches[t])
            dh = old_h + np.where(on, 0, dh)
            dc = old_c + np.where(on, 0, dc)
            dW = dW + part
        return dx, dh, dc, dW

    return np.stack(outputs, axis=1), vjps
'''


def step(name, of, *changes):
    return Rewrite(name, of, {"step-backward": written(BY_GATE, *changes)})


def sequence(name, of, *changes):
    return Rewrite(name, of, {"sequence": written(BY_STEP, *changes)})


def gemm(name, of, result):
    return Rewrite(name, of, {"one-gemm": f"\ndef weight_gradient(us, das):\n    return {result}\n"})


REWRITES = [
    step("candidate-like-a-gate", "step-g-as-sigmoid", ("(1 - g * g)", "(g - g * g)")),
    step("only-through-c", "step-without-dh", ("dc + (1 - squashed * squashed) * (o * dh)", "dc.copy()")),
    step("only-through-h", "step-without-dc", ("dc + (1 - squashed", "(1 - squashed")),
    step("slope-by-hand", "step-slope-not-squared", ("(1 - squashed * squashed)", "(1 - squashed)")),
    step("output-from-total", "step-o-by-c-hat", ("(dh * squashed)", "(total * squashed)")),
    step("forget-of-c-new", "step-f-of-new-c", ("(total * c)", "(total * c_new)")),
    step("torch-like-order", "step-f-and-i-exchanged", ('"gfio"', '"gifo"')),
    step("biases-forgotten", "step-no-bias", ("delta.sum(axis=0)]", "0 * delta.sum(axis=0)]")),
    step("mean-of-the-batch", "step-batch-mean", ("total * f, dW", "total * f, dW / u.shape[0]")),
    step("c-kept-whole", "step-dc-not-forgotten", ("total * f, dW", "total, dW")),
    step("h-then-x", "step-h-before-x", ("delta @ W_x.T, delta @ W_h.T", "delta @ W_h.T, delta @ W_x.T")),
    sequence("begins-at-the-end", "sequence-last-output-only", ("dh + g[:, t]", "dh + g[:, t] * (t + 1 == len(caches))")),
    sequence("outputs-alone", "sequence-no-recurrence", ("dh + g[:, t]", "g[:, t]")),
    sequence("cells-alone", "sequence-c-not-passed-on", ("np.where(on, dc, 0), caches", "np.zeros_like(dc), caches")),
    sequence("cells-first", "sequence-c0-before-h0", ("return dx, dh, dc, dW", "return dx, dc, dh, dW")),
    sequence("from-zero-h", "sequence-ignores-h0", ("h, c, caches", "h0 = np.zeros_like(h0)\n    h, c, caches")),
    sequence("from-zero-c", "sequence-ignores-c0", ("h, c, caches", "c0 = np.zeros_like(c0)\n    h, c, caches")),
    sequence("weights-of-one", "sequence-weights-of-last-step", ("dW = dW + part", "dW = part if t == T - 1 else dW")),
    sequence("stacked-first", "sequence-time-first", ("np.stack(outputs, axis=1)", "np.array(outputs)")),
    sequence("time-first-gradient", "sequence-dx-time-first", ("return dx, dh", "return np.moveaxis(dx, 1, 0), dh")),
    sequence("from-the-end", "sequence-dx-reversed", ("return dx, dh", "return dx[:, ::-1], dh")),
    sequence("added-in-place", "sequence-writes-x", ("    for t in range(T):\n        on = here[:, t, None]\n        h_new", "    given *= 0.5\n    for t in range(T):\n        on = here[:, t, None]\n        h_new"), ("    x = np.where(here", "    given = x\n    x = np.where(here")),
    gemm("one-by-one", "gemm-a-product-each-step", "np.stack([np.dot(us[t].T, das[t]) for t in range(len(us))]).sum(axis=0)"),
    gemm("einsum-mean", "gemm-mean", 'np.einsum("tbk,tbm->km", us, das, optimize=True) / us.shape[0]'),
    gemm("einsum-of-two-times", "gemm-sums-first", 'np.einsum("tbk,sbm->km", us, das, optimize=True)'),
    gemm("tensordot-turned", "gemm-transposed", "np.tensordot(das, us, axes=((0, 1), (0, 1)))"),
    gemm("the-end-of-time", "gemm-last-step", "np.dot(us[len(us) - 1].T, das[len(us) - 1])"),
    sequence("never-looks", "mask-ignored", ("if mask is None else mask", "if True else mask")),
    sequence("h-and-output-one", "mask-clears-h", ("h = np.where(on, h_new, h)", "h = np.where(on, h_new, 0)")),
    sequence("output-is-the-state", "mask-repeats-output", ("        outputs.append(np.where(on, h_new, 0))\n", ""), ("c = np.where(on, c_new, c)\n", "c = np.where(on, c_new, c)\n        outputs.append(h)\n")),
    sequence("h-stops-here", "mask-stops-dh", ("old_h + np.where(on, 0, dh)", "old_h")),
    sequence("c-stops-here", "mask-stops-dc", ("old_c + np.where(on, 0, dc)", "old_c")),
    sequence("all-cotangents", "mask-hears-cotangent", ("np.where(on, 0, dh)", "np.where(on, 0, dh + g[:, t])")),
]
