"""Known mistakes in 01-rnn, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


MUTANTS = [
    # --- rnn-cell
    mutant(
        "cell-keeps-its-last-state",
        '        return self.activation(x @ self.W_x + h @ self.W_h + self.b)',
        "        if getattr(self, 'last', None) is not None and self.last.shape == h.shape:\n            h = self.last\n        self.last = self.activation(x @ self.W_x + h @ self.W_h + self.b)\n        return self.last",
        ["Call the cell twice with the same x and state: are the two answers equal?","The same x and state give another answer after other calls: the cell keeps something, its last state perhaps. Whoever calls it says what the state is.","Look at what the step stores in `self`, and reads again.",],
        of("rnn-cell", "keeps-nothing"),
    ),
    mutant(
        "cell-one-first-state",
        '        return Tensor(np.zeros((batch, self.hidden_size), self.b.dtype))\n',
        "        if not hasattr(self, 'first'):\n            self.first = Tensor(np.zeros((batch, self.hidden_size), self.b.dtype))\n        return self.first\n",
        ["Ask for the first state of 2 rows, then of 5: how many rows has the second?","`initial_state` makes its answer once and gives it for every batch, whatever its size.","Look at whether `initial_state` makes a new array in every call.",],
        of("rnn-cell", "keeps-nothing"),
    ),
    mutant(
        "cell-forgets-h",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + self.b",
        [
            "If the same x comes twice, what could make the two new states differ?",
            "Only the old state can, and here it has no say: the new state does not depend on it.",
            "In the step, count the terms that are added before the activation: is h in one of them?",
        ],
        of("rnn-cell", "one-step by-hand one-step-gradients any-activation gradients with-relu"),
    ),
    mutant(
        "cell-no-bias",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + h @ self.W_h",
        [
            "Which of the three parameters could you change without the new state noticing?",
            "The bias: it never reaches the new state. (With b = 0 one does not notice.)",
            "Look at what is added up before the activation, and find each of the three parameters in it.",
        ],
        of("rnn-cell", "by-hand one-step-gradients any-activation gradients with-relu"),
    ),
    mutant(
        "cell-transposed",
        "h @ self.W_h + self.b",
        "h @ self.W_h.T + self.b",
        [
            "Samples are rows here. On which side of W_h does h stand, and which way round is W_h?",
            "W_h is used transposed; it is square, so the shapes do not complain.",
            "Write the formula of part 2 beside the product of h and W_h in your step, and compare them letter by letter.",
        ],
        of("rnn-cell", "one-step one-step-gradients any-activation gradients with-relu"),
    ),
    mutant(
        "cell-no-activation",
        "return self.activation(x @ self.W_x",
        "return (x @ self.W_x",
        [
            "Between which numbers can a state lie when the activation is tanh? Where do yours lie?",
            "The state is never squashed: the sum is returned as it is.",
            "Follow `activation` from the constructor: does the step call it?",
        ],
        of(
            "rnn-cell",
            "one-step by-hand one-step-gradients any-activation gradients with-relu",
        ),
    ),
    mutant(
        "cell-always-tanh",
        "self.activation(x @ self.W_x",
        "tanh(x @ self.W_x",
        [
            "What does your cell do when it is built with `activation=relu`?",
            "It uses tanh all the same: the activation that it was given is not what the step calls.",
            "Look for the name of the function around the sum in the step: who chose it, the caller or you?",
        ],
        of("rnn-cell", "any-activation with-relu"),
    ),
    mutant(
        "cell-detaches-state",
        "+ h @ self.W_h",
        "+ Tensor(h.data) @ self.W_h",
        [
            "The numbers are right. By which way does the gradient get from the new state to the old one?",
            "Through the product with W_h, and there the old state is off the tape: it counts as a given number.",
            "In the step, look at every place where h is used: is it still the Tensor that came in?",
        ],
        of("rnn-cell", "gradients one-step-gradients"),
    ),
    mutant(
        "cell-adds-h",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b) + h",
        [
            "With all parameters zero, which state should a step give from any h, if the activation is tanh?",
            "Zero; yours gives h back: the old state is added to the new one once more, outside the activation.",
            "Look at what happens after the activation was called.",
        ],
        of("rnn-cell", "one-step by-hand any-activation gradients one-step-gradients with-relu"),
    ),
    mutant(
        "cell-scaled-bias",
        "+ self.b)",
        "+ self.b + self.b)",
        ["With x and h zero, what should the step give, and what does yours?","The bias is added twice.","Look at each term of the sum in the step, and count them.",],
        of("rnn-cell", "by-hand one-step-gradients any-activation gradients with-relu"),
    ),
    mutant(
        "cell-bias-no-parameter",
        "self.b = Parameter(np.zeros(hidden_size, dtype))",
        "self.b = Tensor(np.zeros(hidden_size, dtype), requires_grad=True)",
        [
            "How many parameters does an optimiser get from `cell.parameters()`?",
            "One too few: what is set as an attribute is collected only if it is a `Parameter`.",
            "In the constructor, compare how W_x, W_h and b are made.",
        ],
        of("rnn-cell", "shapes"),
    ),
    mutant(
        "cell-bias-one",
        "Parameter(np.zeros(hidden_size, dtype))",
        "Parameter(np.ones(hidden_size, dtype))",
        ["What should a new cell give from zeros, when the activation is tanh?","The bias does not start at zero.","Look at how the third parameter is made.",],
        of("rnn-cell", "start fresh-start"),
    ),
    mutant(
        "cell-glorot-everywhere",
        "init.orthogonal((hidden_size, hidden_size)",
        "init.glorot((hidden_size, hidden_size)",
        ["How long is h @ W_h compared with h, for an orthogonal W_h and for another?","W_h starts as a Glorot draw; an orthogonal one keeps the length of the state.","Look at how each of the two matrices is drawn.",],
        of("rnn-cell", "start fresh-start"),
    ),
    mutant(
        "cell-orthogonal-everywhere",
        "Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "Parameter(init.orthogonal((input_size, hidden_size), rng, dtype))",
        ["Which of the two matrices is applied again at every step, and which one only once to each input?","W_x starts orthogonal as well; what meets the input is a Glorot draw.","Look at how each of the two matrices is drawn.",],
        of("rnn-cell", "fresh-start"),
    ),
    mutant(
        "cell-deaf-to-zeros",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + (h @ self.W_h if h.data.any() else 0.0) + self.b",
        ["Does the gradient of a product depend on whether one of its factors happens to be zero?","A state of zeros is left out, and with it its gradient.","Look for an `if` in the step that asks about the numbers of the state.",],
        of("rnn-cell", "gradients"),
    ),
    mutant(
        "cell-standard-normal",
        "Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "Parameter(rng.standard_normal((input_size, hidden_size)).astype(dtype))",
        ["How large is x @ W_x when x has D entries of size 1? Should that grow with D?","W_x does not have Glorot's spread, variance 2 / (D + H).","Look at what is drawn for W_x, and by what it is scaled.",],
        of("rnn-cell", "fresh-start"),
    ),
    mutant(
        "cell-ignores-rng",
        "self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "rng = np.random.default_rng(0)\n"
        "        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        ["Build two cells with two different generators: do their weights differ?","Every cell starts from the same weights, whatever rng it is given.","Look at which generator the draws come from.",],
        of("rnn-cell", "fresh-start start"),
    ),
    mutant(
        "start-from-elsewhere",
        "rng = np.random.default_rng() if rng is None else rng",
        "rng = np.random.default_rng()",
        [
            "Two cells are built with generators of the same seed. Do they start alike?",
            "They do not: the start is drawn from something else than the `rng` that was given.",
            "In the constructor, look at which generator each draw gets, and where it was made.",
        ],
        of("rnn-cell", "start fresh-start"),
    ),
    mutant(
        "cell-always-float64",
        "self.W_x = Parameter(",
        "dtype = np.float64\n        self.W_x = Parameter(",
        ["Build a cell with `dtype=np.float32`: which dtype have its parameters?","The parameters are float64 even when another dtype was asked for.","Look at what reaches the functions that draw and that make zeros.",],
        of("rnn-cell", "single-precision shapes"),
    ),
    mutant(
        "cell-state-float64",
        "np.zeros((batch, self.hidden_size), self.b.dtype)",
        "np.zeros((batch, self.hidden_size))",
        ["Build a cell with `dtype=np.float32`: which dtype has its first state?","The first state has NumPy's default dtype, not the parameters'.","Look at what `initial_state` tells NumPy besides the shape.",],
        of("rnn-cell", "single-precision shapes"),
    ),
    mutant(
        "cell-starts-at-one",
        "np.zeros((batch, self.hidden_size)",
        "np.ones((batch, self.hidden_size)",
        ["What does a network know before it has read anything, and which state says so?","The first state is not zero.","Look at what `initial_state` fills its array with.",],
        of("rnn-cell", "shapes by-hand single-precision"),
    ),
    mutant(
        "cell-keeps-a-copy",
        "        return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "        if not hasattr(self, 'copy'):\n"
        "            object.__setattr__(self, 'copy', [Tensor(p.data.copy(), requires_grad=True) for p in (self.W_x, self.W_h, self.b)])\n"
        "        W_x, W_h, b = self.copy\n"
        "        return self.activation(x @ W_x + h @ W_h + b)",
        ["After a backward pass, do `cell.W_x.grad` and the others exist?","The step works with a copy of the parameters, so no gradient reaches the parameters themselves.","Look at which arrays stand in the step's sum: the parameters themselves?",],
        of("rnn-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-W_x-off-tape",
        "x @ self.W_x + h",
        "x @ self.W_x.data + h",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_x: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_x is used: the Parameter, or an array that was taken from it?",
        ],
        of("rnn-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-W_h-off-tape",
        "+ h @ self.W_h",
        "+ h @ self.W_h.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_h: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_h is used: the Parameter, or an array that was taken from it?",
        ],
        of("rnn-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-b-off-tape",
        "self.W_h + self.b)",
        "self.W_h + self.b.data)",
        [
            "The numbers are right. Which parameter would training never move?",
            "b: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where b is used: the Parameter, or an array that was taken from it?",
        ],
        of("rnn-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-leaves-the-tape",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "return Tensor(self.activation(x @ self.W_x + h @ self.W_h + self.b).data)",
        [
            "By which way does a loss get from the new state back to the parameters?",
            "By none: the numbers are right, but what comes back is off the tape, and no gradient reaches anything.",
            "In the step, look for what makes plain numbers of a Tensor: `.data`, `detach`, a function of NumPy's.",
        ],
        of("rnn-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-state-one-row",
        "np.zeros((batch, self.hidden_size)",
        "np.zeros((1, self.hidden_size)",
        [
            "How many rows has the first state of a batch of B sequences?",
            "One for each sequence, (B, H); here it has one for all. (Added to a batch, one row is repeated without a word.)",
            "Look at the shape that `initial_state` makes, and at where `batch` is in it.",
        ],
        of("rnn-cell", "shapes keeps-nothing single-precision"),
    ),
    mutant(
        "cell-state-no-batch",
        "np.zeros((batch, self.hidden_size), self.b.dtype)",
        "np.zeros(self.hidden_size, self.b.dtype)",
        [
            "How many rows has the first state of a batch of B sequences?",
            "One for each sequence, (B, H); here there is no axis for the batch. (Added to a batch, the same row is repeated without a word.)",
            "Look at the shape that `initial_state` makes, and at where `batch` is in it.",
        ],
        of("rnn-cell", "shapes keeps-nothing single-precision"),
    ),
    mutant(
        "cell-W_x-plain-array",
        "self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "self.W_x = init.glorot((input_size, hidden_size), rng, dtype)",
        [
            "How does an optimiser find the numbers that it is to move?",
            "It asks `cell.parameters()`, which collects attributes that are a `Parameter`; W_x is a plain array.",
            "In the constructor, compare how W_x, W_h and b are made.",
        ],
        of(
            "rnn-cell",
            "shapes one-step with-relu by-hand one-step-gradients fresh-start any-activation gradients",
        ),
    ),
    mutant(
        "cell-W_x-plain-tensor",
        "self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "self.W_x = Tensor(init.glorot((input_size, hidden_size), rng, dtype), requires_grad=True)",
        [
            "How many parameters does an optimiser get from `cell.parameters()`?",
            "W_x is not among them: what is set as an attribute is collected only if it is a `Parameter`.",
            "In the constructor, compare how W_x, W_h and b are made.",
        ],
        of("rnn-cell", "shapes"),
    ),
    mutant(
        "cell-W_x-turned",
        "init.glorot((input_size, hidden_size), rng, dtype)",
        "init.glorot((hidden_size, input_size), rng, dtype)",
        [
            "A row of x has D numbers, a row of h has H, and rows stand on the left. Which shape have W_x, W_h, and what each is multiplied to?",
            "(D, H), (H, H), and (B, H) for both products of matrices. One is otherwise: the shape that its matrix is drawn in, the operator, or the order.",
            "Compare the constructor's two draws and the step's two products, with the operator in each, with the table of notations.",
        ],
        of(
            "rnn-cell",
            "shapes keeps-nothing one-step with-relu one-step-gradients single-precision fresh-start "
            "any-activation gradients",
        ),
    ),
    mutant(
        "cell-state-plain-array",
        "return Tensor(np.zeros((batch, self.hidden_size), self.b.dtype))",
        "return np.zeros(self.hidden_size)",
        [
            "How many rows has the first state of a batch of B sequences, and what kind of thing is a state?",
            "It is a Tensor (B, H), with a row for each sequence; here it is a plain array without an axis for the batch.",
            "Look at the shape that `initial_state` makes, at where `batch` is in it, and at what is returned.",
        ],
        of("rnn-cell", "shapes keeps-nothing single-precision"),
    ),
    # --- rnn-forward
    mutant(
        "forward-time-first",
        "    return hs, (x, h0, hs, W_x, W_h)",
        "    return hs.swapaxes(0, 1), (x, h0, hs, W_x, W_h)",
        [
            "Which axis of x counts the samples, and which the steps? And of your hs?",
            "Here hs is (T, B, H), time first; everything in this notebook is batch first, (B, T, H).",
            "Look at the shape in which hs is made or put together, and at which axis t runs along.",
        ],
        of("rnn-forward", "forward-shape values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-ignores-h0",
        "    h = h0\n",
        "    h = np.zeros_like(h0)\n",
        [
            "Which state does the very first step start from?",
            "From the h0 that was handed over, which need not be zero.",
            "Look at what stands in your h before the loop begins.",
        ],
        of("rnn-forward", "two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-same-input",
        "np.tanh(x[:, t] @ W_x",
        "np.tanh(x[:, 0] @ W_x",
        ["Change the input of step 1 alone: does any state change?","Every step reads the same input: which index moves with the time?","Look at the index of x in the loop.",],
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-not-carried",
        "+ h @ W_h + b)",
        "+ h0 @ W_h + b)",
        [
            "Of which state does hs[:, 2] know: of the one after step 1, or of h0?",
            "Each state must come from the one before it; here every step starts from h0 again.",
            "Inside the loop, look at which array is multiplied with W_h, and when that array changes.",
        ],
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-linear",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "h = x[:, t] @ W_x + h @ W_h + b",
        ["Between which numbers does a state lie? Between which do yours?","Nothing squashes the state: where is the tanh?","Look at what happens to a step's sum before it becomes h.",],
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-transposed",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h.T + b)",
        [
            "Samples are rows here. On which side of W_h does the state stand, and which way round is W_h?",
            "W_h is used transposed; it is square, so the shapes do not complain.",
            "Compare the product of the state and W_h in your loop with the table of notations.",
        ],
        of("rnn-forward", "values states same-dtype"),
    ),
    mutant(
        "forward-no-bias",
        "h @ W_h + b)\n        hs",
        "h @ W_h)\n        hs",
        ["With x and h0 zero, what should the first state be?","The bias is left out of the step.","Look at a step's sum and count its terms.",],
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-backwards",
        "hs[:, t] = h",
        "hs[:, steps - 1 - t] = h",
        ["Change the input of the last step alone: which of your states changes?","The states come out in reverse order of time.","Look at where each new state is put, not at how it is made.",],
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-late",
        "        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)\n        hs[:, t] = h",
        "        hs[:, t] = h\n        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        [
            "Has hs[:, 0] read x[:, 0] yet?",
            "Every state is stored one step late: hs[:, t] must have read x[:, t].",
            "Look at the order of the two things that the loop does: to make a state, and to store one.",
        ],
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-default-dtype",
        "np.empty((batch, steps, h0.shape[1]), h0.dtype)",
        "np.empty((batch, steps, h0.shape[1]))",
        ["With everything in float32, which dtype has hs?","hs is float64 whatever the inputs are.","Look at how the array for the states is made.",],
        of("rnn-forward", "same-dtype forward-shape"),
    ),
    # --- rnn-backward
    mutant(
        "backward-no-derivative",
        "da = dh * (1 - hs[:, t] ** 2)",
        "da = dh",
        [
            "Between the state and the sum inside it stands tanh. By what is a gradient multiplied that goes back through it?",
            "By its slope, 1 − tanh²; here the gradient at the state is taken for the one at the sum.",
            "Look at the place where δ is made of what has arrived at the state.",
        ],
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-not-squared",
        "(1 - hs[:, t] ** 2)",
        "(1 - hs[:, t])",
        ["What is the slope of tanh at 0, and should it differ between h and −h?","The derivative of tanh is 1 - tanh², not 1 - tanh.","Look at the factor that takes the gradient through the squashing.",],
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-of-preactivation",
        "(1 - hs[:, t] ** 2)",
        "(1 - np.tanh(hs[:, t]) ** 2)",
        [
            "hs holds the output of tanh. Is the slope written with tanh's input, or with its output?",
            "With its output, 1 − h²; here tanh is taken once more of what is tanh's output already.",
            "Look at the factor that takes the gradient through the squashing, and at what is squared in it.",
        ],
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-one-step",
        "dh = da @ W_h.T\n    return",
        "dh = np.zeros_like(h0)\n    return",
        [
            "On how many ways does the state after step t reach the loss?",
            "On two: its own output, and the next step, which reads it. Here the second is missing: the gradient never travels to the step before, and each step is treated as if it stood alone.",
            "What does a step hand to the one before it when the loop goes on, and is it added to what the loss sends there?",
        ],
        of(
            "rnn-backward",
            "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time "
            "fifty-steps",
        ),
    ),
    mutant(
        "backward-overwrites",
        "dh = dh + dhs[:, t]",
        "dh = dhs[:, t]",
        [
            "From how many places does a state get gradient, when the loss looks at it and a later step reads it?",
            "From two, and they add up; here what the loss sends takes the place of what the later step sent.",
            "At the beginning of each turn of the loop, look at what becomes of the gradient that the turn before left.",
        ],
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-last-loss-only",
        "dh = dh + dhs[:, t]",
        "dh = dh + dhs[:, t] * (t == x.shape[1] - 1)",
        ["Let the loss look at the first state alone: is any gradient other than zero?","Only the last step's dhs is used; the loss may look at every state.","Look at what the loop adds at every turn, and whether it does so at all of them.",],
        of("rnn-backward", "two-steps no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-assigns-dW_x",
        "dW_x += ",
        "dW_x = ",
        [
            "In how many steps is W_x used, and what becomes of the shares that these send back?",
            "In all of them: it is shared, so its gradients add up over time. Here one step's share is kept alone.",
            "Look at what the loop does with dW_x when it comes round again.",
        ],
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-assigns-dW_h",
        "dW_h += ",
        "dW_h = ",
        [
            "In how many steps is W_h used, and what becomes of the shares that these send back?",
            "In all of them: it is shared, so its gradients add up over time. Here one step's share is kept alone.",
            "Look at what the loop does with dW_h when it comes round again.",
        ],
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-assigns-db",
        "db += da",
        "db = da",
        ["How often is the bias used in T steps?","db keeps one step's share only: the bias is shared, so its gradients add up over time.","Look at how db changes in the loop, beside how dW_x and dW_h do.",],
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-mean-db",
        "da.sum(axis=0)",
        "da.mean(axis=0)",
        [
            "How many samples does the one b serve in a step?",
            "All of the batch, and each sends its share: the gradient is their sum, not their mean.",
            "Look at how the axis of the batch goes away on the way to db.",
        ],
        of("rnn-backward", "two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-own-state",
        "dW_h += before.T @ da",
        "dW_h += hs[:, t].T @ da",
        [
            "Which state met W_h in step t: the one that the step started from, or the one that it made?",
            "dW_h is built from the state a step made; W_h met the state that the step started from.",
            "Which state stands in the product for dW_h, and which one did `rnn_forward` multiply with W_h at that t?",
        ],
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-forgets-h0",
        "if t > 0 else h0",
        "if t > 0 else np.zeros_like(h0)",
        ["The step that made the first state multiplied something by W_h. What was it?","In dW_h the first step started from h0, which need not be zero: does the cache hold it, and is it used?","Look at the first step's share of dW_h.",],
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-wraps-around",
        "before = hs[:, t - 1] if t > 0 else h0",
        "before = hs[:, t - 1]",
        [
            "Which state did the very first step start from?",
            "Before the first step there was h0; you take the last state for it.",
            "Is there an index of -1 at t = 0, which NumPy counts from the end?",
        ],
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-not-transposed",
        "dh = da @ W_h.T",
        "dh = da @ W_h",
        [
            "A state is multiplied by W_h on the way forward. By what is its gradient multiplied on the way back?",
            "By the transposed W_h; it is square, so the shapes do not complain about the other one.",
            "Look at what a step hands to the step before it, and compare with the formula for the gradient of h_t.",
        ],
        of("rnn-backward", "two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-h0-not-through",
        "        dh = da @ W_h.T\n    return dx, dh,",
        "        dh, last = da @ W_h.T, dh\n    return dx, last,",
        ["How many products with W_h lie between the last state and h0? How many do you do?","dh0 is the gradient of the state after the first step; h0 lies one step further back.","Look at what is returned for h0: from before or after the last turn's product?",],
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time fifty-steps"),
    ),
    mutant(
        "backward-in-time-order",
        "for t in reversed(range(x.shape[1])):",
        "for t in range(x.shape[1]):",
        ["Which step's gradient needs which other one to be there first?","The loop runs with time; what a step sends back must be there before the step before is done.","Look at the order in which the loop goes.",],
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-writes-dhs",
        "        dh = dh + dhs[:, t]\n",
        "        dhs[:, t] += dh\n        dh = dhs[:, t]\n",
        ["Is dhs after the call what it was before?","dhs is changed by the backward pass: += writes into the caller's array.","Look for `+=` on something that was handed to you, or on a view of it.",],
        of("rnn-backward", "dhs-unchanged twice"),
    ),
    mutant(
        "backward-weights-exchanged",
        "return dx, dh, dW_x, dW_h, db",
        "return dx, dh, dW_h, dW_x, db",
        [
            "Which shape has each of the five gradients that you return?",
            "Each that of what it is the gradient of; here those of W_x and W_h stand in each other's place.",
            "Compare what you return with the sentence above the exercise, name by name.",
        ],
        of("rnn-backward", "backward-shapes one-number two-steps weights-through-time fifty-steps twice"),
    ),
    mutant(
        "backward-states-exchanged",
        "return dx, dh, dW_x, dW_h, db",
        "return dh, dx, dW_x, dW_h, db",
        [
            "Which shape has each of the five gradients that you return?",
            "Each that of what it is the gradient of; here those of x and h0 stand in each other's place.",
            "Compare what you return with the sentence above the exercise, name by name.",
        ],
        of(
            "rnn-backward",
            "backward-shapes one-number two-steps last-of-three no-tape-short states-through-time "
            "fifty-steps twice",
        ),
    ),
    mutant(
        "backward-weights-first",
        "return dx, dh, dW_x, dW_h, db",
        "return dW_x, dW_h, db, dx, dh",
        [
            "Which of the five gradients comes first?",
            "That of x, then that of h0; here those of the parameters come before them.",
            "Compare what you return with the sentence above the exercise, name by name.",
        ],
        of(
            "rnn-backward",
            "backward-shapes one-number two-steps last-of-three no-tape-short states-through-time "
            "weights-through-time fifty-steps twice",
        ),
    ),
    mutant(
        "backward-db-one-number",
        "da.sum(axis=0)",
        "da.sum()",
        [
            "How many numbers has b, and how many has its gradient?",
            "As many: H. Here all of δ is summed up, also over the units, and each entry gets the same.",
            "Look at the axis over which the sum for db goes.",
        ],
        of("rnn-backward", "two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-dW_h-transposed",
        "before.T @ da",
        "da.T @ before",
        [
            "Which index of W_h belongs to the state that it reads, and which to the state that it makes?",
            "The first to what it reads: here dW_h is transposed. It is square, so the shapes do not complain.",
            "Look at the product for dW_h, and compare it with the formula.",
        ],
        of("rnn-backward", "two-steps weights-through-time fifty-steps"),
    ),
    # --- clip-value
    mutant(
        "value-one-sided",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "np.minimum(p.grad, clip_value, out=p.grad)",
        ["Clip −5 at 1: what do you get?","Large negative entries are left as they are.","Look at how many limits your clipping has.",],
        of("clip-value", "entries value-in-place value-any-iterable value-without-gradient"),
    ),
    mutant(
        "value-new-array",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "p.grad = np.clip(p.grad, -clip_value, clip_value)",
        [
            "Who else may hold the array that `p.grad` names, and what do they see of your clipping?",
            "Nothing: `grad` is replaced by a new array, and the old one is as it was.",
            "Look at how the clipped numbers get to where the old ones stood: into the array, or beside it?",
        ],
        of("clip-value", "value-in-place"),
    ),
    mutant(
        "value-nothing-clipped",
        ", out=p.grad)",
        ")",
        [
            "Which array holds the clipped entries, and who sees it when the function is over?",
            "Nobody: every `p.grad` is after the call what it was before.",
            "Look at what becomes of the result of clipping.",
        ],
        of("clip-value", "entries value-in-place value-any-iterable value-negative value-without-gradient"),
    ),
    mutant(
        "value-no-None",
        "        if p.grad is not None:\n            np.clip(",
        "        if True:\n            np.clip(",
        ["What is `p.grad` of a parameter that the loss does not depend on?","A parameter that took no part in the loss has no gradient (None), and stops the function.","Look at what happens to `p.grad` first: would None survive it?",],
        of("clip-value", "value-without-gradient"),
    ),
    mutant(
        "value-list-alone",
        "    for p in parameters:\n        if p.grad is not None:\n            np.clip(",
        "    for p in [parameters[i] for i in range(len(parameters))]:\n        if p.grad is not None:\n            np.clip(",
        ["What can one do with `(p for p in parameters)`, and how often?","A generator has neither a length nor places: all that it can do is be walked through, once.","Look at what you do with the argument besides one `for`.",],
        of("clip-value", "value-any-iterable"),
    ),
    mutant(
        "value-stops-at-None",
        "        if p.grad is not None:\n            np.clip(",
        "        if p.grad is None:\n            break\n        else:\n            np.clip(",
        ["Of three parameters let the first have no gradient: are the two others clipped?","At a parameter without a gradient the rest is forgotten: it is to be skipped, and no more.","Look at what leaves the loop, and what should only leave the turn.",],
        of("clip-value", "value-without-gradient"),
    ),
    mutant(
        "value-refuses-zero",
        "    if clip_value < 0:",
        "    if clip_value <= 0:",
        ["What does a limit of 0 ask for? Is that a mistake?","A limit of 0 is refused; only negative ones are.","Look at the comparison before the `raise`.",],
        of("clip-value", "value-negative"),
    ),
    mutant(
        "value-negative",
        "    if clip_value < 0:",
        "    if False:",
        ["What would clipping to the range from 1 to −1 mean?","A negative limit goes through without a word.","Look for what the text asks to raise, before anything is clipped.",],
        of("clip-value", "value-negative"),
    ),
    mutant(
        "value-scales",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "p.grad *= min(1, clip_value / np.abs(p.grad).max())",
        ["Clip (1, 10) at 2: what becomes of the 1?","The gradient is scaled as a whole; clipping by value cuts each entry by itself.","Look at what is done to an entry that is within the limit.",],
        of("clip-value", "entries value-in-place value-any-iterable value-without-gradient"),
    ),
    # --- clip-norm
    mutant(
        "norm-per-parameter",
        "p.grad *= max_norm / norm",
        "p.grad *= min(1, max_norm / np.linalg.norm(p.grad.astype(np.float64)))",
        [
            "Of gradients (3, 0) and (0, 4) with c = 1: in which direction did they point together, and where do they point now?",
            "Each parameter is clipped by its own norm; the norm of all together decides, and one factor serves all.",
            "Look at when the norm is complete: before the first gradient is scaled, or parameter by parameter?",
        ],
        of("clip-norm", "three-and-four global-norm shared once-more float32-gradients"),
    ),
    mutant(
        "norm-always",
        "    if norm > max_norm:\n",
        "    if norm > 0:\n",
        [
            "What should happen to a gradient of norm 0.1 when c is 1?",
            "Nothing; here it is scaled up. Below the limit no bit may change.",
            "Look for what decides whether anything is scaled at all.",
        ],
        of("clip-norm", "well-below just-below"),
    ),
    mutant(
        "norm-never-asks",
        "    if norm > max_norm:\n        for p in kept:\n            p.grad *= max_norm / norm\n",
        "    for p in kept:\n        p.grad *= max_norm / norm\n",
        [
            "What should happen to a gradient of norm 0.1 when c is 1, and to one of norm 0?",
            "Nothing; here the first is scaled up, and the second divided by zero. Below the limit no bit may change.",
            "Look for what decides whether anything is scaled at all.",
        ],
        of("clip-norm", "well-below just-below bounds nothing-to-clip"),
    ),
    mutant(
        "norm-inverted",
        "    if norm > max_norm:\n",
        "    if norm < max_norm:\n",
        ["Let the norm be 10 and the limit 1, then the other way round: which gradients change?","Gradients below the limit are scaled, and those above it are not.","Look at the comparison of norm and limit.",],
        of(
            "clip-norm",
            "three-and-four one-parameter well-below norm-in-place some-without-gradient bounds "
            "global-norm shared once-more just-below float32-gradients nothing-to-clip any-iterable",
        ),
    ),
    mutant(
        "norm-returns-after",
        "return norm",
        "return min(norm, float(max_norm))",
        [
            "Clip a gradient of norm 5 to 1: which of the two numbers tells whoever trains that there was a cliff?",
            "The norm before clipping; here the one after it comes back.",
            "Look at which number is returned, and at whether it was changed, or measured again, on the way.",
        ],
        of("clip-norm", "returned norm-before"),
    ),
    mutant(
        "norm-returns-nothing",
        "            p.grad *= max_norm / norm\n    return norm",
        "            p.grad *= max_norm / norm",
        ["What does `print(clip_grad_norm(...))` show?","Nothing is returned; wanted is the norm before clipping.","Look at the end of the function.",],
        of("clip-norm", "returned norm-before nothing-to-clip"),
    ),
    mutant(
        "norm-squared",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept))",
        [
            "Of the gradient (3, 4), which norm do you get?",
            "25 is the square of it: the root is missing.",
            "Look at what becomes of the sum of squares before it is compared with c.",
        ],
        of(
            "clip-norm",
            "three-and-four one-parameter returned norm-in-place some-without-gradient global-norm shared "
            "once-more just-below norm-before float32-gradients nothing-to-clip any-iterable",
        ),
    ),
    mutant(
        "norm-of-norms",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(sum(np.linalg.norm(p.grad.astype(np.float64)) for p in kept))",
        [
            "Two gradients of norm 3 and 4, laid end to end: is the norm of both 7?",
            "It is 5: norms do not add up, their squares do.",
            "Look at what is added from parameter to parameter.",
        ],
        of(
            "clip-norm",
            "three-and-four returned global-norm shared once-more just-below norm-before "
            "float32-gradients",
        ),
    ),
    mutant(
        "norm-absolute",
        "np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept))",
        "sum(np.sum(np.abs(p.grad.astype(np.float64))) for p in kept)",
        ["What is the length of the vector (3, 4)?","That is the sum of absolute values, not the Euclidean norm.","Look at what is summed, and at what is done to the sum.",],
        of(
            "clip-norm",
            "three-and-four one-parameter returned norm-in-place some-without-gradient global-norm shared "
            "once-more just-below norm-before float32-gradients nothing-to-clip any-iterable",
        ),
    ),
    mutant(
        "norm-largest",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(max((np.sqrt(np.sum(p.grad.astype(np.float64) ** 2)) for p in kept), default=0.0))",
        ["Two parameters have the gradients (3,) and (4,): how long is the vector of all entries?","The largest of the parameters' norms is taken; all entries together make one norm.","Look at how the parameters' shares are put together.",],
        of("clip-norm", "three-and-four returned global-norm shared once-more norm-before float32-gradients"),
    ),
    mutant(
        "norm-no-None",
        "for p in parameters if p.grad is not None}",
        "for p in parameters}",
        ["What is `p.grad` of a parameter that the loss does not depend on?","A parameter that took no part in the loss has no gradient (None), and stops the function.","Look at what the norm is made of: would None survive it?",],
        of("clip-norm", "some-without-gradient nothing-to-clip"),
    ),
    mutant(
        "norm-list-alone",
        "for p in parameters if p.grad is not None}.values()",
        "for p in [parameters[i] for i in range(len(parameters))] if p.grad is not None}.values()",
        ["What can one do with `(p for p in parameters)`, and how often?","A generator has neither a length nor places: all that it can do is be walked through, once.","Look at what you do with the argument besides one `for`; you will need the parameters a second time.",],
        of("clip-norm", "any-iterable"),
    ),
    mutant(
        "norm-at-the-limit",
        "    if norm > max_norm:",
        "    if norm >= max_norm:",
        ["What does your function give when the limit and all gradients are 0?","With limit and norm both 0, c / n is 0 / 0.","Look at the comparison of norm and limit: what happens when they are equal?",],
        of("clip-norm", "bounds"),
    ),
    mutant(
        "norm-zero-over-zero",
        "    if norm > max_norm:\n        for p in kept:\n            p.grad *= max_norm / norm",
        "    for p in kept:\n        p.grad *= max_norm / np.maximum(norm, max_norm)",
        ["What does your function give when the limit and all gradients are 0?","There 0 is divided by 0, since the factor is computed in every case.","Look at the factor: when is it needed at all?",],
        of("clip-norm", "bounds"),
    ),
    mutant(
        "norm-spares-the-small",
        "            p.grad *= max_norm / norm",
        "            if np.linalg.norm(p.grad) > max_norm:\n                p.grad *= max_norm / norm",
        ["Gradients (0.1,) and (10,), limit 1: is the direction after clipping the one from before?","A parameter whose own gradient is short is left as it is: then the direction of the whole changes.","Look for a condition on one parameter's gradient alone.",],
        of("clip-norm", "once-more"),
    ),
    mutant(
        "norm-new-array",
        "p.grad *= max_norm / norm",
        "p.grad = (p.grad * (max_norm / norm)).astype(p.grad.dtype)",
        ["Keep `g = p.grad` from before the call: is `g` clipped after it?","`grad` is replaced by a new array; whoever holds the old one sees no clipping.","Look at how the scaled numbers get into the gradient: into the same array, or as a new one?",],
        of("clip-norm", "norm-in-place float32-gradients"),
    ),
    mutant(
        "norm-nothing-scaled",
        "            p.grad *= max_norm / norm",
        "            g = p.grad * max_norm / norm",
        [
            "Of gradients with norm 5, clipped to 1: which norm do they have after the call?",
            "5 as before: nothing that the function does reaches `p.grad`.",
            "Look at the scaling: is it reached at all, and into which array does it write?",
        ],
        of(
            "clip-norm",
            "three-and-four one-parameter well-below norm-in-place some-without-gradient any-iterable "
            "bounds global-norm shared once-more just-below float32-gradients nothing-to-clip",
        ),
    ),
    mutant(
        "norm-shared-twice",
        "{id(p): p for p in parameters if p.grad is not None}.values()",
        "[p for p in parameters if p.grad is not None]",
        ["List one parameter twice: is the norm that of its gradient?","A parameter that is listed twice is counted, and scaled, twice.","Look at what the sum and the scaling walk over.",],
        of("clip-norm", "shared"),
    ),
    mutant(
        "norm-in-float32",
        "np.sum(p.grad.astype(np.float64) ** 2)",
        "np.sum(p.grad ** 2)",
        ["What is `np.float32(1e20) ** 2`?","The squares overflow in float32: 1e20 squared is no float32 number.","Look at the dtype in which the squares are taken.",],
        of("clip-norm", "float32-gradients"),
    ),
    mutant(
        "norm-negative",
        "    if max_norm < 0:",
        "    if False:",
        ["What would a gradient of norm −1 be?","A negative limit goes through without a word, and turns every gradient around.","Look for what the text asks to raise, before anything is scaled.",],
        of("clip-norm", "bounds"),
    ),
    mutant(
        "norm-forgets-c",
        "p.grad *= max_norm / norm",
        "p.grad *= 1 / norm",
        ["Clip the same gradients at 1 and at 5: which norm have they afterwards?","The norm after clipping is 1 whatever the limit is.","Look at the numerator of the factor.",],
        of("clip-norm", "three-and-four one-parameter bounds global-norm once-more float32-gradients"),
    ),
    mutant(
        "norm-by-value",
        "p.grad *= max_norm / norm",
        "np.clip(p.grad, -max_norm, max_norm, out=p.grad)",
        ["Clip (3, 4) at 1: does it still point the same way?","Entries are cut one by one, which bends the direction; scale them all alike.","Look at what is done to the entries: cut, or multiplied by one number?",],
        of(
            "clip-norm",
            "three-and-four one-parameter norm-in-place some-without-gradient global-norm shared "
            "once-more float32-gradients nothing-to-clip any-iterable",
        ),
    ),
    # --- train-step
    mutant(
        "train-step-zero-is-none",
        "if max_norm is not None:",
        "if max_norm:",
        ["What is `bool(0.0)`?","A limit of 0 is taken for no limit; only None means that.","Look at the condition before the clipping.",],
        of("train-step", "one-clipped-update"),
    ),
    mutant(
        "train-no-zero-grad",
        "    optimizer.zero_grad()\n    value",
        "    value",
        [
            "What stands in `p.grad` when a batch begins, and what does `backward` do with it?",
            "The old gradients are still there, and `backward` adds the new ones to them.",
            "Walk through your function from its beginning: where are old gradients forgotten?",
        ],
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-clears-after-backward",
        "    optimizer.zero_grad()\n    value = loss(model(x), y)\n    value.backward()\n",
        "    value = loss(model(x), y)\n    value.backward()\n    optimizer.zero_grad()\n",
        ["Print a gradient right before the optimiser's step: what is there?","No gradient is there when the step is taken: it was cleared, or never computed.","Look at the order of the calls between the loss and the step.",],
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-clears-at-the-end",
        """    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    optimizer.step()
""",
        """    value = loss(model(x), y)
    value.backward()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    optimizer.step()
    optimizer.zero_grad()
""",
        ["Set a gradient by hand, then train one step: does it count?","Gradients that were there before the call are counted; clear them first, not only at the end.","Look at what is the first thing that happens to the gradients in a step.",],
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-never-clips",
        "    if max_norm is not None:",
        "    if False:",
        [
            "With which gradient does the optimiser step when `max_norm` is given?",
            "With one that was not clipped: `max_norm` has no effect on the step.",
            "Look at what stands between the backward pass and the optimiser's step.",
        ],
        of("train-step", "one-clipped-update five-clipped-updates"),
    ),
    mutant(
        "train-clips-by-value",
        "        clip_grad_norm(model.parameters(), max_norm)\n",
        "        clip_grad_value(model.parameters(), max_norm)\n",
        ["Which of your two clipping functions keeps the direction, and which one is `max_norm` meant for?","Clipping is by value; `max_norm` limits the norm.","Look at what is called between the backward pass and the optimiser's step.",],
        of("train-step", "one-clipped-update five-clipped-updates"),
    ),
    mutant(
        "train-returns-tensor",
        "return float(value.data)",
        "return value",
        [
            "What hangs on the loss that comes back, and how long is it kept?",
            "It is a Tensor, which keeps the whole tape alive; a float is wanted.",
            "Look at what is returned: which attribute of a Tensor holds its number?",
        ],
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-returns-array",
        "return float(value.data)",
        "return value.data",
        ["What does `type(...)` say of what you return?","`data` is an array, even where it holds a single number; a float is wanted.","Look at what is returned, and at what turns an array with one number into that number.",],
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-loss-turned-round",
        "loss(model(x), y)",
        "loss(y, model(x))",
        ["What does a loss take first, what the model says or what is wanted?","Your loss gets the two the other way round; for some losses that makes no difference.","Look at the order of the arguments where the loss is called.",],
        of("train-step", "five-clipped-updates five-updates loss-before one-clipped-update one-update"),
    ),
    mutant(
        "train-returns-nothing",
        "    return float(value.data)",
        "",
        ["What does `print(train_step(...))` show?","Nothing is returned; wanted is the loss before the update.","Look at the end of the function.",],
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-loss-after",
        "return float(value.data)",
        "return float(loss(model(x), y).data)",
        [
            "Which parameters made the loss that comes back: those before the update, or those after it?",
            "It is measured after the update; wanted is the one before, which you have anyway.",
            "Look at what is returned, and when it was computed.",
        ],
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-no-step",
        "    optimizer.step()\n",
        "",
        [
            "What moves the parameters, once their gradients are there?",
            "Nothing here: they are after the call what they were before. (In a loop, a new value for the name `p` moves no parameter either.)",
            "Look at what stands behind the backward pass.",
        ],
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-two-steps",
        "    optimizer.step()\n",
        "    optimizer.step()\n    optimizer.step()\n",
        ["By how much should one step of gradient descent with rate 0.1 move a parameter? By how much does yours?","The optimiser steps twice with one gradient.","Count the calls that move parameters.",],
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-mean-over-batch-again",
        "value.backward()",
        "(value * (1 / len(x))).backward()",
        ["For batches of 1, 2 and 4 samples, by which factor is your update off?","The gradient is divided by the batch size once more than the loss already does.","Look at what happens to the loss between its value and the backward pass.",],
        of("train-step", "one-update five-updates"),
    ),
]

# Right work in other forms than the solution's; a rewrite puts one mistake into one of them.
CELL_JOINED = '''
from minigrad import concatenate

class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        self.hidden_size, self.activation = hidden_size, activation
        rng = rng or np.random.default_rng()
        self.b = Parameter(np.zeros((hidden_size,), dtype=dtype))
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))

    def initial_state(self, batch):
        return np.zeros((batch, self.hidden_size), dtype=self.W_x.dtype)

    def __call__(self, x, h):
        rows = concatenate([x, h], axis=1)
        W = concatenate([self.W_x, self.W_h], axis=0)
        return self.activation(rows @ W + self.b)
'''

CELL_PARTS = '''
class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        if rng is None:
            rng = np.random.default_rng()
        self.hidden_size = hidden_size
        self.f = activation
        for name, draw, rows in (("W_x", init.glorot, input_size), ("W_h", init.orthogonal, hidden_size)):
            setattr(self, name, Parameter(draw((rows, hidden_size), rng, dtype)))
        self.b = Parameter(np.zeros(hidden_size).astype(dtype))

    def initial_state(self, batch):
        return Tensor(np.stack([0 * self.b.data] * batch))

    def from_input(self, x):
        return x @ self.W_x

    def from_state(self, h):
        return h @ self.W_h

    def __call__(self, x, h):
        total = self.b + self.from_input(x) + self.from_state(h)
        return self.f(total)
'''

CELL_COLUMNS = '''
class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        self.hidden_size, self.squash = hidden_size, activation
        rng = np.random.default_rng() if rng is None else rng
        D, H = input_size, hidden_size
        self.W_x, self.W_h, self.b = (
            Parameter(a) for a in (init.glorot((D, H), rng, dtype), init.orthogonal((H, H), rng, dtype), np.zeros(H, dtype))
        )

    def initial_state(self, batch):
        return Tensor(np.zeros((self.hidden_size, batch), self.b.dtype).T)

    def __call__(self, x, h):
        columns = self.W_h.T @ h.T + self.W_x.T @ x.T
        a = columns.T + self.b
        return self.squash(a)
'''

BACK_LISTS = '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    T = x.shape[1]
    states = [h0] + [hs[:, t] for t in range(T)]
    deltas, back = [None] * T, np.zeros_like(h0)
    for t in range(T - 1, -1, -1):
        new = states[t + 1]
        total = dhs[:, t] + back
        deltas[t] = total - total * new * new
        back = np.dot(deltas[t], W_h.T)
    dx = np.stack([np.dot(d, W_x.T) for d in deltas], axis=1)
    dW_x = sum(np.dot(x[:, t].T, deltas[t]) for t in range(T))
    dW_h = sum(np.dot(h.T, d) for h, d in zip(states, deltas))
    db = sum(d.sum(0) for d in deltas)
    return dx, back, dW_x, dW_h, db
'''

BACK_EINSUM = '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    slope = 1 - np.square(hs)
    previous = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    delta, incoming = np.zeros_like(hs), np.zeros_like(h0)
    t = hs.shape[1]
    while t > 0:
        t -= 1
        delta[:, t] = slope[:, t] * (incoming + dhs[:, t])
        incoming = np.einsum("bk,hk->bh", delta[:, t], W_h)
    return (
        np.einsum("bth,dh->btd", delta, W_x),
        incoming,
        np.einsum("btd,bth->dh", x, delta),
        np.einsum("bti,btj->ij", previous, delta),
        np.einsum("bth->h", delta),
    )
'''

BACK_JOINED = '''
def step_back(row, h, g, W):
    da = (1 - h) * g * (1 + h)
    return da @ W.T, row.T @ da, np.ones(len(da)) @ da

def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    T, D = x.shape[1:]
    W = np.vstack([W_x, W_h])
    dx, dW, db, carried = [], 0, 0, np.zeros_like(h0)
    for k in range(1, T + 1):
        older = hs[:, -k - 1] if k < T else h0
        row, g = np.hstack([x[:, -k], older]), dhs[:, -k] + carried
        both, own, bias = step_back(row, hs[:, -k], g, W)
        dx.insert(0, both[:, :D])
        carried = both[:, D:]
        dW, db = dW + own, db + bias
    return np.stack(dx, axis=1), carried, dW[:D], dW[D:], db
'''


def rewrite(name: str, of: str, cell: str, source: str, *edits: tuple[str, str]) -> Rewrite:
    """One solution cell in other words: `source`, in which each `old` stands once and becomes `new`."""
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"rewrite `{name}`: found {source.count(old)} times: {old!r}")
        source = source.replace(old, new)
    return Rewrite(name, of, {cell: source})


REWRITES = [
    Rewrite(
        "cell-concatenates-without-bias",
        "cell-no-bias",
        {
            "rnn-cell": '''
from minigrad import concatenate

class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        self.hidden_size, self.activation = hidden_size, activation
        rng = np.random.default_rng() if rng is None else rng
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.b = Parameter(np.zeros(hidden_size, dtype))

    def initial_state(self, batch):
        return np.zeros((batch, self.hidden_size), self.b.dtype)

    def __call__(self, x, h):
        return self.activation(concatenate([x, h], axis=1) @ concatenate([self.W_x, self.W_h]))
'''
        },
    ),
    Rewrite(
        "cell-recomputes-from-data",
        "cell-detaches-state",
        {
            "rnn-cell": '''
class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        self.hidden_size, self.f = hidden_size, activation
        rng = rng or np.random.default_rng()
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))
        self.b = Parameter(np.zeros(hidden_size, dtype))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), self.b.dtype))

    def __call__(self, x, h):
        if isinstance(h, Tensor):
            h = h.detach()
        memory = h @ self.W_h
        return self.f(self.b + memory + x @ self.W_x)
'''
        },
    ),
    Rewrite(
        "forward-in-one-line",
        "forward-not-carried",
        {
            "rnn-forward": '''
def rnn_forward(x, h0, W_x, W_h, b):
    hs = np.tanh(x @ W_x + (h0 @ W_h)[:, None] + b)
    return hs, (x, h0, hs, W_x, W_h)
'''
        },
    ),
    Rewrite(
        "backward-without-a-loop",
        "backward-one-step",
        {
            "rnn-backward": '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    da = dhs * (1 - hs**2)
    return (
        da @ W_x.T,
        np.zeros_like(h0),
        np.einsum("btd,bth->dh", x, da),
        np.einsum("btg,bth->gh", before, da),
        da.sum((0, 1)),
    )
'''
        },
    ),
    Rewrite(
        "backward-linear-in-lists",
        "backward-no-derivative",
        {
            "rnn-backward": '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    T = x.shape[1]
    deltas, back = [None] * T, 0
    for t in range(T - 1, -1, -1):
        deltas[t] = dhs[:, t] + back
        back = deltas[t] @ W_h.T
    states = [h0] + [hs[:, t] for t in range(T - 1)]
    return (
        np.stack([d @ W_x.T for d in deltas], 1),
        back,
        sum(x[:, t].T @ deltas[t] for t in range(T)),
        sum(h.T @ d for h, d in zip(states, deltas)),
        sum(d.sum(0) for d in deltas),
    )
'''
        },
    ),
    Rewrite(
        "norm-in-a-loop",
        "norm-per-parameter",
        {
            "clip-norm": '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    total, seen = 0.0, []
    for p in parameters:
        if p.grad is None or any(p is q for q in seen):
            continue
        seen.append(p)
        own = float(np.linalg.norm(p.grad.astype(np.float64)))
        total += own**2
    total = total**0.5
    if total > max_norm:
        for p in seen:
            own = float(np.linalg.norm(p.grad.astype(np.float64)))
            if own > max_norm:
                p.grad *= max_norm / own
    return total
'''
        },
    ),
    Rewrite(
        "norm-without-if",
        "norm-always",
        {
            "clip-norm": '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = list({id(p): p.grad for p in parameters if p.grad is not None}.values())
    norm = float(np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads)))
    for g in grads:
        g *= max_norm / max(norm, 1e-300)
    return norm
'''
        },
    ),
    Rewrite(
        "value-with-a-mask",
        "value-one-sided",
        {
            "clip-value": '''
def clip_grad_value(parameters, clip_value):
    if clip_value < 0:
        raise ValueError("clip_value")
    for p in parameters:
        if p.grad is not None:
            p.grad[p.grad > clip_value] = clip_value
'''
        },
    ),
    Rewrite(
        "train-adds-up",
        "train-no-zero-grad",
        {
            "train-step": '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    error = loss(model(x), y)
    error.backward()
    parameters = list(model.parameters())
    if max_norm is not None:
        clip_grad_norm(parameters, max_norm)
    optimizer.step()
    return error.item()
'''
        },
    ),
    Rewrite(
        "train-clips-after-the-step",
        "train-never-clips",
        {
            "train-step": '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    return float(value.data)
'''
        },
    ),
    Rewrite(
        "train-clips-before-backward",
        "train-never-clips",
        {
            "train-step": '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    optimizer.zero_grad()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    return value.item()
'''
        },
    ),
    # --- rnn-cell
    rewrite(
        "cell-joins-a-fresh-state", "cell-forgets-h", "rnn-cell", CELL_JOINED,
        ("[x, h]", "[x, self.initial_state(len(x))]"),
    ),
    rewrite(
        "cell-never-asks-the-state", "cell-forgets-h", "rnn-cell", CELL_PARTS,
        (" + self.from_state(h)", ""),
    ),
    rewrite(
        "cell-columns-without-bias", "cell-no-bias", "rnn-cell", CELL_COLUMNS,
        ("columns.T + self.b", "columns.T"),
    ),
    rewrite(
        "cell-joins-a-transposed-matrix", "cell-transposed", "rnn-cell", CELL_JOINED,
        ("[self.W_x, self.W_h]", "[self.W_x, self.W_h.T]"),
    ),
    rewrite(
        "cell-columns-as-in-the-textbook", "cell-transposed", "rnn-cell", CELL_COLUMNS,
        ("self.W_h.T @ h.T", "self.W_h @ h.T"),
    ),
    rewrite(
        "cell-joined-sum", "cell-no-activation", "rnn-cell", CELL_JOINED,
        ("self.activation(rows @ W + self.b)", "rows @ W + self.b"),
    ),
    rewrite(
        "cell-throws-activation-away", "cell-no-activation", "rnn-cell", CELL_PARTS,
        ("        return self.f(total)", "        self.f(total)\n        return total"),
    ),
    rewrite(
        "cell-tanh-method", "cell-always-tanh", "rnn-cell", CELL_JOINED,
        ("self.activation(rows @ W + self.b)", "(self.b + rows @ W).tanh()"),
    ),
    rewrite(
        "cell-tanh-from-exp", "cell-always-tanh", "rnn-cell", CELL_PARTS,
        ("self.f(total)", "2 / (1 + (-2 * total).exp()) - 1"),
    ),
    rewrite(
        "cell-joins-an-array", "cell-detaches-state", "rnn-cell", CELL_JOINED,
        ("return np.zeros((batch, self.hidden_size), dtype=self.W_x.dtype)", "return Tensor(0 * self.W_x.data[[0] * batch])"),
        ("[x, h]", "[x, h.numpy()]"),
    ),
    rewrite(
        "cell-adds-state-first", "cell-adds-h", "rnn-cell", CELL_PARTS,
        ("return self.f(total)", "change = self.f(total)\n        return h + change"),
    ),
    rewrite(
        "cell-columns-plus-state", "cell-adds-h", "rnn-cell", CELL_COLUMNS,
        ("return self.squash(a)", "return (self.squash(a).T + h.T).T"),
    ),
    rewrite(
        "cell-bias-in-each-part", "cell-scaled-bias", "rnn-cell", CELL_PARTS,
        ("return x @ self.W_x", "return x @ self.W_x + self.b"),
        ("return h @ self.W_h", "return h @ self.W_h + self.b"),
        ("total = self.b + ", "total = "),
    ),
    rewrite(
        "cell-joined-two-biases", "cell-scaled-bias", "rnn-cell", CELL_JOINED,
        ("rows @ W + self.b", "rows @ W + concatenate([self.b, self.b]).reshape(2, -1).sum(axis=0)"),
    ),
    # --- rnn-forward
    rewrite("forward-steps-from-h0", "forward-not-carried", "rnn-forward", '''
def step(x_t, h, W_x, W_h, b):
    return np.tanh(np.dot(x_t, W_x) + np.dot(h, W_h) + b)

def rnn_forward(x, h0, W_x, W_h, b):
    states = [step(x[:, t], h0, W_x, W_h, b) for t in range(x.shape[1])]
    hs = np.stack(states, axis=1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-one-more-row-of-zeros", "forward-ignores-h0", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    B, T, _ = x.shape
    hs = np.zeros((B, T + 1, len(b)), x.dtype)
    for t in range(1, T + 1):
        hs[:, t] = np.tanh(b + hs[:, t - 1] @ W_h + x[:, t - 1] @ W_x)
    hs = hs[:, 1:]
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-first-step-without-memory", "forward-ignores-h0", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    states = []
    for x_t in np.moveaxis(x, 1, 0):
        a = np.einsum("bd,dh->bh", x_t, W_x) + b
        if states:
            a = a + np.einsum("bg,gh->bh", states[-1], W_h)
        states.append(np.tanh(a))
    hs = np.array(states).swapaxes(0, 1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-joined-linear", "forward-linear", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    W, hs = np.vstack([W_x, W_h]), [h0]
    for t in range(x.shape[1]):
        hs.append(np.hstack([x[:, t], hs[-1]]).dot(W) + b)
    hs = np.stack(hs[1:], axis=1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-inputs-first-linear", "forward-linear", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    hs = np.einsum("btd,dh->bth", x, W_x) + b
    hs[:, 0] += h0 @ W_h
    for t in range(1, hs.shape[1]):
        hs[:, t] += hs[:, t - 1] @ W_h
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-columns", "forward-transposed", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    column, hs = h0.T, []
    for x_t in x.transpose(1, 2, 0):
        column = np.tanh(np.dot(W_x.T, x_t) + np.dot(W_h, column) + b[:, None])
        hs.append(column.T)
    hs = np.stack(hs, axis=1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-einsum-wrong-letters", "forward-transposed", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    hs = x @ W_x + b
    before = h0
    for t in range(hs.shape[1]):
        hs[:, t] = before = np.tanh(hs[:, t] + np.einsum("bj,ij->bi", before, W_h))
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-joined-without-bias", "forward-no-bias", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    W, states = np.concatenate([W_x, W_h]), [h0]
    while len(states) <= x.shape[1]:
        row = np.concatenate([x[:, len(states) - 1], states[-1]], axis=1)
        states.append(np.tanh(row @ W))
    hs = np.stack(states[1:], 1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-inputs-first-without-bias", "forward-no-bias", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    hs = np.tensordot(x, W_x, axes=1)
    for t in range(hs.shape[1]):
        hs[:, t] += np.matmul(hs[:, t - 1] if t else h0, W_h)
        np.tanh(hs[:, t], out=hs[:, t])
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-inserts-in-front", "forward-backwards", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    states = [h0]
    for x_t in x.swapaxes(0, 1):
        states.insert(0, np.tanh(b + states[0] @ W_h + x_t @ W_x))
    hs = np.stack(states[:-1], axis=1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-recursive-last-first", "forward-backwards", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    def states(n):
        if n == 0:
            return np.expand_dims(h0, 1)
        known = states(n - 1)
        new = np.tanh(x[:, n - 1] @ W_x + known[:, 0] @ W_h + b)
        return np.concatenate([new[:, None], known], axis=1)

    hs = states(x.shape[1])[:, :-1]
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-list-cut-at-the-wrong-end", "forward-late", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    states = [h0]
    for x_t in np.swapaxes(x, 0, 1):
        states.append(np.tanh(x_t @ W_x + states[-1] @ W_h + b))
    hs = np.stack(states[:-1], axis=1)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    rewrite("forward-one-more-row-and-the-first-kept", "forward-late", "rnn-forward", '''
def rnn_forward(x, h0, W_x, W_h, b):
    drive = np.einsum("btd,dh->tbh", x, W_x)
    hs = np.empty((len(drive) + 1, *h0.shape), h0.dtype)
    hs[0] = h0
    for t, a in enumerate(drive):
        hs[t + 1] = np.tanh(a + np.dot(hs[t], W_h) + b)
    hs = hs[: len(drive)].transpose(1, 0, 2)
    return hs, (x, h0, hs, W_x, W_h)
'''),
    # --- rnn-backward
    rewrite(
        "backward-joined-linear", "backward-no-derivative", "rnn-backward", BACK_JOINED,
        ("da = (1 - h) * g * (1 + h)", "da = g"),
    ),
    rewrite(
        "backward-joined-carries-nothing", "backward-one-step", "rnn-backward", BACK_JOINED,
        ("        carried = both[:, D:]\n", ""),
    ),
    rewrite(
        "backward-lists-not-squared", "backward-not-squared", "rnn-backward", BACK_LISTS,
        ("total * new * new", "total * new"),
    ),
    rewrite(
        "backward-slope-not-squared", "backward-not-squared", "rnn-backward", BACK_EINSUM,
        ("1 - np.square(hs)", "1 - hs"),
    ),
    rewrite(
        "backward-slope-from-cosh", "backward-of-preactivation", "rnn-backward", BACK_EINSUM,
        ("1 - np.square(hs)", "1 / np.cosh(hs) ** 2"),
    ),
    rewrite(
        "backward-joined-tanh-again", "backward-of-preactivation", "rnn-backward", BACK_JOINED,
        ("    da = ", "    h = np.tanh(h)\n    da = "),
    ),
    rewrite(
        "backward-lists-sent-back-in-vain", "backward-overwrites", "rnn-backward", BACK_LISTS,
        ("total = dhs[:, t] + back", "total = dhs[:, t]"),
    ),
    rewrite("backward-all-deltas-at-once", "backward-overwrites", "rnn-backward", '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    B, T, D = x.shape
    flat = (dhs * (1 + hs) * (1 - hs)).reshape(B * T, -1)
    started = np.hstack([h0[:, None], hs])[:, :T].reshape(B * T, -1)
    sent = (flat @ W_h.T).reshape(B, T, -1)
    dx = (flat @ W_x.T).reshape(x.shape)
    return dx, sent[:, 0], x.reshape(B * T, D).T @ flat, started.T @ flat, np.sum(flat, axis=0)
'''),
    rewrite(
        "backward-lists-mean", "backward-mean-db", "rnn-backward", BACK_LISTS,
        ("sum(d.sum(0) for d in deltas)", "np.mean(sum(deltas), axis=0)"),
    ),
    rewrite(
        "backward-ones-over-batch", "backward-mean-db", "rnn-backward", BACK_JOINED,
        ("np.ones(len(da)) @ da", "np.full(len(da), 1 / len(da)) @ da"),
    ),
    rewrite(
        "backward-lists-states-from-one", "backward-own-state", "rnn-backward", BACK_LISTS,
        ("zip(states, deltas)", "zip(states[1:], deltas)"),
    ),
    rewrite(
        "backward-einsum-of-own-states", "backward-own-state", "rnn-backward", BACK_EINSUM,
        ('np.einsum("bti,btj->ij", previous, delta)', "np.tensordot(hs, delta, axes=([0, 1], [0, 1]))"),
    ),
    rewrite(
        "backward-lists-from-the-second", "backward-forgets-h0", "rnn-backward", BACK_LISTS,
        ("np.dot(h.T, d) for h, d in zip(states, deltas)", "np.dot(states[t].T, deltas[t]) for t in range(1, T)"),
    ),
    rewrite(
        "backward-einsum-pads-with-zeros", "backward-forgets-h0", "rnn-backward", BACK_EINSUM,
        ("np.concatenate([h0[:, None], hs[:, :-1]], axis=1)", "np.pad(hs, ((0, 0), (1, 0), (0, 0)))[:, :-1]"),
    ),
    rewrite(
        "backward-einsum-rolls", "backward-wraps-around", "rnn-backward", BACK_EINSUM,
        ("np.concatenate([h0[:, None], hs[:, :-1]], axis=1)", "np.roll(hs, 1, axis=1)"),
    ),
    rewrite(
        "backward-joined-counts-round", "backward-wraps-around", "rnn-backward", BACK_JOINED,
        ("hs[:, -k - 1] if k < T else h0", "hs[:, (T - k - 1) % T]"),
    ),
    rewrite(
        "backward-lists-dot-W_h", "backward-not-transposed", "rnn-backward", BACK_LISTS,
        ("np.dot(deltas[t], W_h.T)", "np.dot(deltas[t], W_h)"),
    ),
    rewrite(
        "backward-einsum-wrong-letters", "backward-not-transposed", "rnn-backward", BACK_EINSUM,
        ('"bk,hk->bh"', '"bk,kh->bh"'),
    ),
    rewrite(
        "backward-lists-returns-the-total", "backward-h0-not-through", "rnn-backward", BACK_LISTS,
        ("return dx, back,", "return dx, total,"),
    ),
    rewrite(
        "backward-keeps-every-dh", "backward-h0-not-through", "rnn-backward", BACK_EINSUM,
        ("    t = hs.shape[1]\n", "    t = hs.shape[1]\n    dh = dhs.copy()\n"),
        (
            "        delta[:, t] = slope[:, t] * (incoming + dhs[:, t])\n",
            "        dh[:, t] += incoming\n        delta[:, t] = slope[:, t] * dh[:, t]\n",
        ),
        ("        incoming,\n", "        dh[:, 0],\n"),
    ),
    rewrite(
        "backward-lists-plus-equals", "backward-writes-dhs", "rnn-backward", BACK_LISTS,
        ("total = dhs[:, t] + back", "total = dhs[:, t]\n        total += back"),
    ),
    rewrite("backward-sends-into-dhs", "backward-writes-dhs", "rnn-backward", '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    last = hs.shape[1] - 1
    grads = {"x": np.zeros(x.shape), "W_x": 0, "W_h": 0, "b": 0}
    for t in (last - k for k in range(last + 1)):
        da = np.multiply(dhs[:, t], 1 - hs[:, t] * hs[:, t])
        grads["x"][:, t] = np.einsum("bh,dh->bd", da, W_x)
        grads["W_x"] = grads["W_x"] + np.einsum("bd,bh->dh", x[:, t], da)
        grads["W_h"] = grads["W_h"] + np.einsum("bg,bh->gh", hs[:, t - 1] if t else h0, da)
        grads["b"] = grads["b"] + da.sum(0)
        sent = np.einsum("bh,gh->bg", da, W_h)
        if t:
            dhs[:, t - 1] += sent
    return grads["x"], sent, grads["W_x"], grads["W_h"], grads["b"]
'''),
    # --- clip-value
    rewrite("value-entry-by-entry", "value-one-sided", "clip-value", '''
def clip_grad_value(parameters, clip_value):
    if clip_value < 0:
        raise ValueError(clip_value)
    for g in (p.grad for p in parameters):
        for index in np.ndindex(() if g is None else g.shape):
            if g is not None and g[index] > clip_value:
                g[index] = clip_value
'''),
    rewrite("value-assigns-where", "value-new-array", "clip-value", '''
def clip_grad_value(parameters, clip_value):
    if clip_value < 0:
        raise ValueError("a limit is not negative")
    for p in parameters:
        if p.grad is None:
            continue
        outside = np.abs(p.grad) > clip_value
        p.grad = np.where(outside, clip_value * np.sign(p.grad), p.grad)
'''),
    rewrite("value-cuts-a-copy", "value-new-array", "clip-value", '''
def clip_grad_value(parameters, clip_value):
    if clip_value < 0:
        raise ValueError("clip_value")
    held = [p for p in parameters if p.grad is not None]
    for p, g in zip(held, [np.copy(p.grad) for p in held]):
        g[g > clip_value] = clip_value
        g[g < -clip_value] = -clip_value
        p.grad = g
'''),
    rewrite("value-scales-by-the-largest", "value-scales", "clip-value", '''
def clip_grad_value(parameters, clip_value):
    if not clip_value >= 0:
        raise ValueError("clip_value")
    for p in parameters:
        if p.grad is not None:
            largest = max(p.grad.max(), -p.grad.min())
            if largest > clip_value:
                p.grad *= clip_value / largest
'''),
    rewrite("value-scales-by-the-infinity-norm", "value-scales", "clip-value", '''
def clip_grad_value(parameters, clip_value):
    if clip_value < 0:
        raise ValueError
    for g in [p.grad for p in parameters if p.grad is not None]:
        size = np.linalg.norm(g.ravel(), np.inf)
        factor = 1 if size <= clip_value else clip_value / size
        np.multiply(g, factor, out=g)
'''),
    # --- clip-norm
    rewrite("norm-shortens-each", "norm-per-parameter", "clip-norm", '''
def shortened(g, limit):
    length = np.sqrt(np.vdot(g.astype(float), g.astype(float)))
    if length > limit:
        np.multiply(g, limit / length, out=g)
    return length

def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = {id(p): p.grad for p in parameters if p.grad is not None}
    return float(np.linalg.norm([0.0, *(shortened(g, max_norm) for g in grads.values())]))
'''),
    rewrite("norm-of-unit-vectors", "norm-always", "clip-norm", '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    arrays, total = [], 0.0
    for p in parameters:
        if p.grad is not None and all(p.grad is not a for a in arrays):
            arrays.append(p.grad)
            total += float(np.linalg.norm(p.grad.astype(np.float64))) ** 2
    length = total**0.5
    if length:
        for a in arrays:
            a[...] = a / length * max_norm
    return length
'''),
    rewrite("norm-dot-without-root", "norm-squared", "clip-norm", '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = list({id(p): p.grad for p in parameters if p.grad is not None}.values())
    line = np.concatenate([np.zeros(0), *(g.ravel().astype(float) for g in grads)])
    length = float(line @ line)
    factor = min(1.0, max_norm / length) if length else 1.0
    for g in grads:
        g *= factor
    return length
'''),
    rewrite("norm-of-norms-without-root", "norm-squared", "clip-norm", '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    total, seen = 0.0, set()
    parameters = list(parameters)
    for p in parameters:
        if p.grad is not None and id(p) not in seen:
            seen.add(id(p))
            total += float(np.linalg.norm(p.grad.astype(np.float64))) ** 2
    for p in parameters:
        if id(p) in seen and total > max_norm:
            seen.remove(id(p))
            p.grad /= total / max_norm if max_norm else np.inf
    return total
'''),
    rewrite("norm-adds-lengths-in-a-loop", "norm-of-norms", "clip-norm", '''
def length(g):
    return float(np.sqrt(np.square(g, dtype=np.float64).sum()))

def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads, total = [], 0.0
    for p in parameters:
        if p.grad is None or any(g is p.grad for g in grads):
            continue
        grads.append(p.grad)
        total += length(p.grad)
    if total > max_norm:
        for g in grads:
            g[...] = g / total * max_norm
    return total
'''),
    rewrite("norm-fsum-of-roots", "norm-of-norms", "clip-norm", '''
import math

def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = {id(p): p.grad for p in parameters if p.grad is not None}.values()
    norm = math.fsum(math.hypot(*(float(v) for v in g.flat)) for g in grads)
    factor = 1.0 if norm <= max_norm else max_norm / norm
    for g in grads:
        np.multiply(g, factor, out=g)
    return norm
'''),
    rewrite("norm-measured-at-the-end", "norm-returns-after", "clip-norm", '''
def total_norm(grads):
    return float(np.linalg.norm([0.0] + [np.linalg.norm(g.astype(np.float64)) for g in grads]))

def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = list({id(p): p.grad for p in parameters if p.grad is not None}.values())
    if total_norm(grads) > max_norm:
        factor = max_norm / total_norm(grads)
        for g in grads:
            g *= factor
    return total_norm(grads)
'''),
    rewrite("norm-overwritten-by-the-limit", "norm-returns-after", "clip-norm", '''
import math

def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    unique = []
    for p in parameters:
        if p.grad is not None and not any(p is q for q in unique):
            unique.append(p)
    n = math.sqrt(sum(float(v) ** 2 for p in unique for v in p.grad.flat))
    if n > max_norm:
        scale, n = max_norm / n, float(max_norm)
        for p in unique:
            p.grad *= scale
    return n
'''),
    rewrite("norm-one-vector-with-repeats", "norm-shared-twice", "clip-norm", '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = [p.grad for p in parameters]
    grads = [g for g in grads if g is not None]
    line = np.hstack([np.zeros(1)] + [g.astype(np.float64).reshape(-1) for g in grads])
    norm = float(np.linalg.norm(line))
    for g in grads if norm > max_norm else []:
        g *= max_norm / norm
    return norm
'''),
    rewrite("norm-two-loops-with-repeats", "norm-shared-twice", "clip-norm", '''
import math

def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    parameters, total = list(parameters), 0.0
    for p in parameters:
        if p.grad is not None:
            total += float(np.vdot(p.grad.astype(float), p.grad.astype(float)))
    factor = max_norm / max(math.sqrt(total), max_norm or 1e-300)
    if factor < 1:
        for p in parameters:
            if p.grad is not None:
                np.multiply(p.grad, factor, out=p.grad)
    return math.sqrt(total)
'''),
    rewrite("norm-calls-the-exercise-before", "norm-by-value", "clip-norm", '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    unique = list({id(p): p for p in parameters}.values())
    lengths = [np.linalg.norm(p.grad.astype(np.float64)) for p in unique if p.grad is not None]
    norm = float(np.linalg.norm(lengths)) if lengths else 0.0
    if norm > max_norm:
        clip_grad_value(unique, max_norm)
    return norm
'''),
    rewrite("norm-cuts-with-masks", "norm-by-value", "clip-norm", '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    squares, seen = 0.0, {}
    for p in parameters:
        if p.grad is not None and id(p) not in seen:
            seen[id(p)] = p.grad
            squares += float((p.grad.astype(np.float64) ** 2).sum())
    for g in seen.values():
        g[g > max_norm] = max_norm
        g[g < -max_norm] = -max_norm
    return squares**0.5
'''),
    # --- train-step
    rewrite("train-names-but-does-not-call", "train-no-zero-grad", "train-step", '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    model.zero_grad
    prediction = model(x)
    error = loss(prediction, y)
    result = error.item()
    error.backward()
    if max_norm is not None:
        clip_grad_norm(list(model.parameters()), max_norm)
    optimizer.step()
    return result
'''),
    rewrite("train-cuts-entries-itself", "train-clips-by-value", "train-step", '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    model.zero_grad()
    error = loss(model(x), y)
    error.backward()
    for p in model.parameters():
        if max_norm is not None and p.grad is not None:
            p.grad = np.maximum(-max_norm, np.minimum(max_norm, p.grad))
    optimizer.step()
    return error.item()
'''),
    rewrite("train-limits-with-an-endless-default", "train-clips-by-value", "train-step", '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    limit = float("inf") if max_norm is None else max_norm
    parameters = list(model.parameters())
    for p in parameters:
        p.grad = None
    before = loss(model(x), y)
    before.backward()
    clip_grad_value(parameters=parameters, clip_value=limit)
    optimizer.step()
    optimizer.zero_grad()
    return float(before)
'''),
    rewrite("train-asks-the-loss-twice", "train-loss-after", "train-step", '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    def error():
        return loss(model(x), y)

    optimizer.zero_grad()
    error().backward()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    optimizer.step()
    return error().item()
'''),
    rewrite("train-measures-without-tape", "train-loss-after", "train-step", '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    parameters = list(model.parameters())
    for p in parameters:
        p.grad = None
    value = loss(model(x), y)
    value.backward()
    if max_norm is not None:
        clip_grad_norm(parameters, max_norm)
    optimizer.step()
    with no_grad():
        value = loss(model(x), y)
    return float(value.data)
'''),
]
