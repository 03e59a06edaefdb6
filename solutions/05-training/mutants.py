"""Known mistakes in 05-training, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


DETACH = "state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()"
BACKWARD = "        value.backward()\n        losses.append(float(value.data))\n"
READS = """        if isinstance(state, tuple):
            h, *others = state
            return self.cell(x, (h * self.mask, *others))
        return self.cell(x, state * self.mask)"""
MEAN = "mean = where(here, x, 0.0).sum(axis=(0, 1)) / count"
VAR = "var = where(here, (x - mean) ** 2, 0.0).sum(axis=(0, 1)) / count"
RUN_MEAN = "self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.data"
RUN_VAR = "self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.data"
MOVES = f"            {RUN_MEAN}\n            {RUN_VAR}\n"

MUTANTS = [
    # --- tbptt
    mutant(
        "tbptt-nothing-cut",
        DETACH,
        "pass",
        [
            "How far back does the gradient of the last chunk's loss travel?",
            "To the beginning: the state goes on with its tape, so nothing was cut.",
            "Look at what is done with the state between two chunks: what takes a tensor off the tape?",
        ],
        of(
            "tbptt",
            "two-chunks calls by-hand border adds-up given-state off-tape refuses uneven-chunks "
            "losses-of-uneven-chunks border-of-a-pair all-gradients ends-of-a-pair pair-off-tape",
        ),
    ),
    mutant(
        "tbptt-keeps-c",
        "tuple(s.detach() for s in state)",
        "(state[0].detach(), *state[1:])",
        [
            "Of a pair (h, c), which one carries what is long past?",
            "c does, and it goes on with its tape; only h is cut.",
            "Look at what happens at a border where the state is a tuple.",
        ],
        of(
            "tbptt",
            "uneven-chunks losses-of-uneven-chunks border-of-a-pair all-gradients ends-of-a-pair "
            "pair-off-tape border",
        ),
    ),
    mutant(
        "tbptt-keeps-h",
        "tuple(s.detach() for s in state)",
        "(state[0], *(s.detach() for s in state[1:]))",
        ["Which parts has an LSTM's state, and from which of them can a gradient still cross the border?","c is cut, but h goes on with its tape.","Look at each part of the state at the end of a chunk.",],
        of(
            "tbptt",
            "uneven-chunks losses-of-uneven-chunks border-of-a-pair all-gradients ends-of-a-pair "
            "pair-off-tape border",
        ),
    ),
    mutant(
        "tbptt-backward-at-the-end",
        BACKWARD,
        "        losses.append(value)\n        if steps.stop == length:\n            sum(losses).backward()\n            losses = [float(v.data) for v in losses]\n",
        [
            "How many tapes are in memory when the last chunk has run?",
            "All of them: the borders are cut, but the chunks wait for one backward pass at the end.",
            "Look at where `backward` stands: inside the loop, or behind it?",
        ],
        of("tbptt", "adds-up all-gradients"),
    ),
    mutant(
        "tbptt-whole-backward",
        BACKWARD + "        " + DETACH,
        "        losses.append(value)\n    if losses:\n        sum(losses).backward()\n        losses = [float(v.data) for v in losses]\n        " + DETACH,
        ["How far back does the gradient of the last chunk's loss go?","One backward pass through the whole sequence: the gradient crosses every border.","Look at when the backward pass runs: in each chunk, or after all of them?",],
        of("tbptt", "by-hand border adds-up given-state border-of-a-pair all-gradients ends-of-a-pair"),
    ),
    mutant(
        "tbptt-fresh-state",
        DETACH,
        "state = cell.initial_state(x.shape[0])",
        [
            "What does the second chunk know of the first?",
            "Nothing: it starts from the initial state. The values must go on, only the gradient stops.",
            "Look at which state each chunk begins with.",
        ],
        of(
            "tbptt",
            "two-chunks by-hand border adds-up off-tape refuses uneven-chunks losses-of-uneven-chunks "
            "border-of-a-pair all-gradients ends-of-a-pair pair-off-tape given-state",
        ),
    ),
    mutant(
        "tbptt-same-state",
        "outputs, state = Recurrent(cell)(x[:, steps], state)",
        "outputs, last = Recurrent(cell)(x[:, steps], state)\n        if steps.stop == length:\n            state = last",
        ["What does the second chunk know of the first?","Every chunk starts from the state that was given for the first one.","Look at which state a chunk starts from, and whether that name ever changes.",],
        of(
            "tbptt",
            "two-chunks by-hand border adds-up off-tape refuses uneven-chunks "
            "losses-of-uneven-chunks border-of-a-pair all-gradients ends-of-a-pair",
        ),
    ),
    mutant(
        "tbptt-ignores-state",
        "length, losses = x.shape[1], []",
        "length, losses, state = x.shape[1], [], None",
        ["Call it with two different first states: do the losses differ?","The state that was given is not used.","Look at what happens to the argument before the first chunk.",],
        of("tbptt", "given-state off-tape ends-of-a-pair"),
    ),
    mutant(
        "tbptt-cuts-the-start",
        "length, losses = x.shape[1], []",
        "length, losses = x.shape[1], []\n"
        "    if state is not None:\n        " + DETACH,
        [
            "How many borders are there between three chunks?",
            "Two, and none before the first: here the given state is cut off, too.",
            "Look at when the state is taken off the tape: before a chunk, or after it?",
        ],
        of("tbptt", "given-state ends-of-a-pair"),
    ),
    mutant(
        "tbptt-last-on-tape",
        DETACH,
        "if steps.stop < length:\n            " + DETACH,
        ["Hand the returned state to another call: how far back does its gradient go?","The returned state still hangs on its chunk's tape; the next call would go back into it.","Look at the end of the last chunk: is its state treated like the others?",],
        of("tbptt", "off-tape pair-off-tape"),
    ),
    mutant(
        "tbptt-drops-the-rest",
        "range(0, length, chunk)",
        "range(0, length - chunk + 1, chunk)",
        ["For 10 steps in chunks of 4, how many steps are read?","Steps that do not fill a chunk are left out at the end.","Look at the starts of the chunks, and where they end.",],
        of("tbptt", "calls uneven-chunks losses-of-uneven-chunks border-of-a-pair all-gradients"),
    ),
    mutant(
        "tbptt-steps-from-zero",
        "loss(outputs, steps)",
        "loss(outputs, slice(0, outputs.shape[1]))",
        [
            "Which targets does the loss take for the second chunk?",
            "Those of the first: `steps` must count from the beginning of the sequence.",
            "Look at the slice that you hand to `loss`.",
        ],
        of(
            "tbptt",
            "calls by-hand border adds-up refuses losses-of-uneven-chunks border-of-a-pair "
            "all-gradients ends-of-a-pair",
        ),
    ),
    mutant(
        "tbptt-one-step-twice",
        "min(start + chunk, length)",
        "min(start + chunk + 1, length)",
        ["For 10 steps in chunks of 4, which steps has each chunk?","Each border's step belongs to two chunks.","Look at where a chunk ends, and where the next one begins.",],
        of(
            "tbptt",
            "two-chunks calls by-hand border adds-up given-state off-tape refuses uneven-chunks "
            "losses-of-uneven-chunks border-of-a-pair all-gradients ends-of-a-pair",
        ),
    ),
    mutant(
        "tbptt-number-of-chunks",
        "range(0, length, chunk)",
        "range(0, length, -(-length // chunk))",
        ["For 10 steps and `chunk=2`, how many chunks are there?","`chunk` is the number of steps in a chunk, not the number of chunks.","Look at how far the start moves from one chunk to the next.",],
        of(
            "tbptt",
            "two-chunks calls one-float-a-chunk adds-up off-tape refuses uneven-chunks "
            "losses-of-uneven-chunks border-of-a-pair all-gradients pair-off-tape",
        ),
    ),
    mutant(
        "tbptt-keeps-tensors",
        "losses.append(float(value.data))",
        "losses.append(value)",
        ["What does `type(...)` say of a loss in your list?","`losses` holds Tensors, and with them every chunk's tape: take the number out.","Look at what is appended to it.",],
        of("tbptt", "one-float-a-chunk losses-of-uneven-chunks"),
    ),
    mutant(
        "tbptt-keeps-arrays",
        "losses.append(float(value.data))",
        "losses.append(np.array(value.data))",
        ["What does `type(...)` say of a loss in your list?","`losses` holds arrays of no axes: float() makes a number of one.","Look at what is appended to it.",],
        of("tbptt", "one-float-a-chunk losses-of-uneven-chunks"),
    ),
    mutant(
        "tbptt-outputs-off-the-tape",
        "value = loss(outputs, steps)",
        "value = loss(outputs.detach(), steps)",
        ["Which parameters have a gradient after one chunk?","What the loss sees is off the tape: its gradient ends there and reaches nothing of the cell.","Look at what `loss` is given: the outputs as they came?",],
        of("tbptt", "adds-up by-hand border given-state border-of-a-pair all-gradients ends-of-a-pair"),
    ),
    mutant(
        "tbptt-asks-again",
        "        outputs, state = Recurrent",
        "        fresh = cell.initial_state(len(x))\n        state = fresh if state is None else state\n        outputs, state = Recurrent",
        ["How often is `cell.initial_state` called for 10 steps in chunks of 4? How often should it be?","The initial state is asked for in every chunk. To a cell that means new sequences, even if nobody uses the answer.","Look at when you ask for it: always, or only where there is no state yet?",],
        of("tbptt", "given-state ends-of-a-pair"),
    ),
    mutant(
        "tbptt-no-backward",
        "        value.backward()\n",
        "",
        ["Which parameters have a gradient after the call?","No loss ever goes backwards.","Look for what takes a chunk's loss back.",],
        of("tbptt", "by-hand border adds-up given-state border-of-a-pair all-gradients ends-of-a-pair"),
    ),
    mutant(
        "tbptt-weighted",
        "value = loss(outputs, steps)",
        "value = loss(outputs, steps) * ((steps.stop - start) / length)",
        ["Let `loss` give 1 for every chunk: which losses come back, and which gradients?","A chunk's loss is scaled before it goes backwards; it should be taken as `loss` gives it.","Look at what happens to the value between `loss` and the backward pass.",],
        of(
            "tbptt",
            "by-hand border adds-up given-state refuses losses-of-uneven-chunks border-of-a-pair "
            "all-gradients ends-of-a-pair",
        ),
    ),
    mutant(
        "tbptt-clears-gradients",
        "        value.backward()\n",
        "        for p in cell.parameters():\n            p.grad = None\n        value.backward()\n",
        ["Of which chunks are the gradients that remain after the call?","Gradients of earlier chunks are cleared; they should add up.","Look for what sets gradients to None or to zero within the loop.",],
        of("tbptt", "adds-up all-gradients"),
    ),
    mutant(
        "tbptt-clears-first",
        "        outputs, state = Recurrent",
        "        for p in cell.parameters():\n            p.grad = None\n        outputs, state = Recurrent",
        [
            "Whose gradients are in `.grad` when a chunk begins?",
            "Those of the chunks before, and of what was there before the call; here they are cleared, and should add up.",
            "Look for what happens to gradients at the beginning of a chunk.",
        ],
        of("tbptt", "adds-up all-gradients"),
    ),
    mutant(
        "tbptt-divides-by-chunk",
        "value.backward()",
        "(value * (1 / chunk)).backward()",
        [
            "How large is what goes backwards, compared with what `loss` gave?",
            "Smaller, by the length of a chunk: a chunk's loss should be taken as `loss` gives it.",
            "Look at what `backward` is called on.",
        ],
        of("tbptt", "by-hand border adds-up given-state border-of-a-pair all-gradients ends-of-a-pair"),
    ),
    mutant(
        "tbptt-no-pairs",
        "state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()",
        "state = state.detach()",
        [
            "Which kinds of state does a cell hand on?",
            "A Tensor or, as an LSTM, a tuple of them; of a tuple nothing can be taken off the tape as a whole.",
            "Look at what is done with the state at a border.",
        ],
        of(
            "tbptt",
            "border uneven-chunks losses-of-uneven-chunks border-of-a-pair all-gradients ends-of-a-pair "
            "pair-off-tape",
        ),
    ),
    mutant(
        "tbptt-cuts-the-inputs",
        "(x[:, steps], state)",
        "(np.array((x.data if isinstance(x, Tensor) else x)[:, steps]), state)",
        ["Does x get a gradient when it asks for one?","The inputs are taken off the tape, so no gradient reaches them even within a chunk.","Look at how a chunk gets out of x: by an index of the Tensor, or of its array?",],
        of("tbptt", "by-hand border border-of-a-pair all-gradients"),
    ),
    mutant(
        "tbptt-negative-chunk",
        "if chunk < 1:",
        "if chunk == 0:",
        ["What would a chunk of −1 steps be?","A negative chunk is let through.","Look at the test before the loop: for which numbers does it raise?",],
        of("tbptt", "refuses"),
    ),
    # --- recurrent-dropout
    mutant(
        "dropout-mask-each-step",
        READS,
        "        self.mask = ((self.rng.random((len(x), self.hidden_size)) >= self.p) / (1 - self.p)).astype(self.mask.dtype)\n" + READS,
        [
            "How many masks does one sequence of ten steps see?",
            "Ten; one must serve the whole sequence, or what is kept at one step is lost at the next.",
            "Look at where numbers are drawn: when sequences begin, or at every step?",
        ],
        of("recurrent-dropout", "same-mask over-sequences pair-over-time gradients-through-time"),
    ),
    mutant(
        "dropout-goes-on-in-evaluation",
        "if not self.training:\n            return",
        "if not hasattr(self, 'mask'):\n            return",
        ["After `eval()`, do two runs over the same sequence agree?","Once there is a mask it is used in evaluation, too: only `training` says whether anything is dropped.","Look at what decides whether the mask is used.",],
        of("recurrent-dropout", "evaluation"),
    ),
    mutant(
        "dropout-mask-for-ever",
        "        if self.training:\n            h = state[0]",
        "        if self.training and not hasattr(self, 'mask'):\n            h = state[0]",
        [
            "When does a second batch of sequences get its mask?",
            "Never: the first one is used for all that follow.",
            "Look at what happens at `initial_state`.",
        ],
        of("recurrent-dropout", "over-sequences from-rng"),
    ),
    mutant(
        "dropout-no-scale",
        "(kept / (1 - self.p))",
        "(kept * 1.0)",
        [
            "With p = 0.5, what is the mean of what the cell reads, compared with h?",
            "Half of it: kept entries are not scaled, so that in training less is read than in evaluation.",
            "Look at which two numbers your mask is made of.",
        ],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time gradients-through-time",
        ),
    ),
    mutant(
        "dropout-scale-upside-down",
        "(kept / (1 - self.p))",
        "(kept * (1 - self.p))",
        ["With p = ½, half of the entries are gone. What keeps the mean as it was?","The factor is upside down: kept entries must grow, not shrink.","Look at the factor of what is kept.",],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time gradients-through-time",
        ),
    ),
    mutant(
        "dropout-scale-of-dropped",
        "(kept / (1 - self.p))",
        "(kept / self.p if self.p else kept * 1.0)",
        ["With p = 0.1 nearly all entries are kept. By how much must they grow?","Kept entries are divided by the probability of being dropped.","Look at the factor of what is kept: which of the two probabilities stands in it?",],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time gradients-through-time",
        ),
    ),
    mutant(
        "dropout-scale-from-the-draw",
        "(kept / (1 - self.p))",
        "(kept / max(kept.mean(), 1e-9))",
        ["Is the factor of a kept entry the same in every draw?","The factor comes from how many were kept this time, not from p.","Look at what the factor is computed from.",],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time gradients-through-time",
        ),
    ),
    mutant(
        "dropout-keeps-p",
        "self.hidden_size)) >= self.p",
        "self.hidden_size)) < self.p",
        ["With p = 0.1, how many of 1,000 entries are dropped?","p is the probability of being dropped; here it is that of being kept.","Look at the comparison that decides which entries are kept.",],
        of("recurrent-dropout", "scale refuses-p mean-of-masks nothing-dropped"),
    ),
    mutant(
        "dropout-one-row",
        "self.rng.random((batch, self.hidden_size))",
        "self.rng.random((1, self.hidden_size))",
        ["In a batch, are the same entries dropped in every row?","All sequences of a batch share one row of the mask.","Look at the shape of what is drawn.",],
        of("recurrent-dropout", "own-masks mean-of-masks from-rng"),
    ),
    mutant(
        "dropout-whole-rows",
        "self.rng.random((batch, self.hidden_size))",
        "self.rng.random((batch, 1))",
        ["Within one row, are some entries kept and others dropped?","A sequence's state is dropped as a whole or not at all.","Look at the shape of what is drawn.",],
        of("recurrent-dropout", "own-masks mean-of-masks from-rng"),
    ),
    mutant(
        "dropout-ignores-rng",
        "kept = self.rng.random(",
        "kept = np.random.default_rng(0).random(",
        ["Run over two batches: are the two masks different?","The mask does not come from `rng`, and every sequence gets the same one.","Look at which generator the mask is drawn from.",],
        of("recurrent-dropout", "over-sequences from-rng"),
    ),
    mutant(
        "dropout-c-too",
        "(h * self.mask, *others)",
        "(h * self.mask, *(o * self.mask for o in others))",
        [
            "Of a pair (h, c), what is the mask for?",
            "For h alone: c is masked as well here, and again at every step.",
            "Look at what goes into the cell where the state is a tuple.",
        ],
        of("recurrent-dropout", "only-h pair-over-time"),
    ),
    mutant(
        "dropout-c-instead",
        "(h * self.mask, *others)",
        "(h, *(o * self.mask for o in others))",
        ["Which of the two parts of the state should be dropped from, and which one carries the memory?","Of (h, c) it is c that is masked; it should be h.","Look at what the mask is multiplied with when the state is a pair.",],
        of("recurrent-dropout", "only-h pair-over-time"),
    ),
    mutant(
        "dropout-masks-the-output",
        READS,
        "        new = self.cell(x, state)\n"
        "        return (new[0] * self.mask, *new[1:]) if isinstance(new, tuple) else new * self.mask",
        [
            "What does a cell carry on that hands its state through?",
            "Where the mask lies on what the cell hands out, a dropped entry is lost for ever. It belongs on what the cell reads.",
            "Look at whether the mask is used before the cell is called, or after.",
        ],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time nothing-drawn gradients-through-time",
        ),
    ),
    mutant(
        "dropout-masks-the-input",
        READS,
        "        return self.cell(x * self.mask, state)",
        ["What is *recurrent* about this dropout?","The mask lies on x, which is ordinary dropout; here it belongs on the state.","Look at which of the cell's two arguments the mask is multiplied with.",],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time nothing-drawn gradients-through-time",
        ),
    ),
    mutant(
        "dropout-off-the-tape",
        "return self.cell(x, state * self.mask)",
        "return self.cell(x, Tensor(state.data * self.mask))",
        ["Does the first state get a gradient?","The values are right, but no gradient goes back through the mask to the state.","Look at the product of state and mask: is the state still the Tensor that came in?",],
        of("recurrent-dropout", "dropped-gradients gradients-through-time"),
    ),
    mutant(
        "dropout-never",
        "if not self.training:",
        "if True:",
        ["In training, do two runs over the same sequence differ?","Nothing is ever dropped.","Look at the condition under which the cell is called without the mask.",],
        of(
            "recurrent-dropout",
            "scale same-mask own-masks only-h dropped-gradients single-precision mean-of-masks "
            "over-sequences from-rng pair-over-time nothing-drawn gradients-through-time",
        ),
    ),
    mutant(
        "dropout-always",
        "        if not self.training:\n            return self.cell(x, state)\n" + READS,
        "        if not hasattr(self, 'mask'):\n            self.training = True\n            self.initial_state(len(x))\n            self.training = False\n" + READS,
        ["After `eval()`, do two runs over the same sequence agree?","Entries are dropped in evaluation too.","Look at the condition under which the cell is called without the mask.",],
        of("recurrent-dropout", "evaluation nothing-drawn"),
    ),
    mutant(
        "dropout-scales-in-evaluation",
        "            return self.cell(x, state)\n",
        "            return self.cell(x, state * (1 - self.p))\n",
        ["After `eval()`, is the result that of the cell inside alone?","In evaluation h is scaled down, though the factor in training has made that unnecessary.","Look at what the cell inside is given in evaluation.",],
        of("recurrent-dropout", "evaluation nothing-drawn"),
    ),
    mutant(
        "dropout-draws-in-evaluation",
        "        if self.training:\n            h = state[0]",
        "        if True:\n            h = state[0]",
        ["Evaluate once between two trainings: do they go on with the same masks as without it?","A mask is drawn in evaluation as well: it is not used, but `rng` has moved on.","Look at when a mask is drawn.",],
        of("recurrent-dropout", "nothing-drawn"),
    ),
    mutant(
        "dropout-global-generator",
        "kept = self.rng.random(",
        "kept = np.random.random(",
        ["Build two with generators of the same seed: do they drop the same entries?","The mask is drawn from NumPy's global generator; it should come from the `rng` that was given.","Look at which generator the mask is drawn from.",],
        of("recurrent-dropout", "from-rng nothing-drawn own-masks"),
    ),
    mutant(
        "dropout-always-float64",
        ".astype(h.dtype)",
        ".astype(np.float64)",
        ["Which dtype has a float32 state after the first step?","The mask is float64 whatever the state is.","Look at the dtype of the mask.",],
        of("recurrent-dropout", "single-precision"),
    ),
    mutant(
        "dropout-p-of-one",
        "if not 0 <= p < 1:",
        "if not 0 <= p <= 1:",
        ["What is 1 / (1 − p) for p = 1?","p = 1 is let through: then nothing is left, and 1 / (1 − p) is no number.","Look at the test in the constructor: for which p does it raise?",],
        of("recurrent-dropout", "refuses-p"),
    ),
    mutant(
        "dropout-zero-state",
        "state = self.cell.initial_state(batch)",
        "state = Tensor(np.zeros((batch, self.hidden_size)))",
        ["Wrap an LSTM: what is its first state?","The first state is always zeros and never a pair; the cell inside has one of its own.","Look at where `initial_state` gets its answer from.",],
        of(
            "recurrent-dropout",
            "parts scale same-mask own-masks only-h evaluation single-precision refuses-p "
            "mean-of-masks over-sequences from-rng pair-over-time nothing-drawn nothing-dropped",
        ),
    ),
    # --- batch-norm
    mutant(
        "norm-mean-of-everything",
        MEAN,
        "mean = x.mean(axis=(0, 1))",
        [
            "What does padding add to a feature's mean?",
            "Whatever stands in it: the mean is taken over the padding, too.",
            "Look at what is summed up for the mean.",
        ],
        of(
            "batch-norm",
            "four-numbers padding two-passes masked-batch padding-contents many-passes alone "
            "masked-gradients",
        ),
    ),
    mutant(
        "norm-var-of-everything",
        VAR,
        "var = ((x - mean) ** 2).mean(axis=(0, 1))",
        ["Change what stands where the mask is False: does the variance change?","The variance is taken over the padding too.","Look at what the squares are summed over.",],
        of(
            "batch-norm",
            "four-numbers padding two-passes masked-batch padding-contents many-passes alone "
            "masked-gradients",
        ),
    ),
    mutant(
        "norm-counts-everything",
        "count = here.sum()",
        "count = here.size",
        ["With every entry equal to 1 and half of the mask False, what should the mean be?","The sums are over the entries that count, but they are divided by the number of all.","Look at what each of the two sums is divided by.",],
        of(
            "batch-norm",
            "four-numbers padding two-passes masked-batch padding-contents many-passes alone "
            "masked-gradients",
        ),
    ),
    mutant(
        "norm-each-step",
        MEAN,
        "mean = where(here, x, 0.0).sum(axis=0, keepdims=True) / np.maximum(here.sum(axis=0, keepdims=True), 1)",
        ["How many means are there for x (B, T, D)?","Each time step has a mean of its own; it should be one for samples and time together.","Look at the axes of the sums.",],
        of(
            "batch-norm",
            "full-batch four-numbers no-mask padding two-passes gradients masked-batch "
            "padding-contents many-passes alone masked-gradients",
        ),
    ),
    mutant(
        "norm-each-sequence",
        MEAN,
        "mean = where(here, x, 0.0).sum(axis=1, keepdims=True) / here.sum(axis=1, keepdims=True)",
        ["How many means are there for x (B, T, D)?","Each sequence has a mean of its own; it should be one for samples and time together.","Look at the axes of the sums.",],
        of(
            "batch-norm",
            "full-batch four-numbers no-mask padding two-passes gradients masked-batch "
            "padding-contents many-passes alone masked-gradients",
        ),
    ),
    mutant(
        "norm-one-less",
        VAR,
        VAR.replace("/ count", "/ (count - 1)"),
        ["What is the variance of 0 and 2, as the text has it?","The variance is divided by n − 1; here it is the count n.","Look at what the squares' sum is divided by.",],
        of(
            "batch-norm",
            "full-batch four-numbers no-mask padding two-passes gradients masked-batch "
            "padding-contents many-passes alone masked-gradients",
        ),
    ),
    mutant(
        "norm-running-one-less",
        RUN_VAR,
        RUN_VAR + " * (count / (count - 1))",
        ["Are the running variance and the one that is used of the same formula?","The running variance is divided by n − 1, as in PyTorch; here it is the count n for both.","Look at what goes into the running variance.",],
        of("batch-norm", "two-passes many-passes alone"),
    ),
    mutant(
        "norm-eps-outside",
        "/ sqrt(var + self.eps)",
        "/ (sqrt(var) + self.eps)",
        ["What is √(0 + 0.01), and what is √0 + 0.01?","eps belongs under the root.","Look at what the root is taken of.",],
        of(
            "batch-norm",
            "full-batch four-numbers no-mask padding running-in-place gradients masked-batch "
            "padding-contents alone masked-gradients",
        ),
    ),
    mutant(
        "norm-no-root",
        "/ sqrt(var + self.eps)",
        "/ (var + self.eps)",
        ["Let x have a standard deviation of 10: what has the output?","It is divided by the variance; its root is missing.","Look at what is divided by.",],
        of(
            "batch-norm",
            "full-batch four-numbers no-mask padding running-in-place gradients masked-batch "
            "padding-contents alone masked-gradients",
        ),
    ),
    mutant(
        "norm-mean-cut",
        MEAN,
        MEAN.replace("mean = ", "mean = Tensor((") + ").data)",
        ["Add 1 to every entry: the output stays. What must then be the sum of the gradient over the entries?","The values are right, but no gradient goes through the mean.","Look for a `.data` or a `detach` where the mean is made.",],
        of("batch-norm", "gradients padding-contents masked-gradients"),
    ),
    mutant(
        "norm-var-cut",
        VAR,
        VAR.replace("var = ", "var = Tensor((") + ").data)",
        ["Double the deviations from the mean: the output stays, nearly. Does your gradient know?","The values are right, but no gradient goes through the variance.","Look for a `.data` or a `detach` where the variance is made.",],
        of("batch-norm", "gradients padding-contents masked-gradients"),
    ),
    mutant(
        "norm-padding-shows",
        "return where(here, (x - mean) / sqrt(var + self.eps) * self.gain + self.bias, 0.0)",
        "return (x - mean) / sqrt(var + self.eps) * self.gain + self.bias",
        ["What should the output be where the mask is False?","The statistics leave the padding out, but the output shows it: there it must be zero.","Look at the last thing that is done to the output.",],
        of("batch-norm", "padding running-in-place masked-batch padding-contents alone masked-gradients"),
    ),
    mutant(
        "norm-padding-passes",
        "* self.gain + self.bias, 0.0)",
        "* self.gain + self.bias, x)",
        ["What should the output be where the mask is False?","Padding passes through as it came; it must come out as zero.","Look at which two things are chosen between at the end.",],
        of("batch-norm", "padding running-in-place masked-batch padding-contents alone masked-gradients"),
    ),
    mutant(
        "norm-padding-is-bias",
        "return where(here, (x - mean) / sqrt(var + self.eps) * self.gain + self.bias, 0.0)",
        "return where(here, (x - mean) / sqrt(var + self.eps) * self.gain, 0.0) + self.bias",
        ["What should the output be where the mask is False, also when β is not 0?","The bias is added in the padding too.","Look at what is added after the choice by the mask.",],
        of("batch-norm", "padding running-in-place masked-batch padding-contents alone masked-gradients"),
    ),
    mutant(
        "norm-no-gain",
        "* self.gain + self.bias, 0.0)",
        "+ self.bias, 0.0)",
        ["Set the gain to 100: does the output grow?","The gain is never used. (With g = 1 one does not notice.)","Look at what happens to the normalised values.",],
        of(
            "batch-norm",
            "full-batch no-mask padding running-in-place gradients masked-batch padding-contents "
            "alone masked-gradients",
        ),
    ),
    mutant(
        "norm-no-bias",
        "* self.gain + self.bias, 0.0)",
        "* self.gain, 0.0)",
        ["Set the bias to 100: does the output move?","The bias is never used. (With β = 0 one does not notice.)","Look at what happens to the normalised values.",],
        of(
            "batch-norm",
            "full-batch no-mask padding running-in-place gradients masked-batch padding-contents "
            "alone masked-gradients",
        ),
    ),
    mutant(
        "norm-gain-no-parameter",
        "self.gain = Parameter(np.ones(features))",
        "self.gain = Tensor(np.ones(features), requires_grad=True)",
        ["How many parameters does an optimiser get from `parameters()`?","The gain is no Parameter, so an optimiser does not see it.","Look at what gain and bias are made of.",],
        of("batch-norm", "norm-parts"),
    ),
    mutant(
        "norm-var-from-zero",
        "self.running_var = np.ones(features)",
        "self.running_var = np.zeros(features)",
        ["What does evaluation do before any training, and what would it divide by?","The running variance starts at 0; it should be 1.","Look at what the running variance starts from.",],
        of("batch-norm", "norm-parts two-passes many-passes alone"),
    ),
    mutant(
        "norm-first-batch-whole",
        MOVES,
        "            share = self.momentum if hasattr(self, 'seen') else 1.0\n            self.seen = True\n"
        + MOVES.replace("self.momentum", "share"),
        ["Train once with momentum 0.1: how much of the running mean is the batch's?","The first batch's statistics are taken over whole: the first pass, too, keeps a share of what was there.","Look at what the first pass does otherwise than the second.",],
        of("batch-norm", "two-passes many-passes alone"),
    ),
    mutant(
        "norm-momentum-swapped",
        MOVES,
        MOVES.replace("(1 - self.momentum)", "MINE").replace("self.momentum", "(1 - self.momentum)").replace("MINE", "self.momentum"),
        [
            "With momentum = 0.1, how much of the running mean is left after one batch?",
            "Nine tenths; here it is one: momentum is the share of the new statistics, not of the old ones.",
            "Look at the two products that the running statistics become.",
        ],
        of("batch-norm", "two-passes many-passes"),
    ),
    mutant(
        "norm-running-replaced",
        MOVES,
        "            self.running_mean, self.running_var = mean.data.copy(), var.data.copy()\n",
        ["Train once with momentum 0.1: how much of the running mean is the batch's?","The last batch's statistics replace the running ones; they should only move them.","Look at how the running statistics get their new values: where does the old one come in?",],
        of("batch-norm", "two-passes many-passes alone"),
    ),
    mutant(
        "norm-running-never",
        MOVES,
        "",
        ["Train once: are the running statistics what they were?","The running statistics never move.","Look for where they get new values.",],
        of("batch-norm", "two-passes many-passes alone"),
    ),
    mutant(
        "norm-running-deviation",
        RUN_VAR,
        RUN_VAR.replace("var.data", "np.sqrt(var.data)"),
        ["Let x have a variance of 4: towards which number should the running variance go?","The running variance is fed with standard deviations.","Look at what goes into the running variance.",],
        of("batch-norm", "two-passes many-passes alone"),
    ),
    mutant(
        "norm-running-on-tape",
        RUN_MEAN,
        RUN_MEAN.replace("mean.data", "mean"),
        ["What does `type(...)` say of the running mean after a pass?","The running mean is a Tensor on the tape, which grows with every batch.","Look at what goes into it: the Tensor, or its array?",],
        of("batch-norm", "many-passes"),
    ),
    mutant(
        "norm-moves-in-evaluation",
        "        if self.training:\n            count",
        "        if True:\n            count",
        ["After `eval()`, does the output of a row depend on the others?","Evaluation uses the batch's statistics and moves the running ones, as in training.","Look at what decides which statistics are used.",],
        of("batch-norm", "running-in-place alone"),
    ),
    mutant(
        "norm-batch-in-evaluation",
        "            mean, var = Tensor(self.running_mean), Tensor(self.running_var)",
        "            count = here.sum()\n            " + MEAN + "\n            " + VAR,
        [
            "In evaluation, does a sequence get the same answer in other company?",
            "It does not: the batch's statistics are used, where the running ones should stand in for them.",
            "Look at what differs between training and evaluation when mean and variance are chosen.",
        ],
        of("batch-norm", "running-in-place alone"),
    ),
    mutant(
        "norm-running-in-training",
        MOVES,
        MOVES + "            mean, var = Tensor(self.running_mean), Tensor(self.running_var)\n",
        ["In training, what are mean and standard deviation of the output, with gain 1 and bias 0?","Training normalises with the running statistics; it should use the batch's own.","Look at which statistics the output is made with.",],
        of(
            "batch-norm",
            "full-batch four-numbers no-mask padding gradients masked-batch padding-contents "
            "masked-gradients",
        ),
    ),
    mutant(
        "norm-other-momentum",
        "features, momentum=0.1",
        "features, momentum=0.9",
        ["Build it without saying a momentum: which one has it?","When momentum is left out it should be 0.1.","Look at the signature.",],
        of("batch-norm", "many-passes"),
    ),
]

REWRITES = [
    Rewrite(
        "whole-sequence-in-pieces",
        "tbptt-whole-backward",
        {
            "tbptt": '''
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError("chunk")
    outputs, state = Recurrent(cell)(x, state)
    values = [loss(outputs[:, t : t + chunk], slice(t, t + chunk)) for t in range(0, x.shape[1], chunk)]
    sum(values).backward()
    cut = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    return [v.item() for v in values], cut
'''
        },
    ),
    Rewrite(
        "all-together-at-the-end",
        "tbptt-backward-at-the-end",
        {
            "tbptt": '''
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError("chunk")
    total, losses = 0.0, []
    for t in range(0, x.shape[1], chunk):
        outputs, state = Recurrent(cell)(x[:, t : t + chunk], state)
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        value = loss(outputs, slice(t, t + chunk))
        total = total + value
        losses.append(value.item())
    total.backward()
    return losses, state
'''
        },
    ),
    Rewrite(
        "starts-over",
        "tbptt-fresh-state",
        {
            "tbptt": '''
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError("chunk")
    losses = []
    for t in range(0, x.shape[1], chunk):
        outputs, _ = Recurrent(cell)(x[:, t : t + chunk], state)
        value = loss(outputs, slice(t, t + chunk))
        value.backward()
        losses.append(float(value))
        state = cell.initial_state(len(x))
    return losses, state
'''
        },
    ),
    Rewrite(
        "cuts-first",
        "tbptt-cuts-the-start",
        {
            "tbptt": '''
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError("chunk")
    state, losses = cell.initial_state(len(x)) if state is None else state, []
    for t in range(0, x.shape[1], chunk):
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        outputs, state = Recurrent(cell)(x[:, t : t + chunk], state)
        value = loss(outputs, slice(t, t + chunk))
        value.backward()
        losses.append(float(value))
    return losses, tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
'''
        },
    ),
    Rewrite(
        "counts-within-the-chunk",
        "tbptt-steps-from-zero",
        {
            "tbptt": '''
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError("chunk")
    losses = []
    for t in range(0, x.shape[1], chunk):
        piece = x[:, t : t + chunk]
        outputs, state = Recurrent(cell)(piece, state)
        value = loss(outputs, slice(0, piece.shape[1]))
        value.backward()
        losses.append(float(value))
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    return losses, state
'''
        },
    ),
    Rewrite(
        "forgets-backward",
        "tbptt-no-backward",
        {
            "tbptt": '''
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError("chunk")
    losses = []
    with no_grad():
        for t in range(0, x.shape[1], chunk):
            outputs, state = Recurrent(cell)(x[:, t : t + chunk], state)
            losses.append(float(loss(outputs, slice(t, t + chunk))))
    return losses, state
'''
        },
    ),
    Rewrite(
        "mask-by-the-step",
        "dropout-mask-each-step",
        {
            "recurrent-dropout": '''
class RecurrentDropout(Module):
    def __init__(self, cell, p, rng):
        if not 0 <= p < 1:
            raise ValueError("p")
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        if self.training:
            self.rng.random((batch, self.hidden_size))
        return self.cell.initial_state(batch)

    def __call__(self, x, state):
        if not self.training:
            return self.cell(x, state)
        h = state[0] if isinstance(state, tuple) else state
        mask = (self.rng.random(h.shape) >= self.p) / (1 - self.p)
        h = h * mask.astype(h.dtype)
        return self.cell(x, (h, state[1]) if isinstance(state, tuple) else h)
'''
        },
    ),
    Rewrite(
        "kept-as-they-are",
        "dropout-no-scale",
        {
            "recurrent-dropout": '''
class RecurrentDropout(Module):
    def __init__(self, cell, p, rng):
        if p < 0 or p >= 1:
            raise ValueError("p")
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        if self.training:
            self.dropped = self.rng.random((batch, self.hidden_size)) < self.p
        return self.cell.initial_state(batch)

    def __call__(self, x, state):
        if not self.training:
            return self.cell(x, state)
        if isinstance(state, tuple):
            return self.cell(x, (where(self.dropped, 0.0, state[0]), state[1]))
        return self.cell(x, where(self.dropped, 0.0, state))
'''
        },
    ),
    Rewrite(
        "masks-everything",
        "dropout-c-too",
        {
            "recurrent-dropout": '''
class RecurrentDropout(Module):
    def __init__(self, cell, p, rng):
        if p < 0 or p >= 1:
            raise ValueError("p")
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        state = self.cell.initial_state(batch)
        if self.training:
            first = state[0] if isinstance(state, tuple) else state
            self.m = ((self.rng.random(first.shape) >= self.p) / (1 - self.p)).astype(first.dtype)
        return state

    def __call__(self, x, state):
        if self.training:
            state = tuple(s * self.m for s in state) if isinstance(state, tuple) else state * self.m
        return self.cell(x, state)
'''
        },
    ),
    Rewrite(
        "masks-what-comes-out",
        "dropout-masks-the-output",
        {
            "recurrent-dropout": '''
class RecurrentDropout(Module):
    def __init__(self, cell, p, rng):
        if not 0 <= p < 1:
            raise ValueError("p")
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        state = self.cell.initial_state(batch)
        if self.training:
            first = state[0] if isinstance(state, tuple) else state
            self.m = ((self.rng.random(first.shape) >= self.p) / (1 - self.p)).astype(first.dtype)
        return state

    def __call__(self, x, state):
        state = self.cell(x, state)
        if not self.training:
            return state
        if isinstance(state, tuple):
            return (state[0] * self.m, state[1])
        return state * self.m
'''
        },
    ),
    Rewrite(
        "row-for-the-batch",
        "dropout-one-row",
        {
            "recurrent-dropout": '''
class RecurrentDropout(Module):
    def __init__(self, cell, p, rng):
        if not 0 <= p < 1:
            raise ValueError("p")
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        state = self.cell.initial_state(batch)
        if self.training:
            first = state[0] if isinstance(state, tuple) else state
            row = (self.rng.random(self.hidden_size) >= self.p) / (1 - self.p)
            self.m = row.astype(first.dtype)
        return state

    def __call__(self, x, state):
        if not self.training:
            return self.cell(x, state)
        if isinstance(state, tuple):
            return self.cell(x, (state[0] * self.m, state[1]))
        return self.cell(x, state * self.m)
'''
        },
    ),
    Rewrite(
        "plain-mean",
        "norm-mean-of-everything",
        {
            "batch-norm": '''
class BatchNorm(Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.momentum, self.eps = momentum, eps

    def __call__(self, x, mask=None):
        x = x if isinstance(x, Tensor) else Tensor(x)
        w = np.ones((*x.shape[:2], 1)) if mask is None else mask[..., None].astype(float)
        if self.training:
            mean = x.mean(axis=(0, 1))
            var = (w * (x - mean) ** 2).sum(axis=(0, 1)) / w.sum()
            for name, new in (("running_mean", mean), ("running_var", var)):
                setattr(self, name, (1 - self.momentum) * getattr(self, name) + self.momentum * new.data)
        else:
            mean, var = Tensor(self.running_mean), Tensor(self.running_var)
        return ((x - mean) / sqrt(var + self.eps) * self.gain + self.bias) * w
'''
        },
    ),
    Rewrite(
        "bessel",
        "norm-one-less",
        {
            "batch-norm": '''
class BatchNorm(Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.momentum, self.eps = momentum, eps

    def __call__(self, x, mask=None):
        x = x if isinstance(x, Tensor) else Tensor(x)
        mask = np.ones(x.shape[:2], dtype=bool) if mask is None else mask
        mean, var = Tensor(self.running_mean), Tensor(self.running_var)
        if self.training:
            rows = x[mask]
            mean, var = rows.mean(axis=0), rows.var(axis=0) * (len(rows) / (len(rows) - 1))
            self.running_mean = self.running_mean + self.momentum * (mean.data - self.running_mean)
            self.running_var = self.running_var + self.momentum * (var.data - self.running_var)
        return where(mask[..., None], (x - mean) / sqrt(var + self.eps) * self.gain + self.bias, 0.0)
'''
        },
    ),
    Rewrite(
        "old-share",
        "norm-momentum-swapped",
        {
            "batch-norm": '''
class BatchNorm(Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.momentum, self.eps = momentum, eps

    def __call__(self, x, mask=None):
        x = x if isinstance(x, Tensor) else Tensor(x)
        mask = np.ones(x.shape[:2], dtype=bool) if mask is None else mask
        mean, var = Tensor(self.running_mean), Tensor(self.running_var)
        if self.training:
            rows = x[mask]
            mean, var = rows.mean(axis=0), rows.var(axis=0)
            self.running_mean = mean.data + self.momentum * (self.running_mean - mean.data)
            self.running_var = var.data + self.momentum * (self.running_var - var.data)
        return where(mask[..., None], (x - mean) / sqrt(var + self.eps) * self.gain + self.bias, 0.0)
'''
        },
    ),
    Rewrite(
        "numbers-for-statistics",
        "norm-padding-shows",
        {
            "batch-norm": '''
class BatchNorm(Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.momentum, self.eps = momentum, eps

    def __call__(self, x, mask=None):
        x = x if isinstance(x, Tensor) else Tensor(x)
        mask = np.ones(x.shape[:2], dtype=bool) if mask is None else mask
        mean, var = Tensor(self.running_mean), Tensor(self.running_var)
        if self.training:
            rows = x[mask]
            mean, var = rows.mean(axis=0), rows.var(axis=0)
            self.running_mean = self.running_mean + self.momentum * (mean.data - self.running_mean)
            self.running_var = self.running_var + self.momentum * (var.data - self.running_var)
        return self.gain * (x - mean) * (var + self.eps) ** -0.5 + self.bias
'''
        },
    ),
    Rewrite(
        "moves-always",
        "norm-moves-in-evaluation",
        {
            "batch-norm": '''
class BatchNorm(Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.momentum, self.eps = momentum, eps

    def __call__(self, x, mask=None):
        x = x if isinstance(x, Tensor) else Tensor(x)
        mask = np.ones(x.shape[:2], dtype=bool) if mask is None else mask
        rows = x[mask]
        mean, var = rows.mean(axis=0), rows.var(axis=0)
        self.running_mean = self.running_mean + self.momentum * (mean.data - self.running_mean)
        self.running_var = self.running_var + self.momentum * (var.data - self.running_var)
        return where(mask[..., None], (x - mean) / sqrt(var + self.eps) * self.gain + self.bias, 0.0)
'''
        },
    ),
]
