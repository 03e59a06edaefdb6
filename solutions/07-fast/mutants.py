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
        ["Which two things does a step hand on, and from how many sides does a cotangent come back to it?","The new c was returned too: what comes to it from the next step, `dc`, is lost.","At the line where both sides meet, look for the argument that is never read.",],
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
        ["On how many ways does the new c reach the loss?","h' = o ⊙ tanh(c') is made from the new c: what `dh` sends there is missing.","At the line where the new c's cotangent is put together: what does it add to `dc`?",],
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-no-output-gate",
        HAT,
        "dc_hat = dc + dh * (1 - tanh_c**2)",
        ["By what is tanh(c') multiplied in h', and by what is then `dh` multiplied on its way back through that product?","On its way from h' to c', `dh` passes the output gate.","Look at the factors of `dh` where the new c's cotangent is put together.",],
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-no-tanh-slope",
        HAT,
        "dc_hat = dc + dh * o",
        ["Which function stands between c' and h', and by what does a cotangent grow or shrink that goes back through it?","On its way from h' to c', `dh` passes a tanh, and with it its derivative.","Look at the factors of `dh` where the new c's cotangent is put together.",],
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-slope-of-c",
        HAT,
        "dc_hat = dc + dh * o * (1 - c_new**2)",
        ["Is the slope of tanh written with its input or with its output? Which of the two do you square?","The derivative of tanh is 1 − tanh², of its output: square tanh(c'), not c'.","Look at the slope in the new c's cotangent, and at what the cache calls the thing in it.",],
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-slope-not-squared",
        HAT,
        "dc_hat = dc + dh * o * (1 - tanh_c)",
        ["What is the slope of tanh at 0, and what at a large number? What does your factor give there?","The derivative of tanh at c' is 1 − tanh²(c'): something is not squared.","Look at the slope in the new c's cotangent, power by power.",],
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-tanh-of-old-c",
        "tanh_c = np.tanh(c_new)",
        "tanh_c = np.tanh(c)",
        ["Of which of the two c's does the forward step take the tanh?","h' is made from tanh of the new c, not of the old one.","Look at which c the tanh in the new c's cotangent, and in the output gate's part, comes from.",],
        of("step-backward", "biases each-way gates one-number-of-gates saturated-gates two-ways whole-batch"),
    ),
    mutant(
        "step-g-as-sigmoid",
        DG,
        "dc_hat * i * g * (1 - g),",
        ["Which of the four columns of a is squashed by another function than the others?","The candidate g is a tanh: its derivative is not that of σ.","Look at the factor after i in the candidate's part.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-g-no-derivative",
        DG,
        "dc_hat * i,",
        ["You have the cotangent of g. Is g what W gives, or what is made of it?","The part of the candidate stops at g; it must go on through the derivative of tanh, to a.","Look at the candidate's part: which factor do the other three have that it has not?",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-g-of-forget",
        DG,
        "dc_hat * f * (1 - g**2),",
        ["In c' = f ⊙ c + i ⊙ g, what stands beside g?","g is multiplied by i in c', so its part is multiplied by i, not by f.","Look at the gate in the candidate's part.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-g-of-dc-alone",
        DG,
        "dc * i * (1 - g**2),",
        ["g reaches the loss through c'. Which of your names holds all that comes back to c'?","The candidate hears of the new c's whole cotangent, also of what came by `dh`.","Look at what the candidate's part begins with, and compare it with the input gate's.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-of-new-c",
        DF,
        "dc_hat * c_new * f * (1 - f),",
        ["In c' = f ⊙ c + i ⊙ g, what stands beside f?","The forget gate multiplied the old c; its part needs that one, not the new.","Look at which c is a factor of the forget gate's part.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-no-derivative",
        DF,
        "dc_hat * c,",
        ["You have the cotangent of f. Is f what W gives, or what is made of it?","The forget gate's part stops at f; it must go on through the derivative of σ, to a.","Look at the forget gate's part: which factor does the input gate's have that it has not?",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-of-dc-alone",
        DF,
        "dc * c * f * (1 - f),",
        ["f reaches the loss through c'. Which of your names holds all that comes back to c'?","The forget gate hears of the new c's whole cotangent, also of what came by `dh`.","Look at what the forget gate's part begins with, and compare it with the input gate's.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-as-tanh",
        DF,
        "dc_hat * c * (1 - f**2),",
        ["What is the slope of σ, written with its output? And which function made f?","The forget gate is a σ: its derivative is f (1 − f), not that of tanh.","Look at the last factor of the forget gate's part.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-i-as-tanh",
        DI,
        "dc_hat * g * (1 - i**2),",
        ["What is the slope of σ, written with its output? And which function made i?","The input gate is a σ: its derivative is i (1 − i), not that of tanh.","Look at the last factor of the input gate's part.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-i-no-derivative",
        DI,
        "dc_hat * g,",
        ["You have the cotangent of i. Is i what W gives, or what is made of it?","The input gate's part stops at i; it must go on through the derivative of σ, to a.","Look at the input gate's part: which factor does the forget gate's have that it has not?",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-o-by-c-hat",
        DO,
        "dc_hat * tanh_c * o * (1 - o),",
        ["In which of the step's two equations does o stand?","The output gate stands in h' alone: only `dh` reaches it.","Look at what the output gate's part begins with.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-o-without-tanh",
        DO,
        "dh * c_new * o * (1 - o),",
        ["In h' = o ⊙ tanh(c'), what stands beside o?","In h' the output gate multiplies tanh(c'), not c'.","Look at the second factor of the output gate's part.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-o-no-derivative",
        DO,
        "dh * tanh_c,",
        ["You have the cotangent of o. Is o what W gives, or what is made of it?","The output gate's part stops at o; it must go on through the derivative of σ, to a.","Look at the output gate's part: which factor does the forget gate's have that it has not?",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-f-and-i-exchanged",
        DF + "\n            " + DI,
        DI + "\n            " + DF,
        ["In which order does the forward step cut a into its four blocks?","The columns of W are in the order g, f, i, o: two blocks are exchanged.","Look at the order in which the four parts are put side by side.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-order-f-i-g-o",
        DG + "\n            " + DF + "\n            " + DI,
        DF + "\n            " + DI + "\n            " + DG,
        ["In which order does the forward step cut a into its four blocks?","The columns of W are in the order g, f, i, o, the candidate first.","Look at which part you put first where the four are put side by side.",],
        of("step-backward", "biases gates one-number-of-gates saturated-gates whole-batch"),
    ),
    mutant(
        "step-dc-not-forgotten",
        OUT,
        "return du[:, H:-1], du[:, :H], dc_hat, u.T @ da",
        ["In c' = f ⊙ c + i ⊙ g, by what is the old c multiplied?","On its way to the old c, the cotangent passes the forget gate.","Look at what is returned for c.",],
        of("step-backward", "each-way one-number-of-c two-ways"),
    ),
    mutant(
        "step-dc-direct-only",
        OUT,
        "return du[:, H:-1], du[:, :H], dc * f, u.T @ da",
        ["The old c reaches the loss through c'. Which of your names holds all that comes back to c'?","The old c hears of the new c's whole cotangent, also of what came by `dh`.","Look at what is returned for c: what is multiplied by f there?",],
        of("step-backward", "each-way two-ways"),
    ),
    mutant(
        "step-x-first",
        OUT,
        "return du[:, : -H - 1], du[:, -H - 1 : -1], dc_hat * f, u.T @ da",
        ["In which order does the step write h, x and 1 side by side?","u is [h, x, 1]: the first columns belong to h.","Look at where du is cut: whose are the first columns, and how many are there?",],
        of("step-backward", "gates saturated-gates"),
    ),
    mutant(
        "step-h-before-x",
        OUT,
        "return du[:, :H], du[:, H:-1], dc_hat * f, u.T @ da",
        ["In which order does the exercise ask for the four gradients?","The order of the results is that of the arguments: x, h, c, W.","Look at the order of what is returned.",],
        of("step-backward", "gates saturated-gates step-shapes"),
    ),
    mutant(
        "step-dx-with-ones",
        OUT,
        "return du[:, H:], du[:, :H], dc_hat * f, u.T @ da",
        ["How many columns has x, and how many has your dx?","The last column of u is the ones; it does not belong to x.","Look at where du is cut: where does x's share end?",],
        of("step-backward", "gates saturated-gates step-shapes"),
    ),
    mutant(
        "step-batch-mean",
        OUT,
        "return du[:, H:-1], du[:, :H], dc_hat * f, u.T @ da / len(u)",
        ["If a batch holds the same sample twice, how does the gradient of W compare with that of one?","W is shared by all samples: its gradient is their sum, not their mean.","Look at what is done to the product that gives W's gradient.",],
        of("step-backward", "biases saturated-gates whole-batch"),
    ),
    mutant(
        "step-no-bias",
        OUT,
        "return du[:, H:-1], du[:, :H], dc_hat * f, (u * (np.arange(u.shape[1]) < u.shape[1] - 1)).T @ da",
        ["Which row of W meets the column of ones? What gradient does it get from you?","The last row of W, the biases, gets no gradient: the ones in u are what multiplies it.","Look at the u that is multiplied into W's gradient: has it all its columns?",],
        of("step-backward", "biases whole-batch"),
    ),
    mutant(
        "step-no-o-in-u",
        "du = da @ W.T",
        "du = da[:, : 3 * H] @ W[:, : 3 * H].T",
        ["Which of the four gates read h and x?","All four gates read u; the part of the output gate is missing in dx and dh.","Look at the product of da with W that gives du: does it have all columns of both?",],
        of("step-backward", "gates saturated-gates"),
    ),
    mutant(
        "step-float64",
        "tanh_c = np.tanh(c_new)",
        "tanh_c = np.tanh(c_new.astype(float))",
        ["Which dtype has each array that you make yourself?","float32 went in and float64 comes out.","Look for an array that is made without a dtype, or a number of NumPy's that is float64.",],
        of("step-backward", "step-shapes"),
    ),
    mutant(
        "step-writes-dc",
        HAT,
        "dc += dh * o * (1 - tanh_c**2)\n    dc_hat = dc",
        ["What do two calls with the same `dc` give?","`dc` is changed in place: whoever gave it may need it, and a second call gives something else.","Look for `+=`, `*=` or `out=` on something that you were handed.",],
        of("step-backward", "step-arguments step-called-twice"),
    ),
    # --- sequence
    mutant(
        "sequence-ignores-h0",
        FIRST,
        "us[0, :, :H] = 0",
        ["Change h0 alone: does the first output change?","The first step does not read h0.","Look at what the first step reads as its h.",],
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
        ["Change c0 alone: does the first output change?","The first step does not start from c0.","Look at what the first step reads as its c.",],
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
        ["What does the text say are the axes of hs, and which of yours has length T?","hs comes with time first; (B, T, H) is asked for.","Look at the last thing that happens to the outputs before they are returned.",],
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
        ["If the loss looks at the output of step 2 alone, which of your lines reads that cotangent?","Every output may be used, not the last alone: each step's cotangent must be added.","Look at what the backward loop does with `dhs[t]` in each of its turns.",],
        of("sequence", "all-outputs long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-no-recurrence",
        ADD_H,
        "dh = dhs[t]",
        ["From how many places does a step's h get gradient, when its output is used and a later step reads it?","What the next step sends back to h is overwritten by what the output sends; the two add up.","At the beginning of a turn, look at what becomes of the dh that the turn before left.",],
        of("sequence", "all-outputs last-of-three long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-first-output-missing",
        ADD_H,
        "dh = dh + dhs[t] * (t > 0)",
        ["How many outputs are there, and how many cotangents does your loop add?","The cotangent of the first output is never added.","Look at where the backward loop ends, and at what it has added by then.",],
        of("sequence", "all-outputs long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-c-not-passed-on",
        ADD_C,
        "dc = dh * slope[t]",
        ["From how many places does a step's c get gradient?","What the next step sends back to c is lost: it adds to what comes by h.","In the backward loop, look at what becomes of the dc that the turn before left.",],
        of("sequence", "all-outputs last-of-three long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-c-without-h",
        ADD_C,
        "pass",
        ["On how many ways does c' reach the loss?","c' is heard of through h' = o ⊙ tanh(c') too: what dh sends there is missing.","Look at the line of the backward loop that puts dc together.",],
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
        ["By what is tanh(c') multiplied in h'?","On its way from h' to c', dh passes the output gate.","Look at the slope of tanh on the way from h' to c'.",],
        of("sequence", "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-slope-of-c",
        SLOPE,
        "slope = o * (1 - cs[1:] ** 2)",
        ["Is the slope of tanh written with its input or with its output?","The derivative of tanh is 1 − tanh², of its output: square tanh(c'), not c'.","Look at what is squared in the slope of tanh.",],
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
        ["Of which of a step's two c's is the tanh taken?","h' is made from the new c: the slope of tanh is taken a step too early.","Look at which c the slope is made of.",],
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
        ["In c' = f ⊙ c + i ⊙ g, by what is the old c multiplied?","On its way to the step before, dc passes the forget gate.","Look at the end of a turn of the backward loop: what happens to dc before the next one?",],
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
        ["Does the forget gate's factor belong between c' and the gates, or between c' and the old c?","The gates of a step hear of the new c; the forget gate's factor is for what goes on to the old one.","In a turn of the backward loop, look at the order: the gates' share first, or f?",],
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
        ["In which of the step's two equations does o stand?","The output gate stands in h' alone: dh reaches it, not dc.","Look at which cotangent the output gate's factor is multiplied by.",],
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
        ["In which of the step's two equations does g stand?","The candidate stands in c': dc reaches it, not dh.","Look at which cotangent the candidate's factor is multiplied by.",],
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
        ["Which rows of W meet h, and which meet x?","The first H rows of W belong to h, the next D to x.","Look at the rows that take da back to h.",],
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
        ["How many products with W lie between the last output and h0, and how many does your loop do?","The gradient of h0 lies before the first step: one more product with W.","Look at what is returned for h0: is it taken before or after the last product?",],
        of("sequence", "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-adds-twice",
        BACK,
        "dh = das[t] @ W[:H].T + dh",
        ["On which ways does the old h reach the new one?","What arrived at h' goes on to h through the gates only: it is added a second time.","Look at what the line that takes da back to h adds to the product.",],
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
        ["In c' = f ⊙ c + i ⊙ g, what stands beside f?","The forget gate multiplied the old c; its factor needs that one, not the new.","Look at which c the forget gate's factor is made of.",],
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
        ["Which of the four blocks is squashed by another function than the others?","The candidate g is a tanh: its derivative is not that of σ.","Look at the candidate's factor.",],
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
        ["What is the slope of σ, written with its output?","The input gate is a σ: its derivative is i (1 − i), not that of tanh.","Look at the input gate's factor.",],
        of("sequence", "all-outputs last-of-three long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "sequence-o-without-tanh",
        "tanh_cs * o * (1 - o)]",
        "cs[1:] * o * (1 - o)]",
        ["In h' = o ⊙ tanh(c'), what stands beside o?","In h' the output gate multiplies tanh(c'), not c'.","Look at the output gate's factor.",],
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
        ["Is o what W gives, or what is made of it?","The output gate is a σ: its derivative is o (1 − o).","Look at the output gate's factor, and compare it with the forget gate's.",],
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
        ["Which rows of W meet x?","The rows of W that belong to x come after the H rows of h.","Look at the rows of W in the product that gives dx.",],
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
        ["If the loss looks at the first output alone, at which step can dx be other than zero?","dx comes in the order in which the loop went, from the last step to the first.","Look at how dx is collected: in which order does the loop visit the steps?",],
        of("sequence", "all-outputs last-of-three long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-dx-time-first",
        "return dx.swapaxes(0, 1), dh",
        "return dx, dh",
        ["Which axis of x has length T, and which of your dx?","dx has time first; it must have the shape of x.","Look at the last thing that happens to dx before it is returned.",],
        of("sequence", "all-outputs last-of-three lifted long-and-large one-step shapes-of-gradients twice-in-one-graph two-steps-of-numbers without-the-tape many-alive"),
    ),
    mutant(
        "sequence-c0-before-h0",
        RETURN,
        "return dx.swapaxes(0, 1), dc, dh, weight_gradient(us[:-1], das)",
        ["In which order are the arguments, and so the gradients?","The order of the gradients is that of the arguments: x, h0, c0, W.","Look at the order of what the vjps return.",],
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
        ["Which u did step t multiply by W, the one before it or the one after?","What multiplied W at step t is the u that this step read; here it is the one of the step after.","Look at which steps' u go into W's gradient.",],
        of("sequence", "all-outputs long-and-large one-step twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-weights-of-last-step",
        "weight_gradient(us[:-1], das)",
        "weight_gradient(us[-2:-1], das[-1:])",
        ["How often is W used in T steps?","W is used at every step: its gradient is the sum over all of them.","Look at which steps go into the product that gives W's gradient.",],
        of("sequence", "all-outputs long-and-large twice-in-one-graph two-steps-of-numbers without-the-tape") + of("masks", "anything-in-padding through-gaps through-padding unheard nan-unheard"),
    ),
    mutant(
        "sequence-writes-g",
        "dhs = np.where(on, dhs.swapaxes(0, 1), 0)\n        dh, dc = np.zeros_like(h0), np.zeros_like(c0)\n        for t in reversed(range(T)):\n            dh = dh + dhs[t]",
        "dhs = dhs.swapaxes(0, 1)\n        np.copyto(dhs, 0, where=~on)\n        dh, dc = np.zeros_like(h0), np.zeros_like(c0)\n        for t in reversed(range(T)):\n            dhs[t] += dh\n            dh = dhs[t].copy()",
        ["What does a second call of the vjps with the same cotangent give?","The cotangent that was given is changed in place.","Look for `+=` or `out=` on the cotangents, or on a view of them.",],
        of("sequence", "arguments-afterwards lifted twice-in-one-graph"),
    ),
    mutant(
        "sequence-writes-x",
        "us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)",
        "us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)\n    x *= 0.5",
        ["Is x after the call what it was before?","The argument x is changed in place.","Look for `+=`, `out=` or a copy that is none: a reshaped or turned array is a view.",],
        of("sequence", "arguments-afterwards twice-in-one-graph"),
    ),
    mutant(
        "sequence-shared-cells",
        STATE,
        'cs = lstm_sequence.__dict__.setdefault(f"cs {x.shape} {H} {x.dtype}", np.empty((T + 1, B, H), x.dtype))',
        ["Call it twice with other numbers, then take the first call's gradients: whose c do they see?","An array is kept between calls and used again, while an earlier result still needs what stood in it.","Look for an array that lives outside of the function, or as a default, and is written into.",],
        of("sequence", "many-alive twice-in-one-graph two-alive"),
    ),
    mutant(
        "sequence-shared-gates",
        GATES_ROOM,
        'gates = lstm_sequence.__dict__.setdefault(f"gates {x.shape} {H} {x.dtype}", np.empty((T, B, 4 * H), x.dtype))',
        ["Call it twice with other numbers, then take the first call's gradients: whose gates do they see?","The gates are kept between calls and written anew, while an earlier vjps still needs them.","Look for the array of gates that lives outside of the function, or as a default.",],
        of("sequence", "many-alive twice-in-one-graph two-alive"),
    ),
    mutant(
        "sequence-uses-up-factors",
        "    def vjps(dhs):\n        factors = [i * (1 - g**2), cs[:-1] * f * (1 - f), g * i * (1 - i), tanh_cs * o * (1 - o)]\n        das = np.concatenate(factors, axis=2)\n",
        "    factors = [i * (1 - g**2), cs[:-1] * f * (1 - f), g * i * (1 - i), tanh_cs * o * (1 - o)]\n    das = np.concatenate(factors, axis=2)\n\n    def vjps(dhs):\n",
        ["What does a second call of the vjps with the same cotangent give?","vjps multiplies into factors that were computed once, so that its second call finds them changed.","In the backward loop, look for `*=` or `out=` on what was computed before it.",],
        of("sequence", "many-alive"),
    ),
    mutant(
        "sequence-adds-up-weights",
        RETURN,
        "vjps.total = getattr(vjps, 'total', 0) + weight_gradient(us[:-1], das)\n        return dx.swapaxes(0, 1), dh, dc, vjps.total",
        ["What does a second call of the vjps with the same cotangent give?","Each further call of one vjps adds to the gradient of W of the call before: the sum must begin at zero every time.","Look at where the sum for W begins: within the vjps, or before them?",],
        of("sequence", "many-alive"),
    ),
    mutant(
        "sequence-float64",
        ROOM,
        "us = np.ones((T + 1, B, H + D + 1))",
        ["Which dtype has each array that you make yourself?","Somewhere an array is made without saying of which dtype: float32 becomes float64.","Look at every `np.empty`, `np.zeros` and `np.ones` for its dtype.",],
        of("sequence", "single-precision arguments-afterwards"),
    ),
    # --- one-gemm
    mutant(
        "gemm-last-step",
        GEMM,
        "return us[-1].T @ das[-1]",
        ["How often was W used?","Only one step's product is there: it is the sum over all of them.","Look at which steps of us and das go into the product.",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-first-step-missing",
        GEMM,
        "return us[1:].reshape(-1, us.shape[2]).T @ das[1:].reshape(-1, das.shape[2])",
        ["How many steps have us and das, and how many go into your product?","The first step's product is missing.","Look at the slices, and at where a loop begins.",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-mean",
        GEMM,
        "return us.reshape(-1, us.shape[2]).T @ das.reshape(-1, das.shape[2]) / len(us)",
        ["If a sequence holds the same step twice, how does the gradient of W compare with that of one?","It is a sum over the steps, not a mean.","Look at what is done to the product, or to what goes into it.",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-reshaped-not-transposed",
        GEMM,
        "return us.reshape(us.shape[2], -1) @ das.reshape(-1, das.shape[2])",
        ["In a product, which row of the left matrix meets which column of the right one? Which step and sample does each of yours come from?","Reshaping to (K, T·B) does not transpose: it cuts the same row of numbers elsewhere.","Look at how the left matrix gets its shape (K, T·B).",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-batch-first",
        GEMM,
        "return us.reshape(-1, us.shape[2]).T @ das.swapaxes(0, 1).reshape(-1, das.shape[2])",
        ["Which step and which sample does row 1 of each of your matrices come from?","The rows of the two matrices do not belong together: one has its samples in another order.","Look at what is turned before the two are reshaped: both, or one?",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-sums-first",
        GEMM,
        "return us.sum(axis=0).T @ das.sum(axis=0)",
        ["Is (a + b)(c + d) the same as ac + bd?","The product of two sums is not the sum of products.","Look for a sum over time, or over samples, before the product.",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-transposed",
        GEMM,
        "return das.reshape(-1, das.shape[2]).T @ us.reshape(-1, us.shape[2])",
        ["What shape has W, and what shape has your result?","The result is (M, K); asked for is (K, M), the shape of W.","Look at which of the two matrices stands on the left, and which one is transposed.",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one pieces-of-arrays sum-of-products"),
    ),
    mutant(
        "gemm-a-product-each-step",
        GEMM,
        "return sum(u.T @ da for u, da in zip(us, das))",
        ["How many products of matrices does your code start for T = 100 steps?","The numbers are right, but there is a product for each step; write all rows below each other first.","Look for a loop over time, written or hidden in a comprehension, `sum` or einsum.",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one"),
    ),
    mutant(
        "gemm-in-pieces",
        GEMM,
        "return sum(us[t : t + 20].reshape(-1, us.shape[2]).T @ das[t : t + 20].reshape(-1, das.shape[2]) for t in range(0, len(us), 20))",
        ["How many products of matrices does your code start for a long sequence?","The numbers are right, and steps are taken together; but there are still more pieces than ten.","Look at the size of a piece: does their number grow with T?",],
        of("one-gemm", "a-thousand-steps a-thousand-steps-of-one"),
    ),
    mutant(
        "gemm-changes-us",
        GEMM,
        "us *= 1.0000001\n    " + GEMM,
        ["Is us after the call what it was before?","us is changed in place: it belongs to whoever called, who may need it again.","Look for `*=`, `+=` or an assignment into us, or into a view of it.",],
        of("one-gemm", "sum-of-products pieces-of-arrays"),
    ),
    mutant(
        "gemm-float64",
        GEMM,
        "return us.reshape(-1, us.shape[2]).T.astype(float) @ das.reshape(-1, das.shape[2])",
        ["Which dtype has each array that you make yourself?","float32 went in and float64 comes out.","Look for an array that is made without a dtype, and for `astype`.",],
        of("one-gemm", "pieces-of-arrays sum-of-products"),
    ),
    # --- masks
    mutant(
        "mask-ignored",
        ON,
        "on = np.ones((T, 1, 1), bool)",
        ["Change what stands behind the mask: does the result change?","The mask changes nothing.","Look at where your loop reads the mask, in the forward pass and in the backward one.",],
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
        ["What does a mask of True everywhere have to give?","The mask is True where there is an entry; here it works the other way round.","Look at where the mask decides between two values: which of them belongs to True?",],
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
        ["Which step does the first False of a mask concern?","The mask is applied a step too late.","Look at the index of the mask in the loop, forwards and backwards.",],
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
        ["Let x be zero at one step: are h and c after it what they were before it?","Only the inputs are masked: a step that reads zeros still changes h and c.","Look at what your loop keeps at a masked step besides reading zeros.",],
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
        ["What has c to be after a masked step, and what does c' = f ⊙ c + i ⊙ g make of it?","At a masked step c still passes the forget gate: it must be carried as it is.","Look at the forget gate at a masked step.",],
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-clears-c",
        KEEP_C,
        "np.copyto(f[t], 0, where=~on[t])",
        ["What has c to be after a masked step?","At a masked step c becomes zero: with which f is f ⊙ c the old c?","Look at what the forget gate is set to where the mask is False.",],
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-clears-h",
        KEEP_H,
        "o[t] * np.tanh(cs[t + 1])",
        ["What has the state h to be after a masked step, and what the output? Are they one array in your loop?","At a masked step h becomes zero, for the next step too: the output is zero, the state is carried.","Look at what the next step reads as h.",],
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-lets-candidate-in",
        SHUT,
        "np.copyto(gates[t, :, 3 * H :], 0, where=~on[t])",
        ["What has c to be after a masked step, and which two terms make c'?","At a masked step the candidate still gets into c through the input gate.","Look at the input gate at a masked step: setting f is half of it.",],
        of("masks", "anything-in-padding carried nothing-there through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-output-gate-open",
        SHUT,
        "np.copyto(i[t], 0, where=~on[t])",
        ["A masked output is zero whatever the gates are. What then is its gradient?","Backwards, a masked step's output gate still lets gradient in, though its output is a constant.","Look at the output gate's factor at a masked step.",],
        of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-repeats-output",
        "hs = np.where(on, us[1:, :, :H], 0)",
        "hs = us[1:, :, :H].copy()",
        ["What does the text ask hs to be where the mask is False?","Where the mask is False the output repeats the carried state; it must be zero.","Look at what the outputs are made of: the carried state, or what was chosen by the mask?",],
        of("masks", "anything-in-padding carried nothing-there padding through-gaps"),
    ),
    mutant(
        "mask-hears-cotangent",
        HEARD,
        "dhs = dhs.swapaxes(0, 1)",
        ["A masked output is zero whatever h is. How much of its cotangent reaches h?","The cotangent of a masked output is added to that of h, though this output is a constant.","At the beginning of the vjps, look at what happens to the cotangents of masked outputs.",],
        of("masks", "anything-in-padding padding unheard nan-unheard"),
    ),
    mutant(
        "mask-multiplies-cotangent",
        HEARD,
        "dhs = on * dhs.swapaxes(0, 1)",
        ["What is 0 times NaN?","The cotangent is multiplied by the mask, and zero times NaN is not zero: it must be chosen.","Look at where masked cotangents are made zero: with `*`, or with `np.where`?",],
        of("masks", "nan-unheard"),
    ),
    mutant(
        "mask-stops-dh",
        BACK,
        "dh = das[t] @ W[:H].T",
        ["A masked step hands h on as it is. What does it hand back?","Backwards, h's gradient does not get past a masked step.","In the backward loop, look at what dh becomes at a masked step: is it kept?",],
        of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-stops-dc",
        FORGOTTEN,
        "dc = dc * np.where(on[t], f[t], 0)",
        ["A masked step hands c on as it is. What does it hand back?","Backwards, c's gradient does not get past a masked step.","In the backward loop, look at what dc becomes at a masked step.",],
        of("masks", "anything-in-padding through-gaps through-padding nan-unheard"),
    ),
    mutant(
        "mask-reads-padding",
        "us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)",
        "us[:T, :, H:-1] = x.swapaxes(0, 1)",
        ["Put NaN where the mask is False: where in your code does it appear first?","Padding is still read: zero times what stands there is not zero when that is NaN or infinite.","Look at what is written into u for a masked step, and whether that is chosen or multiplied.",],
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
