"""Known mistakes in 04-batches, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


MUTANTS = [
    # --- pad
    mutant(
        "pad-mask-by-value",
        "    return x, mask",
        "    return x, (x != 0).reshape(*x.shape[:2], -1).any(axis=2)",
        [
            "A sequence has a zero of its own. What does your mask say there?",
            "That it is padding: the mask is made from what stands in x. What is real only the lengths know.",
            "Look at what the mask is computed of.",
        ],
        of("pad", "own-entries zeros-inside axes-and-dtypes"),
    ),
    mutant(
        "pad-in-front",
        "x[row, : len(sequence)] = sequence",
        "x[row, mask.shape[1] - len(sequence) :] = sequence",
        ["Where in its row does a sequence of 2 in a batch of length 5 stand, and where is it read first?","The sequences stand at the end of their rows, with padding before them.","Look at where in its row a sequence is put.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-default-dtype",
        "np.zeros((*mask.shape, *sequences[0].shape[1:]), sequences[0].dtype)",
        "np.zeros((*mask.shape, *sequences[0].shape[1:]))",
        ["Pad sequences of integers: which dtype has x?","x is float64 whatever the sequences are; tokens, for one, are integers.","Look at what NumPy is told besides the shape where x is made.",],
        of("pad", "own-entries tokens axes-and-dtypes"),
    ),
    mutant(
        "pad-mask-of-numbers",
        "    return x, mask",
        "    return x, mask.astype(float)",
        ["What does `mask.dtype` say?","The mask holds numbers; it should hold True and False.","Look at the last thing that is done to the mask.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-mask-inverted",
        "    return x, mask",
        "    return x, ~mask",
        ["What is the mask of a sequence that is as long as the batch?","The mask is True on padding; it should be True on what is real.","Look at what the mask is made of, and at what is returned.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-repeats-the-last",
        "        x[row, : len(sequence)] = sequence\n",
        "        x[row, : len(sequence)] = sequence\n        x[row, len(sequence) :] = sequence[-1] if len(sequence) else 0\n",
        ["What stands in x where the mask is False?","Behind a sequence its last entry is repeated; padding is zero.","Look at what is written into a row besides its sequence.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-sorts",
        "    lengths = np.array([len(sequence) for sequence in sequences])\n    mask",
        "    sequences = sorted(sequences, key=len, reverse=True)\n    lengths = np.array([len(sequence) for sequence in sequences])\n    mask",
        [
            "Whose sequence stands in row 0 of x: the one that was given first, or the longest?",
            "The one that was given first is wanted; here the rows are in order of length.",
            "Look at the order in which you walk through the sequences.",
        ],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-mask-one-too-long",
        "np.arange(lengths.max()) < lengths[:, None]",
        "np.arange(lengths.max()) <= lengths[:, None]",
        ["How often is the mask True for a sequence of 3?","The mask is True one step too long: counting begins at 0.","Look at which is the last step that counts for a sequence.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-time-first",
        "    return x, mask",
        "    return x.swapaxes(0, 1), mask.T",
        ["Which axis of x counts sequences, and which steps?","Time is the first axis; here it is the second, behind the batch.","Look at the last thing that is done to x and mask.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-turned-round",
        "x[row, : len(sequence)] = sequence",
        "x[row, : len(sequence)] = sequence[::-1]",
        ["What stands in step 0 of your row, and what in step 0 of the sequence?","Every sequence is turned round.","Look at what is written into the row.",],
        of("pad", "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes empty-ones"),
    ),
    mutant(
        "pad-exchanged",
        "return x, mask",
        "return mask, x",
        [
            "Which of the two comes first?",
            "x, then the mask; here they come back in the other order.",
            "Look at the order of what `pad` returns.",
        ],
        of(
            "pad",
            "rectangle own-entries tokens one-empty many-sequences zeros-inside axes-and-dtypes "
            "empty-ones",
        ),
    ),
    # --- masked-mean
    mutant(
        "mean-multiplies",
        "where(here, values, 0.0).sum()",
        "(values * here.astype(values.dtype)).sum()",
        [
            "What is 0 times infinity?",
            "NaN: multiplying by zero does not remove a number. What counts has to be chosen.",
            "Look at how mask and values meet.",
        ],
        of("masked-mean", "inf-and-nan"),
    ),
    mutant(
        "mean-divides-by-everything",
        "(1 / max(count, 1))",
        "(1 / values.size)",
        [
            "If half of a batch is padding, what becomes of your mean?",
            "Half of what it should be: the sum is right, but it is divided by the number of all entries.",
            "Look at the number that you divide by.",
        ],
        of("masked-mean", "masked-values mean-by-hand rows-behind other-contents mean-gradient very-different-lengths more-axes inf-and-nan single-precision nothing-but-padding"),
    ),
    mutant(
        "mean-of-means",
        "    return where(here, values, 0.0).sum() * (1 / max(count, 1))",
        "    each = np.broadcast_to(here, values.shape).reshape(len(mask), -1).sum(axis=1)\n    return (where(here, values, 0.0).reshape(len(mask), -1).sum(axis=1) / np.maximum(each, 1)).mean()",
        [
            "Two sequences, of one and of nine entries: how many of the ten votes has the short one?",
            "One is its due. Here every sequence is averaged by itself first, so an entry of a short one counts for more.",
            "Look at how often you divide, and over which axes each sum goes.",
        ],
        of("masked-mean", "masked-values mean-by-hand rows-behind other-contents mean-gradient very-different-lengths more-axes inf-and-nan single-precision nothing-but-padding"),
    ),
    mutant(
        "mean-counts-places",
        "count = int(np.broadcast_to(here, values.shape).sum())",
        "count = int(mask.sum())",
        ["For values (1, 2, 3) and a mask of True everywhere, over how many numbers is the mean taken?","The mask's places are counted; where values have more axes, several entries stand at each.","Look at what you count: the mask's entries, or those of `values` that it admits?",],
        of("masked-mean", "rows-behind more-axes inf-and-nan nothing-but-padding"),
    ),
    mutant(
        "mean-ignores-the-mask",
        "where(here, values, 0.0).sum() * (1 / max(count, 1))",
        "values.mean()",
        [
            "What changes in your mean when the mask changes?",
            "Nothing: padding is averaged as well.",
            "Look at where the mask enters, and at whether what was chosen there is what is summed up.",
        ],
        of("masked-mean", "masked-values mean-by-hand rows-behind other-contents mean-gradient nothing-there very-different-lengths more-axes inf-and-nan single-precision nothing-but-padding"),
    ),
    mutant(
        "mean-of-nothing",
        "max(count, 1)",
        "count",
        ["What should the mean be when the mask is False everywhere?","Where nothing counts, the sum is divided by zero.","Look at the divisor: which values can it have?",],
        of("masked-mean", "nothing-there nothing-but-padding"),
    ),
    mutant(
        "mean-off-the-tape",
        "where(here, values, 0.0).sum()",
        "where(here, values.detach(), 0.0).sum()",
        ["Does `values` get a gradient?","The number is right, but no gradient comes back: something takes `values` off the tape.","Look for a `.data`, a `detach` or a function of NumPy's between `values` and the sum.",],
        of("masked-mean", "other-contents mean-gradient nothing-there very-different-lengths more-axes inf-and-nan single-precision nothing-but-padding"),
    ),
    mutant(
        "mean-of-the-padding",
        "where(here, values, 0.0)",
        "where(here, 0.0, values)",
        ["Put 100 where the mask is False: does your mean change?","The wrong side is chosen: what stands in the padding is summed up.","Look at which of the two sides is taken where the mask is True.",],
        of("masked-mean", "masked-values mean-by-hand rows-behind other-contents mean-gradient nothing-there very-different-lengths more-axes inf-and-nan single-precision nothing-but-padding"),
    ),
    mutant(
        "mean-mask-from-behind",
        "mask.reshape(mask.shape + (1,) * (values.ndim - 2))",
        "mask.reshape((1,) * (values.ndim - 2) + mask.shape)",
        ["A mask (B, T) meets values (B, T, D). Which axes does broadcasting put on top of each other?","The mask meets the last axes of `values`; its own are the first two.","Look at how the mask gets as many axes as the values.",],
        of("masked-mean", "rows-behind more-axes inf-and-nan nothing-but-padding"),
    ),
    mutant(
        "mean-counts-nonzero",
        "count = int(np.broadcast_to(here, values.shape).sum())",
        "count = int((where(here, values, 0.0).data != 0).sum())",
        ["What is the mean of 0 and 2?","Entries that happen to be zero are not counted.","Look at how you count: by the mask, or by what is there after masking?",],
        of("masked-mean", "mean-by-hand very-different-lengths"),
    ),
    mutant(
        "mean-double-precision",
        "* (1 / max(count, 1))",
        "* np.array(1 / max(count, 1))",
        ["What dtype has a float32 Tensor times an array of float64?","The mean of float32 values is float64: something in the product has that dtype.","Look at the factor that makes a mean of the sum.",],
        of("masked-mean", "single-precision mean-gradient"),
    ),
    mutant(
        "mean-is-a-sum",
        "    return where(here, values, 0.0).sum() * (1 / max(count, 1))",
        "    return where(here, values, 0.0).sum()",
        ["Give every entry the value 1: what should the mean be?","This is the sum of what counts; it is not divided.","Look at what happens after the sum.",],
        of("masked-mean", "masked-values mean-by-hand rows-behind other-contents mean-gradient nothing-there very-different-lengths more-axes inf-and-nan single-precision nothing-but-padding"),
    ),
    # --- pack
    mutant(
        "pack-shortest-first",
        "np.argsort(-lengths, kind=\"stable\")",
        "np.argsort(lengths, kind=\"stable\")",
        ["At step t only some sequences still run. Which rows of the sorted batch must these be, to be a block?","The shortest sequence comes first, so those that still run are not the first ones.","Look at the direction of the sorting.",],
        of("pack", "layout sizes-and-order pack-gradient behind-the-end length-zero equally-long a-gap-in-lengths gradients-both more-behind single-and-empty"),
    ),
    mutant(
        "pack-does-not-sort",
        "np.argsort(-lengths, kind=\"stable\")",
        "np.arange(len(lengths))",
        [
            "At step 3 two of five sequences still run. Are they the first two?",
            "Only when the sequences are sorted, the longest first; here they are taken in their order in x.",
            "Look at how the rows of each step are chosen.",
        ],
        of("pack", "layout sizes-and-order pack-gradient behind-the-end length-zero equally-long a-gap-in-lengths gradients-both more-behind single-and-empty"),
    ),
    mutant(
        "pack-equals-turned",
        "np.argsort(-lengths, kind=\"stable\")",
        "np.argsort(lengths, kind=\"stable\")[::-1]",
        ["Three sequences of equal length: in which order do they come out?","Sequences of equal length come in the reverse of their order in x.","Look at how the sorting is turned round: does it turn ties as well?",],
        of("pack", "equally-long single-and-empty"),
    ),
    mutant(
        "pack-inverse-order",
        "x[rows, steps], sizes, order)",
        "x[rows, steps], sizes, np.argsort(order))",
        ["For lengths (2, 5, 3): which row of x is the longest, and what is order[0]?","`order` is turned round: it should say which row of x the k-th longest is, not how long a row is among the others.","Look at whether `order` is a list of rows, or a list of ranks.",],
        of("pack", "sizes-and-order length-zero equally-long a-gap-in-lengths single-and-empty"),
    ),
    mutant(
        "pack-sequence-by-sequence",
        "    return Packed(x[rows, steps], sizes, order)",
        "    by = np.lexsort((steps, np.argsort(order)[rows]))\n    return Packed(x[rows[by], steps[by]], sizes, order)",
        ["Which entries come first in `data`: all of the first sequence, or the first of all?","`data` holds one sequence after the other; it should hold one step after the other.","Look at what the order of `data` goes through first: the rows, or the steps?",],
        of("pack", "layout pack-gradient behind-the-end length-zero equally-long gradients-both more-behind single-and-empty"),
    ),
    mutant(
        "pack-off-the-tape",
        "Packed(x[rows, steps], ",
        "Packed(Tensor(x.data[rows, steps]), ",
        ["Does x get a gradient through what is packed?","The entries are right, but no gradient comes back from what is packed.","Look at how the entries get out of x: by an index of the Tensor, or of its array?",],
        of("pack", "pack-gradient gradients-both more-behind"),
    ),
    mutant(
        "pack-lengths-for-sizes",
        "x[rows, steps], sizes, order)",
        "x[rows, steps], lengths[order], order)",
        ["For lengths (2, 5, 3), how many sequences still run at step 4?","`sizes` holds the sequences' lengths; it should say for each step how many still run.","Look at what is stored as `sizes`: has it an entry for each sequence, or for each step?",],
        of("pack", "sizes-and-order length-zero equally-long a-gap-in-lengths more-behind single-and-empty"),
    ),
    mutant(
        "pack-loses-the-last-step",
        "for t in range(lengths.max())",
        "for t in range(lengths.max() - 1)",
        ["How many entries has `data`, and how many have the sequences together?","The last step is missing.","Look at where the loop over steps ends.",],
        of("pack", "layout sizes-and-order pack-gradient behind-the-end length-zero equally-long a-gap-in-lengths gradients-both more-behind single-and-empty"),
    ),
    mutant(
        "pack-keeps-padding",
        "(lengths > t).sum()",
        "len(lengths)",
        ["How many entries has `data`, and how many have the sequences together?","Every step has all the sequences: the padding is still there.","Look at which rows are taken at a step.",],
        of("pack", "layout sizes-and-order pack-gradient behind-the-end length-zero equally-long a-gap-in-lengths gradients-both more-behind single-and-empty"),
    ),
    mutant(
        "pack-one-too-long",
        "(lengths > t).sum()",
        "(lengths >= t).sum()",
        ["Does a sequence of length 2 still run at step 2?","Every sequence is taken for one entry longer than it is: counting begins at 0.","Look at which is the last step that counts for a sequence.",],
        of("pack", "layout sizes-and-order pack-gradient behind-the-end length-zero equally-long a-gap-in-lengths gradients-both more-behind single-and-empty"),
    ),
    mutant(
        "pack-double-precision",
        "x if isinstance(x, Tensor) else Tensor(x)",
        "x if isinstance(x, Tensor) else Tensor(np.asarray(x, dtype=float))",
        ["Pack a float32 x: which dtype has `data`?","What was float32 is packed as float64.","Look for a `float`, a `dtype=` or an array made on the way.",],
        of("pack", "single-and-empty length-zero"),
    ),
    mutant(
        "pack-leaves-an-array",
        "x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)",
        "x, np.asarray(lengths)",
        ["Pack an array: can one go back through `data`?","An array went in, and an array is what `data` is: it is to be a Tensor, whatever x was.","Look at how `data` is made when x is no Tensor.",],
        of("pack", "length-zero single-and-empty"),
    ),
    mutant(
        "unpack-stays-sorted",
        "place = np.argsort(order)",
        "place = np.arange(len(order))",
        [
            "Whose entries are in row 0 of what `unpack` gives?",
            "Those of the longest sequence: the rows come back sorted, and `order` was not undone.",
            "Look at where `order` is used in `unpack`.",
        ],
        of("pack", "unpacked unpacked-by-hand length-zero unpacked-in-order gradients-both single-and-empty"),
    ),
    mutant(
        "unpack-sorts-again",
        "place = np.argsort(order)",
        "place = order",
        ["Pack and unpack: do the rows stand where they stood?","The rows are sorted once more in place of back: `order` has to be inverted.","Look at how `order` is used: does it lead into the sorted batch, or out of it?",],
        of("pack", "unpacked length-zero unpacked-in-order gradients-both single-and-empty"),
    ),
    mutant(
        "unpack-no-zeros",
        "where(mask[:, :, None], data[at], 0.0)",
        "data[at]",
        ["What stands in x where the mask is False?","Behind the sequences something else than zero stands.","Look at what is put where a sequence has no entry.",],
        of("pack", "unpacked unpacked-by-hand length-zero unpacked-in-order gradients-both single-and-empty"),
    ),
    mutant(
        "unpack-off-the-tape",
        "where(mask[:, :, None], data[at], 0.0)",
        "where(mask[:, :, None], data.data[at], 0.0)",
        ["Does `data` get a gradient through what is unpacked?","The entries are right, but no gradient goes back through unpack.","Look at how the entries get out of `data`: by an index of the Tensor, or of its array?",],
        of("pack", "gradients-both"),
    ),
    mutant(
        "unpack-sorted-lengths",
        "0.0), lengths",
        "0.0), lengths[order]",
        ["For lengths (2, 5, 3), what comes back as lengths?","`lengths` are sorted; they should be those of the rows that come back.","Look at the last thing that is done to them: whose order have they?",],
        of("pack", "unpacked unpacked-by-hand length-zero unpacked-in-order single-and-empty"),
    ),
    mutant(
        "unpack-turned-steps",
        "starts = np.cumsum(sizes) - sizes",
        "starts = (np.cumsum(sizes) - sizes)[::-1]",
        ["What stands in step 0 of a row, and what stood there before it was packed?","The steps come back in reverse order.","Look at where in `data` each step begins.",],
        of("pack", "unpacked unpacked-by-hand length-zero unpacked-in-order gradients-both single-and-empty"),
    ),
    # --- bidirectional
    mutant(
        "both-not-turned-back",
        "mask, reversed(steps))",
        "mask, reversed(steps))[:, ::-1]",
        [
            "The backward cell's first state: to which step of x does it belong?",
            "To the last entry. Here the backward outputs stand in the order in which they were made.",
            "Look at the place of each backward output before the two halves are put side by side.",
        ],
        of("bidirectional", "equal-lengths padded-batch garbage shortest-alone swapped gradients array-of-one-step own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-read-padding",
        "h = where(here, cell(x[:, t], h), h)",
        "h = cell(x[:, t], h)",
        [
            "What has the backward cell read by the time it comes to a short sequence's last entry?",
            "Padding, and its state went on changing there: it is to begin at each sequence's own end.",
            "Look at what becomes of the state at a step where the mask is False.",
        ],
        of("bidirectional", "padded-batch garbage shortest-alone own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-state-zeroed",
        "where(here, cell(x[:, t], h), h)",
        "where(here, cell(x[:, t], h), 0.0)",
        [
            "Is zero the state that every cell begins with?",
            "A cell may begin elsewhere: on padding the state is to be carried on, and here it is set to zero.",
            "Look at what becomes of the state at a step where the mask is False.",
        ],
        of("bidirectional", "padded-batch garbage shortest-alone own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-outputs-on-padding",
        "outputs[t] = where(here, h, 0.0)",
        "outputs[t] = h",
        ["What should the outputs be where the mask is False?","The outputs are not zero where the mask is False.","Look at what is stored as the output of a step.",],
        of("bidirectional", "padded-batch garbage own-ends garbage-and-gradients swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-forward",
        "reversed(steps)",
        "steps",
        ["Which step does the second cell read first?","Both cells read from the beginning.","Look at the order of steps that each of the two runs gets.",],
        of("bidirectional", "equal-lengths padded-batch garbage shortest-alone swapped gradients array-of-one-step own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-one-cell",
        "self.run(self.backward_cell",
        "self.run(self.forward_cell",
        ["How many parameters have a gradient after a backward pass, and how many are there?","The same cell reads in both directions.","Look at which cell each of the two runs gets.",],
        of("bidirectional", "parts equal-lengths padded-batch garbage shortest-alone swapped gradients array-of-one-step own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-halves-swapped",
        "[there, back]",
        "[back, there]",
        ["Which half of an output's entries does the first cell make?","The backward cell's half comes first.","Look at the order in which the two are put side by side.",],
        of("bidirectional", "equal-lengths padded-batch garbage shortest-alone swapped gradients array-of-one-step own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-start-at-zero",
        "cell.initial_state(len(mask))",
        "Tensor(np.zeros((len(mask), cell.hidden_size)))",
        ["Give a cell an `initial_state` of ones: does the result change?","The states begin at zero; a cell says itself where it begins.","Look at where the loop over steps gets its first state.",],
        of("bidirectional", "equal-lengths padded-batch garbage shortest-alone swapped gradients array-of-one-step own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-start-where-the-other-ended",
        """        h, outputs = cell.initial_state(len(mask)), [None] * x.shape[1]
        for t in steps:
            here = mask[:, t, None]
            h = where(here, cell(x[:, t], h), h)
            outputs[t] = where(here, h, 0.0)
""",
        """        h = cell.initial_state(len(mask)) if cell is self.forward_cell else self.h
        outputs = [None] * x.shape[1]
        for t in steps:
            here = mask[:, t, None]
            h = self.h = where(here, cell(x[:, t], h), h)
            outputs[t] = where(here, h, 0.0)
""",
        ["Change the forward cell's weights alone: does the backward half change?","The backward cell begins where the forward one ended; it has an initial state of its own.","Look at where the second run gets its first state.",],
        of(
            "bidirectional",
            "padded-batch parts equal-lengths garbage shortest-alone swapped gradients array-of-one-step "
            "own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded",
        ),
    ),
    mutant(
        "both-ignore-the-mask",
        "here = mask[:, t, None]",
        "here = np.ones((len(mask), 1), dtype=bool)",
        ["Change what stands behind a short sequence: does its result change?","The mask has no effect at all.","Look at where a step asks the mask.",],
        of("bidirectional", "padded-batch garbage shortest-alone own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-cut-in-time",
        "cell(x[:, t], h)",
        "cell(x[:, t], h.detach())",
        ["Take the gradient of the last output alone: does the first input get some?","The values are right, but the gradient does not travel from step to step.","Look at the state that a step is given: is it still the Tensor that came out of the last one?",],
        of("bidirectional", "gradients garbage-and-gradients gradients-padded"),
    ),
    mutant(
        "both-one-step-late",
        "            h = where(here, cell(x[:, t], h), h)\n            outputs[t] = where(here, h, 0.0)",
        "            outputs[t] = where(here, h, 0.0)\n            h = where(here, cell(x[:, t], h), h)",
        ["Change the input of step 3 alone: does the forward half's output of step 3 change?","The output at a step is the state before that step was read.","Look at the order in a step: the new state first, or the output?",],
        of("bidirectional", "equal-lengths padded-batch garbage shortest-alone swapped gradients array-of-one-step own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-wrong-size",
        "forward_cell.hidden_size + backward_cell.hidden_size",
        "2 * forward_cell.hidden_size",
        ["With cells of 2 and 5 units, how many entries has an output?","`hidden_size` is not the sum of the two sizes: the cells need not be equally large.","Look at how `hidden_size` is computed.",],
        of("bidirectional", "parts"),
    ),
    mutant(
        "both-padding-turned-too",
        "self.run(self.backward_cell, x, mask, reversed(steps))",
        "self.run(self.backward_cell, x[:, ::-1], mask, steps)[:, ::-1]",
        ["Which step of a short sequence should the second cell read first? What does it meet on its way there?","The padding was turned round with the sequence, so the backward cell begins in it.","Look at what is turned round: the steps, or the whole array with its padding?",],
        of("bidirectional", "padded-batch garbage shortest-alone own-ends garbage-and-gradients each-alone swapped-and-padded gradients-padded"),
    ),
    mutant(
        "both-no-gradient-of-x",
        "cell(x[:, t], h)",
        "cell((x.data if isinstance(x, Tensor) else x)[:, t], h)",
        ["Does x get a gradient when it asks for one?","The values are right, but no gradient reaches x.","Look at how a step gets out of x: by an index of the Tensor, or of its array?",],
        of("bidirectional", "gradients garbage-and-gradients gradients-padded"),
    ),
    mutant(
        "both-backward-off-the-tape",
        "concatenate([there, back], axis=2)",
        "concatenate([there, back.detach()], axis=2)",
        ["Which of the two cells has gradients after a backward pass?","The backward half is taken off the tape, so its cell learns nothing.","Look at what happens to each half before they are put side by side.",],
        of("bidirectional", "gradients garbage-and-gradients gradients-padded"),
    ),
    # --- tagger
    mutant(
        "tagger-forgets-the-mask",
        "self.birnn(x, mask)",
        "self.birnn(x, np.ones_like(mask))",
        [
            "How does the network below know what is padding?",
            "From the mask alone, and that does not reach it.",
            "Look at what `birnn` is called with.",
        ],
        of("tagger", "tagger-garbage tagger-alone tagger-gradients-padded padded-sentences"),
    ),
    mutant(
        "tagger-zeroes-the-padding",
        "self.head(self.birnn(x, mask))",
        "self.head(self.birnn(x * mask[:, :, None], np.ones_like(mask)))",
        ["Does a cell that reads zeros leave its state as it is?","Padding that is set to zero is still read: it is the mask that keeps `birnn` from reading it.","Look at how the mask gets to `birnn`.",],
        of("tagger", "tagger-alone tagger-garbage padded-sentences tagger-gradients-padded"),
    ),
    mutant(
        "tagger-gives-probabilities",
        "self.head(self.birnn(x, mask))",
        "softmax(self.head(self.birnn(x, mask)))",
        ["Do your logits of a step add up to one?","These are probabilities; logits are what the head gives.","Look at what is done to what the head gives.",],
        of("tagger", "full-sentences tagger-garbage tagger-gradients padded-sentences tagger-alone tagger-gradients-padded"),
    ),
    mutant(
        "tagger-last-step-only",
        "self.birnn(x, mask))",
        "self.birnn(x, mask)[:, -1:])",
        ["What shape have your logits, and for how many steps is there a label?","Only one step is tagged; every step needs its logits.","Look at which of the outputs the head is given.",],
        of("tagger", "tagger-parts full-sentences tagger-garbage tagger-gradients padded-sentences tagger-alone tagger-gradients-padded"),
    ),
    mutant(
        "tagger-off-the-tape",
        "self.head(self.birnn(x, mask))",
        "self.head(self.birnn(x, mask).detach())",
        ["Which parameters have a gradient after a backward pass?","The gradient stops at the head: nothing below it would learn.","Look at what stands between `birnn` and the head.",],
        of("tagger", "tagger-gradients tagger-gradients-padded"),
    ),
    mutant(
        "tagger-no-bias",
        "self.head(self.birnn(x, mask))",
        "self.birnn(x, mask) @ self.head.W",
        ["Set the head's bias to 100: do the logits move?","The head's bias is left out.","Look at how the head is applied.",],
        of("tagger", "full-sentences tagger-garbage tagger-gradients padded-sentences tagger-alone tagger-gradients-padded"),
    ),
    mutant(
        "tagger-spare-parameters",
        "self.birnn = birnn",
        "self.birnn, self.spare = birnn, Linear(birnn.hidden_size, classes)",
        ["How many parameters does `tagger.parameters()` give, and how many have `birnn` and head?","There are parameters that belong neither to `birnn` nor to the head.","Look at the constructor for anything else that is a module.",],
        of("tagger", "tagger-parts"),
    ),
    mutant(
        "tagger-squashes",
        "self.head(self.birnn(x, mask))",
        "self.head(tanh(self.birnn(x, mask)))",
        ["What stands between the outputs and the logits in the text?","Something squashes the outputs before the head reads them.","Look at what the head is given.",],
        of("tagger", "full-sentences tagger-garbage tagger-gradients padded-sentences tagger-alone tagger-gradients-padded"),
    ),
]

MEAN = "masked-mean"
BOTH = "bidirectional"

TWO_WAY = '''
class Bidirectional(Module):
    def __init__(self, forward_cell, backward_cell):
        self.forward_cell = forward_cell
        self.backward_cell = backward_cell
        self.hidden_size = forward_cell.hidden_size + backward_cell.hidden_size

    def __call__(self, x, mask):
        x = x if isinstance(x, Tensor) else Tensor(x)
        T = x.shape[1]
        {}
'''


def two_way(body: str) -> dict[str, str]:
    """A Bidirectional whose call ends in these lines."""
    return {BOTH: TWO_WAY.format(body.strip().replace("\n", "\n        "))}


READ = '''
def read(cell, order):
    h, ys = cell.initial_state(len(mask)), {}
    for t in order:
        m = mask[:, t].reshape(-1, 1)
        NEW
    return stack([ys[t] for t in range(T)], axis=1)
return concatenate([read(self.forward_cell, range(T)), read(self.backward_cell, range(T)[::-1])], axis=2)
'''


def read(new: str) -> dict[str, str]:
    """A Bidirectional with another step."""
    return two_way(READ.replace("NEW", new.strip().replace("\n", "\n        ")))


REWRITES = [
    # --- pad
    Rewrite("mask-from-sums", "pad-mask-by-value", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.stack([np.concatenate([s, np.zeros((T - len(s), *s.shape[1:]), s.dtype)]) for s in sequences])
    return x, np.abs(x.astype(float)).reshape(len(x), T, -1).sum(axis=2) > 0
'''}),
    Rewrite("mask-by-comparing", "pad-mask-by-value", {"pad": '''
def pad(sequences):
    T = max(map(len, sequences))
    first = sequences[0]
    x = np.zeros((len(sequences), T, *first.shape[1:]), dtype=first.dtype)
    for b in range(len(sequences)):
        for t in range(len(sequences[b])):
            x[b, t] = sequences[b][t]
    mask = ~(x == 0)
    while mask.ndim > 2:
        mask = mask.any(axis=-1)
    return x, mask
'''}),
    Rewrite("float-rows", "pad-default-dtype", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.array([[*map(np.asarray, s), *[np.zeros(s.shape[1:])] * (T - len(s))] for s in sequences], dtype=float)
    return x, np.array([[t < len(s) for t in range(T)] for s in sequences])
'''}),
    Rewrite("float-concatenated", "pad-default-dtype", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.stack([np.concatenate([s.astype(np.float64), np.zeros((T - len(s), *s.shape[1:]))]) for s in sequences])
    mask = np.zeros(x.shape[:2], dtype=bool)
    for b, s in enumerate(sequences):
        mask[b, : len(s)] = True
    return x, mask
'''}),
    Rewrite("sorted-by-argsort", "pad-sorts", {"pad": '''
def pad(sequences):
    order = np.argsort([-len(s) for s in sequences], kind="stable")
    T = len(sequences[order[0]])
    x = np.zeros((len(order), T) + sequences[0].shape[1:], sequences[0].dtype)
    mask = np.zeros((len(order), T), dtype=bool)
    for row, k in enumerate(order):
        x[row, : len(sequences[k])] = sequences[k]
        mask[row, : len(sequences[k])] = True
    return x, mask
'''}),
    Rewrite("ones-and-zeros", "pad-mask-of-numbers", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.zeros((len(sequences), T) + sequences[0].shape[1:], sequences[0].dtype)
    mask = np.zeros((len(sequences), T))
    for b, s in enumerate(sequences):
        x[b, : len(s)], mask[b, : len(s)] = s, 1
    return x, mask
'''}),
    # --- masked-mean
    Rewrite("mean-with-a-product", "mean-multiplies", {MEAN: '''
def masked_mean(values, mask):
    m = np.broadcast_to(mask.reshape(*mask.shape, *[1] * (values.ndim - 2)), values.shape).astype(values.dtype)
    return (values * m).sum() / float(max(m.sum(), 1.0))
'''}),
    Rewrite("mean-with-einsum", "mean-multiplies", {MEAN: '''
def masked_mean(values, mask):
    weights = mask.astype(values.dtype)
    each = values.size // mask.size
    total = (values.reshape(*mask.shape, each) * weights[:, :, None]).sum()
    n = int(mask.sum()) * each
    return total * (1.0 / n) if n else total
'''}),
    Rewrite("where-then-mean", "mean-divides-by-everything", {MEAN: '''
def masked_mean(values, mask):
    here = mask
    while here.ndim < values.ndim:
        here = here[..., None]
    return where(here, values, 0.0).mean()
'''}),
    Rewrite("zeros-then-mean", "mean-divides-by-everything", {MEAN: '''
def masked_mean(values, mask):
    here = np.nonzero(mask)
    return values[here].sum() * (1 / values.size)
'''}),
    Rewrite("places-of-rows", "mean-counts-places", {MEAN: '''
def masked_mean(values, mask):
    picked = values[np.nonzero(mask)]
    return picked.sum() * (1 / max(len(np.nonzero(mask)[0]), 1))
'''}),
    Rewrite("mean-of-all", "mean-ignores-the-mask", {MEAN: '''
def masked_mean(values, mask):
    return values.sum() / float(values.size)
'''}),
    Rewrite("picked-sum", "mean-is-a-sum", {MEAN: '''
def masked_mean(values, mask):
    return values[np.nonzero(mask)].sum()
'''}),
    Rewrite("no-guard", "mean-of-nothing", {MEAN: '''
def masked_mean(values, mask):
    picked = values[np.nonzero(mask)]
    return picked.sum() * (1 / picked.size)
'''}),
    # --- pack
    Rewrite("pack-ascending", "pack-shortest-first", {"pack": '''
def pack(x, lengths):
    x = x if isinstance(x, Tensor) else Tensor(x)
    order = np.array(sorted(range(len(lengths)), key=lambda b: lengths[b]))
    sizes = [sum(int(n) > t for n in lengths) for t in range(max(lengths))]
    tall = x[order]
    return Packed(concatenate([tall[:n, t] for t, n in enumerate(sizes)], axis=0), np.array(sizes), order)
'''}),
    Rewrite("pack-as-they-come", "pack-does-not-sort", {"pack": '''
def pack(x, lengths):
    x = x if isinstance(x, Tensor) else Tensor(x)
    sizes = [sum(int(n) > t for n in lengths) for t in range(max(lengths))]
    return Packed(concatenate([x[:n, t] for t, n in enumerate(sizes)], axis=0), np.array(sizes), np.arange(len(lengths)))
'''}),
    Rewrite("pack-ranks", "pack-inverse-order", {"pack": '''
def pack(x, lengths):
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    longest = np.argsort(-lengths, kind="stable")
    ranks = np.empty(len(lengths), dtype=int)
    ranks[longest] = np.arange(len(lengths))
    sizes = [int((lengths > t).sum()) for t in range(lengths.max())]
    tall = x[longest]
    return Packed(concatenate([tall[:n, t] for t, n in enumerate(sizes)], axis=0), np.array(sizes), ranks)
'''}),
    Rewrite("pack-row-after-row", "pack-sequence-by-sequence", {"pack": '''
def pack(x, lengths):
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    order = np.argsort(-lengths, kind="stable")
    sizes = (lengths > np.arange(lengths.max())[:, None]).sum(axis=1)
    return Packed(concatenate([x[b, : int(lengths[b])] for b in order], axis=0), sizes, order)
'''}),
    Rewrite("unpack-in-sorted-rows", "unpack-stays-sorted", {"unpack": '''
def unpack(packed):
    data, sizes, order = packed
    B, T = len(order), len(sizes)
    mask = np.arange(B)[:, None] < np.asarray(sizes)
    at = np.where(mask, (np.cumsum(sizes) - sizes) + np.arange(B)[:, None], 0)
    return where(mask[..., None], data[at], 0.0), mask.sum(axis=1)
'''}),
    Rewrite("unpack-indexed-by-order", "unpack-sorts-again", {"unpack": '''
def unpack(packed):
    data, sizes, order = packed
    B = len(order)
    mask = np.arange(B)[:, None] < np.asarray(sizes)
    at = np.where(mask, (np.cumsum(sizes) - sizes) + np.arange(B)[:, None], 0)
    return where(mask[..., None], data[at], 0.0)[order], mask.sum(axis=1)[order]
'''}),
    # --- bidirectional
    Rewrite("appended-as-read", "both-not-turned-back", two_way('''
ahead = Recurrent(self.forward_cell)(x, mask=mask)[0]
back, h = [], self.backward_cell.initial_state(len(mask))
for t in range(T - 1, -1, -1):
    h = where(mask[:, t, None], self.backward_cell(x[:, t], h), h)
    back.append(where(mask[:, t, None], h, 0.0))
return concatenate([ahead, stack(back, axis=1)], axis=2)
''')),
    Rewrite("recurrent-flipped", "both-not-turned-back", two_way('''
ahead = Recurrent(self.forward_cell)(x, mask=mask)[0]
back = Recurrent(self.backward_cell, reverse=True)(x, mask=mask)[0]
return concatenate([ahead, stack([back[:, t] for t in reversed(range(T))], axis=1)], axis=2)
''')),
    Rewrite("masked-at-the-end", "both-read-padding", two_way('''
ahead = Recurrent(self.forward_cell)(x)[0]
back = Recurrent(self.backward_cell, reverse=True)(x)[0]
return where(mask[:, :, None], concatenate([ahead, back], axis=2), 0.0)
''')),
    Rewrite("only-outputs-masked", "both-read-padding", read('''
h = cell(x[:, t], h)
ys[t] = h * m
''')),
    Rewrite("state-times-mask", "both-state-zeroed", read('''
h = cell(x[:, t], h) * m
ys[t] = h
''')),
    Rewrite("state-chosen-zero", "both-state-zeroed", read('''
h = where(m, cell(x[:, t], h), np.zeros((len(mask), cell.hidden_size)))
ys[t] = h
''')),
    Rewrite("recurrent-without-mask", "both-ignore-the-mask", two_way('''
ahead = Recurrent(self.forward_cell)(x)[0]
back = Recurrent(self.backward_cell, reverse=True)(x)[0]
return concatenate([ahead, back], axis=2)
''')),
    Rewrite("plain-steps", "both-ignore-the-mask", read('''
h = cell(x[:, t], h)
ys[t] = h
''')),
    Rewrite("carried-outputs", "both-outputs-on-padding", read('''
h = cell(x[:, t], h) * m + h * (1 - m)
ys[t] = h
''')),
    Rewrite("twice-forward", "both-forward", two_way('''
ahead, back = (Recurrent(cell)(x, mask=mask)[0] for cell in (self.forward_cell, self.backward_cell))
return concatenate([ahead, back], axis=2)
''')),
    Rewrite("x-turned-whole", "both-padding-turned-too", two_way('''
ahead = Recurrent(self.forward_cell)(x, mask=mask)[0]
back = Recurrent(self.backward_cell)(x[:, ::-1], mask=mask)[0]
return concatenate([ahead, back[:, ::-1]], axis=2)
''')),
    Rewrite("x-turned-by-index", "both-padding-turned-too", two_way('''
turn = np.arange(T)[::-1]
ahead = Recurrent(self.forward_cell)(x, mask=mask)[0]
back = Recurrent(self.backward_cell)(x[:, turn], mask=mask)[0][:, turn]
return concatenate([ahead, back], axis=-1)
''')),
    Rewrite("backward-first", "both-halves-swapped", two_way('''
nets = Recurrent(self.backward_cell, reverse=True), Recurrent(self.forward_cell)
return concatenate([net(x, mask=mask)[0] for net in nets], axis=2)
''')),
    Rewrite("zeros-to-begin", "both-start-at-zero", read('''
h = h if ys else Tensor(np.zeros((len(mask), cell.hidden_size)))
h = where(m, cell(x[:, t], h), h)
ys[t] = where(m, h, 0.0)
''')),
    # --- tagger
    Rewrite("all-true", "tagger-forgets-the-mask", {"tagger": '''
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn, self.head = birnn, Linear(birnn.hidden_size, classes)

    def __call__(self, x, mask):
        everything = np.full(x.shape[:2], True)
        return self.head(self.birnn(x, everything))
'''}),
    Rewrite("head-off-the-tape", "tagger-off-the-tape", {"tagger": '''
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn, self.head = birnn, Linear(birnn.hidden_size, classes)

    def __call__(self, x, mask):
        with no_grad():
            outputs = self.birnn(x, mask)
        return self.head(Tensor(outputs.data))
'''}),
    Rewrite("weights-alone", "tagger-no-bias", {"tagger": '''
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn, self.head = birnn, Linear(birnn.hidden_size, classes)

    def __call__(self, x, mask):
        outputs = self.birnn(x, mask)
        return stack([outputs[:, t] @ self.head.W for t in range(x.shape[1])], axis=1)
'''}),
    Rewrite("sorted-pairs", "pad-sorts", {"pad": '''
def pad(sequences):
    longest_first = list(sequences)
    longest_first.sort(key=lambda s: -len(s))
    T = len(longest_first[0])
    x = np.stack([np.concatenate([s, np.zeros((T - len(s), *s.shape[1:]), s.dtype)]) for s in longest_first])
    return x, np.array([[t < len(s) for t in range(T)] for s in longest_first])
'''}),
    Rewrite("float-mask", "pad-mask-of-numbers", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.stack([np.concatenate([s, np.zeros((T - len(s), *s.shape[1:]), s.dtype)]) for s in sequences])
    return x, np.array([[1.0] * len(s) + [0.0] * (T - len(s)) for s in sequences])
'''}),
    Rewrite("aligned-right", "pad-in-front", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.stack([np.concatenate([np.zeros((T - len(s), *s.shape[1:]), s.dtype), s]) for s in sequences])
    return x, np.array([[t < len(s) for t in range(T)] for s in sequences])
'''}),
    Rewrite("pad-before", "pad-in-front", {"pad": '''
def pad(sequences):
    lengths = [len(s) for s in sequences]
    T = max(lengths)
    x = np.array([np.pad(s, [(T - len(s), 0), *[(0, 0)] * (s.ndim - 1)]) for s in sequences], dtype=sequences[0].dtype)
    mask = np.zeros((len(lengths), T), dtype=bool)
    for b, n in enumerate(lengths):
        mask[b, :n] = True
    return x, mask
'''}),
    Rewrite("mask-of-padding", "pad-mask-inverted", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.stack([np.concatenate([s, np.zeros((T - len(s), *s.shape[1:]), s.dtype)]) for s in sequences])
    return x, np.array([[False] * len(s) + [True] * (T - len(s)) for s in sequences])
'''}),
    Rewrite("mask-from-the-end", "pad-mask-inverted", {"pad": '''
def pad(sequences):
    lengths = np.array([len(s) for s in sequences])
    mask = np.arange(lengths.max())[None, :] >= lengths[:, None]
    x = np.zeros(mask.shape + sequences[0].shape[1:], sequences[0].dtype)
    x[~mask] = np.concatenate(sequences)
    return x, mask
'''}),
    Rewrite("time-first-stacked", "pad-time-first", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    rows = [np.concatenate([s, np.zeros((T - len(s), *s.shape[1:]), s.dtype)]) for s in sequences]
    return np.stack(rows, axis=1), np.array([[t < len(s) for s in sequences] for t in range(T)])
'''}),
    Rewrite("time-first-filled", "pad-time-first", {"pad": '''
def pad(sequences):
    T, B = max(len(s) for s in sequences), len(sequences)
    x, mask = np.zeros((T, B) + sequences[0].shape[1:], sequences[0].dtype), np.zeros((T, B), dtype=bool)
    for b, s in enumerate(sequences):
        x[: len(s), b], mask[: len(s), b] = s, True
    return x, mask
'''}),
    Rewrite("off-by-one-mask", "pad-mask-one-too-long", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.stack([np.concatenate([s, np.zeros((T - len(s), *s.shape[1:]), s.dtype)]) for s in sequences])
    mask = np.zeros((len(x), T), dtype=bool)
    for b, s in enumerate(sequences):
        mask[b, : len(s) + 1] = True
    return x, mask
'''}),
    Rewrite("mask-up-to-the-length", "pad-mask-one-too-long", {"pad": '''
def pad(sequences):
    T = max(len(s) for s in sequences)
    x = np.zeros((len(sequences), T) + sequences[0].shape[1:], sequences[0].dtype)
    for b, s in enumerate(sequences):
        x[b, : len(s)] = s
    return x, np.array([[not t > len(s) for t in range(T)] for s in sequences])
'''}),
    Rewrite("rows-as-places", "mean-counts-places", {MEAN: '''
def masked_mean(values, mask):
    here = np.expand_dims(mask, tuple(range(2, values.ndim)))
    return where(here, values, 0.0).sum() / float(max(np.count_nonzero(mask), 1))
'''}),
    Rewrite("mean-method", "mean-ignores-the-mask", {MEAN: '''
def masked_mean(values, mask):
    everything = np.ones_like(mask)
    return values[np.nonzero(everything)].mean()
'''}),
    Rewrite("where-then-sum", "mean-is-a-sum", {MEAN: '''
def masked_mean(values, mask):
    here = np.expand_dims(mask, tuple(range(2, values.ndim)))
    return where(here, values, 0.0).sum()
'''}),
    Rewrite("sum-over-size", "mean-of-nothing", {MEAN: '''
def masked_mean(values, mask):
    here = np.expand_dims(mask, tuple(range(2, values.ndim)))
    n = int(np.broadcast_to(here, values.shape).sum())
    return where(here, values, 0.0).sum() * (1.0 / n)
'''}),
    Rewrite("each-row-first", "mean-of-means", {MEAN: '''
def masked_mean(values, mask):
    rows = []
    for row, here in zip(values, mask):
        picked = row[np.flatnonzero(here)]
        rows.append(picked.sum() * np.array(1 / max(picked.size, 1)))
    return stack(rows, axis=0).mean()
'''}),
    Rewrite("pack-by-increasing-length", "pack-shortest-first", {"pack": '''
def pack(x, lengths):
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    order = np.lexsort((np.arange(len(lengths)), lengths))
    sizes = (lengths > np.arange(lengths.max())[:, None]).sum(axis=1)
    rows, steps = zip(*[(order[k], t) for t, n in enumerate(sizes) for k in range(n)])
    return Packed(x[np.array(rows), np.array(steps)], sizes, order)
'''}),
    Rewrite("pack-first-rows", "pack-does-not-sort", {"pack": '''
def pack(x, lengths):
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    sizes = (lengths > np.arange(lengths.max())[:, None]).sum(axis=1)
    rows = np.concatenate([np.arange(n) for n in sizes])
    return Packed(x[rows, np.repeat(np.arange(len(sizes)), sizes)], sizes, np.arange(len(lengths)))
'''}),
    Rewrite("pack-places", "pack-inverse-order", {"pack": '''
def pack(x, lengths):
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    longest = sorted(range(len(lengths)), key=lambda b: -lengths[b])
    sizes = (lengths > np.arange(lengths.max())[:, None]).sum(axis=1)
    rows = np.concatenate([longest[:n] for n in sizes])
    places = np.array([longest.index(b) for b in range(len(lengths))])
    return Packed(x[rows, np.repeat(np.arange(len(sizes)), sizes)], sizes, places)
'''}),
    Rewrite("pack-end-to-end", "pack-sequence-by-sequence", {"pack": '''
def pack(x, lengths):
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    order = np.argsort(-lengths, kind="stable")
    sizes = np.array([np.sum(lengths > t) for t in range(lengths.max())])
    rows = np.repeat(order, lengths[order])
    steps = np.concatenate([np.arange(n) for n in lengths[order]])
    return Packed(x[rows, steps], sizes, order)
'''}),
    Rewrite("unpack-row-k", "unpack-stays-sorted", {"unpack": '''
def unpack(packed):
    B, N = len(packed.order), packed.data.shape[0]
    at, lengths, start = np.full((B, len(packed.sizes)), N), np.zeros(B, dtype=int), 0
    for t, n in enumerate(packed.sizes):
        at[:n, t] = start + np.arange(n)
        lengths[:n] += 1
        start += n
    zero = Tensor(np.zeros((1, packed.data.shape[1]), packed.data.dtype))
    return concatenate([packed.data, zero], axis=0)[at], lengths
'''}),
    Rewrite("unpack-by-order-again", "unpack-sorts-again", {"unpack": '''
def unpack(packed):
    B, N = len(packed.order), packed.data.shape[0]
    at, lengths, start = np.full((B, len(packed.sizes)), N), np.zeros(B, dtype=int), 0
    for t, n in enumerate(packed.sizes):
        at[:n, t] = start + np.arange(n)
        lengths[:n] += 1
        start += n
    zero = Tensor(np.zeros((1, packed.data.shape[1]), packed.data.dtype))
    return concatenate([packed.data, zero], axis=0)[at[packed.order]], lengths[packed.order]
'''}),
    Rewrite("outputs-unmasked", "both-outputs-on-padding", read('''
h = where(m, cell(x[:, t], h), h)
ys[t] = h
''')),
    Rewrite("reverse-forgotten", "both-forward", two_way('''
halves = []
for cell in (self.forward_cell, self.backward_cell):
    h, states = cell.initial_state(len(mask)), []
    for t in range(T):
        h = where(mask[:, t, None], cell(x[:, t], h), h)
        states.append(where(mask[:, t, None], h, 0.0))
    halves.append(stack(states, axis=1))
return concatenate(halves, axis=2)
''')),
    Rewrite("back-then-there", "both-halves-swapped", two_way('''
there = Recurrent(self.forward_cell)(x, mask=mask)[0]
back = Recurrent(self.backward_cell, reverse=True)(x, mask=mask)[0]
return concatenate((back, there), axis=-1)
''')),
    Rewrite("recurrent-from-zero", "both-start-at-zero", two_way('''
zeros = [Tensor(np.zeros((len(mask), cell.hidden_size))) for cell in (self.forward_cell, self.backward_cell)]
there = Recurrent(self.forward_cell)(x, zeros[0], mask)[0]
back = Recurrent(self.backward_cell, reverse=True)(x, zeros[1], mask)[0]
return concatenate([there, back], axis=2)
''')),
    Rewrite("mask-of-ones", "tagger-forgets-the-mask", {"tagger": '''
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn = birnn
        self.head = Linear(birnn.hidden_size, classes)

    def forward(self, x, mask):
        h = self.birnn(x, mask=mask | True)
        return self.head(h)
'''}),
    Rewrite("outputs-as-arrays", "tagger-off-the-tape", {"tagger": '''
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn = birnn
        self.head = Linear(birnn.hidden_size, classes)

    def forward(self, x, mask):
        return self.head(self.birnn(x, mask).data)
'''}),
    Rewrite("product-without-bias", "tagger-no-bias", {"tagger": '''
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn = birnn
        self.head = Linear(birnn.hidden_size, classes)

    def forward(self, x, mask):
        return self.birnn(x, mask) @ self.head.W + 0.0 * self.head.b
'''}),
]
