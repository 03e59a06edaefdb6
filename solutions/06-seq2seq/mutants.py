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
        ["Which of the encoder's states has read the whole sequence?","The state after the *first* token is returned, the sequence's other tokens are not in it.","Look at what is returned: an output, or the final state?",],
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
        ["Which of the encoder's states has read the whole sequence?","The mean of all states is returned; the message is the last one.","Look at what is returned: all outputs in one, or the final state?",],
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
        ["What is the state of an LSTM, and what does a decoder with an LSTM need?","Of the pair (h, c) only c is handed over.","Look at what is taken of the final state before it is returned.",],
        of("encoder", "message-pair padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-sends-h-twice",
        RETURN,
        "        return (state[0], state[0]) if isinstance(state, tuple) else state",
        ["What is the state of an LSTM, and what does a decoder with an LSTM need?","h is handed over in both places of the pair; the second is c's.","Look at what stands in the second place of what is returned.",],
        of("encoder", "message-pair padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-swaps-the-pair",
        RETURN,
        "        return state[::-1] if isinstance(state, tuple) else state",
        ["Which of an LSTM's two parts comes first?","h and c are handed over in the wrong order.","Look at what happens to the final state before it is returned.",],
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
        ["On how many ways does the decoder's gradient come back through a pair?","h is handed over off the tape; the gradient comes back through c alone.","Look at each part of what is returned: is it still on the tape?",],
        of("encoder", "padded-gradients"),
    ),
    mutant(
        "encoder-cuts-c",
        RETURN,
        "        return (state[0], *(s.detach() for s in state[1:])) if isinstance(state, tuple) else state",
        ["On how many ways does the decoder's gradient come back through a pair?","c is handed over off the tape; the gradient comes back through h alone.","Look at each part of what is returned: is it still on the tape?",],
        of("encoder", "padded-gradients"),
    ),
    mutant(
        "encoder-reads-backwards",
        RUN,
        RUN.replace("Recurrent(self.cell)", "Recurrent(self.cell, reverse=True)"),
        ["Which token should be freshest in the message?","The sequence is read from its end; here it is read in order.","Look at what runs the cell over time, and with which options.",],
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
        ["Give the cell an `initial_state` of ones: does the message change?","Reading begins with zeros; ask the cell for its initial state.","Look at whether you hand over a first state, and whose it is.",],
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
        ["Does a cell that reads zeros leave its state as it is?","Padding's rows are set to zero, but the cell still takes a step for each of them: the *state* must be carried on.","Look at how the mask gets to what runs the cell over time.",],
        of("encoder", "padded-batch padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-knows-padding-by-token",
        RUN,
        RUN.replace("mask=mask", "mask=tokens != 0"),
        ["Which places are padding, and who says so? May token 0 be a symbol?","Padding is guessed from the token 0; what is padding only the mask says.","Look at where the mask that you use comes from.",],
        of("encoder", "message padding-and-alone padded-gradients"),
    ),
    mutant(
        "encoder-padding-row",
        "self.embedding = Embedding(vocab, embed_size)\n\n",
        "self.embedding = Embedding(vocab, embed_size, padding_index=0)\n\n",
        ["Which places are padding, and who says so? May token 0 be a symbol?","Token 0 was given a row that is always zero, but it may be a symbol like any other: padding is what the mask says.","Look at what the embedding is told besides its sizes.",],
        of("encoder", "message"),
    ),
    mutant(
        "encoder-mask-upside-down",
        RUN,
        RUN.replace("mask=mask", "mask=~mask"),
        ["Change what stands behind a short sequence: does its message change?","The mask is used the wrong way round: True is where a token stands.","Look at what happens to the mask on its way.",],
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
        ["Change the last token of the longest sequence: does its message change?","The last place of the batch is never read.","Look at how much of the batch is handed on to be read.",],
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
        ["How many rows must a table have in which every token of the vocabulary finds its own?","The embedding's sizes are swapped: one row for each token of the vocabulary, each of embed_size numbers.","Look at the order of the embedding's two sizes.",],
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
        ["Which parameters have a gradient after a backward pass?","The rows of the embedding are taken off the tape, so they are never learned.","Look at what stands between the embedding and what runs the cell.",],
        of("encoder", "message-gradients padded-gradients"),
    ),
    mutant(
        "encoder-goes-on",
        WHOLE,
        WHOLE.replace("mask=mask)", "getattr(self, 'last', None), mask)").replace("        return state", "        self.last = state\n        return state"),
        ["Encode the same batch twice: are the two messages equal?","Reading begins in the state that the batch before left behind: each sequence begins in the cell's initial state.","Look at what one call stores and the next one reads.",],
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
        ["Put in two different tokens with the same state: do the logits differ?","The token that was put in makes no difference.","Look at what the cell is given as its input.",],
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
        ["Change the token alone: do the logits of this very step change?","The head reads the state from before the step, which does not know the token yet.","Look at the order in a step: what does the head read, the state before or after the cell?",],
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
        ["Make two steps: does the second know of the first one's token?","The state that was given comes back; it should be the one after the step.","Look at which state is returned.",],
        of(
            "decoder",
            "one-step pair-step several-steps pair-over-time two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-head-reads-c",
        HEAD,
        HEAD.replace("state[0] if", "state[-1] if"),
        ["Of a pair (h, c), which one is what the cell shows?","Of the pair (h, c) the head reads c; h is the output.","Look at what is taken of the new state for the head.",],
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-returns-h-alone",
        HEAD,
        HEAD.replace("return self.head(h), state", "return self.head(h), h"),
        ["What does the next step need when the cell is an LSTM?","Of the pair (h, c) only h comes back, and the next step lacks c.","Look at what is returned as the state.",],
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-drops-c",
        CELL,
        "state = self.cell(self.embedding(token), (state[0], state[1] * 0.0) if isinstance(state, tuple) else state)",
        ["Change c in the given state: do the logits change?","c does not go into the cell, zeros go in its place.","Look at what the cell is given as its state.",],
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-keeps-c",
        CELL + "\n        " + HEAD,
        "old, state = state, self.cell(self.embedding(token), state)\n        h = state[0] if isinstance(state, tuple) else state\n        return self.head(h), (h, old[1]) if isinstance(state, tuple) else state",
        ["Make two steps: which c does the second one get?","c comes back as it went in: the new one belongs beside the new h.","Look at each part of the state that is returned: from before or after the cell?",],
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-swaps-the-pair",
        CELL,
        "state = self.cell(self.embedding(token), state[::-1] if isinstance(state, tuple) else state)",
        ["Which of an LSTM's two parts comes first?","h and c go into the cell in the wrong order.","Look at what the cell is given as its state.",],
        of("decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-cuts-the-message",
        CELL,
        "state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()\n        " + CELL,
        ["Does the state that was given get a gradient?","The given state is taken off the tape, so nothing comes back to the encoder, nor from a step to the one before.","Look at what happens to the state before the cell gets it.",],
        of("decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-cuts-c",
        CELL,
        "state = (state[0], state[1].detach()) if isinstance(state, tuple) else state\n        " + CELL,
        ["On how many ways does the gradient go back through a pair?","c is taken off the tape at every step; the gradient goes back through h alone.","Look at each part of the state before the cell gets it: is it still on the tape?",],
        of("decoder", "through-time"),
    ),
    mutant(
        "decoder-cuts-h",
        CELL,
        "state = (state[0].detach(), state[1]) if isinstance(state, tuple) else state\n        " + CELL,
        ["On how many ways does the gradient go back through a pair?","h is taken off the tape at every step; the gradient goes back through c alone.","Look at each part of the state before the cell gets it: is it still on the tape?",],
        of("decoder", "through-time"),
    ),
    mutant(
        "decoder-cuts-what-it-returns",
        HEAD,
        HEAD.replace("return self.head(h), state", "return self.head(h), tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()"),
        ["Make two steps, and take the second one's loss back: does the first token's row get a gradient?","The new state comes back off the tape, so a loss at a later step reaches nothing before it.","Look at the state that is returned: is it still on the tape?",],
        of("decoder", "through-time"),
    ),
    mutant(
        "decoder-head-off-tape",
        HEAD,
        HEAD.replace("self.head(h)", "self.head(h.detach())"),
        ["Which parameters have a gradient after a backward pass?","The head reads numbers off the tape: the cell, the embedding and the encoder learn nothing.","Look at what stands between the new h and the head.",],
        of("decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-embeds-off-tape",
        CELL,
        CELL.replace("self.embedding(token)", "self.embedding(token).detach()"),
        ["Which parameters have a gradient after a backward pass?","The rows of the embedding are taken off the tape, so they are never learned.","Look at what stands between the embedding and the cell.",],
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
        ["May a logit be positive? May one of yours?","Log-probabilities come back; logits are asked for, what the head gives.","Look at what is done to what the head gives.",],
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
        ["May a logit be 5? May one of yours?","The logits are squeezed between -1 and 1: nothing comes after the head.","Look at what is done to what the head gives.",],
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
        ["How often is the cell called in one step?","The cell makes two steps for one token.","Look at every call of the cell.",],
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
        ["Make the same step twice, with the same token and state: are the two answers equal?","The state is kept in the decoder between calls, and the given one is used only once: all it knows must come in through `state`.","Look at what one call stores in `self` and the next one reads.",],
        of("decoder", "asked-again two-conversations"),
    ),
    mutant(
        "decoder-no-bias",
        "self.head = Linear(cell.hidden_size, vocab)",
        "self.head = Linear(cell.hidden_size, vocab, bias=False)",
        ["How many parameters has the head, and how many a `Linear` of these sizes?","The head has no bias b; a `Linear` with its usual arguments has one.","Look at what the head is told besides its sizes.",],
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
        ["In which order does the exercise ask for the two results?","Logits come first, the state second.","Look at what is returned.",],
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
        ["Of a pair (h, c), which one is what the cell shows?","Of the pair (h, c) the head reads the sum; h alone is the output.","Look at what is taken of the new state for the head.",],
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
        ["What should the network be given when it is to say the third symbol: the third, or the second?","Only the first place was changed: all later ones still tell the target that is asked for.","Look at what stands at places 1 and later.",],
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
        ["At the first step nothing was said yet. What does the network get?","The last target came round to the front; `start` belongs there.","Look at what stands at place 0 of your inputs.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-ignores-start",
        "inputs[:, 0] = start",
        "inputs[:, 0] = 0",
        ["Call it with two different `start`s: do the inputs differ?","A fixed token stands first; `start` says which.","Look at what stands at place 0 of your inputs.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-keeps-the-first",
        "inputs[:, 0] = start",
        "inputs[:, 0] = targets[:, 0]",
        ["At the first step nothing was said yet. What does the network get?","The first target stands at places 0 and 1; place 0 is for `start`.","Look at what stands at place 0 of your inputs.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-one-longer",
        SHIFT,
        "    first = np.full((len(targets), 1), start, dtype=targets.dtype)\n    return np.concatenate([first, targets], axis=1)",
        ["How many places have the targets, and how many your inputs?","The inputs are one place longer than the targets: the last target is never put in.","Look at how much of the targets goes in behind `start`.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-one-shorter",
        SHIFT,
        "    return targets[:, :-1].copy()",
        ["How many places have the targets, and how many your inputs?","The last target is gone, but `start` was not put in front.","Look at what stands in front of the targets.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-by-two",
        SHIFT,
        "    inputs = np.full_like(targets, start)\n    inputs[:, 2:] = targets[:, :-2]\n    return inputs",
        ["At place 2, which target was said last?","Moved by two places instead of one.","Look at by how many places the targets move.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-the-batch",
        SHIFT,
        "    inputs = np.empty_like(targets)\n    inputs[0] = start\n    inputs[1:] = targets[:-1]\n    return inputs",
        ["Which axis of the targets is time?","Rows were moved: time is the second axis.","Look at the axis along which something moves.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-in-place",
        SHIFT,
        "    targets[:, 1:] = targets[:, :-1].copy()\n    targets[:, 0] = start\n    return targets",
        ["Are the targets after the call what they were before?","The targets themselves were changed, so the loss compares with the wrong ones.","Look at the array that you write into: whose is it?",],
        of("shift-right", "targets-stay from-any-place other-dtype"),
    ),
    mutant(
        "shift-one-place-in-place",
        SHIFT,
        "    if targets.shape[1] == 1:\n        targets[:] = start\n        return targets\n" + SHIFT,
        ["Call it with targets of one place: are these after the call what they were before?","With one place, the targets themselves are changed and returned.","Look for a case of its own for short targets, and at the array that it writes into.",],
        of("shift-right", "targets-stay other-dtype"),
    ),
    mutant(
        "shift-to-floats",
        "inputs = np.empty_like(targets)",
        "inputs = np.empty(targets.shape)",
        ["What does an embedding do with 3.0?","The inputs are floats; an embedding needs integers, of the targets' dtype.","Look at how the array for the inputs is made.",],
        of(
            "shift-right",
            "shifted-targets last-target targets-stay any-shape from-any-place other-dtype",
        ),
    ),
    mutant(
        "shift-to-int64",
        "inputs = np.empty_like(targets)",
        "inputs = np.empty(targets.shape, dtype=np.int64)",
        ["Give it int32 targets: which dtype have the inputs?","The inputs have a dtype of their own; it should be the targets'.","Look at how the array for the inputs is made.",],
        of("shift-right", "other-dtype targets-stay"),
    ),
    # --- sequence-loss
    mutant(
        "loss-mean-of-everything",
        "/ mask.sum()",
        "/ targets.size",
        ["Put more padding behind all sequences: does the loss change?","The sum is right, but it is divided by all places, padding too.","Look at what the sum is divided by.",],
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
        ["Hand over the same sequence twice: should the loss double?","The sum is returned; the mean is asked for.","Look at what happens after the sum.",],
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
        ["Hand over a sequence that is twice as long and as well said: should the loss double?","The sum is divided by the number of sequences; it should be the number of places that count.","Look at what the sum is divided by.",],
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
        ["Which is the last symbol of a target that has to be learned?","The last place of each sequence is left out, and there `end` stands, which has to be learned as well.","Look at what you do to the mask before it is used.",],
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
        ["Change the target at the first padding place: does the loss change?","One place too many of each sequence counts, the first of its padding.","Look at what you do to the mask before it is used.",],
        of(
            "sequence-loss",
            "short-beside-long other-padding masked-targets no-tokens masked-gradient",
        ),
    ),
    mutant(
        "loss-log-of-softmax",
        "-log_softmax(logits)[rows, places, np.where(mask, targets, 0)]",
        "-softmax(logits)[rows, places, np.where(mask, targets, 0)].log()",
        ["What is the loss when the right symbol has a logit of −1000?","log(softmax(…)) is the log of 0 where logits are far apart; `log_softmax` is exact.","Look at where the probability is made, and whether its logarithm can be had without it.",],
        of("sequence-loss", "large-logits no-tokens"),
    ),
    mutant(
        "loss-no-log",
        "-log_softmax(logits)",
        "-softmax(logits)",
        ["What is the loss of a network that is certain and right? What is yours?","The probability itself is averaged; its logarithm is missing.","Look at what is done to the probabilities.",],
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
        ["Add 10 to all logits of a place: should the loss change?","The logits are taken as if they were log-probabilities: the softmax is missing.","Look at what is done to the logits before the target's one is picked.",],
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
        ["Does your loss become smaller when the target's logit grows?","The sign is wrong: whoever makes this small makes the target improbable.","Look for the minus.",],
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
        ["Put −1 into the targets where the mask is False: what happens?","A target is looked up where the mask is False, and what stands there may be no token: choose first.","Look at what is used as an index before the mask has chosen.",],
        of("sequence-loss", "no-tokens"),
    ),
    mutant(
        "loss-multiplies",
        SUM,
        "return (nats * mask.astype(float)).sum() / mask.sum()",
        ["What is 0 times inf?","Multiplying by zero does not remove a number: 0 times inf is NaN.","Look at how the mask takes out what does not count: by a factor, or by a choice?",],
        of("sequence-loss", "other-padding no-tokens"),
    ),
    mutant(
        "loss-overwrites-targets",
        "    rows, places = np.indices(targets.shape)\n",
        "    rows, places = np.indices(targets.shape)\n    targets[~mask] = 0\n",
        ["Are the targets after the call what they were before?","The targets that were given are changed where the mask is False: they belong to whoever called.","Look for an assignment into what you were handed.",],
        of("sequence-loss", "loss-gradient masked-gradient"),
    ),
    mutant(
        "loss-shifts-again",
        NATS,
        "logits, targets, mask = logits[:, :-1], targets[:, 1:], mask[:, 1:]\n    rows, places = np.indices(targets.shape)\n    " + NATS,
        ["To which target does the logit of place 0 belong?","Targets and logits are moved against each other; the inputs were shifted already, so place belongs to place.","Look for a slice that leaves out a first or last place.",],
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
        ["What is the loss of a network that is certain and right? What is yours?","The perplexity is returned, e to the power of the loss.","Look at the last thing that is done to the mean.",],
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
        ["What is the loss when two symbols are equally probable: 1, or 0.69?","The loss is in bits; the logarithm meant is the natural one.","Look at the last thing that is done to the mean.",],
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
        ["Do the logits get a gradient?","The value is right, but the logits were taken off the tape, so no gradient arrives.","Look for a `.data`, a `detach` or a function of NumPy's on the way from them.",],
        of("sequence-loss", "loss-gradient no-tokens masked-gradient"),
    ),
    mutant(
        "loss-a-number",
        SUM,
        SUM.replace("return ", "return float(") + ")",
        ["What does `type(...)` say of what you return?","A plain number is returned; from a Tensor the gradient could go back.","Look at the last thing that is done to the mean.",],
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
        ["What should the decoder know at step 3 of what was said at step 2?","`start` is put in at every step; after the first it is the token just said.","Look at the token that is put in at each step: does its name ever change?",],
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
        ["How often is `start` put in? What are the first logits for?","`start` is put in twice: the first logits already say the first token.","Look at every call of the decoder's step, and count those with `start`.",],
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
        ["Is `start` something that the decoder said?","`start` is part of the result; it is put in and never comes out.","Look at what the list holds before the first step.",],
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
        ["What is the last token of a row that has ended?","The last `end` is missing: each row goes up to and including it.","Look at the order: is a token kept before or after you look whether it ends the row?",],
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
        ["What is there left to say when every row has said `end`?","It goes on to `max_length` although every row has said `end`.","Look at the condition under which it goes on.",],
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
        ["A row says `end` at step 2, another at step 4. Is the first still finished at step 4?","It stops only when all rows say `end` at the same step, and those that had ended go on talking.","Look at how you keep which rows are finished: is it added to, or made anew?",],
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
        ["What stands behind the `end` of a row that finished early?","Behind a row's `end` zeros stand, or whatever token 0 is; `end` belongs there.","Look at what a finished row is given to say.",],
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
        ["Which token should be said, the most or the least probable?","The token with the *smallest* logit is said.","Look at how a token is chosen from the logits.",],
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
        ["Do different rows of a batch say different things?","The first row's choice is said by all rows.","Look at which rows' logits a token is chosen from.",],
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
        ["What will a backward pass be taken through here?","Nothing is learned here, and yet every step is recorded on the tape: memory grows.","Look at what the loop stands in.",],
        of("greedy-decode", "no-tape left-as-it-was"),
    ),
    mutant(
        "greedy-one-too-many",
        "len(said) < max_length",
        "len(said) <= max_length",
        ["With `max_length=3`, how many tokens has a row that never ends?","One token more than `max_length` is said.","Look at the comparison that counts the steps.",],
        of("greedy-decode", "bound many-rows times-asked every-row-alone"),
    ),
    mutant(
        "greedy-one-too-few",
        "len(said) < max_length",
        "len(said) < max_length - 1",
        ["With `max_length=3`, how many tokens has a row that never ends?","One token less than `max_length` is said.","Look at the comparison that counts the steps.",],
        of("greedy-decode", "bound many-rows times-asked every-row-alone"),
    ),
    mutant(
        "greedy-turned",
        "np.stack(said, axis=1)",
        "np.stack(said, axis=0)",
        ["Which axis of the result counts sequences?","The result is (L, B); rows are sequences, (B, L).","Look at the axis along which the steps are put together.",],
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
        ["Which dtype has the result?","The result holds floats; tokens are integers.","Look at the last thing that is done to what was said.",],
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
        ["Which token says that a sequence is over?","A row is taken as finished when it says `start`; it is `end` that ends it.","Look at the comparison that finishes a row.",],
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
        ["Is `p.grad` of the decoder's parameters after decoding what it was before?","The decoder's gradients were cleared; decoding leaves them as they are.","Look for what sets gradients to None.",],
        of("greedy-decode", "left-as-it-was"),
    ),
    mutant(
        "greedy-c-stands-still",
        ASK,
        "old, (logits, state) = state, decoder.step(token, state)\n            state = (state[0], old[1]) if isinstance(state, tuple) else state",
        ["What does a step hand to the next one when the cell is an LSTM?","Of the pair (h, c) only h goes on from step to step, c stays the first one.","Look at each part of the state from one step to the next.",],
        of("greedy-decode", "pair-state times-asked left-as-it-was"),
    ),
    mutant(
        "greedy-h-stands-still",
        ASK,
        "old, (logits, state) = state, decoder.step(token, state)\n            state = (old[0], state[1]) if isinstance(state, tuple) else state",
        ["What does a step hand to the next one when the cell is an LSTM?","Of the pair (h, c) only c goes on from step to step, h stays the first one.","Look at each part of the state from one step to the next.",],
        of("greedy-decode", "pair-state times-asked left-as-it-was"),
    ),
    mutant(
        "greedy-asks-once-more",
        "    return np.stack(said, axis=1)",
        "        decoder.step(token, state)\n    return np.stack(said, axis=1)",
        ["For rows of 3 tokens, how often is the decoder asked?","The decoder is asked once more than its answers are used.","Look at every call of the decoder's step, also outside of the loop.",],
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
