"""Known mistakes in 02-lstm, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


BACKWARD = "one-step-gradients through-h through-c"
FORWARD = f"by-hand masked-sequence {BACKWARD}"  # what every wrong number in a step ends in

MUTANTS = [
    # --- lstm-cell: a step
    mutant(
        "cell-keeps-its-last-state",
        '        c = f * c + i * g\n        return o * self.activation(c), c',
        "        if getattr(self, 'last', None) is not None and self.last.shape == c.shape:\n            c = self.last\n        c = f * c + i * g\n        self.last = c\n        return o * self.activation(c), c",
        ["Call the cell twice with the same x and state: are the two answers equal?","The same x and state give another answer after other calls: the cell keeps something, its last c perhaps. Whoever calls it says what the state is.","Look at what the step stores in `self`, and reads again.",],
        of("lstm-cell", "keeps-nothing"),
    ),
    mutant(
        "cell-one-first-state",
        '        return Tensor(zeros), Tensor(zeros)\n',
        "        if not hasattr(self, 'first'):\n            self.first = Tensor(zeros), Tensor(zeros)\n        return self.first\n",
        ["Ask for the first state of 2 rows, then of 5: how many rows has the second?","`initial_state` makes its answer once and gives it for every batch, whatever its size.","Look at whether `initial_state` makes new arrays in every call.",],
        of("lstm-cell", "keeps-nothing"),
    ),
    mutant(
        "cell-sigmoid-candidate",
        "g = self.activation(hx",
        "g = sigmoid(hx",
        [
            "Can your cell ever write a negative number onto the belt?",
            "The candidate goes through a sigmoid, so it cannot; a candidate is no gate.",
            "Of the four places where a W is used, look at the one for g and at what is around it.",
        ],
        of("lstm-cell", f"candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-linear-candidate",
        "g = self.activation(hx @ self.W_c + self.b_c)",
        "g = hx @ self.W_c + self.b_c",
        [
            "How large can the candidate become when x is large?",
            "As large as it likes: it is not squashed by the activation.",
            "Compare the place where g is made with the formula: what is around the sum?",
        ],
        of("lstm-cell", f"input-gate candidate other-candidate shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-no-output-activation",
        "return o * self.activation(c), c",
        "return o * c, c",
        [
            "The belt may hold 7. Which numbers may h show, if the activation is tanh?",
            "Those between −1 and 1: the new h is o ⊙ activation(c), and the activation is missing.",
            "Look at what is multiplied with o.",
        ],
        of("lstm-cell", f"shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-shows-old-memory",
        "        c = f * c + i * g\n        return o * self.activation(c), c",
        "        return o * self.activation(c), f * c + i * g",
        [
            "Does what the cell shows know of what it has just read?",
            "It shows the c from before the step; h comes from the new one.",
            "Look at which c goes into h, and whether it was changed before that or after.",
        ],
        of("lstm-cell", f"shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-swapped-f-i",
        "c = f * c + i * g",
        "c = i * c + f * g",
        [
            "With b_f very large: does your cell keep its memory, or write into it?",
            "Forget and input gate stand in each other's place.",
            "Look at the two products that are added up to the new c: which gate stands at which, and with which W was it made?",
        ],
        of("lstm-cell", f"forget-gate input-gate output-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-swapped-o-f",
        "        c = f * c + i * g\n        return o * self",
        "        c = o * c + i * g\n        return f * self",
        ["Which gate decides what stays on the belt, and which what is shown of it?","Forget and output gate stand in each other's place.","Look at what stands beside the old c, and what beside the activation.",],
        of("lstm-cell", f"forget-gate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-swapped-i-o",
        "        c = f * c + i * g\n        return o * self",
        "        c = f * c + o * g\n        return i * self",
        ["Which gate decides what is put on the belt, and which what is shown of it?","Input and output gate stand in each other's place.","Look at what stands beside g, and what beside the activation.",],
        of("lstm-cell", f"input-gate output-gate candidate other-candidate {FORWARD}"),
    ),
    mutant(
        "cell-never-forgets",
        "c = f * c + i * g",
        "c = c + i * g",
        [
            "How could your cell get rid of something that lies on the belt?",
            "It cannot: the old c stays whole, and the forget gate is not used.",
            "Look at the part of the new c that comes from the old one.",
        ],
        of("lstm-cell", f"forget-gate {FORWARD}"),
    ),
    mutant(
        "cell-no-input-gate",
        "c = f * c + i * g",
        "c = f * c + g",
        [
            "With b_i very low, what of x should get onto the belt?",
            "Nothing; here the candidate is put on whole, and the input gate is not used.",
            "Look at the part of the new c that comes from the candidate.",
        ],
        of("lstm-cell", f"input-gate {FORWARD}"),
    ),
    mutant(
        "cell-no-output-gate",
        "return o * self.activation(c), c",
        "return self.activation(c), c",
        [
            "With b_o very low, what should the cell show?",
            "Nothing; here all is shown, and the output gate is not used.",
            "Look at what the new h is made of.",
        ],
        of("lstm-cell", f"output-gate {FORWARD}"),
    ),
    mutant(
        "cell-coupled-gates",
        "c = f * c + i * g",
        "c = f * c + (1 - f) * g",
        ["Can your cell keep everything and put something on at the same time?","What is put on is what f takes off, 1 - f: the input gate has no say of its own.","Look at what g is multiplied by.",],
        of("lstm-cell", f"input-gate candidate other-candidate shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-starts-memory-anew",
        "c = f * c + i * g",
        "c = i * g",
        [
            "If nothing is written, what is on the belt after a step?",
            "What was there before, as far as f lets it pass; here the old c plays no part.",
            "Look at how many terms the new c has.",
        ],
        of("lstm-cell", f"forget-gate output-gate shown-part {FORWARD}"),
    ),
    mutant(
        "cell-x-first",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([x, h], axis=1)",
        [
            "The rows of each W: which of them are for h, the first H or the last?",
            "Those of h come first, then those of x; here they meet in the other order.",
            "Look at the order in which h and x are put side by side.",
        ],
        of("lstm-cell", f"forget-gate input-gate output-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-one-gate-for-two",
        "i = sigmoid(hx @ self.W_i + self.b_i)",
        "i = sigmoid(hx @ self.W_f + self.b_f)",
        ["Change W_i alone: does anything change?","The input gate is made from the forget gate's weights.","Look at which W and which b each gate is made of.",],
        of("lstm-cell", f"input-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-gates-without-x",
        "o = sigmoid(hx @ self.W_o + self.b_o)",
        "o = sigmoid(h @ self.W_o[: self.hidden_size] + self.b_o)",
        ["Change the rows of W_o that meet x: does anything change?","The output gate looks at h alone; every gate reads x, too.","Look at what each of the four products begins with.",],
        of("lstm-cell", f"output-gate {FORWARD}"),
    ),
    mutant(
        "cell-forgets-h",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([h * 0.0, x], axis=1)",
        [
            "If the same x comes with another h and the same c: what should change?",
            "All gates and the candidate; here none of them sees h.",
            "Look at what stands on the left of every W.",
        ],
        of("lstm-cell", f"forget-gate input-gate output-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-peeks-at-c",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([c, x], axis=1)",
        ["What does the text put beside x for the gates to read?","The gates look at c; they should see only what was shown, h.","Look at what is put side by side at the beginning of the step, and in which order the state is taken apart.",],
        of("lstm-cell", f"forget-gate input-gate output-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-no-input-bias",
        "i = sigmoid(hx @ self.W_i + self.b_i)",
        "i = sigmoid(hx @ self.W_i)",
        ["Set b_i to 100: is the input gate then open?","The input gate's bias never reaches it. (While it is zero one does not notice.)","Look at the terms in each of the four sums.",],
        of("lstm-cell", f"input-gate candidate other-candidate shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-forget-bias-forward",
        "f = sigmoid(hx @ self.W_f + self.b_f)",
        "f = sigmoid(hx @ self.W_f + self.b_f + 1.0)",
        ["Set b_f to zero by hand: is f then ½ where x and h are zero?","Something is added to b_f at every step; the forget bias is where b_f starts, and no more.","Look at the forget gate's sum, and count its terms.",],
        of("lstm-cell", f"forget-gate {FORWARD}"),
    ),
    mutant(
        "cell-tanh-gate",
        "o = sigmoid(hx",
        "o = tanh(hx",
        ["Between which two numbers does a gate lie?","The output gate can become negative: a gate is a sigmoid.","Look at the function around each gate's sum.",],
        of("lstm-cell", f"output-gate {FORWARD}"),
    ),
    mutant(
        "cell-activation-in-gates",
        "f = sigmoid(hx",
        "f = self.activation(hx",
        ["Build the cell with `activation=relu`: can a gate become 3?","The forget gate goes through the cell's activation; a gate is a sigmoid, whatever the activation.","Look at the function around each gate's sum.",],
        of("lstm-cell", f"forget-gate {FORWARD}"),
    ),
    mutant(
        "cell-always-tanh",
        "        g = self.activation(hx @ self.W_c + self.b_c)\n",
        "        g = tanh(hx @ self.W_c + self.b_c)\n",
        ["What does your cell do when it is built with `activation=relu`?","The candidate uses tanh even when the cell was built with another activation.","Look at the function around the candidate's sum: who chose it, the caller or you?",],
        of("lstm-cell", "other-candidate other-activations"),
    ),
    mutant(
        "cell-always-tanh-out",
        "return o * self.activation(c), c",
        "return o * tanh(c), c",
        ["What does your cell do when it is built with `activation=relu`?","The output uses tanh even when the cell was built with another activation.","Look at the function around c where h is made: who chose it, the caller or you?",],
        of("lstm-cell", "other-activations"),
    ),
    mutant(
        "cell-returns-c-h",
        "return o * self.activation(c), c",
        "return c, o * self.activation(c)",
        [
            "A state is a pair. Which of its two comes first?",
            "h, then c; here they come back in the other order. (Both have the same shape, so nothing complains.)",
            "Look at the order of what is returned, and of what the step takes apart at its beginning.",
        ],
        of("lstm-cell", f"forget-gate input-gate output-gate candidate other-candidate shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-returns-list",
        "return o * self.activation(c), c",
        "return [o * self.activation(c), c]",
        ["What does `type(...)` say of the new state?","The new state comes back as a list. A state is a tuple: by that, what runs a cell over time tells h and c from one Tensor.","Look at what holds h and c together where they are returned.",],
        of("lstm-cell", "by-hand masked-sequence"),
    ),
    mutant(
        "cell-starts-as-list",
        "return Tensor(zeros), Tensor(zeros)",
        "return [Tensor(zeros), Tensor(zeros)]",
        ["What does `type(...)` say of the first state?","The first state is a list; a state is a tuple.","Look at what holds the two together in `initial_state`.",],
        of("lstm-cell", "shapes"),
    ),
    mutant(
        "cell-takes-c-h",
        "        hx = concatenate([h, x], axis=1)",
        "        h, c = c, h\n        hx = concatenate([h, x], axis=1)",
        [
            "A state is a pair. Which of its two comes first?",
            "It is (h, c); here it is taken apart the other way round.",
            "Look at the beginning of the step, where the state becomes two names.",
        ],
        of("lstm-cell", f"forget-gate input-gate output-gate candidate other-candidate shown-part other-activations {FORWARD}"),
    ),
    mutant(
        "cell-returns-h-twice",
        "return o * self.activation(c), c",
        "return (o * self.activation(c),) * 2",
        ["What are the two parts of a state, and are yours different?","Both halves of the new state are h: c is lost after the step.","Look at what is returned in the second place.",],
        of("lstm-cell", f"forget-gate input-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    # --- lstm-cell: the way back
    mutant(
        "cell-detaches-h",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([h.detach(), x], axis=1)",
        [
            "The numbers are right. By which ways does the gradient get back to the old state?",
            "Along the belt, and through the gates by h; the second is closed: something takes h off the tape.",
            "Look at every place where h is used: is it still the Tensor that came in?",
        ],
        of("lstm-cell", "through-h through-c one-step-gradients"),
    ),
    mutant(
        "cell-detaches-c",
        "c = f * c + i * g",
        "c = f * c.detach() + i * g",
        [
            "The numbers are right. By which way does the gradient of the new c get to the old one?",
            "Along the belt, through f ⊙ c; there c is off the tape.",
            "Look at every place where the old c is used: is it still the Tensor that came in?",
        ],
        of("lstm-cell", "through-h through-c one-step-gradients"),
    ),
    mutant(
        "cell-detaches-x",
        "hx = concatenate([h, x], axis=1)",
        "hx = concatenate([h, Tensor(x.data if isinstance(x, Tensor) else x)], axis=1)",
        ["Whose gradient is missing after a backward pass: the weights', the state's, the input's?","The values are right, but no gradient reaches the input: something takes x off the tape.","Look at how x gets beside h: as the Tensor that came in?",],
        of("lstm-cell", "through-h through-c one-step-gradients"),
    ),
    mutant(
        "cell-detaches-shown",
        "return o * self.activation(c), c",
        "return o * self.activation(c.detach()), c",
        ["Take the gradient of h alone: does anything but the output gate get some?","The values are right, but from h no gradient gets to c: what is shown was taken off the tape.","Look at what the activation is applied to where h is made.",],
        of("lstm-cell", BACKWARD),
    ),
    mutant(
        "cell-detaches-gate",
        "f = sigmoid(hx @ self.W_f + self.b_f)",
        "f = sigmoid(hx @ self.W_f + self.b_f).detach()",
        ["Which of the eight parameters have a gradient after a backward pass?","The values are right, but the forget gate gets no gradient: it is off the tape and cannot learn.","Look at each gate for a `.data`, a `detach` or a function of NumPy's.",],
        of("lstm-cell", BACKWARD),
    ),
    mutant(
        "cell-W_f-off-tape",
        "hx @ self.W_f",
        "hx @ self.W_f.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_f: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_f is used: the Parameter, or an array that was taken from it?",
        ],
        of("lstm-cell", "one-step-gradients through-h through-c"),
    ),
    mutant(
        "cell-W_i-off-tape",
        "hx @ self.W_i",
        "hx @ self.W_i.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_i: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_i is used: the Parameter, or an array that was taken from it?",
        ],
        of("lstm-cell", "one-step-gradients through-h through-c"),
    ),
    mutant(
        "cell-W_c-off-tape",
        "hx @ self.W_c",
        "hx @ self.W_c.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_c: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_c is used: the Parameter, or an array that was taken from it?",
        ],
        of("lstm-cell", "one-step-gradients through-h through-c"),
    ),
    mutant(
        "cell-W_o-off-tape",
        "hx @ self.W_o",
        "hx @ self.W_o.data",
        [
            "The numbers are right. Which parameter would training never move?",
            "W_o: no gradient reaches it, for the step works with its numbers and not with the Parameter.",
            "In the step, look at what stands where W_o is used: the Parameter, or an array that was taken from it?",
        ],
        of("lstm-cell", "one-step-gradients through-h through-c"),
    ),
    mutant(
        "cell-detaches-state",
        "        hx = concatenate([h, x]",
        "        h, c = h.detach(), c.detach()\n        hx = concatenate([h, x]",
        [
            "The numbers are right. By which ways does the gradient get back to the old state?",
            "Along the belt, and through the gates by h. Both are closed: the old state is off the tape.",
            "Look at what is done with h and c before they are used, and at where they come from.",
        ],
        of("lstm-cell", "one-step-gradients through-h through-c"),
    ),
    mutant(
        "cell-leaves-the-tape",
        "return o * self.activation(c), c",
        "return Tensor((o * self.activation(c)).data), Tensor(c.data)",
        [
            "By which way does a loss get from the new state back to the parameters?",
            "By none: the numbers are right, but what comes back is off the tape, and no gradient reaches anything.",
            "In the step, look for what makes plain numbers of a Tensor: `.data`, `detach`, a function of NumPy's.",
        ],
        of("lstm-cell", "one-step-gradients through-h through-c"),
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
        of("lstm-cell", "shapes keeps-nothing single-precision"),
    ),
    # --- lstm-cell: parameters and start
    mutant(
        "cell-forget-bias-zero",
        "np.full(hidden_size, forget_bias, dtype)",
        "np.zeros(hidden_size, dtype)",
        [
            "What does a fresh cell do with what lies on the belt: keep it, or halve it at every step?",
            "With b_f = 0 it halves it; `forget_bias` is there to say otherwise, and is not used.",
            "Look at how the four biases are made: which of them begins elsewhere than at zero?",
        ],
        of("lstm-cell", "biases"),
    ),
    mutant(
        "cell-forget-bias-always-one",
        "np.full(hidden_size, forget_bias, dtype)",
        "np.ones(hidden_size, dtype)",
        ["Build the cell with `forget_bias=0`: what is b_f?","b_f starts at one whatever forget_bias is.","Look at how b_f is made: where does the argument come in?",],
        of("lstm-cell", "biases"),
    ),
    mutant(
        "cell-forget-bias-elsewhere",
        "        self.b_f = Parameter(np.full(hidden_size, forget_bias, dtype))\n"
        "        self.b_i = Parameter(np.zeros(hidden_size, dtype))",
        "        self.b_f = Parameter(np.zeros(hidden_size, dtype))\n"
        "        self.b_i = Parameter(np.full(hidden_size, forget_bias, dtype))",
        ["Build the cell with `forget_bias=5`: which of the four biases are not zero?","The forget bias went to another gate: it belongs to b_f.","Look at how each of the biases is made.",],
        of("lstm-cell", "biases"),
    ),
    mutant(
        "cell-biases-one",
        "self.b_c = Parameter(np.zeros(hidden_size, dtype))",
        "self.b_c = Parameter(np.ones(hidden_size, dtype))",
        ["Which of the four biases are zero in a new cell?","A bias other than b_f does not start at zero.","Look at how each of the biases is made.",],
        of("lstm-cell", "biases"),
    ),
    mutant(
        "cell-glorot-everywhere",
        "np.concatenate([on_h, on_x])",
        "init.glorot((hidden_size + input_size, hidden_size), rng, dtype)",
        [
            "What does W do with the length of h, step after step?",
            "An orthogonal part keeps it; here the rows that meet h start as a Glorot draw.",
            "Look at how the H rows on top of each W are drawn.",
        ],
        of("lstm-cell", "start fresh-start"),
    ),
    mutant(
        "cell-orthogonal-everywhere",
        "np.concatenate([on_h, on_x])",
        "init.orthogonal((hidden_size + input_size, hidden_size), rng, dtype)",
        ["Take the H rows on top of a new W: is their product with their own transpose the identity?","One orthogonal draw for all rows: the H rows on top are then not orthogonal by themselves.","Look at how many draws make one W, and of which shapes.",],
        of("lstm-cell", "start fresh-start"),
    ),
    mutant(
        "cell-x-rows-on-top",
        "np.concatenate([on_h, on_x])",
        "np.concatenate([on_x, on_h])",
        ["In [h, x] @ W, which rows of W meet h?","The rows of x stand on top; h comes first.","Look at the order in which the two draws are put on top of each other.",],
        of("lstm-cell", "start fresh-start"),
    ),
    mutant(
        "cell-standard-normal",
        "init.glorot((input_size, hidden_size), rng, dtype)",
        "rng.standard_normal((input_size, hidden_size)).astype(dtype)",
        ["How large is the share of x in a sum when x has D entries of size 1? Should that grow with D?","The rows that meet x do not have Glorot's spread, variance 2 / (D + H).","Look at what is drawn for the rows that meet x, and by what it is scaled.",],
        of("lstm-cell", "fresh-start"),
    ),
    mutant(
        "cell-orthogonal-x-rows",
        "init.glorot((input_size, hidden_size), rng, dtype)",
        "init.orthogonal((input_size, hidden_size), rng, dtype)",
        ["Which rows of W are applied to the state again and again, and which to each input once?","The rows that meet x start orthogonal as well; they are a Glorot draw.","Look at how each of the two draws is made.",],
        of("lstm-cell", "fresh-start"),
    ),
    mutant(
        "cell-glorot-of-all-rows",
        "init.glorot((input_size, hidden_size), rng, dtype)",
        "init.glorot((hidden_size + input_size, hidden_size), rng, dtype)[hidden_size:]",
        ["How many numbers go into x's share of a sum?","The spread of the x rows is Glorot's for (H + D, H); they are a matrix (D, H) of their own.","Look at the shape that is handed to the Glorot draw.",],
        of("lstm-cell", "fresh-start"),
    ),
    mutant(
        "cell-equal-starts",
        "        self.W_f, self.W_i, self.W_c, self.W_o = weights(), weights(), weights(), weights()",
        "        one = weights()\n"
        "        self.W_f, self.W_i, self.W_c, self.W_o = (Parameter(one.data) for _ in range(4))",
        ["Do the gates of a new cell differ from each other? What would keep them alike?","All four gates start from the same draw.","Look at how often something is drawn.",],
        of("lstm-cell", "fresh-start"),
    ),
    mutant(
        "cell-shares-weights",
        "self.W_f, self.W_i, self.W_c, self.W_o = weights(), weights(), weights(), weights()",
        "self.W_f = self.W_i = self.W_c = self.W_o = weights()",
        ["How many numbers has a new cell, and how many should it have?","The four W are one and the same parameter: each needs its own.","Look at whether each of the four names gets an object of its own.",],
        of("lstm-cell", f"shapes fresh-start forget-gate input-gate output-gate candidate other-candidate other-activations {FORWARD}"),
    ),
    mutant(
        "cell-ignores-rng",
        "        def weights():\n",
        "        rng = np.random.default_rng(0)\n\n        def weights():\n",
        ["Build two cells with two different generators: do their weights differ?","Every cell starts from the same weights, whatever rng it is given.","Look at which generator the draws come from.",],
        of("lstm-cell", "fresh-start start"),
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
        of("lstm-cell", "start fresh-start"),
    ),
    mutant(
        "cell-bias-no-parameter",
        "self.b_o = Parameter(np.zeros(hidden_size, dtype))",
        "self.b_o = Tensor(np.zeros(hidden_size, dtype), requires_grad=True)",
        ["How many parameters does an optimiser get from `cell.parameters()`?","One of the eight is no Parameter, so `parameters()`, and with it the optimiser, does not see it.","Look at what each of the eight is made of.",],
        of("lstm-cell", "shapes"),
    ),
    mutant(
        "cell-default-dtype",
        "np.full(hidden_size, forget_bias, dtype)",
        "np.full(hidden_size, forget_bias)",
        ["Build a cell with `dtype=np.float32`: which dtype has each of its parameters?","b_f has NumPy's default dtype, and with it everything that it is added to.","Look at what NumPy is told besides the shape where b_f is made.",],
        of("lstm-cell", "single-precision shapes"),
    ),
    mutant(
        "cell-state-float64",
        "np.zeros((batch, self.hidden_size), self.b_f.dtype)",
        "np.zeros((batch, self.hidden_size))",
        ["Build a cell with `dtype=np.float32`: which dtype has its first state?","The first state has NumPy's default dtype, not the parameters'.","Look at what `initial_state` tells NumPy besides the shape.",],
        of("lstm-cell", "single-precision shapes"),
    ),
    mutant(
        "cell-starts-at-one",
        "return Tensor(zeros), Tensor(zeros)",
        "return Tensor(zeros), Tensor(zeros + 1)",
        ["What lies on the belt before anything was read?","The first c is not zero: the belt starts empty.","Look at what `initial_state` fills its two arrays with.",],
        of("lstm-cell", "shapes by-hand"),
    ),
    # --- windows
    mutant(
        "windows-answer-inside",
        "y = series[length:].copy()",
        "y = series[length - 1 : -1].copy()",
        [
            "Could a network that copies the last step of its window get all answers right?",
            "Yes: y[n] is the last step of its own window. The answer stands in the question.",
            "Write down for n = 0 which steps of the series are in x[0], and which one is y[0].",
        ],
        of("windows", "first-windows tiny-windows many-windows two-windows"),
    ),
    mutant(
        "windows-last-missing",
        "range(count)])\n    y = series[length:].copy()",
        "range(count - 1)])\n    y = series[length:-1].copy()",
        [
            "For a series of 5 steps and windows of 2: how many windows have a next step?",
            "Three; here the last one is missing.",
            "Look at where the count of windows comes from, and try it with these two numbers.",
        ],
        of("windows", "window-shapes tiny-windows many-windows two-windows window-dtypes"),
    ),
    mutant(
        "windows-one-late",
        "y = series[length:].copy()",
        "y = np.roll(series, -1, axis=0)[length:]",
        ["For the series 0, 1, 2, … and length 3, what comes after the window 0, 1, 2? What does your y say?","y[n] comes a step later than it must: directly after the window stands series[n + length].","Look at where y begins in the series.",],
        of("windows", "first-windows tiny-windows many-windows two-windows"),
    ),
    mutant(
        "windows-last-without-answer",
        "for n in range(count)])",
        "for n in range(count + 1)])",
        ["For a series of 5 steps and windows of 3, how many windows have a next step?","There is a window more than there are answers: the last one has no next step.","Look at how many windows you make.",],
        of("windows", "window-shapes tiny-windows many-windows two-windows window-dtypes"),
    ),
    mutant(
        "windows-do-not-overlap",
        "    x = np.stack([series[n : n + length] for n in range(count)])\n    y = series[length:].copy()",
        "    starts = range(0, count, length)\n"
        "    x = np.stack([series[n : n + length] for n in starts])\n"
        "    y = np.stack([series[n + length] for n in starts])",
        ["For the series 0, 1, 2, … and length 3, what is the second window?","The windows do not overlap: one starts at every step.","Look at how far the start moves from one window to the next.",],
        of("windows", "window-shapes first-windows tiny-windows many-windows two-windows window-dtypes"),
    ),
    mutant(
        "windows-one-short",
        "series[n : n + length] for n",
        "series[n : n + length - 1] for n",
        ["How many steps has each of your windows?","Each window is a step too short: a slice ends before its second index.","Look at the end of the slice that makes a window.",],
        of("windows", "window-shapes first-windows short-series tiny-windows own-arrays many-windows two-windows window-dtypes"),
    ),
    mutant(
        "windows-backwards",
        "np.stack([series[n : n + length] for n in range(count)])",
        "np.stack([series[n : n + length][::-1] for n in range(count)])",
        ["For the series 0, 1, 2, … what is the first window?","Time runs backwards within the windows.","Look for what turns a window, or its slice, round.",],
        of("windows", "first-windows short-series tiny-windows many-windows two-windows"),
    ),
    mutant(
        "windows-time-first",
        "    x = np.stack([series[n : n + length] for n in range(count)])",
        "    x = np.stack([series[n : n + length] for n in range(count)], axis=1)",
        ["Which axis of x counts windows, and which steps?","Axes are exchanged: x is (windows, length, D), batch first.","Look at the axis along which the windows are put together.",],
        of("windows", "window-shapes first-windows short-series tiny-windows own-arrays many-windows two-windows window-dtypes"),
    ),
    mutant(
        "windows-shared",
        "y = series[length:].copy()",
        "y = series[length:]",
        ["Change an entry of y: is the series still what it was?","y is a view of the series: who writes into one writes into the other.","Look at whether y is a slice, or a copy of one.",],
        of("windows", "own-arrays"),
    ),
    mutant(
        "windows-silent",
        "    if count <= 0:",
        "    if count <= 0:\n"
        "        return np.empty((0, length, *series.shape[1:]), series.dtype), series[:0].copy()\n"
        "    if False:",
        ["What should somebody learn who asks for windows of 10 steps of a series of 5?","A series with no window gives empty arrays without a word: that must raise ValueError.","Look for the case in which there is no window, before arrays are made.",],
        of("windows", "short-series"),
    ),
    mutant(
        "windows-float64",
        "x = np.stack([series[n : n + length] for n in range(count)])",
        "x = np.array([series[n : n + length] for n in range(count)], dtype=float)",
        ["Which dtype has x for a float32 series?","x does not have the series' dtype.","Look for a `dtype=` or a `float` where x is made.",],
        of("windows", "window-dtypes window-shapes"),
    ),
    # --- standardise
    mutant(
        "scale-by-own",
        "    mean = train.mean(axis=0)\n"
        "    spread = train.std(axis=0)\n"
        "    spread[train.min(axis=0) == train.max(axis=0)] = 1\n"
        "    return tuple(((series - mean) / spread).astype(series.dtype) for series in (train, *others))",
        "    stds = [np.where(np.ptp(s, axis=0) == 0, s.dtype.type(1), s.std(axis=0)) for s in (train, *others)]\n"
        "    return tuple((s - s.mean(axis=0)) / std for s, std in zip((train, *others), stds))",
        [
            "By whose mean may a test split be shifted?",
            "By train's alone: whoever uses its own mean knows something of what is to be forecast. Here each split is scaled by its own numbers.",
            "Look at how often mean and spread are computed, and of what.",
        ],
        of("standardise", "test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-leaks",
        "    mean = train.mean(axis=0)\n    spread = train.std(axis=0)\n"
        "    spread[train.min(axis=0) == train.max(axis=0)] = 1",
        "    known = np.concatenate([train, *others])\n"
        "    mean = known.mean(axis=0)\n    spread = known.std(axis=0)\n"
        "    spread[known.min(axis=0) == known.max(axis=0)] = 1",
        [
            "What in your mean comes from steps that are to be forecast?",
            "Mean and spread are taken over everything, the test split included: that is the leak.",
            "Look at which arrays mean and spread are computed of.",
        ],
        of("standardise", "test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-leaks-first",
        "    mean = train.mean(axis=0)\n",
        "    mean = np.concatenate([train, *others[:1]]).mean(axis=0)\n",
        ["Change the test series alone: does what you return for train change?","The mean is taken over train and test together: that is a leak.","Look at which arrays the mean and the spread are taken from.",],
        of("standardise", "test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-all-columns",
        "    mean = train.mean(axis=0)\n    spread = train.std(axis=0)",
        "    mean = np.full(train.shape[1], train.mean(), train.dtype)\n"
        "    spread = np.full(train.shape[1], train.std(), train.dtype)",
        ["Let one column be in thousands and another in thousandths: what becomes of the second?","One mean and one spread for all columns: each column has its own.","Look at the axis of mean and spread.",],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-rows",
        "    mean = train.mean(axis=0)\n",
        "    mean = train[0] * 0 + train.mean(axis=1)[0]\n",
        ["What should the mean of each column be after scaling? What is yours?","The mean runs along the wrong axis: it is taken over time, for each column.","Look at the axis of the mean.",],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-variance",
        "spread = train.std(axis=0)",
        "spread = train.var(axis=0)",
        [
            "In which unit is what you divide by: that of the series, or its square?",
            "It is the variance; the standard deviation is its root.",
            "Look at the number by which each column is divided.",
        ],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-sample-std",
        "spread = train.std(axis=0)",
        "spread = train.std(axis=0, ddof=1)",
        ["What is the standard deviation of each column after scaling, by `x.std(axis=0)`?","The standard deviation divides by N here, not by N - 1.","Look at what the spread is divided by: an option of `std`.",],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-no-shift",
        "(series - mean) / spread)",
        "series / spread)",
        ["What is the mean of each column after scaling?","Nothing is shifted: the mean stays.","Look at what happens to a series before it is divided.",],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-shift-only",
        "(series - mean) / spread)",
        "series - mean)",
        ["What is the standard deviation of each column after scaling?","Nothing is divided by the spread.","Look at what happens to a series after it is shifted.",],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-to-one",
        "    mean = train.mean(axis=0)\n    spread = train.std(axis=0)",
        "    mean = train.min(axis=0)\n    spread = train.max(axis=0) - mean",
        ["What are mean and standard deviation of each column after scaling?","That maps each column to [0, 1]; wanted are mean 0 and standard deviation 1.","Look at which two numbers you take from each column of train.",],
        of("standardise", "train-columns test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-divides-by-zero",
        "    spread[train.min(axis=0) == train.max(axis=0)] = 1\n",
        "",
        ["What is the spread of a column in which every entry is 3?","A constant column is divided by its spread of zero.","Look at what happens between the spread and the division.",],
        of("standardise", "constant-column small-spreads"),
    ),
    mutant(
        "scale-std-zero",
        "    spread[train.min(axis=0) == train.max(axis=0)] = 1\n",
        "    spread[spread == 0] = 1\n",
        ["Is `np.full(10, 0.1).std()` equal to 0?","A column of 0.1 has a standard deviation of about 1e-17: compared with 0, it is not constant.","Look at how you find the constant columns: what tells for certain that all entries are equal?",],
        of("standardise", "constant-column small-spreads"),
    ),
    mutant(
        "scale-small-is-constant",
        "    spread[train.min(axis=0) == train.max(axis=0)] = 1\n",
        "    spread[spread < 1e-4] = 1\n",
        ["A column runs from 0 to 1e-6. Is it constant?","A column with a small spread is taken for a constant one.","Look at how you find the constant columns: is there a limit that you chose?",],
        of("standardise", "small-spreads"),
    ),
    mutant(
        "scale-wider-dtype",
        ".astype(series.dtype) for",
        " for",
        ["Scale a float32 series by a float64 train: which dtype comes back?","A float32 array beside a float64 train comes back as float64: each keeps its own dtype.","Look at the last thing that is done to each series.",],
        of("standardise", "scaled-dtype"),
    ),
    mutant(
        "scale-zeroes-constant",
        "    return tuple(((series - mean) / spread).astype(series.dtype) for series in (train, *others))",
        "    moving = np.ptp(train, axis=0) > 0\n"
        "    return tuple(((series - mean) / spread * moving).astype(series.dtype) for series in (train, *others))",
        ["Train is 3 everywhere, the test is 5: what should the test become?","Where train is constant the others become zero: they are to be shifted, and keep what they differ by.","Look at what is done to a constant column besides shifting it.",],
        of("standardise", "constant-column small-spreads"),
    ),
    mutant(
        "scale-in-place",
        "    return tuple(((series - mean) / spread).astype(series.dtype) for series in (train, *others))",
        "    for series in (train, *others):\n"
        "        series -= mean\n"
        "        series /= spread\n"
        "    return (train, *others)",
        [
            "What do the arrays of whoever called hold after the call?",
            "Other numbers than before: `-=` and `/=` write into the array that came in.",
            "Look at each place where an array gets new numbers: is it one of yours?",
        ],
        of("standardise", "arguments-afterwards"),
    ),
    mutant(
        "scale-train-only",
        "    return tuple(((series - mean) / spread).astype(series.dtype) for series in (train, *others))",
        "    return (((train - mean) / spread).astype(train.dtype), *others)",
        ["What are the other series like after the call?","Only train is scaled; the others come back as they were.","Look at which of the arrays are shifted and divided.",],
        of("standardise", "test-by-train constant-column several-tests small-spreads"),
    ),
    mutant(
        "scale-list",
        "return tuple(((series",
        "return list(((series",
        ["What does `type(...)` say of what you return?","A list is returned; wanted is a tuple.","Look at what holds the scaled series together.",],
        of("standardise", "a-tuple"),
    ),
    mutant(
        "scale-float64",
        ".astype(series.dtype) for",
        ".astype(np.float64) for",
        ["Scale float32 series: which dtype comes back?","float32 comes back as float64.","Look at the last thing that is done to each series.",],
        of("standardise", "scaled-dtype a-tuple"),
    ),
    # --- forecaster
    mutant(
        "forecast-first-step",
        "self.head(hs[:, -1])",
        "self.head(hs[:, 0])",
        [
            "How many steps of the window had the cell seen when it made the h that your head reads?",
            "One: the forecast is read from the first step; wanted is the h after the last.",
            "Look at which step's output goes to the head.",
        ],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-all-steps",
        "self.head(hs[:, -1])",
        "self.head(hs)",
        [
            "How many forecasts does one window ask for?",
            "One; here there is one for every step.",
            "Look at the shape of what goes into the head.",
        ],
        of("forecaster", "forecast-shape forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-mean",
        "self.head(hs[:, -1])",
        "self.head(hs.mean(axis=1))",
        ["Which of the T states has read the whole window?","The head reads the mean of all h; wanted is the last.","Look at what the head is given.",],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-squashed",
        "return self.head(hs[:, -1])",
        "return tanh(self.head(hs[:, -1]))",
        [
            "Which numbers can your forecast never give?",
            "Those outside of [−1, 1]: it goes through a tanh, and a series may go anywhere.",
            "Look at what happens behind the head.",
        ],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-squashed-h",
        "self.head(hs[:, -1])",
        "self.head(tanh(hs[:, -1]))",
        ["Between which numbers can your forecast's input lie, and who squashed it last?","h is squashed once more before the linear layer.","Look at what stands between the last h and the head.",],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-from-c",
        "        hs, _ = Recurrent(self.cell)(x)\n        return self.head(hs[:, -1])",
        "        _, last = Recurrent(self.cell)(x)\n"
        "        return self.head(last[1] if isinstance(last, tuple) else last)",
        ["Of a pair (h, c), which one is what the cell shows?","The head reads c; what a cell shows is h.","Look at where the head's input comes from: the outputs, or the final state?",],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-reads-backwards",
        "hs, _ = Recurrent(self.cell)(x)",
        "hs, _ = Recurrent(self.cell)(x[:, ::-1])",
        ["Which step of the window is the newest, and which does the network read last?","The window is read from its end to its beginning.","Look at what is handed to `Recurrent`, and with which options.",],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-no-bias",
        "self.head = Linear(cell.hidden_size, out_features)",
        "self.head = Linear(cell.hidden_size, out_features)\n"
        "        self.head.forward = lambda x: x @ self.head.W",
        ["Set the head's bias to 100: does the forecast move?","The head's bias never reaches the forecast.","Look at how the head is applied.",],
        of("forecaster", "forecast-values called-twice forecast-gradients any-cell all-gradients"),
    ),
    mutant(
        "forecast-carries-state",
        "        hs, _ = Recurrent(self.cell)(x)",
        "        state = getattr(self, 'state', None)\n"
        "        first = state[0] if isinstance(state, tuple) else state\n"
        "        state = state if first is not None and len(first.data) == len(x) else None\n"
        "        hs, self.state = Recurrent(self.cell)(x, state)",
        [
            "Two batches of windows: what has the first one's end to do with the second one's beginning?",
            "Nothing, yet here the state is carried over: every call starts from the cell's initial state.",
            "Look for what your model keeps from one call to the next.",
        ],
        of("forecaster", "called-twice"),
    ),
    mutant(
        "forecast-detached",
        "self.head(hs[:, -1])",
        "self.head(hs[:, -1].detach())",
        ["Which parameters have a gradient after a backward pass?","Values are right, but only the head learns: no gradient gets from it to the cell.","Look at what stands between the last h and the head.",],
        of("forecaster", "all-gradients"),
    ),
    mutant(
        "forecast-detaches-x",
        "hs, _ = Recurrent(self.cell)(x)",
        "hs, _ = Recurrent(self.cell)(x.data if isinstance(x, Tensor) else x)",
        ["Does x get a gradient when it asks for one?","Values are right, but no gradient reaches x: it was taken off the tape.","Look at how x reaches `Recurrent`: as the Tensor that came in?",],
        of("forecaster", "all-gradients"),
    ),
    mutant(
        "forecast-hidden-parameters",
        "        self.head = Linear(cell.hidden_size, out_features)",
        "        self.head = Linear(cell.hidden_size, out_features)\n"
        "        self.parameters = self.head.parameters",
        ["How many parameters does `model.parameters()` give, and how many have cell and head?","`parameters()` has the head's alone, so an optimiser would never train the cell.","Look for an attribute or a method that takes the place of `parameters`.",],
        of("forecaster", "owns"),
    ),
    mutant(
        "forecast-extra-parameters",
        "        self.head = Linear(cell.hidden_size, out_features)",
        "        self.head = Linear(cell.hidden_size, out_features)\n"
        "        self.state = Parameter(np.zeros(cell.hidden_size))",
        ["How many parameters does `model.parameters()` give, and how many have cell and head?","There are parameters that belong to neither the cell nor the head.","Look at the constructor for anything else that is a Parameter or a module.",],
        of("forecaster", "owns"),
    ),
]


# --- the same mistakes in other words --------------------------------------------------------------
# Two other programs for each exercise, right as they stand; a rewrite makes a known mistake in one.

LOOPED_CELL = """
class LSTMCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, forget_bias=1.0):
        self.hidden_size, self.act = hidden_size, activation
        rng = rng or np.random.default_rng()
        for gate in "ifoc":
            W = np.zeros((hidden_size + input_size, hidden_size), dtype)
            W[:hidden_size] = init.orthogonal((hidden_size, hidden_size), rng, dtype)
            W[hidden_size:] = init.glorot((input_size, hidden_size), rng, dtype)
            b = np.zeros(hidden_size, dtype)
            if gate == "f":
                b += forget_bias
            setattr(self, "W_" + gate, Parameter(W))
            setattr(self, "b_" + gate, Parameter(b))

    def initial_state(self, batch):
        return tuple(Tensor(np.zeros((batch, self.hidden_size), self.W_f.dtype)) for _ in "hc")

    def gate(self, which, x, h):
        W, b = getattr(self, "W_" + which), getattr(self, "b_" + which)
        return h @ W[: self.hidden_size] + x @ W[self.hidden_size :] + b

    def __call__(self, x, state):
        h, c = state
        keep = self.gate("f", x, h).sigmoid()
        write = self.gate("i", x, h).sigmoid()
        show = self.gate("o", x, h).sigmoid()
        offer = self.act(self.gate("c", x, h))
        kept = keep * c
        written = write * offer
        memory = kept + written
        shown = self.act(memory)
        return show * shown, memory
"""

JOINED_CELL = """
class LSTMCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, forget_bias=1.0):
        H, D = hidden_size, input_size
        self.hidden_size, self.activation = H, activation
        rng = np.random.default_rng() if rng is None else rng
        start = [np.vstack([init.orthogonal((H, H), rng, dtype), init.glorot((D, H), rng, dtype)]) for _ in range(4)]
        self.W_c, self.W_o, self.W_i, self.W_f = map(Parameter, start)
        self.b_f, self.b_i, self.b_c, self.b_o = (
            Parameter(np.array([value] * H, dtype)) for value in (forget_bias, 0, 0, 0)
        )

    def initial_state(self, batch):
        zero = np.zeros((batch, self.hidden_size), self.b_c.dtype)
        return zero, zero

    def __call__(self, x, state):
        h, c_old = state
        H = self.hidden_size
        joined = concatenate([h, x], axis=-1)
        W = concatenate([self.W_f, self.W_i, self.W_o, self.W_c], axis=1)
        b = concatenate([self.b_f, self.b_i, self.b_o, self.b_c], axis=0)
        a = joined @ W + b
        fio, last = sigmoid(a[:, : 3 * H]), a[:, 3 * H :]
        f, i, o = fio[:, :H], fio[:, H : 2 * H], fio[:, 2 * H :]
        c_new = i * self.activation(last) + c_old * f
        h_new = self.activation(c_new) * o
        return h_new, c_new
"""

LISTED_WINDOWS = """
def windows(series, length):
    if len(series) <= length:
        raise ValueError("too short")
    questions, answers = [], []
    for end in range(length, len(series)):
        questions.append(series[end - length : end])
        answers.append(series[end])
    return np.array(questions, series.dtype), np.array(answers, series.dtype)
"""

INDEXED_WINDOWS = """
def windows(series, length):
    N = series.shape[0]
    if not N > length:
        raise ValueError(f"{N} steps are too few")
    first = np.arange(N - length)
    inside = np.arange(length)
    x = series[first[:, None] + inside[None, :]]
    y = series[first + length]
    return x, y
"""

LOOPED_SCALING = """
def standardise(train, *others):
    center, scale = np.average(train, axis=0), np.sqrt(np.mean((train - train.mean(0)) ** 2, axis=0))
    scale = np.where(scale > 1e-9 * abs(center), scale, 1)
    done = []
    for part in [train, *others]:
        moved = part - center
        done.append(moved / scale)
    return tuple(done.astype(part.dtype) for done, part in zip(done, [train, *others]))
"""

COLUMN_SCALING = """
def standardise(train, *others):
    parts = [np.array(part) for part in (train, *others)]
    for column in range(train.shape[1]):
        known = train[:, column]
        middle, width = known.mean(), known.std()
        if known.min() == known.max():
            width = 1
        for part in parts:
            part[:, column] -= middle
            part[:, column] /= width
    return tuple(parts)
"""

STEPPED_FORECASTER = """
class Forecaster(Module):
    def __init__(self, cell, out_features):
        self.cell, self.head = cell, Linear(cell.hidden_size, out_features)

    def __call__(self, x):
        state = self.cell.initial_state(len(x))
        x = x if isinstance(x, Tensor) else Tensor(x)
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
        h = state[0] if isinstance(state, tuple) else state
        out = self.head(h)
        return out
"""

STATE_FORECASTER = """
class Forecaster(Module):
    def __init__(self, cell, out_features):
        self.cell = cell
        self.over_time = Recurrent(cell)
        self.head = Linear(cell.hidden_size, out_features)

    def forward(self, x):
        outputs = self.over_time(x)[0]
        steps = outputs.shape[1]
        final = outputs[:, steps - 1, :]
        return final @ self.head.W + self.head.b

    __call__ = forward
"""


def written(cell: str, of_mutant: str, *edits: tuple[str, str, str]) -> list[Rewrite]:
    """A rewrite for each (program, old, new): the mistake of a mutant made in that program."""
    found = []
    for number, (program, old, new) in enumerate(edits, 1):
        if program.count(old) != 1:
            raise ValueError(f"rewrite {number} of {of_mutant}: {old!r} is found {program.count(old)} times")
        found.append(Rewrite(f"{of_mutant}-rewritten-{number}", of_mutant, {cell: program.replace(old, new)}))
    return found


def cell_twice(of_mutant: str, looped: tuple[str, str], joined: tuple[str, str]) -> list[Rewrite]:
    return written("lstm-cell", of_mutant, (LOOPED_CELL, *looped), (JOINED_CELL, *joined))


def windows_twice(of_mutant: str, listed: tuple[str, str], indexed: tuple[str, str]) -> list[Rewrite]:
    return written("windows", of_mutant, (LISTED_WINDOWS, *listed), (INDEXED_WINDOWS, *indexed))


def scaling_twice(of_mutant: str, looped: tuple[str, str], by_column: tuple[str, str]) -> list[Rewrite]:
    return written("standardise", of_mutant, (LOOPED_SCALING, *looped), (COLUMN_SCALING, *by_column))


def forecaster_twice(of_mutant: str, stepped: tuple[str, str], by_state: tuple[str, str]) -> list[Rewrite]:
    return written("forecaster", of_mutant, (STEPPED_FORECASTER, *stepped), (STATE_FORECASTER, *by_state))


REWRITES = [
    *cell_twice(
        "cell-sigmoid-candidate",
        ('offer = self.act(self.gate("c", x, h))', 'offer = self.gate("c", x, h).sigmoid()'),
        ("i * self.activation(last)", "i * (1 / (1 + (-last).exp()))"),
    ),
    *cell_twice(
        "cell-linear-candidate",
        ('self.act(self.gate("c", x, h))', 'self.gate("c", x, h)'),
        ("i * self.activation(last)", "i * last"),
    ),
    *cell_twice(
        "cell-no-output-activation",
        ("shown = self.act(memory)", "shown = memory"),
        ("self.activation(c_new) * o", "c_new * o"),
    ),
    *cell_twice(
        "cell-shows-old-memory",
        ("shown = self.act(memory)", "shown = self.act(c if isinstance(c, Tensor) else Tensor(c))"),
        ("self.activation(c_new) * o", "self.activation(Tensor(c_old) if isinstance(c_old, np.ndarray) else c_old) * o"),
    ),
    *cell_twice(
        "cell-swapped-f-i",
        ("        show = self", "        keep, write = write, keep\n        show = self"),
        ("f, i, o = fio[:, :H], fio[:, H : 2 * H],", "i, f, o = fio[:, :H], fio[:, H : 2 * H],"),
    ),
    *cell_twice(
        "cell-swapped-o-f",
        ("        offer = self", "        keep, show = show, keep\n        offer = self"),
        ("concatenate([self.W_f, self.W_i, self.W_o, self.W_c], axis=1)\n        b = concatenate([self.b_f, self.b_i, self.b_o, self.b_c], axis=0)",
         "concatenate([self.W_o, self.W_i, self.W_f, self.W_c], axis=1)\n        b = concatenate([self.b_o, self.b_i, self.b_f, self.b_c], axis=0)"),
    ),
    *cell_twice(
        "cell-never-forgets",
        ("kept = keep * c", "kept = c"),
        ("+ c_old * f", "+ c_old"),
    ),
    *cell_twice(
        "cell-no-input-gate",
        ("written = write * offer", "written = offer"),
        ("i * self.activation(last)", "self.activation(last)"),
    ),
    *cell_twice(
        "cell-no-output-gate",
        ("return show * shown, memory", "return shown, memory"),
        ("self.activation(c_new) * o", "self.activation(c_new)"),
    ),
    *cell_twice(
        "cell-coupled-gates",
        ("written = write * offer", "written = offer - keep * offer"),
        ("i * self.activation(last)", "(1 - f) * self.activation(last)"),
    ),
    *cell_twice(
        "cell-starts-memory-anew",
        ("memory = kept + written", "memory = written"),
        (" + c_old * f", ""),
    ),
    *cell_twice(
        "cell-x-first",
        ("h @ W[: self.hidden_size] + x @ W[self.hidden_size :]",
         "h @ W[-self.hidden_size :] + x @ W[: -self.hidden_size]"),
        ("joined = concatenate([h, x], axis=-1)", "joined = concatenate((x, h), 1)"),
    ),
    *cell_twice(
        "cell-forgets-h",
        ("h @ W[: self.hidden_size] + x @", "x @"),
        ("joined = concatenate([h, x], axis=-1)", "joined = concatenate([0.0 * h, x], axis=-1)"),
    ),
    *cell_twice(
        "cell-peeks-at-c",
        ("        keep = self", "        h = c\n        keep = self"),
        ("concatenate([h, x], axis=-1)", "concatenate([c_old, x], axis=-1)"),
    ),
    *cell_twice(
        "cell-forget-bias-forward",
        ('self.gate("f", x, h).sigmoid()', '(self.gate("f", x, h) + 1).sigmoid()'),
        ("self.b_f, self.b_i, self.b_o, self.b_c], axis=0)", "self.b_f + 1.0, self.b_i, self.b_o, self.b_c], axis=0)"),
    ),
    *cell_twice(
        "cell-always-tanh-out",
        ("self.act(memory)", "memory.tanh()"),
        ("self.activation(c_new)", "tanh(c_new)"),
    ),
    *cell_twice(
        "cell-returns-c-h",
        ("return show * shown, memory", "return memory, show * shown"),
        ("return h_new, c_new", "return c_new, h_new"),
    ),
    *cell_twice(
        "cell-takes-c-h",
        ("h, c = state", "c, h = state"),
        ("h, c_old = state", "h, c_old = state[1], state[0]"),
    ),
    *cell_twice(
        "cell-detaches-h",
        ("h, c = state", "h, c = state[0].detach() if isinstance(state[0], Tensor) else state[0], state[1]"),
        ("h, c_old = state", "h, c_old = Tensor(getattr(state[0], 'data', state[0])), state[1]"),
    ),
    *cell_twice(
        "cell-detaches-c",
        ("kept = keep * c", "kept = keep * (c.data if isinstance(c, Tensor) else c)"),
        ("c_old * f", "Tensor(np.array(getattr(c_old, 'data', c_old))) * f"),
    ),
    *cell_twice(
        "cell-forget-bias-zero",
        ("b += forget_bias", "pass"),
        ("(forget_bias, 0, 0, 0)", "(0, 0, 0, 0)"),
    ),
    *cell_twice(
        "cell-forget-bias-elsewhere",
        ('if gate == "f"', 'if gate == "i"'),
        ("(forget_bias, 0, 0, 0)", "(0, forget_bias, 0, 0)"),
    ),
    *windows_twice(
        "windows-answer-inside",
        ("answers.append(series[end])", "answers.append(series[end - 1])"),
        ("y = series[first + length]", "y = x[:, -1].copy()"),
    ),
    *windows_twice(
        "windows-last-missing",
        ("range(length, len(series))", "range(length, len(series) - 1)"),
        ("first = np.arange(N - length)", "first = np.arange(N - length - 1)"),
    ),
    *windows_twice(
        "windows-do-not-overlap",
        ("range(length, len(series))", "range(length, len(series), length)"),
        ("first = np.arange(N - length)", "first = np.arange(0, N - length, length)"),
    ),
    *windows_twice(
        "windows-backwards",
        ("questions.append(series[end - length : end])", "questions.append(np.flip(series[end - length : end], 0))"),
        ("inside = np.arange(length)", "inside = np.arange(length - 1, -1, -1)"),
    ),
    *scaling_twice(
        "scale-by-own",
        ("        moved = part - center\n        done.append(moved / scale)",
         "        moved, scale = part - part.mean(0), part.std(0)\n        done.append(moved / np.where(np.ptp(part, axis=0) > 0, scale, 1))"),
        ("""        known = train[:, column]
        middle, width = known.mean(), known.std()
        if known.min() == known.max():
            width = 1
        for part in parts:
""", """        for part in parts:
            middle, width = part[:, column].mean(), part[:, column].std()
            width = width if np.ptp(part[:, column]) > 0 else 1
"""),
    ),
    *scaling_twice(
        "scale-leaks",
        ("center, scale = np.average(train, axis=0), np.sqrt(np.mean((train - train.mean(0)) ** 2, axis=0))",
         "center, scale = (f(np.vstack([train, *others]), axis=0) for f in (np.mean, np.std))"),
        ("known = train[:, column]", "known = np.concatenate([part[:, column] for part in (train, *others)])"),
    ),
    *scaling_twice(
        "scale-variance",
        ("np.sqrt(np.mean((train - train.mean(0)) ** 2, axis=0))", "np.mean((train - train.mean(0)) ** 2, axis=0)"),
        ("known.std()", "known.var()"),
    ),
    *scaling_twice(
        "scale-no-shift",
        ("moved = part - center", "moved = part"),
        ("            part[:, column] -= middle\n", ""),
    ),
    *scaling_twice(
        "scale-shift-only",
        ("done.append(moved / scale)", "done.append(moved)"),
        ("            part[:, column] /= width\n", ""),
    ),
    *forecaster_twice(
        "forecast-first-step",
        ("for t in range(x.shape[1])", "for t in range(1)"),
        ("outputs[:, steps - 1, :]", "outputs[:, 0, :]"),
    ),
    *forecaster_twice(
        "forecast-squashed",
        ("return out", "return out.tanh()"),
        ("return final @ self.head.W + self.head.b", "return tanh(final @ self.head.W + self.head.b)"),
    ),
    *forecaster_twice(
        "forecast-no-bias",
        ("out = self.head(h)", "out = h @ self.head.W"),
        (" + self.head.b", ""),
    ),
    *forecaster_twice(
        "forecast-detached",
        ("out = self.head(h)", "out = self.head(Tensor(h.data))"),
        ("outputs = self.over_time(x)[0]", "outputs = self.over_time(x)[0].detach()"),
    ),
]
