"""Known mistakes in 09-attention, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


DOT = "return (keys @ query[:, :, None])[:, :, 0]"
ASKED = "asked = (query @ self.W_q)[:, None, :]"
ADD = "return tanh(asked + keys @ self.W_k) @ self.v"
V = "self.v = Parameter(rng.normal(size=size) / np.sqrt(size))"
TAKING = "taking_part = where(mask, scores, -1e9)"
SHARE = "return where(mask, softmax(taking_part), 0.0)"
SOFTMAX = "    " + TAKING + "\n    " + SHARE
CONTEXT = "return (weights[:, :, None] * values).sum(axis=1)"
CELL = "state = self.cell(self.embedding(token), state)"
OUTPUT = "h = state[0] if isinstance(state, tuple) else state"
WEIGHTS = "weights = masked_softmax(self.scores(h, keys), mask)"
SEEN = "seen = context(weights, keys)"
RETURN = "return self.head(concatenate([h, seen], axis=1)), state, weights"
QKV = "q, k, v = x @ W_q, x @ W_k, x @ W_v"
SCALED = "scores = (q @ k.transpose((0, 2, 1))) / np.sqrt(K)"
CAUSAL = "return masked_softmax(scores, np.tri(T, dtype=bool)) @ v"

MUTANTS = [
    # --- scores
    mutant(
        "dot-scaled",
        DOT,
        DOT + " / np.sqrt(query.shape[1])",
        ["Query (1, 1, 1, 1), key (1, 1, 1, 1): what is their dot product, and what is your score?","The scores are divided by the root of H. That belongs to part 8; here it is the dot product and nothing else.","Look at what happens after the product.",],
        of("scores", "dot-products two-keys scores-gradients any-sizes"),
    ),
    mutant(
        "dot-of-lengths-one",
        DOT,
        "fit = (keys @ query[:, :, None])[:, :, 0]\n    return fit / ((keys * keys).sum(axis=2) ** 0.5 * (query * query).sum(axis=1, keepdims=True) ** 0.5)",
        ["Double a key: does its score double?","What comes back is the cosine: the lengths of query and key were divided out, and with them how sure the network is.","Look at what the product is divided by.",],
        of("scores", "dot-products two-keys scores-gradients any-sizes"),
    ),
    mutant(
        "dot-one-query-for-all",
        DOT,
        "return (keys @ query[:1, :, None])[:, :, 0]",
        ["Change the query of row 1: do the scores of row 1 change?","Every row is asked with the first row's query.","Look at which axis query and keys share besides H, and at what becomes of it.",],
        of("scores", "dot-products scores-gradients any-sizes"),
    ),
    mutant(
        "dot-gives-shares",
        DOT,
        DOT.replace("return ", "return softmax(") + ")",
        ["May a score be negative? May one of yours?","Shares come back. Scores are any numbers; the softmax is the next part's, which knows the mask.","Look at what happens after the product.",],
        of("scores", "dot-products two-keys scores-gradients any-sizes"),
    ),
    mutant(
        "dot-query-off-tape",
        DOT,
        DOT.replace("query[", "query.detach()["),
        ["Does the query get a gradient?","The query was taken off the tape: the decoder could never learn what to ask for.","Look for a `.data`, a `detach` or a function of NumPy's on the query's way into the product.",],
        of("scores", "scores-gradients"),
    ),
    mutant(
        "dot-keys-off-tape",
        DOT,
        DOT.replace("keys @", "keys.detach() @"),
        ["Do the keys get a gradient?","The keys were taken off the tape: the encoder could never learn how to be found.","Look for a `.data`, a `detach` or a function of NumPy's on the keys' way into the product.",],
        of("scores", "scores-gradients"),
    ),
    mutant(
        "additive-no-tanh",
        ADD,
        "return (asked + keys @ self.W_k) @ self.v",
        ["Change the query: does the place with the highest score ever change?","There is no tanh between the sum and v. Without it the query adds the same to every place, and chooses nothing.","Look at what stands between the sum and v.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-matrices-exchanged",
        ASKED + "\n        " + ADD,
        "asked = (query @ self.W_k)[:, None, :]\n        return tanh(asked + keys @ self.W_q) @ self.v",
        ["Which shape has each of the two matrices when queries and keys are not equally long?","The two matrices changed places: W_q is the query's, W_k the keys'.","Look at what each of them is multiplied with.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-two-tanhs",
        ADD,
        "return (tanh(asked) + tanh(keys @ self.W_k)) @ self.v",
        ["Change the query: does the place with the highest score ever change?","Query and key get a tanh each, and are added then: the two never meet. The tanh belongs around the sum.","Look at what the tanh is taken of.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-tanh-last",
        ADD,
        "return tanh((asked + keys @ self.W_k) @ self.v)",
        ["Between which numbers can a score lie? Between which do yours?","The tanh stands outside, around the score. It belongs between the sum and v.","Look at what the tanh is taken of.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-never-asked",
        ADD,
        "return tanh(asked * 0.0 + keys @ self.W_k) @ self.v",
        ["Change the query: do the scores change?","The query makes no difference to the scores.","Look at what is added up inside the tanh.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-no-v",
        ADD,
        "return tanh(asked + keys @ self.W_k).sum(axis=2) + (self.v * 0.0).sum()",
        ["Change an entry of v: do the scores change?","The hidden numbers are summed as they are; each has a weight of its own, its entry of v.","Look at how the hidden numbers become one score.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-one-query-for-all",
        ASKED,
        "asked = (query @ self.W_q)[:1, None, :]",
        ["Change the query of row 1: do the scores of row 1 change?","AdditiveScores asks every row with the first row's query.","Look at how the query's share gets an axis for the places, and what becomes of its rows.",],
        of("scores", "additive-scores additive-twice additive-gradients"),
    ),
    mutant(
        "additive-transposed",
        ASKED,
        "asked = (query @ self.W_q.transpose((1, 0)))[:, None, :]",
        ["Where query and hidden numbers are equally many, does W_q or its transpose fit? And where they are not?","W_q is used transposed. Rows are samples: the query's row stands on the left, W_q on the right.","Look at what is multiplied with the query.",],
        of("scores", "additive-scores additive-twice additive-gradients"),
    ),
    mutant(
        "additive-starts-at-zero",
        V,
        "self.v = Parameter(np.zeros(size))",
        ["What are the scores before any training, and what gradient does W_q get then?","v begins at zero: then no gradient reaches the matrices at first, and all places fit alike.","Look at how v is made.",],
        of("scores", "additive-parts"),
    ),
    mutant(
        "additive-v-not-learned",
        V,
        V.replace("Parameter(", "Tensor("),
        ["How many parameters does an optimiser get from `parameters()`?","v is no Parameter, so no optimiser finds it.","Look at what v is made of.",],
        of("scores", "additive-parts additive-gradients"),
    ),
    mutant(
        "additive-gives-shares",
        ADD,
        ADD.replace("return ", "return softmax(") + ")",
        ["May a score be negative? May one of yours?","AdditiveScores gives shares. Scores are any numbers; the softmax is the next part's, which knows the mask.","Look at what happens after the product with v.",],
        of("scores", "additive-scores one-number-each additive-twice additive-gradients"),
    ),
    mutant(
        "additive-keys-off-tape",
        ADD,
        ADD.replace("keys @", "keys.detach() @"),
        ["Do the keys get a gradient?","In AdditiveScores the keys were taken off the tape: the encoder would hear nothing from the scores.","Look for a `.data`, a `detach` or a function of NumPy's on the keys' way into the sum.",],
        of("scores", "additive-gradients"),
    ),
    # --- masked-softmax
    mutant(
        "softmax-ignores-mask",
        SOFTMAX,
        "    return softmax(scores)",
        [
            "Of a row of five places two are padding. Whose shares add up to 1?",
            "Those of all five: padding gets a share like any other place.",
            "Look at where the mask enters: before the shares are given out, or not at all?",
        ],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row large-scores three-axes shares-gradient "
            "no-scores empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    mutant(
        "softmax-masked-too-late",
        SOFTMAX,
        "    return where(mask, softmax(scores), 0.0)",
        [
            "Two of five places are padding. To what do the shares of the other three add up?",
            "To less than 1: padding's were set to zero after they had been given out. Who takes part has to be chosen before.",
            "Look at the order of softmax and mask.",
        ],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row large-scores three-axes shares-gradient "
            "no-scores empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    mutant(
        "softmax-zero-is-a-score",
        TAKING,
        "taking_part = where(mask, scores, 0.0)",
        [
            "What share has a place with the score 0, beside places with negative scores?",
            "The largest: 0 is a score like any other. To take no part, a score must leave nothing of a share.",
            "Look at what stands in the place of padding's scores.",
        ],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row three-axes shares-gradient no-scores "
            "empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    mutant(
        "softmax-scores-times-mask",
        TAKING,
        "taking_part = scores * mask",
        ["Which share gets padding when all other scores are negative?","A mask is no factor: padding's score becomes 0, or NaN where it was infinite, and takes part.","Look at how the mask meets the scores.",],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row three-axes shares-gradient no-scores "
            "empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    mutant(
        "softmax-adds-a-low-number",
        TAKING,
        "taking_part = scores + np.where(mask, 0.0, -1e9)",
        ["What is NaN − 10⁹, and what is ∞ − 10⁹?","A low number added to a score does not replace it: infinity stays infinite, and NaN stays NaN.","Look at how the mask meets the scores: by a sum, or by a choice?",],
        of("masked-softmax", "no-scores"),
    ),
    mutant(
        "softmax-minus-infinity",
        SOFTMAX,
        "    return softmax(where(mask, scores, -np.inf))",
        [
            "What if a row has no place at all? What is the largest of its scores then?",
            "Minus infinity, and minus infinity less itself is NaN. Such a row is to be zeros.",
            "Look at what your softmax does with a row in which everything is masked.",
        ],
        of("masked-softmax", "empty-row empty-rows"),
    ),
    mutant(
        "softmax-empty-row-looks-everywhere",
        SHARE,
        "return softmax(taking_part)",
        ["What should the weights be where there is nothing to look at?","In a row with no place at all every place gets the same share: there the low scores compete with each other.","Look at the last thing that is done to the shares.",],
        of("masked-softmax", "empty-row empty-rows"),
    ),
    mutant(
        "softmax-mask-upside-down",
        SOFTMAX,
        SOFTMAX.replace("(mask", "(~mask"),
        ["Which places get a share in your result: those that were read?","The mask is used the wrong way round: True is where something was read.","Look at which of the two sides is taken where the mask is True.",],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row large-scores three-axes shares-gradient "
            "no-scores empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    mutant(
        "softmax-not-low-enough",
        TAKING,
        TAKING.replace("-1e9", "-100.0"),
        ["Let all scores that count be −1000: which place gets the largest share?","The score of padding is low, but scores that count may be lower: down to minus a million.","Look at the number that takes the place of padding's score.",],
        of("masked-softmax", "scores-of-any-size"),
    ),
    mutant(
        "softmax-over-the-batch",
        SHARE,
        SHARE.replace("taking_part", "taking_part, axis=0"),
        [
            "Among whom are shares given out: among the places of a sequence, or among sequences?",
            "Among places, the last axis; here the rows of the batch compete with each other.",
            "Look at the axis of your softmax.",
        ],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row large-scores three-axes shares-gradient "
            "no-scores empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    mutant(
        "softmax-over-axis-one",
        SHARE,
        SHARE.replace("taking_part", "taking_part, axis=1"),
        ["For scores (B, T, T), along which axis must the weights add up to 1?","The softmax goes over axis 1, which is the last one only as long as there are two.","Look at the axis of the softmax.",],
        of("masked-softmax", "three-axes one-mask-for-all"),
    ),
    mutant(
        "softmax-not-shifted",
        SHARE,
        "e = where(mask, where(mask, taking_part, 0.0).exp(), 0.0)\n    return e / where(mask.any(axis=-1, keepdims=True), e.sum(axis=-1, keepdims=True), 1.0)",
        [
            "What is exp(1000)?",
            "Infinity. The shares of a row stay the same when one number is taken off all its scores.",
            "Look at what you subtract before the exponential, if anything.",
        ],
        of("masked-softmax", "large-scores scores-of-any-size"),
    ),
    mutant(
        "softmax-divides-again",
        SOFTMAX,
        "    w = where(mask, softmax(scores), 0.0)\n    return w / w.sum(axis=-1, keepdims=True)",
        ["Let padding have the score 1000 and all others 0: what is left to share out?","Shares are given to all, taken from padding, and the rest divided by its sum: there may be nothing left, or NaN.","Look at the order: what comes first, the choice by the mask or the softmax?",],
        of(
            "masked-softmax",
            "other-scores empty-row shares-gradient no-scores empty-rows scores-of-any-size "
            "empty-gradient",
        ),
    ),
    mutant(
        "softmax-off-tape",
        TAKING,
        TAKING.replace("scores", "scores.detach()"),
        ["Do the scores get a gradient?","The scores were taken off the tape: nobody would learn where to look.","Look for a `.data`, a `detach` or a function of NumPy's on their way.",],
        of("masked-softmax", "shares-gradient empty-gradient"),
    ),
    mutant(
        "softmax-writes-into-scores",
        TAKING,
        "scores.data[~np.broadcast_to(mask, scores.shape)] = -1e9\n    taking_part = where(mask, scores, -1e9)",
        ["Are the scores after the call what they were before?","The scores that were given are overwritten where the mask is False. `where` makes new ones.","Look for an assignment into what you were handed, or into its `.data`.",],
        of("masked-softmax", "shares-gradient empty-gradient"),
    ),
    mutant(
        "softmax-least-is-best",
        TAKING,
        "taking_part = where(mask, -scores, -1e9)",
        ["Which place should get the largest share?","The lowest score gets the largest share.","Look for a minus.",],
        of(
            "masked-softmax",
            "shares-of-all two-places other-scores empty-row large-scores three-axes shares-gradient "
            "no-scores empty-rows scores-of-any-size one-mask-for-all empty-gradient",
        ),
    ),
    # --- context
    mutant(
        "context-divides-by-places",
        CONTEXT,
        CONTEXT.replace("sum", "mean"),
        [
            "The weights of a row add up to 1. What is left to divide by?",
            "Nothing: they are shares already. To divide by the number of places makes the mean smaller the longer the sequence is.",
            "Look at whether you sum or average over the places.",
        ],
        of(
            "context",
            "means by-hand weight-zero context-gradients sizes-alike huge-values "
            "gradients-of-zero-weights",
        ),
    ),
    mutant(
        "context-plain-mean",
        CONTEXT,
        "return values.mean(axis=1) + (weights * 0.0).sum()",
        ["Put all weight on one place: is the context that place's value?","All places count the same: where are the weights?","Look at where the weights come in.",],
        of(
            "context",
            "means by-hand weight-zero context-gradients sizes-alike huge-values "
            "gradients-of-zero-weights",
        ),
    ),
    mutant(
        "context-the-best-alone",
        CONTEXT,
        "return values[np.arange(len(values.data)), weights.data.argmax(axis=1)]",
        [
            "Of the weights 0.6 and 0.4: how much of the second place is heard?",
            "Four tenths; here only the place of the largest weight is read, and a choice has no gradient.",
            "Look at how weights and values meet: is it a sum of products?",
        ],
        of(
            "context",
            "means by-hand weight-zero context-gradients sizes-alike huge-values "
            "gradients-of-zero-weights",
        ),
    ),
    mutant(
        "context-shares-again",
        CONTEXT,
        "return (weights[:, :, None] * values).sum(axis=1) / weights.sum(axis=1, keepdims=True)",
        ["What should the context be for weights of zeros?","The sum is divided by the weights' sum. A row of zeros, which had nothing to look at, becomes NaN.","Look at what happens after the sum.",],
        of("context", "context-gradients sizes-alike huge-values gradients-of-zero-weights"),
    ),
    mutant(
        "context-weights-off-tape",
        CONTEXT,
        CONTEXT.replace("weights[", "weights.detach()["),
        [
            "The numbers are right. By which way does the network learn where to look?",
            "By the gradient that comes back through the weights, and they were taken off the tape.",
            "Look at what is multiplied with the values: is it still the Tensor that came in?",
        ],
        of("context", "context-gradients gradients-of-zero-weights"),
    ),
    mutant(
        "context-values-off-tape",
        CONTEXT,
        CONTEXT.replace("* values", "* values.detach()"),
        ["Do the values get a gradient?","The values were taken off the tape: the encoder would never hear what was read of it.","Look for a `.data`, a `detach` or a function of NumPy's on their way.",],
        of("context", "context-gradients gradients-of-zero-weights"),
    ),
    mutant(
        "context-sums-over-numbers",
        CONTEXT,
        CONTEXT.replace("axis=1", "axis=2"),
        ["What shape has a context, and what shape has yours?","The sum goes over the numbers of a value; it should go over the places.","Look at the axis of the sum.",],
        of(
            "context",
            "means by-hand weight-zero context-gradients sizes-alike huge-values "
            "gradients-of-zero-weights",
        ),
    ),
    # --- attention-decoder
    mutant(
        "decoder-head-too-small",
        "self.head = Linear(2 * cell.hidden_size, vocab)",
        "self.head = Linear(cell.hidden_size, vocab)",
        ["How many numbers are put side by side for the head?","The head has room for the output alone; it reads output and context side by side.","Look at the sizes that the head is made with.",],
        of(
            "attention-decoder",
            "decoder-parts one-step two-keys-seen pair-step padded-keys asked-again step-gradients "
            "scores-without-parameters several-steps rows-alone pair-over-time no-place-at-all "
            "two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-embedding-sizes-swapped",
        "self.embedding = Embedding(vocab, embed_size)\n        self.head",
        "self.embedding = Embedding(embed_size, vocab)\n        self.head",
        ["How many rows must a table have in which every token of the vocabulary finds its own?","The embedding's sizes are swapped: one row for each token of the vocabulary, each of embed_size numbers.","Look at the order of the embedding's two sizes.",],
        of(
            "attention-decoder",
            "decoder-parts one-step two-keys-seen pair-step padded-keys asked-again step-gradients "
            "scores-without-parameters several-steps pair-over-time no-place-at-all two-conversations "
            "through-time",
        ),
    ),
    mutant(
        "decoder-asks-before-the-step",
        CELL + "\n        " + OUTPUT + "\n        " + WEIGHTS,
        "old = state[0] if isinstance(state, tuple) else state\n        " + CELL + "\n        " + OUTPUT + "\n        " + WEIGHTS.replace("h,", "old,"),
        [
            "Does what asks know the token that was just put in?",
            "It does not: the old output asks. Luong's order is first the step, then the question.",
            "Look at which h is scored against the keys.",
        ],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients "
            "scores-without-parameters several-steps rows-alone pair-over-time no-place-at-all "
            "two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-context-first",
        RETURN,
        RETURN.replace("[h, seen]", "[seen, h]"),
        [
            "Which comes first in what the head reads, output or context?",
            "The output; here they stand in the other order.",
            "Look at the order in which the two are put side by side.",
        ],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients several-steps "
            "rows-alone pair-over-time no-place-at-all two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-never-looks",
        RETURN,
        RETURN.replace("[h, seen]", "[h, h]"),
        ["Change the keys: do the logits change?","The context is not among what the head reads.","Look at what is put side by side for the head.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients several-steps "
            "rows-alone pair-over-time no-place-at-all two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-only-looks",
        RETURN,
        RETURN.replace("[h, seen]", "[seen, seen]"),
        ["With one place to look at, change the token: do the logits change?","The output is not among what the head reads, only the context.","Look at what is put side by side for the head.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients several-steps "
            "rows-alone pair-over-time no-place-at-all two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-returns-the-old-state",
        CELL + "\n        " + OUTPUT,
        "old, state = state, self.cell(self.embedding(token), state)\n        " + OUTPUT + "\n        state = old",
        ["Make two steps: does the second know of the first one's token?","The state that was given comes back; it should be the one after the step.","Look at which state is returned.",],
        of(
            "attention-decoder",
            "one-step pair-step several-steps rows-alone pair-over-time no-place-at-all "
            "two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-ignores-state",
        CELL,
        "state = self.cell(self.embedding(token), self.cell.initial_state(len(token)))",
        ["Change the given state: do the logits change?","Every step begins in the cell's initial state: the given one never arrives.","Look at what the cell is given as its state.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients "
            "scores-without-parameters several-steps rows-alone pair-over-time no-place-at-all "
            "two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-ignores-mask",
        WEIGHTS,
        WEIGHTS.replace(", mask)", ", np.ones_like(mask))"),
        [
            "Which places may the decoder look at?",
            "Those that were read; here it looks at padding, too.",
            "Look at where the mask goes, once it was handed to `step`.",
        ],
        of(
            "attention-decoder",
            "pair-step padded-keys asked-again several-steps rows-alone pair-over-time no-place-at-all "
            "two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-returns-scores",
        RETURN,
        RETURN.replace("state, weights", "state, self.scores(h, keys)"),
        ["Do your weights add up to 1?","The scores come back in the place of the weights.","Look at what is returned in the third place.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys scores-without-parameters several-steps "
            "rows-alone pair-over-time no-place-at-all",
        ),
    ),
    mutant(
        "decoder-gives-probabilities",
        RETURN,
        RETURN.replace("self.head(concatenate([h, seen], axis=1))", "softmax(self.head(concatenate([h, seen], axis=1)))"),
        ["Do your logits add up to 1?","Probabilities come back; logits are asked for, what the head gives.","Look at what is done to what the head gives.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients several-steps "
            "rows-alone pair-over-time no-place-at-all two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-looks-once",
        WEIGHTS,
        "self.once = weights = getattr(self, 'once', None) if getattr(self, 'once', None) is not None and self.once.shape == mask.shape "
        "else masked_softmax(self.scores(h, keys), mask)",
        ["Make two steps with different tokens: do the weights differ?","The weights of the first step are kept and used again. Each step asks anew.","Look at what one step stores in `self` and the next one reads.",],
        of("attention-decoder", "asked-again several-steps rows-alone pair-over-time no-place-at-all through-time"),
    ),
    mutant(
        "decoder-returns-h-alone",
        RETURN,
        RETURN.replace("state, weights", "h, weights"),
        ["What does the next step need when the cell is an LSTM?","Of the pair (h, c) only h comes back, and the next step lacks c.","Look at what is returned as the state.",],
        of("attention-decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-c-asks",
        OUTPUT,
        OUTPUT.replace("state[0]", "state[-1]"),
        ["Of a pair (h, c), which one is what the cell shows?","Of the pair (h, c) it is c that asks and is read; h is the output.","Look at what is taken of the new state.",],
        of("attention-decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-drops-c",
        CELL,
        "state = self.cell(self.embedding(token), (state[0], state[1] * 0.0) if isinstance(state, tuple) else state)",
        ["Change c in the given state: do the logits change?","c does not go into the cell, zeros go in its place.","Look at what the cell is given as its state.",],
        of("attention-decoder", "pair-step pair-over-time two-conversations through-time"),
    ),
    mutant(
        "decoder-cuts-the-state",
        CELL,
        "state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()\n        " + CELL,
        ["Does the state that was given get a gradient?","The given state is taken off the tape: nothing comes back from a step to the one before.","Look at what happens to the state before the cell gets it.",],
        of("attention-decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-keys-not-found",
        WEIGHTS,
        WEIGHTS.replace("(h, keys)", "(h, keys.detach())"),
        ["On how many ways does the encoder hear from a step?","Where the keys are scored they are off the tape: the encoder hears what was read of it, and never how to be found.","Look at the keys where they are scored: are they still on the tape?",],
        of("attention-decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-keys-not-read",
        SEEN,
        SEEN.replace("keys", "keys.detach()"),
        ["On how many ways does the encoder hear from a step?","Where the keys are read they are off the tape: the encoder hears how to be found, and never what was read of it.","Look at the keys where they are read: are they still on the tape?",],
        of("attention-decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-weights-off-tape",
        SEEN,
        SEEN.replace("weights", "weights.detach()"),
        ["On how many ways do the logits depend on h?","The context is taken with weights off the tape: nobody learns where to look.","Look at the weights where the context is made: are they still on the tape?",],
        of("attention-decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-query-off-tape",
        WEIGHTS,
        WEIGHTS.replace("(h,", "(h.detach(),"),
        ["On how many ways do the logits depend on h?","The query is off the tape: the cell never learns what to ask for.","Look at h where it asks: is it still on the tape?",],
        of("attention-decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-embeds-off-tape",
        CELL,
        CELL.replace("self.embedding(token)", "self.embedding(token).detach()"),
        ["Which parameters have a gradient after a backward pass?","The rows of the embedding are taken off the tape, so they are never learned.","Look at what stands between the embedding and the cell.",],
        of("attention-decoder", "step-gradients through-time"),
    ),
    mutant(
        "decoder-own-softmax",
        WEIGHTS,
        "weights = where(mask, softmax(where(mask, self.scores(h, keys), -1e9)), 0.0)",
        ["Which of the functions that you wrote above does a step need?","The decoder has a softmax of its own. Call `masked_softmax`: the checks put another one there, so that a mistake in it costs nothing here.","Look at where the scores become weights.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients "
            "scores-without-parameters several-steps rows-alone pair-over-time no-place-at-all "
            "two-conversations through-time",
        ),
    ),
    mutant(
        "decoder-own-context",
        SEEN,
        "seen = (weights[:, :, None] * keys).sum(axis=1)",
        ["Which of the functions that you wrote above does a step need?","The decoder takes the mean by itself. Call `context`: the checks put another one there, so that a mistake in it costs nothing here.","Look at where weights and keys become a context.",],
        of(
            "attention-decoder",
            "one-step two-keys-seen pair-step padded-keys asked-again step-gradients several-steps "
            "rows-alone pair-over-time no-place-at-all two-conversations through-time",
        ),
    ),
    # --- causal-self-attention
    mutant(
        "self-own-softmax",
        CAUSAL,
        "return softmax(where(np.tri(T, dtype=bool), scores, -1e9)) @ v",
        ["Which of the functions that you wrote above is needed here?","Here is a softmax of its own. Call `masked_softmax`: the checks put another one there, so that a mistake in it costs nothing here.","Look at where the scores become weights.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-sees-the-future",
        CAUSAL,
        "return masked_softmax(scores, np.ones((T, T), dtype=bool)) @ v",
        [
            "What may the place t know, when it is to say what comes at t + 1?",
            "Itself and what came before; here each place looks at later ones, too.",
            "Look at which pairs of places your mask leaves out.",
        ],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-sees-the-future-alone",
        CAUSAL,
        CAUSAL.replace("np.tri(T, dtype=bool)", "np.tri(T, dtype=bool).T"),
        ["Change the last input: which of the outputs change?","The mask is transposed: each place looks at itself and what comes *after* it. Rows of the scores are who asks.","Look at which triangle of the mask is True.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-sees-one-ahead",
        CAUSAL,
        CAUSAL.replace("np.tri(T, ", "np.tri(T, k=1, "),
        ["Change input 3 alone: does output 2 change?","Each place sees the next one, too: the diagonal is the last that it may see.","Look at where the triangle of True ends.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-not-itself",
        CAUSAL,
        CAUSAL.replace("np.tri(T, ", "np.tri(T, k=-1, "),
        ["Change input 3 alone: does output 3 change?","No place looks at itself, and the first one has nothing to look at.","Look at where the triangle of True ends.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-masked-too-late",
        CAUSAL,
        "return where(np.tri(T, dtype=bool), masked_softmax(scores, np.ones((T, T), dtype=bool)), 0.0) @ v",
        ["To what do the weights of a place add up?","The shares of later places are set to zero after they were given out: what is left is less than 1.","Look at the order: what comes first, the choice by the mask or the softmax?",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-not-scaled",
        SCALED,
        "scores = q @ k.transpose((0, 2, 1))",
        [
            "How large is a sum of K products of numbers of size 1?",
            "About the root of K, and by that the scores are to be divided; here they are not.",
            "Look at what happens to the scores before the softmax.",
        ],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-divided-by-k",
        SCALED,
        SCALED.replace("np.sqrt(K)", "K"),
        ["For K = 16, by what should a score be divided?","The scores are divided by K; it should be its root, the spread of a sum of K numbers.","Look at the divisor of the scores.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-root-of-the-input",
        SCALED,
        SCALED.replace("np.sqrt(K)", "np.sqrt(x.shape[2])"),
        ["What are x (B, T, D), q (B, T, K) and k (B, T, K)? Of which length are the vectors that are multiplied?","The root is that of D, the numbers of x; it should be that of the vectors that are multiplied.","Look at the divisor of the scores.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-root-of-the-length",
        SCALED,
        SCALED.replace("np.sqrt(K)", "np.sqrt(T)"),
        ["What are x (B, T, D), q (B, T, K) and k (B, T, K)? Of which length are the vectors that are multiplied?","The root is that of T, the number of places; it should be that of the vectors that are multiplied.","Look at the divisor of the scores.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-keys-ask",
        SCALED,
        "scores = (k @ q.transpose((0, 2, 1))) / np.sqrt(K)",
        ["Which axis of the scores is who asks, and which is who is asked?","Keys ask and queries answer: rows of the scores should be who asks.","Look at which of the two is transposed.",],
        of("causal-self-attention", "one-head last-place self-gradients any-head cut-short gradient-of-one-place"),
    ),
    mutant(
        "self-shares-of-those-who-ask",
        CAUSAL,
        "return masked_softmax(scores.transpose((0, 2, 1)), np.tri(T, dtype=bool).T).transpose((0, 2, 1)) @ v",
        ["Do the weights add up to 1 along a row, or along a column?","The softmax goes over those who ask; each of them should share out 1 among the places it looks at.","Look at what is transposed around the softmax.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
    mutant(
        "self-queries-off-tape",
        QKV,
        QKV.replace("x @ W_q", "(x @ W_q).detach()"),
        ["Which of the three matrices have a gradient?","The queries are off the tape: W_q is never learned.","Look at how q, k and v are made.",],
        of("causal-self-attention", "self-gradients gradient-of-one-place"),
    ),
    mutant(
        "self-weights-off-tape",
        CAUSAL,
        CAUSAL.replace(" @ v", ".detach() @ v"),
        ["Which of the three matrices have a gradient?","The weights are off the tape: only the values are learned, and nobody learns where to look.","Look at the weights where they meet the values.",],
        of("causal-self-attention", "self-gradients gradient-of-one-place"),
    ),
    mutant(
        "self-adds-the-input",
        CAUSAL,
        CAUSAL + " + x.sum(axis=2, keepdims=True)",
        ["Let W_v be zero: what are the outputs?","Something of x is added to the outputs. Here they are means of the values and nothing more.","Look at what happens after weights and values are multiplied.",],
        of(
            "causal-self-attention",
            "one-head two-steps last-place self-gradients any-head cut-short gradient-of-one-place",
        ),
    ),
]

REWRITES = [
    Rewrite(
        "root-of-the-width",
        "dot-scaled",
        {
            "scores": '''
def dot_scores(query, keys):
    return (query[:, None, :] * keys).sum(axis=2) * keys.shape[-1] ** -0.5


class AdditiveScores(Module):
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.W_q, self.W_k = (Parameter(init.orthogonal((size, size), rng)) for _ in range(2))
        self.v = Parameter(0.3 + rng.random(size))

    def __call__(self, query, keys):
        return (tanh((query @ self.W_q)[:, None] + keys @ self.W_k) * self.v).sum(axis=-1)
'''
        },
    ),
    Rewrite(
        "softmax-too-early",
        "dot-gives-shares",
        {
            "scores": '''
def dot_scores(query, keys):
    e = (query[:, None, :] * keys).sum(axis=2).exp()
    return e / e.sum(axis=1, keepdims=True)


class AdditiveScores(Module):
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.W_q, self.W_k = (Parameter(init.orthogonal((size, size), rng)) for _ in range(2))
        self.v = Parameter(0.3 + rng.random(size))

    def __call__(self, query, keys):
        return (tanh((query @ self.W_q)[:, None] + keys @ self.W_k) * self.v).sum(axis=-1)
'''
        },
    ),
    Rewrite(
        "numbers-of-the-query",
        "dot-query-off-tape",
        {
            "scores": '''
def dot_scores(query, keys):
    return (query.data[:, None, :] * keys).sum(axis=2)


class AdditiveScores(Module):
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.W_q, self.W_k = (Parameter(init.orthogonal((size, size), rng)) for _ in range(2))
        self.v = Parameter(0.3 + rng.random(size))

    def __call__(self, query, keys):
        return (tanh((query @ self.W_q)[:, None] + keys @ self.W_k) * self.v).sum(axis=-1)
'''
        },
    ),
    Rewrite(
        "only-a-sum",
        "additive-no-tanh",
        {
            "scores": '''
def dot_scores(query, keys):
    return (query[:, None, :] * keys).sum(axis=2)


class AdditiveScores(Module):
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.W_q, self.W_k = (Parameter(init.orthogonal((size, size), rng)) for _ in range(2))
        self.v = Parameter(0.3 + rng.random(size))

    def __call__(self, query, keys):
        return (((query @ self.W_q)[:, None] + keys @ self.W_k) * self.v).sum(axis=-1)
'''
        },
    ),
    Rewrite(
        "a-tanh-for-each",
        "additive-two-tanhs",
        {
            "scores": '''
def dot_scores(query, keys):
    return (query[:, None, :] * keys).sum(axis=2)


class AdditiveScores(Module):
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.W_q, self.W_k = (Parameter(init.orthogonal((size, size), rng)) for _ in range(2))
        self.v = Parameter(0.3 + rng.random(size))

    def __call__(self, query, keys):
        return ((tanh(query @ self.W_q)[:, None] + tanh(keys @ self.W_k)) * self.v).sum(axis=-1)
'''
        },
    ),
    Rewrite(
        "crossed-over",
        "additive-matrices-exchanged",
        {
            "scores": '''
def dot_scores(query, keys):
    return (query[:, None, :] * keys).sum(axis=2)


class AdditiveScores(Module):
    def __init__(self, size):
        rng = np.random.default_rng(3)
        self.W_q, self.W_k = (Parameter(init.orthogonal((size, size), rng)) for _ in range(2))
        self.v = Parameter(0.3 + rng.random(size))

    def __call__(self, query, keys):
        return (tanh(keys @ self.W_q + (query @ self.W_k)[:, None]) * self.v).sum(axis=-1)
'''
        },
    ),
    Rewrite(
        "padding-counts",
        "softmax-ignores-mask",
        {
            "masked-softmax": '''
def masked_softmax(scores, mask):
    e = (scores - scores.data.max(axis=-1, keepdims=True)).exp()
    return e / e.sum(axis=-1, keepdims=True)
'''
        },
    ),
    Rewrite(
        "cut-away-afterwards",
        "softmax-masked-too-late",
        {
            "masked-softmax": '''
def masked_softmax(scores, mask):
    shares = softmax(scores, axis=-1)
    return where(~np.asarray(mask), 0.0, shares)
'''
        },
    ),
    Rewrite(
        "zeros-for-padding",
        "softmax-zero-is-a-score",
        {
            "masked-softmax": '''
def masked_softmax(scores, mask):
    e = softmax(where(mask, scores, 0), axis=-1)
    return where(mask, e, 0)
'''
        },
    ),
    Rewrite(
        "endlessly-low",
        "softmax-minus-infinity",
        {
            "masked-softmax": '''
def masked_softmax(scores, mask):
    low = np.where(mask, 0.0, -np.inf)
    return softmax(where(mask, scores, 0.0) + low, axis=-1)
'''
        },
    ),
    Rewrite(
        "everywhere-when-nowhere",
        "softmax-empty-row-looks-everywhere",
        {
            "masked-softmax": '''
def masked_softmax(scores, mask):
    return softmax(where(~np.asarray(mask), -1e20, scores), axis=-1)
'''
        },
    ),
    Rewrite(
        "naked-exponential",
        "softmax-not-shifted",
        {
            "masked-softmax": '''
def masked_softmax(scores, mask):
    e = where(mask, scores, 0.0).exp() * np.asarray(mask, dtype=float)
    nothing = ~np.any(mask, axis=-1, keepdims=True)
    return e / (e.sum(axis=-1, keepdims=True) + nothing.astype(float))
'''
        },
    ),
    Rewrite(
        "a-choice",
        "context-the-best-alone",
        {
            "context": '''
def context(weights, values):
    best = weights.data.argmax(axis=1)
    return stack([values[b, int(s)] for b, s in enumerate(best)], axis=0)
'''
        },
    ),
    Rewrite(
        "over-all-places",
        "context-divides-by-places",
        {
            "context": '''
def context(weights, values):
    return (weights[:, None, :] @ values)[:, 0] / values.shape[1]
'''
        },
    ),
    Rewrite(
        "looks-before-it-steps",
        "decoder-asks-before-the-step",
        {
            "attention-decoder": '''
class AttentionDecoder(Module):
    def __init__(self, vocab, embed_size, cell, scores):
        self.embedding, self.cell, self.scores = Embedding(vocab, embed_size), cell, scores
        self.head = Linear(2 * cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        before = state[0] if isinstance(state, tuple) else state
        weights = masked_softmax(self.scores(before, keys), mask)
        seen, state = context(weights, keys), self.cell(self.embedding(token), state)
        h = state[0] if isinstance(state, tuple) else state
        return self.head(concatenate([h, seen], axis=1)), state, weights
'''
        },
    ),
    Rewrite(
        "seen-then-known",
        "decoder-context-first",
        {
            "attention-decoder": '''
class AttentionDecoder(Module):
    def __init__(self, vocab, embed_size, cell, scores):
        self.embedding, self.cell, self.scores = Embedding(vocab, embed_size), cell, scores
        self.head = Linear(2 * cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        state = self.cell(self.embedding(token), state)
        h, n = state[0] if isinstance(state, tuple) else state, self.cell.hidden_size
        weights = masked_softmax(self.scores(h, keys), mask)
        return context(weights, keys) @ self.head.W[:n] + h @ self.head.W[n:] + self.head.b, state, weights
'''
        },
    ),
    Rewrite(
        "padding-is-seen",
        "decoder-ignores-mask",
        {
            "attention-decoder": '''
class AttentionDecoder(Module):
    def __init__(self, vocab, embed_size, cell, scores):
        self.embedding, self.cell, self.scores = Embedding(vocab, embed_size), cell, scores
        self.head = Linear(2 * cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        state = self.cell(self.embedding(token), state)
        h = state[0] if isinstance(state, tuple) else state
        weights = masked_softmax(self.scores(h, keys), mask | True)
        return self.head(concatenate([h, context(weights, keys)], axis=1)), state, weights
'''
        },
    ),
    Rewrite(
        "gives-what-it-compared",
        "decoder-returns-scores",
        {
            "attention-decoder": '''
class AttentionDecoder(Module):
    def __init__(self, vocab, embed_size, cell, scores):
        self.embedding, self.cell, self.scores = Embedding(vocab, embed_size), cell, scores
        self.head = Linear(2 * cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        state = self.cell(self.embedding(token), state)
        h = state[0] if isinstance(state, tuple) else state
        fit = self.scores(h, keys)
        return self.head(concatenate([h, context(masked_softmax(fit, mask), keys)], axis=1)), state, fit
'''
        },
    ),
    Rewrite(
        "sees-all",
        "self-sees-the-future",
        {
            "causal-self-attention": '''
def causal_self_attention(x, W_q, W_k, W_v):
    q, k, v = (x @ W for W in (W_q, W_k, W_v))
    fit = q @ k.transpose((0, 2, 1)) * W_q.shape[1] ** -0.5
    return masked_softmax(fit, np.array([True] * x.shape[1])) @ v
'''
        },
    ),
    Rewrite(
        "bare-products",
        "self-not-scaled",
        {
            "causal-self-attention": '''
def causal_self_attention(x, W_q, W_k, W_v):
    T = x.shape[1]
    fit = (x @ W_q) @ (x @ W_k).transpose((0, 2, 1))
    return masked_softmax(fit, np.tri(T, dtype=bool)) @ (x @ W_v)
'''
        },
    ),
    Rewrite(
        "yesterday-alone",
        "self-not-itself",
        {
            "causal-self-attention": '''
def causal_self_attention(x, W_q, W_k, W_v):
    T = x.shape[1]
    earlier = np.arange(T)[:, None] > np.arange(T)
    fit = (x @ W_q) @ (x @ W_k).transpose((0, 2, 1)) / np.sqrt(W_k.shape[1])
    return masked_softmax(fit, earlier) @ (x @ W_v)
'''
        },
    ),
    Rewrite(
        "root-of-d",
        "self-root-of-the-input",
        {
            "causal-self-attention": '''
def causal_self_attention(x, W_q, W_k, W_v):
    _, T, D = x.shape
    fit = (x @ W_q) @ (x @ W_k).transpose((0, 2, 1)) * D**-0.5
    return masked_softmax(fit, np.tri(T, dtype=bool)) @ (x @ W_v)
'''
        },
    ),
]
