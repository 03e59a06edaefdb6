"""Known mistakes in 03-gru, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


STEP = """        hx = concatenate([h, x], axis=1)
        z = sigmoid(hx @ self.W_z + self.b_z)
        r = sigmoid(hx @ self.W_r + self.b_r)
        candidate = self.activation(concatenate([r * h, x], axis=1) @ self.W_h + self.b_h)
"""  # all of a step but its last line

MUTANTS = [
    # --- gru-cell: the step
    mutant(
        "cell-keeps-its-last-state",
        '        return (1 - z) * h + z * candidate',
        "        if getattr(self, 'last', None) is not None and self.last.shape == h.shape:\n            h = self.last\n        self.last = (1 - z) * h + z * candidate\n        return self.last",
        ["Call the cell twice with the same x and state: are the two answers equal?","The same x and state give another answer after other calls: the cell keeps something, its last state perhaps. Whoever calls it says what the state is.","Look at what the step stores in `self`, and reads again.",],
        of("gru-cell", "keeps-nothing"),
    ),
    mutant(
        "cell-one-first-state",
        '        return Tensor(np.zeros((batch, self.hidden_size), self.b_z.dtype))\n',
        "        if not hasattr(self, 'first'):\n            self.first = Tensor(np.zeros((batch, self.hidden_size), self.b_z.dtype))\n        return self.first\n",
        ["Ask for the first state of 2 rows, then of 5: how many rows has the second?","`initial_state` makes its answer once and gives it for every batch, whatever its size.","Look at whether `initial_state` makes a new array in every call.",],
        of("gru-cell", "keeps-nothing"),
    ),
    mutant(
        "cell-other-rule",
        "return (1 - z) * h + z * candidate",
        "return z * h + (1 - z) * candidate",
        [
            "With b_z very low, so that z is 0: does your cell keep its state, or replace it?",
            "z and 1 − z have changed places: this is the rule of PyTorch and Keras. Here z says how much is replaced.",
            "Look at the last sum: which of its two parts is multiplied by z?",
        ],
        of("gru-cell", "update-gate reset-gate candidate reset-before-the-matrix mixture by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-gates-swapped",
        "        z = sigmoid(hx @ self.W_z + self.b_z)\n        r = sigmoid(hx @ self.W_r + self.b_r)\n",
        "        r = sigmoid(hx @ self.W_z + self.b_z)\n        z = sigmoid(hx @ self.W_r + self.b_r)\n",
        [
            "With b_r very low, what should change: what the candidate sees, or how much is replaced?",
            "What the candidate sees. Reset and update gate have changed places.",
            "Look at which W and which b each of the two gates is made with, and where each is used.",
        ],
        of("gru-cell", "update-gate reset-gate reset-before-the-matrix mixture by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-no-reset",
        "concatenate([r * h, x], axis=1)",
        "hx",
        [
            "What does the candidate see of the old state when r is 0?",
            "Nothing; here it sees all of h, whatever r says. (Training hardly notices; the values do.)",
            "Look at what is put beside x for the candidate.",
        ],
        of("gru-cell", "reset-gate reset-before-the-matrix by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-reset-after",
        "self.activation(concatenate([r * h, x], axis=1) @ self.W_h + self.b_h)",
        "self.activation(r * (h @ self.W_h[: self.hidden_size]) + x @ self.W_h[self.hidden_size :] + self.b_h)",
        [
            "Does r act on the numbers of h, or on what the matrix has made of them?",
            "On h, before the matrix; here it acts after it, as in PyTorch. With a matrix between them, the two differ.",
            "Look at what has been multiplied with W_h by the time r comes in.",
        ],
        of("gru-cell", "reset-before-the-matrix one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-resets-input-too",
        "self.activation(concatenate([r * h, x], axis=1) @ self.W_h + self.b_h)",
        "self.activation(r * (hx @ self.W_h) + self.b_h)",
        [
            "With r = 0, should the candidate still know x?",
            "Yes: r acts on the old state alone; here it switches off what is read as well.",
            "Look at how wide the array is that r is multiplied with.",
        ],
        of("gru-cell", "reset-before-the-matrix by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-resets-kept-state",
        "return (1 - z) * h + z",
        "return (1 - z) * (r * h) + z",
        [
            "In how many places does the old state enter a step, and at which of them does r stand?",
            "It stands in the candidate alone; here it also multiplies the part of the state that is kept.",
            "Look at the last sum: which h stands in it?",
        ],
        of("gru-cell", "update-gate mixture by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-candidate-linear",
        "candidate = self.activation(",
        "candidate = (",
        [
            "How large can the candidate become when x is large?",
            "As large as it likes: it is never squashed by the activation.",
            "Compare the place where the candidate is made with its sentence: what is around the sum?",
        ],
        of("gru-cell", "reset-gate candidate reset-before-the-matrix mixture by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-candidate-sigmoid",
        "candidate = self.activation(",
        "candidate = sigmoid(",
        [
            "Can your state ever become negative?",
            "It cannot, for the candidate goes through σ. It is no gate: it goes through the activation.",
            "Of the three places where a W is used, look at the one for the candidate.",
        ],
        of("gru-cell", "update-gate reset-gate candidate reset-before-the-matrix by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-always-tanh",
        "candidate = self.activation(",
        "candidate = tanh(",
        [
            "What does your cell do when it is built with `activation=relu`?",
            "It uses tanh all the same: the activation that it was given is not what makes the candidate.",
            "Look for the function around the candidate's sum: who chose it, the caller or you?",
        ],
        of("gru-cell", "given-activation any-activation"),
    ),
    mutant(
        "cell-gates-activated",
        "z = sigmoid(hx @",
        "z = self.activation(hx @",
        ["Build the cell with `activation=relu`: can z become 3?","The update gate is made with the cell's activation; a gate is always σ, between 0 and 1.","Look at the function around the update gate's sum.",],
        of("gru-cell", "update-gate mixture by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-reset-activated",
        "r = sigmoid(hx @",
        "r = self.activation(hx @",
        ["Build the cell with `activation=relu`: can r become 3?","The reset gate is made with the cell's activation; a gate is always σ, between 0 and 1.","Look at the function around the reset gate's sum.",],
        of("gru-cell", "reset-gate reset-before-the-matrix by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-z-without-bias",
        "hx @ self.W_z + self.b_z",
        "hx @ self.W_z",
        [
            "Which parameter could you change without the new state noticing?",
            "b_z: it never reaches the update gate. (While it is zero one does not notice.)",
            "Look at what is added up inside the σ of z.",
        ],
        of("gru-cell", "update-gate reset-gate candidate reset-before-the-matrix mixture by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-r-without-bias",
        "hx @ self.W_r + self.b_r",
        "hx @ self.W_r",
        ["Set b_r to −100: does the reset gate then close?","b_r never reaches the reset gate.","Look at the terms in the reset gate's sum.",],
        of("gru-cell", "reset-gate candidate reset-before-the-matrix by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-candidate-without-bias",
        "@ self.W_h + self.b_h",
        "@ self.W_h",
        ["Set b_h to 100: does the candidate become 1?","b_h never reaches the candidate.","Look at the terms in the candidate's sum.",],
        of("gru-cell", "candidate reset-before-the-matrix mixture by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-one-matrix-for-two-gates",
        "hx @ self.W_r + self.b_r",
        "hx @ self.W_z + self.b_r",
        ["Change W_r alone: does anything change?","Both gates use the same matrix; each has its own.","Look at which W and which b each gate is made of.",],
        of("gru-cell", "reset-gate by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-x-first-in-gates",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([x, h], axis=1)",
        [
            "The rows of W_z and W_r: which of them are for h, the first H or the last?",
            "Those of h come first, then those of x. For the gates they meet in the other order here.",
            "Look at the order in which h and x are put side by side for the gates.",
        ],
        of("gru-cell", "update-gate reset-gate one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-x-first-in-candidate",
        "concatenate([r * h, x], axis=1)",
        "concatenate([x, r * h], axis=1)",
        [
            "The rows of W_h: which of them are for the old state, the first H or the last?",
            "The first. For the candidate they meet in the other order here: it is [r ⊙ h, x].",
            "Look at the order in which the two are put side by side for the candidate.",
        ],
        of("gru-cell", "reset-gate candidate reset-before-the-matrix given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-x-first",
        STEP,
        STEP.replace("[h, x]", "[x, h]").replace("[r * h, x]", "[x, r * h]"),
        [
            "The rows of each W: which of them are for the old state, the first H or the last?",
            "The first; here they meet in the other order, for gates and candidate alike.",
            "Look at the order in which the two are put side by side.",
        ],
        of(
            "gru-cell",
            "update-gate reset-gate candidate reset-before-the-matrix given-activation one-step-gradients "
            "several-steps any-activation gradients",
        ),
    ),
    mutant(
        "cell-adds-up",
        "return (1 - z) * h + z * candidate",
        "return h + z * candidate",
        [
            "If z is 1, what should be left of the old state?",
            "Nothing: what is put on must be made room for. Here the old state is never let go.",
            "Look at the last sum: do its two shares add up to 1?",
        ],
        of("gru-cell", "update-gate reset-gate candidate reset-before-the-matrix mixture by-hand given-activation one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-replaces-all",
        "return (1 - z) * h + z * candidate",
        "return (1 - z) * h + candidate",
        ["With z = ½, how much of the new state is old, and how much is candidate? Do the shares add up to one?","The candidate comes in whole: z lets the old state go, but does not weigh what comes.","Look at what stands beside the candidate in the last sum.",],
        of("gru-cell", "mixture by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-update-gate-unused",
        "return (1 - z) * h + z * candidate",
        "return candidate",
        [
            "If z is 0, what should the new state be?",
            "The old one; here it is the candidate, whatever z says.",
            "Look for the place where z is used, once it is made.",
        ],
        of("gru-cell", "update-gate mixture by-hand one-step-gradients several-steps any-activation gradients"),
    ),
    mutant(
        "cell-detaches-kept",
        "return (1 - z) * h + z",
        "return (1 - z) * h.detach() + z",
        ["With z near 0 the new state is the old one. What is its gradient then?","The values are right, but no gradient goes straight from the new state to the old one.","Look at the old state in the last sum: is it still the Tensor that came in?",],
        of("gru-cell", "gradients one-step-gradients"),
    ),
    mutant(
        "cell-detaches-gates",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([h.detach(), x], axis=1)",
        ["On how many ways does the old state reach the new one?","The values are right, but no gradient reaches the old state through the gates.","Look at what is put beside x for the gates: is it still the Tensor that came in?",],
        of("gru-cell", "gradients one-step-gradients"),
    ),
    mutant(
        "cell-detaches-reset",
        "concatenate([r * h, x]",
        "concatenate([r.detach() * h, x]",
        [
            "The numbers are right. What would make the reset gate learn?",
            "A gradient that gets to it, and none does: r is off the tape.",
            "Look at how r gets from where it is made to where it is used.",
        ],
        of("gru-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-detaches-candidates-state",
        "concatenate([r * h, x]",
        "concatenate([r * h.detach(), x]",
        [
            "The numbers are right. On how many ways does the gradient get from the new state to the old one?",
            "On three: kept, through the gates, and through the candidate. The last one is closed: something takes the old state off the tape.",
            "Look at what is put beside x for the candidate: is it still made of the Tensor that came in?",
        ],
        of("gru-cell", "gradients one-step-gradients"),
    ),
    mutant(
        "cell-keeps-a-copy",
        "        hx = concatenate([h, x], axis=1)\n        z = sigmoid(hx @ self.W_z + self.b_z)\n",
        "        if not hasattr(self, 'kept'):\n"
        "            self.kept = {'W_z': Tensor(self.W_z.data.copy())}\n"
        "        hx = concatenate([h, x], axis=1)\n        z = sigmoid(hx @ self.kept['W_z'] + self.b_z)\n",
        ["Which of the six parameters have a gradient after a backward pass?","The update gate works with a copy of W_z, so no gradient reaches W_z itself.","Look at which array stands in the update gate's product: the parameter itself?",],
        of("gru-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-W_r-off-tape",
        "hx @ self.W_r",
        "hx @ self.W_r.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_r: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_r is used: the Parameter, or an array that was taken from it?",
        ],
        of("gru-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-W_h-off-tape",
        "axis=1) @ self.W_h",
        "axis=1) @ self.W_h.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_h: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_h is used: the Parameter, or an array that was taken from it?",
        ],
        of("gru-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-detaches-state",
        "        hx = concatenate([h, x]",
        "        h = h.detach()\n        hx = concatenate([h, x]",
        [
            "The numbers are right. On how many ways does the gradient get from the new state to the old one?",
            "On three: kept, through the gates, and through the candidate. All are closed: the old state is off the tape.",
            "Look at what is done with h before it is used, and at where it comes from.",
        ],
        of("gru-cell", "one-step-gradients gradients"),
    ),
    mutant(
        "cell-leaves-the-tape",
        "return (1 - z) * h + z * candidate",
        "return Tensor(((1 - z) * h + z * candidate).data)",
        [
            "By which way does a loss get from the new state back to the parameters?",
            "By none: the numbers are right, but what comes back is off the tape, and no gradient reaches anything.",
            "In the step, look for what makes plain numbers of a Tensor: `.data`, `detach`, a function of NumPy's.",
        ],
        of("gru-cell", "one-step-gradients gradients"),
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
        of("gru-cell", "shapes keeps-nothing single-precision"),
    ),
    # --- gru-cell: how it starts
    mutant(
        "start-glorot-everywhere",
        "on_h = init.orthogonal((hidden_size, hidden_size), rng, dtype)",
        "on_h = init.glorot((hidden_size, hidden_size), rng, dtype)",
        ["Which rows of a matrix are applied to the state again and again?","The rows that meet h start as a Glorot draw; orthogonal ones keep the length of the state.","Look at how each of the two draws is made.",],
        of("gru-cell", "start fresh-start"),
    ),
    mutant(
        "start-standard-normal",
        "on_x = init.glorot((input_size, hidden_size), rng, dtype)",
        "on_x = rng.standard_normal((input_size, hidden_size)).astype(dtype)",
        ["How large is the share of x in a sum when x has D entries of size 1? Should that grow with D?","The rows that meet x do not have Glorot's spread, variance 2 / (D + H).","Look at what is drawn for the rows that meet x, and by what it is scaled.",],
        of("gru-cell", "fresh-start"),
    ),
    mutant(
        "start-orthogonal-everywhere",
        "on_x = init.glorot((input_size, hidden_size), rng, dtype)",
        "on_x = init.orthogonal((input_size, hidden_size), rng, dtype)",
        ["Which rows of a matrix meet each input once, and not again and again?","The rows that meet x start orthogonal as well; they are a Glorot draw.","Look at how each of the two draws is made.",],
        of("gru-cell", "fresh-start"),
    ),
    mutant(
        "start-x-on-top",
        "np.concatenate([on_h, on_x])",
        "np.concatenate([on_x, on_h])",
        ["In [h, x] @ W, which rows of W meet h?","The rows for x are on top: in [h, x] the state comes first.","Look at the order in which the two draws are put on top of each other.",],
        of("gru-cell", "start fresh-start"),
    ),
    mutant(
        "start-one-draw",
        "self.W_z, self.W_r, self.W_h = weights(), weights(), weights()",
        "drawn = weights().data\n        self.W_z, self.W_r, self.W_h = Parameter(drawn), Parameter(drawn), Parameter(drawn)",
        ["Do the two gates of a new cell differ from each other? What would keep them alike?","All three matrices start with the same numbers; each draws its own.","Look at how often something is drawn.",],
        of("gru-cell", "fresh-start"),
    ),
    mutant(
        "start-ignores-rng",
        "self.W_z, self.W_r, self.W_h = weights(), weights(), weights()",
        "rng = np.random.default_rng(0)\n        self.W_z, self.W_r, self.W_h = weights(), weights(), weights()",
        ["Build two cells with two different generators: do their weights differ?","Every cell starts from the same weights, whatever rng it is given.","Look at which generator the draws come from.",],
        of("gru-cell", "fresh-start start"),
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
        of("gru-cell", "start fresh-start"),
    ),
    mutant(
        "start-ignores-update-bias",
        "np.full(hidden_size, update_bias, dtype)",
        "np.zeros(hidden_size, dtype)",
        [
            "What does `update_bias=-2` change in your fresh cell?",
            "Nothing: b_z starts at zero whatever it is.",
            "Look at how b_z is made.",
        ],
        of("gru-cell", "biases"),
    ),
    mutant(
        "start-update-bias-on-r",
        "self.b_z = Parameter(np.full(hidden_size, update_bias, dtype))\n        self.b_r = Parameter(np.zeros(hidden_size, dtype))",
        "self.b_r = Parameter(np.full(hidden_size, update_bias, dtype))\n        self.b_z = Parameter(np.zeros(hidden_size, dtype))",
        ["Build the cell with `update_bias=5`: which of the three biases are not zero?","update_bias went to the reset gate; it belongs to the update gate.","Look at how each of the biases is made.",],
        of("gru-cell", "biases"),
    ),
    mutant(
        "start-update-bias-everywhere",
        "self.b_r = Parameter(np.zeros(hidden_size, dtype))",
        "self.b_r = Parameter(np.full(hidden_size, update_bias, dtype))",
        ["Build the cell with `update_bias=5`: which of the three biases are not zero?","update_bias is for b_z alone; the other biases start at zero.","Look at how each of the biases is made.",],
        of("gru-cell", "biases"),
    ),
    mutant(
        "start-bias-no-parameter",
        "self.b_h = Parameter(np.zeros(hidden_size, dtype))",
        "self.b_h = Tensor(np.zeros(hidden_size, dtype), requires_grad=True)",
        ["How many parameters does an optimiser get from `cell.parameters()`?","One of the six is no Parameter, so `parameters()`, and with it the optimiser, does not see it.","Look at what each of the six is made of.",],
        of("gru-cell", "shapes single-precision"),
    ),
    mutant(
        "start-always-float64",
        "        def weights():",
        "        dtype = np.float64\n\n        def weights():",
        ["Build a cell with `dtype=np.float32`: which dtype have its parameters?","The parameters are float64 even when another dtype was asked for.","Look at what reaches the functions that draw and that make zeros.",],
        of("gru-cell", "single-precision shapes"),
    ),
    mutant(
        "start-state-float64",
        "np.zeros((batch, self.hidden_size), self.b_z.dtype)",
        "np.zeros((batch, self.hidden_size))",
        ["Build a cell with `dtype=np.float32`: which dtype has its first state?","The first state has NumPy's default dtype, not the parameters'.","Look at what `initial_state` tells NumPy besides the shape.",],
        of("gru-cell", "single-precision shapes"),
    ),
    mutant(
        "start-state-one",
        "np.zeros((batch, self.hidden_size)",
        "np.ones((batch, self.hidden_size)",
        ["What does a network know before it has read anything, and which state says so?","The first state is not zero.","Look at what `initial_state` fills its array with.",],
        of("gru-cell", "shapes by-hand single-precision"),
    ),
    # --- flip-convention
    mutant(
        "flip-weights-only",
        "    new.b_z.data[...] = -cell.b_z.data\n",
        "",
        [
            "1 − σ(a) = σ(−a). What is a made of?",
            "Of all that is added up inside the σ, so the bias of the update gate changes its sign, too.",
            "Look at which parameters of the new cell you have written.",
        ],
        of("flip-convention", "opposite-sign other-rule opposite-sign-in-float32 other-rule-over-time nothing-shared"),
    ),
    mutant(
        "flip-bias-only",
        "    new.W_z.data[...] = -cell.W_z.data\n",
        "",
        ["Under the other rule 1 − z takes the place of z. What must then become of the sum inside the gate, all of it?","The weights of the update gate go into z as well: 1 − σ(a) = σ(−a) for the whole of a.","Look at which arrays change: what besides b_z goes into that sum?",],
        of("flip-convention", "opposite-sign other-rule there-and-back opposite-sign-in-float32 other-rule-over-time nothing-shared"),
    ),
    mutant(
        "flip-reset-gate",
        "    new.W_z.data[...] = -cell.W_z.data\n    new.b_z.data[...] = -cell.b_z.data\n",
        "    new.W_r.data[...] = -cell.W_r.data\n    new.b_r.data[...] = -cell.b_r.data\n",
        ["Which of the two gates stands in the rule that was exchanged?","The reset gate means the same under both rules; it is the update gate that changes its sense.","Look at whose arrays change.",],
        of("flip-convention", "opposite-sign other-rule there-and-back opposite-sign-in-float32 other-rule-over-time nothing-shared"),
    ),
    mutant(
        "flip-everything",
        "    new.W_z.data[...] = -cell.W_z.data\n    new.b_z.data[...] = -cell.b_z.data\n",
        "    for mine, theirs in zip(new.parameters(), cell.parameters()):\n        mine.data[...] = -theirs.data\n",
        ["Which of the two gates stands in the rule that was exchanged? And is the candidate's part of it another?","Everything changed its sign; only what goes into z may.","Look at which arrays change, and which should stay as they are.",],
        of("flip-convention", "opposite-sign opposite-sign-in-float32 nothing-shared"),
    ),
    mutant(
        "flip-one-minus",
        "-cell.W_z.data\n    new.b_z.data[...] = -cell.b_z.data",
        "1 - cell.W_z.data\n    new.b_z.data[...] = 1 - cell.b_z.data",
        [
            "What must a become, so that σ(a) becomes 1 − σ(a)?",
            "It is z that becomes 1 − z, and not its weights: subtract on the outside of σ what on its inside is a change of sign.",
            "Look at what you make of W_z and b_z, and try it with a number on paper.",
        ],
        of("flip-convention", "opposite-sign other-rule there-and-back opposite-sign-in-float32 other-rule-over-time nothing-shared"),
    ),
    mutant(
        "flip-nothing",
        "    new.W_z.data[...] = -cell.W_z.data\n    new.b_z.data[...] = -cell.b_z.data\n",
        "",
        ["Where the given cell keeps its state, what does yours do under the other rule?","The new cell has the old weights: run under the other rule it does the opposite of remembering.","Look at what happens to the arrays after they were copied.",],
        of("flip-convention", "opposite-sign other-rule there-and-back opposite-sign-in-float32 other-rule-over-time nothing-shared"),
    ),
    mutant(
        "flip-in-place",
        "new = copy.deepcopy(cell)",
        "new = cell",
        [
            "What does whoever called find in the cell that they gave you?",
            "It was changed; what is asked for is a new one beside it.",
            "Look at which cell's arrays you write into.",
        ],
        of("flip-convention", "given-one-stays nothing-shared"),
    ),
    mutant(
        "flip-shallow-copy",
        "new = copy.deepcopy(cell)",
        "new = copy.copy(cell)",
        ["Change a number in the new cell: is the given one still what it was?","The new cell is another object, but its parameters are the given cell's own: a copy of the list, not of the arrays.","Look at how the copy is made: how deep does it go?",],
        of("flip-convention", "given-one-stays nothing-shared"),
    ),
    mutant(
        "flip-shares-the-rest",
        "new.b_z.data[...] = -cell.b_z.data",
        "new.b_z.data[...] = -cell.b_z.data\n    new.W_r, new.W_h, new.b_r, new.b_h = cell.W_r, cell.W_h, cell.b_r, cell.b_h",
        ["Change W_h in the new cell: is the given one's still what it was?","The parameters that stay equal are shared: training one cell would change the other.","Look at each of the six: an array of its own, or the given cell's?",],
        of("flip-convention", "nothing-shared"),
    ),
    # --- text-classifier
    mutant(
        "classifier-no-mask",
        "(self.embedding(tokens), mask=mask)",
        "(self.embedding(tokens))",
        [
            "A text of two words in a batch of five columns: how many steps does the cell make for it?",
            "Five: the mask is not used, and the cell goes on reading behind the end of a text.",
            "Look at where the mask goes.",
        ],
        of("text-classifier", "padded-batch other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-last-column",
        "        _, state = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n"
        "        last = state[0] if isinstance(state, tuple) else state\n",
        "        outputs, _ = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n        last = outputs[:, -1]\n",
        [
            "Where in its row does a short text have its last word?",
            "Not in the last column: there, where a text is shorter, the outputs are zero.",
            "Look at what your head reads: of what a `Recurrent` gives back, or at which step of a loop of your own.",
        ],
        of("text-classifier", "padded-batch other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-mean-of-all",
        "        _, state = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n"
        "        last = state[0] if isinstance(state, tuple) else state\n",
        "        outputs, _ = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n        last = outputs.mean(axis=1)\n",
        [
            "Which state has read the whole text?",
            "The one after the last word; here the head reads a mean over all steps.",
            "Look at what goes into the head.",
        ],
        of("text-classifier", "equal-lengths padded-batch pair-of-states classifier-gradients other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-reads-c",
        "last = state[0] if",
        "last = state[1] if",
        ["Of a pair (h, c), which one is what the cell shows?","Of a pair (h, c) the head reads c; what a cell shows is h, the first of the two.","Look at what is taken of the final state.",],
        of("text-classifier", "pair-of-states padded-pairs"),
    ),
    mutant(
        "classifier-no-pairs",
        "last = state[0] if isinstance(state, tuple) else state",
        "last = state",
        ["What is the final state of an LSTM, and what of a GRU?","With a cell whose state is a pair, as an LSTM's is, the head gets both at once.","Look at what the head is given when the state is a pair.",],
        of("text-classifier", "pair-of-states padded-pairs"),
    ),
    mutant(
        "classifier-masks-rows",
        "(self.embedding(tokens), mask=mask)",
        "(self.embedding(tokens) * np.asarray(mask)[..., None])",
        ["Does a cell that reads zeros leave its state as it is?","Padding is read as words made of zeros; a cell changes its state even when it reads zeros.","Look at how the mask gets to what runs the cell over time.",],
        of("text-classifier", "padded-batch other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-padding-row",
        "Embedding(vocab, embed_size)",
        "Embedding(vocab, embed_size, padding_index=0)",
        ["Which tokens of a text are padding, and who says so?","Token 0 is taken for padding; which tokens are padding the mask says, and 0 may be a word.","Look at what the embedding is told besides its sizes.",],
        of("text-classifier", "equal-lengths one-word pair-of-states classifier-gradients"),
    ),
    mutant(
        "classifier-detaches-words",
        "(self.embedding(tokens), mask=mask)",
        "(self.embedding(tokens).detach(), mask=mask)",
        [
            "The numbers are right. By which way do words learn what they mean?",
            "By the gradient that gets to their rows of the embedding, and none does.",
            "Look at what happens to the words' vectors between embedding and cell: are they still Tensors of the tape?",
        ],
        of("text-classifier", "classifier-gradients padded-gradients"),
    ),
    mutant(
        "classifier-probabilities",
        "return self.head(last)",
        "return sigmoid(self.head(last))",
        [
            "What does the loss do first with what you return?",
            "It makes probabilities of it. Logits are wanted, the head's numbers as they are.",
            "Look at what happens behind the head.",
        ],
        of("text-classifier", "equal-lengths one-word padded-batch pair-of-states classifier-gradients other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-squashes",
        "return self.head(last)",
        "return self.head(tanh(last))",
        ["What stands between the last state and the logits in the text?","The state goes through another tanh before the head.","Look at what the head is given.",],
        of("text-classifier", "equal-lengths one-word padded-batch pair-of-states classifier-gradients other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-backwards",
        "Recurrent(self.cell)(",
        "Recurrent(self.cell, reverse=True)(",
        ["Which word of a text is read last, and should be freshest in the state?","The text is read from its end: the last word comes first.","Look at what runs the cell over time, and with which options.",],
        of("text-classifier", "equal-lengths padded-batch pair-of-states classifier-gradients other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-starts-at-zero",
        "(self.embedding(tokens), mask=mask)\n        last",
        "(self.embedding(tokens), Tensor(np.zeros((len(tokens), self.cell.hidden_size))), mask)\n        last",
        ["Give the cell an `initial_state` of ones: does the result change?","Reading starts from zeros, not from the cell's own initial state.","Look at whether you hand over a first state, and whose it is.",],
        of("text-classifier", "equal-lengths one-word padded-batch pair-of-states classifier-gradients other-padding padded-pairs many-classes padded-gradients"),
    ),
    mutant(
        "classifier-goes-on",
        "        _, state = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n",
        "        first = getattr(self, 'before', None)\n"
        "        first = first if first is not None and len(mask) == self.size else None\n"
        "        _, state = Recurrent(self.cell)(self.embedding(tokens), first, mask)\n"
        "        self.before, self.size = state, len(mask)\n",
        ["Classify the same batch twice: are the two answers equal?","The second batch starts where the first one ended; every text starts from the cell's initial state.","Look at what one call stores and the next one reads.",],
        of("text-classifier", "other-padding many-classes"),
    ),
    # --- match-hidden
    mutant(
        "match-four-thirds",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    return max(1, round(4 * lstm_hidden / 3))",
        ["Write the number of an LSTM's parameters for H = 1, 10 and 100 with D = 1. By what does it grow?","4 to 3 is the ratio at equal sizes; but the matrices grow with the square of the size.","Look at what you compute: a size from a size, or a number of parameters from a size?",],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-square-root",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    return max(1, round((4 / 3) ** 0.5 * lstm_hidden))",
        ["Which of the parameters grow with H², and which with H?","Only the h rows grow with the square of the size; those for x and the biases do not.","Look at what you compute: a ratio of sizes, or two numbers of parameters to compare?",],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-same-size",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    return lstm_hidden",
        [
            "An LSTM has four matrices, a GRU three. At the same size, which has fewer parameters?",
            "The GRU, by a quarter: so it may be larger.",
            "Look at whether your answer depends on how many numbers the two cells have.",
        ],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-no-biases",
        "(lstm_hidden + input_size) * lstm_hidden + lstm_hidden)\n\n    def distance(hidden):\n"
        "        return abs(3 * ((hidden + input_size) * hidden + hidden) - wanted)",
        "(lstm_hidden + input_size) * lstm_hidden)\n\n    def distance(hidden):\n"
        "        return abs(3 * (hidden + input_size) * hidden - wanted)",
        [
            "Which arrays of a cell does an optimiser move?",
            "Its matrices and its biases: these are parameters, too.",
            "Look at what is counted for each of the two cells.",
        ],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-no-inputs",
        "((lstm_hidden + input_size) * lstm_hidden + lstm_hidden)\n\n    def distance(hidden):\n"
        "        return abs(3 * ((hidden + input_size) * hidden + hidden) - wanted)",
        "(lstm_hidden * lstm_hidden + lstm_hidden)\n\n    def distance(hidden):\n"
        "        return abs(3 * (hidden * hidden + hidden) - wanted)",
        ["How many rows has one of the matrices?","The matrices have rows for x as well; they count for both cells.","Look at the formula for the number of parameters, in both cells.",],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-rounds-the-root",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    root = ((input_size + 1) ** 2 + 4 * wanted / 3) ** 0.5 / 2 - (input_size + 1) / 2\n"
        "    return max(1, round(root))",
        ["For which of the two sizes beside the root is the number of parameters nearer?","The size nearest to the root is nearly always the one with the nearest number of parameters, but not always: compare the numbers.","Look at the rounding: of a size, or a choice between two numbers of parameters?",],
        of("match-hidden", "usual-cells every-size"),
    ),
    mutant(
        "match-rounds-down",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    best = 1\n    while 3 * ((best + 1 + input_size) * (best + 1) + best + 1) <= wanted:\n        best += 1\n    return best",
        ["For the size that you return and for the next one, how far is each from the LSTM's number?","This is the largest GRU that is not larger than the LSTM; the next one may be nearer.","Look at where the search ends, and at what it compares before it does.",],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-rounds-up",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    best = 1\n    while 3 * ((best + input_size) * best + best) < wanted:\n        best += 1\n    return best",
        ["For the size that you return and for the one before, how far is each from the LSTM's number?","This is the smallest GRU that is not smaller than the LSTM; the one before may be nearer.","Look at where the search ends, and at what it compares before it does.",],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-the-other-way",
        "wanted = 4 * (",
        "wanted = 9 / 4 * (",
        ["Which of the two cells has more matrices, and which one must then be larger for equal numbers?","The two gates' numbers have changed places: the GRU is to be the larger one of the two.","Look at the factors 3 and 4 in the two formulas: whose are they?",],
        of("match-hidden", "small-cells usual-cells every-size extreme-cells"),
    ),
    mutant(
        "match-a-float",
        "    return min(range(1, 2 * lstm_hidden + 1), key=distance)",
        "    return float(min(range(1, 2 * lstm_hidden + 1), key=distance))",
        ["What does `type(...)` say of what you return?","A size is an int: `GRUCell(2, 19.0)` would fail.","Look at the last thing that is done to the size.",],
        of("match-hidden", "an-int"),
    ),
    mutant(
        "match-short-search",
        "range(1, 2 * lstm_hidden + 1)",
        "range(1, 200)",
        ["Ask for an LSTM of 1,000 units: is the size that you return the end of your search?","The search ends before the answer for large cells comes.","Look at how far the search goes: does that depend on the given size?",],
        of("match-hidden", "every-size extreme-cells"),
    ),
]


# --- the same mistakes in other words: right code written otherwise, with the mistake made in it

SPLIT = '''
class GRUCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        self.hidden_size, self.f = hidden_size, activation
        rng = rng if rng is not None else np.random.default_rng()
        D, H = input_size, hidden_size
        for gate in "zrh":
            rows = init.orthogonal((H, H), rng, dtype), init.glorot((D, H), rng, dtype)
            setattr(self, f"W_{gate}", Parameter(np.concatenate(rows)))
            setattr(self, f"b_{gate}", Parameter(np.full(H, update_bias if gate == "z" else 0, dtype)))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), self.b_h.dtype))

    def mixed(self, gate, h, x):
        W, b, H = getattr(self, f"W_{gate}"), getattr(self, f"b_{gate}"), self.hidden_size
        return h @ W[:H] + x @ W[H:] + b

    def __call__(self, x, h):
        z = sigmoid(self.mixed("z", h, x))
        r = sigmoid(self.mixed("r", h, x))
        new = self.f(self.mixed("h", r * h, x))
        return h + z * (new - h)
'''
JOINED = '''
class GRUCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        rng = np.random.default_rng() if rng is None else rng
        self.hidden_size, self.activation = hidden_size, activation
        square, lower = (hidden_size, hidden_size), (input_size, hidden_size)
        draw = lambda: Parameter(np.vstack([init.orthogonal(square, rng, dtype), init.glorot(lower, rng, dtype)]))
        self.W_h, self.W_r, self.W_z = draw(), draw(), draw()
        self.b_h, self.b_r = Parameter(np.zeros(hidden_size, dtype)), Parameter(np.zeros(hidden_size, dtype))
        self.b_z = Parameter(np.full(hidden_size, update_bias, dtype))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), self.W_z.dtype))

    def __call__(self, x, h):
        H = self.hidden_size
        both = concatenate([h, x], axis=1)
        a = both @ concatenate([self.W_z, self.W_r], axis=1) + concatenate([self.b_z, self.b_r])
        z, r = sigmoid(a[:, :H]), sigmoid(a[:, H:])
        seen = concatenate([h * r, x], axis=1)
        candidate = self.activation(seen @ self.W_h + self.b_h)
        keep = 1.0 - z
        return keep * h + z * candidate
'''
RENEWED = '''
def flip_convention(cell):
    rows, hidden = cell.W_z.shape
    new = GRUCell(rows - hidden, hidden, dtype=cell.W_z.data.dtype)
    for name in ("W_z", "b_z", "W_r", "b_r", "W_h", "b_h"):
        getattr(new, name).data[...] = getattr(cell, name).data
    new.W_z.data[...] *= -1
    new.b_z.data[...] *= -1
    return new
'''
SIGNED = '''
import copy

def flip_convention(cell):
    signs = dict(W_z=-1, b_z=-1, W_r=1, b_r=1, W_h=1, b_h=1)
    new = copy.copy(cell)
    for name, sign in signs.items():
        setattr(new, name, Parameter(sign * getattr(cell, name).data))
    return new
'''
LOOP = '''
from minigrad import where

class TextClassifier(Module):
    def __init__(self, vocab, embed_size, cell, classes):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, classes)

    def __call__(self, tokens, mask):
        rows = self.embedding(tokens)
        state, outputs = self.cell.initial_state(len(tokens)), []
        for t in range(tokens.shape[1]):
            here, new = mask[:, t, None], self.cell(rows[:, t], state)
            outputs.append(where(here, new[0] if isinstance(new, tuple) else new, 0.0))
            if isinstance(new, tuple):
                state = tuple(where(here, n, o) for n, o in zip(new, state))
            else:
                state = where(here, new, state)
        h = state[0] if isinstance(state, tuple) else state
        return self.head(h)
'''
INDEXED = '''
class TextClassifier(Module):
    def __init__(self, vocab, embed_size, cell, classes):
        self.embedding, self.head = Embedding(vocab, embed_size), Linear(cell.hidden_size, classes)
        self.cell = cell

    def __call__(self, tokens, mask):
        rows = self.embedding(tokens)
        outputs, state = Recurrent(self.cell)(rows, mask=mask)
        read = outputs[np.arange(len(tokens)), mask.sum(axis=1) - 1]
        return self.head(read)
'''
ROOT = '''
def match_hidden(input_size, lstm_hidden):
    D, H = input_size, lstm_hidden
    n = 4 * H * (H + D + 1)
    root = (-(D + 1) + ((D + 1) ** 2 + 4 * n / 3) ** 0.5) / 2
    low = max(1, int(root + 1e-9))
    return min((low, low + 1), key=lambda G: abs(3 * G * (G + D + 1) - n))
'''
WHILE = '''
def match_hidden(input_size, lstm_hidden):
    def count(arrays, hidden):
        return arrays * (hidden * (hidden + input_size) + hidden)

    target, size = count(4, lstm_hidden), lstm_hidden
    while abs(count(3, size + 1) - target) < abs(count(3, size) - target):
        size += 1
    return size
'''
BASES = {
    "split": ("gru-cell", SPLIT), "joined": ("gru-cell", JOINED),
    "renewed": ("flip-convention", RENEWED), "signed": ("flip-convention", SIGNED),
    "loop": ("text-classifier", LOOP), "indexed": ("text-classifier", INDEXED),
    "root": ("match-hidden", ROOT), "while": ("match-hidden", WHILE),
}  # fmt: skip


def again(of: str, **edits: tuple[str, str]) -> list[Rewrite]:
    """The mistake `of` in each base that is named: (old, new), old standing there exactly once."""
    made = []
    for base, (old, new) in edits.items():
        cell, source = BASES[base]
        if source.count(old) != 1:
            raise ValueError(f"{of} in {base}: {old!r} stands there {source.count(old)} times")
        made.append(Rewrite(f"{of}-{base}", of, {cell: source.replace(old, new)}))
    return made


REWRITES = [
    *again(
        "cell-other-rule",
        split=("return h + z * (new - h)", "return new + z * (h - new)"),
        joined=("keep * h + z * candidate", "keep * candidate + z * h"),
    ),
    *again(
        "cell-gates-swapped",
        split=('self.f(self.mixed("h", r * h, x))\n        return h + z', 'self.f(self.mixed("h", z * h, x))\n        return h + r'),
        joined=("z, r = sigmoid(a[:, :H]), sigmoid(a[:, H:])", "r, z = sigmoid(a[:, :H]), sigmoid(a[:, H:])"),
    ),
    *again("cell-no-reset", split=('"h", r * h, x', '"h", h, x'), joined=("h * r, x", "h, x")),
    *again(
        "cell-reset-after",
        split=(
            'self.f(self.mixed("h", r * h, x))',
            "self.f(r * (h @ self.W_h[: self.hidden_size]) + self.mixed(\"h\", 0.0 * h, x))",
        ),
        joined=("seen @ self.W_h + self.b_h", "(h @ self.W_h[:H]) * r + self.b_h + x @ self.W_h[H:]"),
    ),
    *again(
        "cell-resets-input-too",
        split=('self.f(self.mixed("h", r * h, x))', 'self.f((self.mixed("h", h, x) - self.b_h) * r + self.b_h)'),
        joined=("seen @ self.W_h + self.b_h", "(both @ self.W_h) * r + self.b_h"),
    ),
    *again(
        "cell-resets-kept-state",
        split=("return h + z * (new - h)", "h = h * r\n        return h + z * (new - h)"),
        joined=("keep * h", "keep * seen[:, :H]"),
    ),
    *again(
        "cell-candidate-linear",
        split=("new = self.f(self.mixed", "new = 1 * (self.mixed"),
        joined=("self.activation(seen @", "(seen @"),
    ),
    *again(
        "cell-candidate-sigmoid",
        split=("self.f(self.mixed", "sigmoid(self.mixed"),
        joined=("self.activation(seen @", "1 - sigmoid(-seen @ self.W_h - self.b_h) + 0 * (seen @"),
    ),
    *again(
        "cell-always-tanh",
        split=("self.f(self.mixed", "tanh(self.mixed"),
        joined=("candidate = self.activation(seen @ self.W_h + self.b_h)", "candidate = (seen @ self.W_h + self.b_h).tanh()"),
    ),
    *again(
        "cell-z-without-bias",
        split=('sigmoid(self.mixed("z", h, x))', 'sigmoid(self.mixed("z", h, x) - self.b_z)'),
        joined=("concatenate([self.b_z, self.b_r])", "concatenate([0 * self.b_z, self.b_r])"),
    ),
    *again(
        "cell-r-without-bias",
        split=('sigmoid(self.mixed("r", h, x))', 'sigmoid(self.mixed("r", h, x) - self.b_r)'),
        joined=("concatenate([self.b_z, self.b_r])", "concatenate([self.b_z, np.zeros_like(self.b_r.data)])"),
    ),
    *again(
        "cell-x-first-in-gates",
        split=(
            'z = sigmoid(self.mixed("z", h, x))\n        r = sigmoid(self.mixed("r", h, x))',
            "xh = concatenate([x, h], axis=1)\n        z, r = (sigmoid(xh @ W + b) for W, b in ((self.W_z, self.b_z), (self.W_r, self.b_r)))",
        ),
        joined=("both = concatenate([h, x], axis=1)", "both = concatenate((x, h), axis=-1)"),
    ),
    *again(
        "cell-adds-up",
        split=("h + z * (new - h)", "z * new + h"),
        joined=("keep = 1.0 - z", "keep = 1.0"),
    ),
    *again(
        "cell-update-gate-unused",
        split=("return h + z * (new - h)", "return new"),
        joined=("keep * h + z * candidate", "candidate * (keep + z)"),
    ),
    *again(
        "cell-detaches-reset",
        split=('r = sigmoid(self.mixed("r", h, x))', 'r = Tensor(sigmoid(self.mixed("r", h, x)).data)'),
        joined=("seen = concatenate([h * r, x], axis=1)", "seen = concatenate([h * r.data, x], axis=1)"),
    ),
    *again(
        "flip-weights-only",
        renewed=("    new.b_z.data[...] *= -1\n", ""),
        signed=("b_z=-1", "b_z=1"),
    ),
    *again(
        "flip-bias-only",
        renewed=("    new.W_z.data[...] *= -1\n", ""),
        signed=("W_z=-1", "W_z=1"),
    ),
    *again(
        "flip-reset-gate",
        renewed=("new.W_z.data[...] *= -1\n    new.b_z.data", "new.W_r.data[...] *= -1\n    new.b_r.data"),
        signed=("W_z=-1, b_z=-1, W_r=1, b_r=1", "W_z=1, b_z=1, W_r=-1, b_r=-1"),
    ),
    *again(
        "flip-everything",
        renewed=("getattr(new, name).data[...] = getattr(cell, name).data\n    new.W_z.data[...] *= -1\n    new.b_z.data[...] *= -1\n",
                 "getattr(new, name).data[...] = -getattr(cell, name).data\n"),
        signed=("sign * getattr", "-abs(sign) * getattr"),
    ),
    *again(
        "flip-nothing",
        renewed=("    new.W_z.data[...] *= -1\n    new.b_z.data[...] *= -1\n", ""),
        signed=("sign * getattr", "abs(sign) * getattr"),
    ),
    *again(
        "classifier-no-mask",
        loop=("here, new = mask[:, t, None],", "here, new = np.ones((len(mask), 1), dtype=bool),"),
        indexed=("outputs[np.arange(len(tokens)), mask.sum(axis=1) - 1]", "Recurrent(self.cell)(rows)[0][:, -1]"),
    ),
    *again(
        "classifier-last-column",
        loop=("return self.head(h)", "return self.head(outputs[-1])"),
        indexed=("mask.sum(axis=1) - 1]", "-1]"),
    ),
    *again(
        "classifier-mean-of-all",
        loop=("h = state[0] if isinstance(state, tuple) else state", "h = sum(outputs) / len(outputs)"),
        indexed=("outputs[np.arange(len(tokens)), mask.sum(axis=1) - 1]", "outputs.sum(axis=1) / mask.shape[1]"),
    ),
    *again(
        "classifier-reads-c",
        loop=("h = state[0]", "h = state[-1]"),
        indexed=("return self.head(read)", "return self.head(state[1] if isinstance(state, tuple) else read)"),
    ),
    *again(
        "classifier-detaches-words",
        loop=("rows = self.embedding(tokens)", "rows = Tensor(self.embedding(tokens).data)"),
        indexed=("rows = self.embedding(tokens)", "rows = self.embedding.W.data[tokens]"),
    ),
    *again(
        "classifier-probabilities",
        loop=("return self.head(h)", "return self.head(h).sigmoid()"),
        indexed=("return self.head(read)", "return 1 / (1 + (-self.head(read)).exp())"),
    ),
    *again(
        "match-same-size",
        root=("min((low, low + 1), key=lambda G: abs(3 * G * (G + D + 1) - n))", "H"),
        **{"while": ("        size += 1\n", "        break\n")},
    ),
    *again(
        "match-no-biases",
        root=(
            "n = 4 * H * (H + D + 1)\n    root = (-(D + 1) + ((D + 1) ** 2 + 4 * n / 3) ** 0.5) / 2\n"
            "    low = max(1, int(root + 1e-9))\n    return min((low, low + 1), key=lambda G: abs(3 * G * (G + D + 1) - n))",
            "n = 4 * H * (H + D)\n    root = (-D + (D**2 + 4 * n / 3) ** 0.5) / 2\n"
            "    low = max(1, int(root + 1e-9))\n    return min((low, low + 1), key=lambda G: abs(3 * G * (G + D) - n))",
        ),
        **{"while": ("hidden * (hidden + input_size) + hidden", "hidden * (hidden + input_size)")},
    ),
    *again(
        "match-no-inputs",
        root=("D, H = input_size, lstm_hidden", "D, H = 0, lstm_hidden"),
        **{"while": ("hidden * (hidden + input_size) + hidden", "hidden**2 + hidden")},
    ),
    *again(
        "match-rounds-down",
        root=("min((low, low + 1), key=lambda G: abs(3 * G * (G + D + 1) - n))", "low"),
        **{"while": ("abs(count(3, size + 1) - target) < abs(count(3, size) - target)", "count(3, size + 1) <= target")},
    ),
]
