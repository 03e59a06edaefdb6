"""Known mistakes in 06-seq2seq, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


RUN = "_, state = Recurrent(self.cell)(self.embedding(tokens), mask=mask)"
RETURN = "        return state"
WHOLE = "        " + RUN + "\n        return state"
CELL = "state = self.cell(self.embedding(token), state)"
HEAD = "h = state[0] if isinstance(state, tuple) else state\n        return self.head(h), state"
SHIFT = "    inputs = np.empty_like(targets)\n    inputs[:, 0] = start\n    inputs[:, 1:] = targets[:, :-1]\n    return inputs"
NATS = "nats = -log_softmax(logits)[rows, places, np.where(mask, targets, 0)]"
SUM = "return where(mask, nats, 0.0).sum() / mask.sum()"
ASK = "logits, state = decoder.step(token, state)"
SAY = "token = np.where(finished, end, logits.data.argmax(axis=1))"
DONE = "finished |= token == end"

MUTANTS = [
    # --- encoder
    mutant(
        "encoder-ignores-mask",
        RUN,
        "_, state = Recurrent(self.cell)(self.embedding(tokens))",
        [
            "Two padded places behind a sequence: how many steps does the cell make too many?",
            "Two: it goes on reading padding. The state must be carried over places where the mask is False.",
            "Look at where the mask goes.",
        ],
        of("encoder", "padded-batch padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-last-output",
        WHOLE,
        "        outputs, _ = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n        return outputs[:, -1]",
        [
            "What is the output at the last place, for a sequence that ended before it?",
            "Padding's, and of a pair it has h alone: an output is not the state.",
            "Look at what you return: of what a `Recurrent` gives back, or at which step of a loop of your own.",
        ],
        of("encoder", "message-pair padded-batch padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-first-output",
        WHOLE,
        "        outputs, _ = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n        return outputs[:, 0]",
        "The state after the *first* token is returned, the sequence's other tokens are not in it.",
        of(
            "encoder",
            "message two-tokens message-pair padded-batch message-gradients padding-and-alone "
            "padded-gradients",
        ),
    ),
    mutant(
        "encoder-mean-of-outputs",
        WHOLE,
        "        outputs, _ = Recurrent(self.cell)(self.embedding(tokens), mask=mask)\n        return outputs.sum(axis=1) / mask.sum(axis=1)[:, None]",
        "The mean of all states is returned; the message is the last one.",
        of(
            "encoder",
            "message two-tokens message-pair padded-batch message-gradients padding-and-alone "
            "padded-gradients",
        ),
    ),
    mutant(
        "encoder-sends-h-alone",
        RETURN,
        "        return state[0] if isinstance(state, tuple) else state",
        [
            "An LSTM's state has two parts. Which of them was made for keeping?",
            "c, and it stays behind: only h is handed over.",
            "Look at what is returned where the state is a pair.",
        ],
        of("encoder", "message-pair padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-sends-c-alone",
        RETURN,
        "        return state[-1] if isinstance(state, tuple) else state",
        "Of the pair (h, c) only c is handed over.",
        of("encoder", "message-pair padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-sends-h-twice",
        RETURN,
        "        return (state[0], state[0]) if isinstance(state, tuple) else state",
        "h is handed over in both places of the pair; the second is c's.",
        of("encoder", "message-pair padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-swaps-the-pair",
        RETURN,
        "        return state[::-1] if isinstance(state, tuple) else state",
        "h and c are handed over in the wrong order.",
        of("encoder", "message-pair padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-cuts-the-tape",
        RETURN,
        "        return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()",
        [
            "How does the encoder learn what to write into its message?",
            "By the gradient that comes back through the state, and here the state is handed over off the tape.",
            "Look at what is done with the state before it is returned.",
        ],
        of("encoder", "message-gradients padded-gradients"),
    ),
    mutant(
        "encoder-cuts-h",
        RETURN,
        "        return (state[0].detach(), *state[1:]) if isinstance(state, tuple) else state",
        "h is handed over off the tape; the gradient comes back through c alone.",
        of("encoder", "padded-gradients"),
    ),
    mutant(
        "encoder-cuts-c",
        RETURN,
        "        return (state[0], *(s.detach() for s in state[1:])) if isinstance(state, tuple) else state",
        "c is handed over off the tape; the gradient comes back through h alone.",
        of("encoder", "padded-gradients"),
    ),
    mutant(
        "encoder-reads-backwards",
        RUN,
        RUN.replace("Recurrent(self.cell)", "Recurrent(self.cell, reverse=True)"),
        "The sequence is read from its end; here it is read in order.",
        of(
            "encoder",
            "message two-tokens message-pair padded-batch message-gradients padding-and-alone "
            "padded-gradients",
        ),
    ),
    mutant(
        "encoder-starts-at-zero",
        RUN,
        "start = self.cell.initial_state(len(tokens))\n        zero = tuple(s * 0.0 for s in start) if isinstance(start, tuple) else start * 0.0\n        _, state = Recurrent(self.cell)(self.embedding(tokens), zero, mask)",
        "Reading begins with zeros; ask the cell for its initial state.",
        of(
            "encoder",
            "message two-tokens message-pair padded-batch message-gradients padding-and-alone "
            "padded-gradients",
        ),
    ),
    mutant(
        "encoder-zeroes-padding",
        RUN,
        "_, state = Recurrent(self.cell)(self.embedding(tokens) * mask[:, :, None])",
        "Padding's rows are set to zero, but the cell still takes a step for each of them: the *state* must be carried on.",
        of("encoder", "padded-batch padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-knows-padding-by-token",
        RUN,
        RUN.replace("mask=mask", "mask=tokens != 0"),
        "Padding is guessed from the token 0; what is padding only the mask says.",
        of("encoder", "message padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-padding-row",
        "self.embedding = Embedding(vocab, embed_size)\n\n",
        "self.embedding = Embedding(vocab, embed_size, padding_index=0)\n\n",
        "Token 0 was given a row that is always zero, but it may be a symbol like any other: padding is what the mask says.",
        of("encoder", "message"),
    ),
    mutant(
        "encoder-mask-upside-down",
        RUN,
        RUN.replace("mask=mask", "mask=~mask"),
        "The mask is used the wrong way round: True is where a token stands.",
        of(
            "encoder",
            "message two-tokens message-pair padded-batch message-gradients padding-and-alone "
            "padded-gradients",
        ),
    ),
    mutant(
        "encoder-misses-the-last-token",
        RUN,
        RUN.replace("self.embedding(tokens), mask=mask", "self.embedding(tokens)[:, :-1], mask=mask[:, :-1]"),
        "The last place of the batch is never read.",
        of(
            "encoder",
            "message two-tokens message-pair padded-batch message-gradients padding-and-alone "
            "padded-gradients",
        ),
    ),
    mutant(
        "encoder-sizes-swapped",
        "self.embedding = Embedding(vocab, embed_size)\n\n",
        "self.embedding = Embedding(embed_size, vocab)\n\n",
        "The embedding's sizes are swapped: one row for each token of the vocabulary, each of embed_size numbers.",
        of(
            "encoder",
            "encoder-parts message two-tokens message-pair padded-batch message-gradients "
            "padding-and-alone padded-gradients",
        ),
    ),
    mutant(
        "encoder-embeds-off-tape",
        RUN,
        RUN.replace("self.embedding(tokens)", "self.embedding(tokens).detach()"),
        "The rows of the embedding are taken off the tape, so they are never learned.",
        of("encoder", "message-gradients padded-gradients"),
    ),
    mutant(
        "encoder-goes-on",
        WHOLE,
        WHOLE.replace("mask=mask)", "getattr(self, 'last', None), mask)").replace("        return state", "        self.last = state\n        return state"),
        "Reading begins in the state that the batch before left behind: each sequence begins in the cell's initial state.",
        of("encoder", "padding-and-alone message message-pair"),
    ),
    # --- decoder
    mutant(
        "decoder-ignores-state",
        CELL,
        "state = self.cell(self.embedding(token), self.cell.initial_state(len(token)))",
        [
            "How does the decoder know what the encoder has read?",
            "From the state that is handed over, and here it has no say.",
            "Look at which state the cell's step begins with.",
        ],
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-ignores-token",
        CELL,
        "state = self.cell(self.embedding(token) * 0.0, state)",
        "The token that was put in makes no difference.",
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-head-reads-the-old-state",
        CELL + "\n        " + HEAD,
        "h = state[0] if isinstance(state, tuple) else state\n        state = self.cell(self.embedding(token), state)\n        return self.head(h), state",
        "The head reads the state from before the step, which does not know the token yet.",
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-returns-the-old-state",
        CELL + "\n        " + HEAD,
        "new = self.cell(self.embedding(token), state)\n        h = new[0] if isinstance(new, tuple) else new\n        return self.head(h), state",
        "The state that was given comes back; it should be the one after the step.",
        of(
            "decoder",
            "one-step pair-step several-steps pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-head-reads-c",
        HEAD,
        HEAD.replace("state[0] if", "state[-1] if"),
        "Of the pair (h, c) the head reads c; h is the output.",
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-returns-h-alone",
        HEAD,
        HEAD.replace("return self.head(h), state", "return self.head(h), h"),
        "Of the pair (h, c) only h comes back, and the next step lacks c.",
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-drops-c",
        CELL,
        "state = self.cell(self.embedding(token), (state[0], state[1] * 0.0) if isinstance(state, tuple) else state)",
        "c does not go into the cell, zeros go in its place.",
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-keeps-c",
        CELL + "\n        " + HEAD,
        "old, state = state, self.cell(self.embedding(token), state)\n        h = state[0] if isinstance(state, tuple) else state\n        return self.head(h), (h, old[1]) if isinstance(state, tuple) else state",
        "c comes back as it went in: the new one belongs beside the new h.",
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-swaps-the-pair",
        CELL,
        "state = self.cell(self.embedding(token), state[::-1] if isinstance(state, tuple) else state)",
        "h and c go into the cell in the wrong order.",
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-cuts-the-message",
        CELL,
        "state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()\n        " + CELL,
        "The given state is taken off the tape, so nothing comes back to the encoder, nor from a step to the one before.",
        of("decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-cuts-c",
        CELL,
        "state = (state[0], state[1].detach()) if isinstance(state, tuple) else state\n        " + CELL,
        "c is taken off the tape at every step; the gradient goes back through h alone.",
        of("decoder", "through-time"),
    ),
    mutant(
        "decoder-cuts-h",
        CELL,
        "state = (state[0].detach(), state[1]) if isinstance(state, tuple) else state\n        " + CELL,
        "h is taken off the tape at every step; the gradient goes back through c alone.",
        of("decoder", "through-time"),
    ),
    mutant(
        "decoder-cuts-what-it-returns",
        HEAD,
        HEAD.replace("return self.head(h), state", "return self.head(h), tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()"),
        "The new state comes back off the tape, so a loss at a later step reaches nothing before it.",
        of("decoder", "through-time"),
    ),
    mutant(
        "decoder-head-off-tape",
        HEAD,
        HEAD.replace("self.head(h)", "self.head(h.detach())"),
        "The head reads numbers off the tape: the cell, the embedding and the encoder learn nothing.",
        of("decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-embeds-off-tape",
        CELL,
        CELL.replace("self.embedding(token)", "self.embedding(token).detach()"),
        "The rows of the embedding are taken off the tape, so they are never learned.",
        of("decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-gives-probabilities",
        HEAD,
        HEAD.replace("self.head(h)", "softmax(self.head(h))"),
        [
            "What does the loss do first with what you return?",
            "It makes probabilities of it. Logits are wanted, the head's numbers as they are.",
            "Look at what happens behind the head.",
        ],
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-gives-log-probabilities",
        HEAD,
        HEAD.replace("self.head(h)", "log_softmax(self.head(h))"),
        "Log-probabilities come back; logits are asked for, what the head gives.",
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-bounds-logits",
        HEAD,
        HEAD.replace("self.head(h)", "tanh(self.head(h))"),
        "The logits are squeezed between -1 and 1: nothing comes after the head.",
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-steps-twice",
        CELL,
        CELL + "\n        " + CELL,
        "The cell makes two steps for one token.",
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-remembers",
        CELL,
        "state = getattr(self, 'state', state)\n        " + CELL + "\n        self.state = state",
        "The state is kept in the decoder between calls, and the given one is used only once: all it knows must come in through `state`.",
        of("decoder", "asked-again two-conversations"),
    ),
    mutant(
        "decoder-no-bias",
        "self.head = Linear(cell.hidden_size, vocab)",
        "self.head = Linear(cell.hidden_size, vocab, bias=False)",
        "The head has no bias b; a `Linear` with its usual arguments has one.",
        of(
            "decoder",
            "decoder-parts one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-other-order",
        HEAD,
        HEAD.replace("return self.head(h), state", "return state, self.head(h)"),
        "Logits come first, the state second.",
        of(
            "decoder",
            "one-step one-number pair-step asked-again step-gradients several-steps "
            "pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-head-reads-everything",
        HEAD,
        "h = state[0] + state[1] if isinstance(state, tuple) else state\n        return self.head(h), state",
        "Of the pair (h, c) the head reads the sum; h alone is the output.",
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    # --- shift-right
    mutant(
        "shift-not-at-all",
        SHIFT,
        "    return targets.copy()",
        [
            "When the decoder is asked for the first symbol, what has it been told?",
            "That very symbol: the inputs must be one place later than the targets.",
            "Write targets and inputs below each other, for a row of three, and look at each column.",
        ],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-not-but-start",
        SHIFT,
        "    inputs = targets.copy()\n    inputs[:, 0] = start\n    return inputs",
        "Only the first place was changed: all later ones still tell the target that is asked for.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-to-the-left",
        SHIFT,
        "    inputs = np.empty_like(targets)\n    inputs[:, :-1] = targets[:, 1:]\n    inputs[:, -1] = start\n    return inputs",
        [
            "When the decoder is asked for the first symbol, what has it been told?",
            "The second one: the targets were moved the wrong way.",
            "Write targets and inputs below each other, for a row of three, and look at each column.",
        ],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-rolls",
        SHIFT,
        "    return np.roll(targets, 1, axis=1)",
        "The last target came round to the front; `start` belongs there.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-ignores-start",
        "inputs[:, 0] = start",
        "inputs[:, 0] = 0",
        "A fixed token stands first; `start` says which.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-keeps-the-first",
        "inputs[:, 0] = start",
        "inputs[:, 0] = targets[:, 0]",
        "The first target stands at places 0 and 1; place 0 is for `start`.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-one-longer",
        SHIFT,
        "    first = np.full((len(targets), 1), start, dtype=targets.dtype)\n    return np.concatenate([first, targets], axis=1)",
        "The inputs are one place longer than the targets: the last target is never put in.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-one-shorter",
        SHIFT,
        "    return targets[:, :-1].copy()",
        "The last target is gone, but `start` was not put in front.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-by-two",
        SHIFT,
        "    inputs = np.full_like(targets, start)\n    inputs[:, 2:] = targets[:, :-2]\n    return inputs",
        "Moved by two places instead of one.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-the-batch",
        SHIFT,
        "    inputs = np.empty_like(targets)\n    inputs[0] = start\n    inputs[1:] = targets[:-1]\n    return inputs",
        "Rows were moved: time is the second axis.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-in-place",
        SHIFT,
        "    targets[:, 1:] = targets[:, :-1].copy()\n    targets[:, 0] = start\n    return targets",
        "The targets themselves were changed, so the loss compares with the wrong ones.",
        of("shift-right", "targets-stay from-any-place other-dtype"),
    ),
    mutant(
        "shift-one-place-in-place",
        SHIFT,
        "    if targets.shape[1] == 1:\n        targets[:] = start\n        return targets\n" + SHIFT,
        "With one place, the targets themselves are changed and returned.",
        of("shift-right", "targets-stay other-dtype"),
    ),
    mutant(
        "shift-to-floats",
        "inputs = np.empty_like(targets)",
        "inputs = np.empty(targets.shape)",
        "The inputs are floats; an embedding needs integers, of the targets' dtype.",
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-to-int64",
        "inputs = np.empty_like(targets)",
        "inputs = np.empty(targets.shape, dtype=np.int64)",
        "The inputs have a dtype of their own; it should be the targets'.",
        of("shift-right", "other-dtype targets-stay"),
    ),
    # --- sequence-loss
    mutant(
        "loss-mean-of-everything",
        "/ mask.sum()",
        "/ targets.size",
        "The sum is right, but it is divided by all places, padding too.",
        of(
            "sequence-loss",
            "short-beside-long other-padding masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-ignores-mask",
        SUM,
        "return nats.mean()",
        [
            "What is a network paid for where nobody listens any more?",
            "For padding, which is averaged with the rest: the mask has no effect.",
            "Look at what is summed up, and at what it is divided by.",
        ],
        of(
            "sequence-loss",
            "short-beside-long other-padding masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-sum",
        " / mask.sum()",
        "",
        "The sum is returned; the mean is asked for.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-by-sequence",
        "/ mask.sum()",
        "/ len(targets)",
        "The sum is divided by the number of sequences; it should be the number of places that count.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-mean-of-means",
        SUM,
        "return (where(mask, nats, 0.0).sum(axis=1) / mask.sum(axis=1)).mean()",
        [
            "Two sequences, of one and of nine places: how many of the ten votes has the short one?",
            "One is its due. Here each sequence's mean is taken first: every place counts the same.",
            "Look at how often you divide, and over which axes each sum goes.",
        ],
        of(
            "sequence-loss",
            "short-beside-long other-padding masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-leaves-end-out",
        SUM,
        "mask = mask & np.concatenate([mask[:, 1:], np.zeros_like(mask[:, :1])], axis=1)\n    " + SUM,
        "The last place of each sequence is left out, and there `end` stands, which has to be learned as well.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-one-too-many",
        SUM,
        "mask = mask | np.concatenate([mask[:, :1], mask[:, :-1]], axis=1)\n    " + SUM,
        "One place too many of each sequence counts, the first of its padding.",
        of(
            "sequence-loss",
            "short-beside-long other-padding masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-log-of-softmax",
        "-log_softmax(logits)[rows, places, np.where(mask, targets, 0)]",
        "-softmax(logits)[rows, places, np.where(mask, targets, 0)].log()",
        "log(softmax(…)) is the log of 0 where logits are far apart; `log_softmax` is exact.",
        of("sequence-loss", "large-logits no-tokens"),
    ),
    mutant(
        "loss-no-log",
        "-log_softmax(logits)",
        "-softmax(logits)",
        "The probability itself is averaged; its logarithm is missing.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-no-softmax",
        "-log_softmax(logits)",
        "-logits",
        "The logits are taken as if they were log-probabilities: the softmax is missing.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-sign",
        "-log_softmax(logits)",
        "log_softmax(logits)",
        "The sign is wrong: whoever makes this small makes the target improbable.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-softmax-over-time",
        "-log_softmax(logits)",
        "-log_softmax(logits, axis=1)",
        [
            "Of which numbers should the probabilities add up to 1: those of a place, or those of a sequence?",
            "Those of a place, over the vocabulary, which is the last axis.",
            "Look at the axis of your softmax.",
        ],
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-looks-up-padding",
        "np.where(mask, targets, 0)",
        "targets",
        "A target is looked up where the mask is False, and what stands there may be no token: choose first.",
        of("sequence-loss", "no-tokens"),
    ),
    mutant(
        "loss-multiplies",
        SUM,
        "return (nats * mask.astype(float)).sum() / mask.sum()",
        "Multiplying by zero does not remove a number: 0 times inf is NaN.",
        of("sequence-loss", "other-padding no-tokens"),
    ),
    mutant(
        "loss-overwrites-targets",
        "    rows, places = np.indices(targets.shape)\n",
        "    rows, places = np.indices(targets.shape)\n    targets[~mask] = 0\n",
        "The targets that were given are changed where the mask is False: they belong to whoever called.",
        of("sequence-loss", "loss-gradient masked-gradient"),
    ),
    mutant(
        "loss-shifts-again",
        NATS,
        "logits, targets, mask = logits[:, :-1], targets[:, 1:], mask[:, 1:]\n    rows, places = np.indices(targets.shape)\n    " + NATS,
        "Targets and logits are moved against each other; the inputs were shifted already, so place belongs to place.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-perplexity",
        SUM,
        SUM.replace("return ", "return (") + ").exp()",
        "The perplexity is returned, e to the power of the loss.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-in-bits",
        SUM,
        SUM + " / np.log(2)",
        "The loss is in bits; the logarithm meant is the natural one.",
        of(
            "sequence-loss",
            "full-targets short-beside-long other-padding large-logits loss-gradient "
            "masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-off-tape",
        "-log_softmax(logits)",
        "-log_softmax(logits.detach())",
        "The value is right, but the logits were taken off the tape, so no gradient arrives.",
        of("sequence-loss", "loss-gradient no-tokens masked-gradient"),
    ),
    mutant(
        "loss-a-number",
        SUM,
        SUM.replace("return ", "return float(") + ")",
        "A plain number is returned; from a Tensor the gradient could go back.",
        of("sequence-loss", "other-padding loss-gradient no-tokens masked-gradient"),
    ),
    # --- greedy-decode
    mutant(
        "greedy-state-stands-still",
        ASK,
        "logits, _ = decoder.step(token, state)",
        [
            "What does the second step know of the first?",
            "Nothing: every step begins in the first state again, and the new one must go on.",
            "Look at what becomes of the state that a step gives back.",
        ],
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-always-start",
        ASK,
        "logits, state = decoder.step(np.full(len(token), start), state)",
        "`start` is put in at every step; after the first it is the token just said.",
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-starts-twice",
        "    said = []\n    with no_grad():\n",
        "    said = []\n    with no_grad():\n        _, state = decoder.step(token, state)\n",
        "`start` is put in twice: the first logits already say the first token.",
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-gives-start-back",
        "said = []",
        "said = [token]",
        "`start` is part of the result; it is put in and never comes out.",
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-leaves-end-out",
        "            said.append(token)\n            finished |= token == end\n",
        "            finished |= token == end\n            if finished.all():\n                break\n            said.append(token)\n",
        "The last `end` is missing: each row goes up to and including it.",
        of(
            "greedy-decode",
            "one-row rows-that-end first-row-alone no-tape pair-state times-asked every-row-alone "
            "left-as-it-was",
        ),
    ),
    mutant(
        "greedy-to-the-bound",
        " and not finished.all()",
        "",
        "It goes on to `max_length` although every row has said `end`.",
        of(
            "greedy-decode",
            "one-row rows-that-end first-row-alone no-tape pair-state times-asked every-row-alone "
            "left-as-it-was",
        ),
    ),
    mutant(
        "greedy-stops-with-the-first",
        "not finished.all()",
        "not finished.any()",
        [
            "One row has said `end`, and another has not. Is the batch done?",
            "Not yet: it goes on until every row has said it, or the bound is reached.",
            "Look at what ends the loop: any, or all?",
        ],
        of(
            "greedy-decode",
            "rows-that-end first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-babbles-on",
        SAY,
        "token = logits.data.argmax(axis=1)",
        [
            "What should stand behind a row's first `end`?",
            "`end` and nothing else; here a row that is done goes on talking while others are not.",
            "Look at how a row that is done is remembered, and what is said for it then.",
        ],
        of(
            "greedy-decode",
            "rows-that-end no-tape pair-state many-rows times-asked every-row-alone "
            "left-as-it-was",
        ),
    ),
    mutant(
        "greedy-all-at-once",
        SAY + "\n            said.append(token)\n            " + DONE,
        "token = logits.data.argmax(axis=1)\n            said.append(token)\n            finished = token == end",
        "It stops only when all rows say `end` at the same step, and those that had ended go on talking.",
        of(
            "greedy-decode",
            "rows-that-end no-tape pair-state many-rows times-asked every-row-alone "
            "left-as-it-was",
        ),
    ),
    mutant(
        "greedy-fills-with-zero",
        SAY + "\n            said.append(token)\n            " + DONE,
        "token = logits.data.argmax(axis=1)\n            said.append(np.where(finished, 0, token))\n            " + DONE,
        "Behind a row's `end` zeros stand, or whatever token 0 is; `end` belongs there.",
        of(
            "greedy-decode",
            "rows-that-end no-tape pair-state many-rows times-asked every-row-alone "
            "left-as-it-was",
        ),
    ),
    mutant(
        "greedy-smallest",
        "logits.data.argmax(axis=1)",
        "logits.data.argmin(axis=1)",
        "The token with the *smallest* logit is said.",
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-first-row-speaks",
        "logits.data.argmax(axis=1)",
        "np.full(len(token), logits.data[0].argmax())",
        "The first row's choice is said by all rows.",
        of(
            "greedy-decode",
            "rows-that-end bound no-tape pair-state many-rows times-asked every-row-alone "
            "left-as-it-was",
        ),
    ),
    mutant(
        "greedy-on-tape",
        "    with no_grad():\n        while",
        "    if True:\n        while",
        "Every step is recorded on the tape; nothing is to be learned here, and memory grows.",
        of("greedy-decode", "no-tape left-as-it-was"),
    ),
    mutant(
        "greedy-one-too-many",
        "len(said) < max_length",
        "len(said) <= max_length",
        "One token more than `max_length` is said.",
        of("greedy-decode", "bound many-rows times-asked every-row-alone"),
    ),
    mutant(
        "greedy-one-too-few",
        "len(said) < max_length",
        "len(said) < max_length - 1",
        "One token less than `max_length` is said.",
        of("greedy-decode", "bound many-rows times-asked every-row-alone"),
    ),
    mutant(
        "greedy-turned",
        "np.stack(said, axis=1)",
        "np.stack(said, axis=0)",
        "The result is (L, B); rows are sequences, (B, L).",
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-floats",
        "np.stack(said, axis=1)",
        "np.stack(said, axis=1).astype(float)",
        "The result holds floats; tokens are integers.",
        of(
            "greedy-decode",
            "one-row rows-that-end bound first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-ends-at-start",
        DONE,
        "finished |= token == start",
        "A row is taken as finished when it says `start`; it is `end` that ends it.",
        of(
            "greedy-decode",
            "one-row rows-that-end first-row-alone no-tape pair-state many-rows times-asked "
            "every-row-alone left-as-it-was",
        ),
    ),
    mutant(
        "greedy-clears-gradients",
        "    with no_grad():\n        while",
        "    for p in decoder.parameters():\n        p.grad = None\n    with no_grad():\n        while",
        "The decoder's gradients were cleared; decoding leaves them as they are.",
        of("greedy-decode", "left-as-it-was"),
    ),
    mutant(
        "greedy-c-stands-still",
        ASK,
        "old, (logits, state) = state, decoder.step(token, state)\n            state = (state[0], old[1]) if isinstance(state, tuple) else state",
        "Of the pair (h, c) only h goes on from step to step, c stays the first one.",
        of("greedy-decode", "pair-state times-asked left-as-it-was"),
    ),
    mutant(
        "greedy-h-stands-still",
        ASK,
        "old, (logits, state) = state, decoder.step(token, state)\n            state = (old[0], state[1]) if isinstance(state, tuple) else state",
        "Of the pair (h, c) only c goes on from step to step, h stays the first one.",
        of("greedy-decode", "pair-state times-asked left-as-it-was"),
    ),
    mutant(
        "greedy-asks-once-more",
        "    return np.stack(said, axis=1)",
        "        decoder.step(token, state)\n    return np.stack(said, axis=1)",
        "The decoder is asked once more than its answers are used.",
        of("greedy-decode", "bound times-asked"),
    ),
]

REWRITES = [
    Rewrite(
        "reads-to-the-edge",
        "encoder-ignores-mask",
        {
            "encoder": '''
class Encoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell

    def __call__(self, tokens, mask):
        state = self.cell.initial_state(len(tokens))
        for column in tokens.T:
            state = self.cell(self.embedding(column), state)
        return state
'''
        },
    ),
    Rewrite(
        "h-for-message",
        "encoder-sends-h-alone",
        {
            "encoder": '''
class Encoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell

    def __call__(self, tokens, mask):
        state = self.cell.initial_state(len(tokens))
        for t in range(tokens.shape[1]):
            new, here = self.cell(self.embedding(tokens[:, t]), state), mask[:, t, None]
            if isinstance(new, tuple):
                state = tuple(where(here, n, s) for n, s in zip(new, state))
            else:
                state = where(here, new, state)
        return state if not isinstance(state, tuple) else state[0]
'''
        },
    ),
    Rewrite(
        "numbers-for-message",
        "encoder-cuts-the-tape",
        {
            "encoder": '''
class Encoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell

    def __call__(self, tokens, mask):
        with no_grad():
            outputs, state = Recurrent(self.cell)(self.embedding(tokens), None, mask)
        return state
'''
        },
    ),
    Rewrite(
        "zeros-are-padding",
        "encoder-knows-padding-by-token",
        {
            "encoder": '''
class Encoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell

    def __call__(self, tokens, mask):
        state = self.cell.initial_state(len(tokens))
        for t in range(tokens.shape[1]):
            new, here = self.cell(self.embedding(tokens[:, t]), state), tokens[:, t, None] > 0
            if isinstance(new, tuple):
                state = tuple(where(here, n, s) for n, s in zip(new, state))
            else:
                state = where(here, new, state)
        return state
'''
        },
    ),
    Rewrite(
        "picks-the-edge",
        "encoder-last-output",
        {
            "encoder": '''
class Encoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.layer = Recurrent(cell)

    def __call__(self, tokens, mask):
        rows = self.embedding(tokens)
        outputs = self.layer(rows, mask=mask)[0]
        return outputs[:, tokens.shape[1] - 1]
'''
        },
    ),
    Rewrite(
        "begins-afresh",
        "decoder-ignores-state",
        {
            "decoder": '''
class Decoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        outputs, state = Recurrent(self.cell)(self.embedding(token[:, None]))
        return self.head(outputs[:, 0]), state
'''
        },
    ),
    Rewrite(
        "speaks-before-thinking",
        "decoder-head-reads-the-old-state",
        {
            "decoder": '''
class Decoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        logits = self.head(state[0]) if isinstance(state, tuple) else self.head(state)
        return logits, self.cell(self.embedding(token), state)
'''
        },
    ),
    Rewrite(
        "copies-the-message",
        "decoder-cuts-the-message",
        {
            "decoder": '''
class Decoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        if isinstance(state, tuple):
            state = tuple(Tensor(np.array(s.data)) for s in state)
        else:
            state = Tensor(np.array(state.data))
        new = self.cell(self.embedding(token), state)
        return self.head(new[0] if isinstance(new, tuple) else new), new
'''
        },
    ),
    Rewrite(
        "c-from-nothing",
        "decoder-drops-c",
        {
            "decoder": '''
class Decoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        x = self.embedding(token)
        if isinstance(state, tuple):
            h, _ = state
            h, c = self.cell(x, (h, Tensor(np.zeros(h.shape))))
            return self.head(h), (h, c)
        h = self.cell(x, state)
        return self.head(h), h
'''
        },
    ),
    Rewrite(
        "answers-in-percent",
        "decoder-gives-probabilities",
        {
            "decoder": '''
class Decoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        new = self.cell(self.embedding(token), state)
        a = self.head(new[0] if isinstance(new, tuple) else new).exp()
        return a / a.sum(axis=1, keepdims=True), new
'''
        },
    ),
    Rewrite(
        "tells-the-answer",
        "shift-not-at-all",
        {"shift-right": "\ndef shift_right(targets, start):\n    return np.array(targets)\n"},
    ),
    Rewrite(
        "one-more-in-front",
        "shift-one-longer",
        {"shift-right": "\ndef shift_right(targets, start):\n    return np.pad(targets, ((0, 0), (1, 0)), constant_values=start)\n"},
    ),
    Rewrite(
        "looks-ahead",
        "shift-to-the-left",
        {
            "shift-right": '''
def shift_right(targets, start):
    last = np.full_like(targets[:, :1], start)
    return np.concatenate([targets[:, 1:], last], axis=1)
'''
        },
    ),
    Rewrite(
        "comes-round",
        "shift-rolls",
        {"shift-right": "\ndef shift_right(targets, start):\n    return np.concatenate([targets[:, -1:], targets[:, :-1]], axis=1)\n"},
    ),
    Rewrite(
        "averages-silence",
        "loss-ignores-mask",
        {
            "sequence-loss": '''
from minigrad.functional import cross_entropy

def sequence_loss(logits, targets, mask):
    return cross_entropy(logits, np.where(mask, targets, 0))
'''
        },
    ),
    Rewrite(
        "row-by-row",
        "loss-mean-of-means",
        {
            "sequence-loss": '''
from minigrad.functional import cross_entropy

def sequence_loss(logits, targets, mask):
    rows = [cross_entropy(logits[b], targets[b], mask[b]) for b in range(len(targets))]
    return sum(rows) / len(rows)
'''
        },
    ),
    Rewrite(
        "divides-by-the-rectangle",
        "loss-mean-of-everything",
        {
            "sequence-loss": '''
from minigrad.functional import cross_entropy

def sequence_loss(logits, targets, mask):
    B, T = mask.shape
    return cross_entropy(logits, targets, mask) * (mask.sum() / (B * T))
'''
        },
    ),
    Rewrite(
        "all-nats",
        "loss-sum",
        {
            "sequence-loss": '''
from minigrad.functional import cross_entropy

def sequence_loss(logits, targets, mask):
    return cross_entropy(logits, targets, mask) * float(mask.sum())
'''
        },
    ),
    Rewrite(
        "asks-the-message-again",
        "greedy-state-stands-still",
        {
            "greedy-decode": '''
def greedy_decode(decoder, state, start, end, max_length):
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words, tokens = [], np.array([start] * B)
    open_rows = np.ones(B, dtype=bool)
    with no_grad():
        for _ in range(max_length):
            tokens = decoder.step(tokens, state)[0].data.argmax(axis=-1)
            tokens[~open_rows] = end
            words.append(tokens)
            open_rows &= tokens != end
            if not open_rows.any():
                break
    return np.array(words).T
'''
        },
    ),
    Rewrite(
        "talks-through-the-end",
        "greedy-babbles-on",
        {
            "greedy-decode": '''
def greedy_decode(decoder, state, start, end, max_length):
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words, tokens, ended = [], np.array([start] * B), set()
    with no_grad():
        for _ in range(max_length):
            logits, state = decoder.step(tokens, state)
            tokens = logits.data.argmax(axis=-1)
            words.append(tokens)
            ended |= set(np.flatnonzero(tokens == end).tolist())
            if len(ended) == B:
                break
    return np.array(words).T
'''
        },
    ),
    Rewrite(
        "first-come-last-served",
        "greedy-stops-with-the-first",
        {
            "greedy-decode": '''
def greedy_decode(decoder, state, start, end, max_length):
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words, tokens = [], np.array([start] * B)
    with no_grad():
        for _ in range(max_length):
            logits, state = decoder.step(tokens, state)
            tokens = logits.data.argmax(axis=-1)
            words.append(tokens)
            if (tokens == end).any():
                break
    return np.array(words).T
'''
        },
    ),
    Rewrite(
        "always-the-whole-way",
        "greedy-to-the-bound",
        {
            "greedy-decode": '''
def greedy_decode(decoder, state, start, end, max_length):
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words, tokens = np.full((B, max_length), end), np.array([start] * B)
    with no_grad():
        for t in range(max_length):
            logits, state = decoder.step(tokens, state)
            tokens = logits.data.argmax(axis=-1)
            words[:, t] = tokens
    for row in words:
        row[np.cumsum(row == end) > 0] = end
    return words
'''
        },
    ),
    Rewrite(
        "remembers-everything",
        "greedy-on-tape",
        {
            "greedy-decode": '''
def greedy_decode(decoder, state, start, end, max_length):
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words, tokens, ended = [], np.array([start] * B), np.zeros(B, dtype=bool)
    for _ in range(max_length):
        logits, state = decoder.step(tokens, state)
        tokens = logits.detach().numpy().argmax(axis=-1)
        tokens[ended] = end
        words.append(tokens)
        ended |= tokens == end
        if ended.all():
            break
    return np.array(words).T
'''
        },
    ),
    Rewrite(
        "start-counts",
        "greedy-gives-start-back",
        {
            "greedy-decode": '''
def greedy_decode(decoder, state, start, end, max_length):
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words, ended = np.full((B, 1), start), np.zeros(B, dtype=bool)
    with no_grad():
        while words.shape[1] < max_length and not ended.all():
            logits, state = decoder.step(words[:, -1], state)
            token = np.where(ended, end, logits.data.argmax(axis=-1))
            words = np.concatenate([words, token[:, None]], axis=1)
            ended |= token == end
    return words
'''
        },
    ),
]
