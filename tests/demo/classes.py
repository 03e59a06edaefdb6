"""The sample classes of all graded assignments: every kind of work in 01-rnn, a few students in the others.

Each holds right work and wrong; a wrong one names its mutant, and the exercise whose hint must tell it.
"""

from __future__ import annotations

from tests.demo.rnn import RNN
from tests.demo.samples import Sample

RIGHT, OTHERWISE, BLANK = "s01-correct", "s02-correct-otherwise", "s17-blank"

CLASSES: dict[str, tuple[Sample, ...]] = {
    "00-autograd": (
        Sample(RIGHT, "the solution", 100),
        Sample(OTHERWISE, "backward with a heap", 100, variant="heap"),
        Sample("s03-no-bias", "the mean of all uses", 87, mutant="unbroadcast-mean", hint="unbroadcast"),
        Sample("s05-always-tanh", "it overflows", 97, mutant="loss-not-shifted", hint="cross-entropy"),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    "01-rnn": RNN,
    # the written answers of 02-lstm and 03-gru, ten points each, wait for a person
    "02-lstm": (
        Sample(RIGHT, "the solution", 90),
        Sample(OTHERWISE, "one matrix product for all gates", 90, variant="joined-cell"),
        Sample("s03-no-bias", "no gate lets go", 53 + 11 / 23, mutant="cell-never-forgets", hint="lstm-cell"),
        Sample("s05-always-tanh", "the test split leaks", 85, mutant="scale-leaks", hint="standardise"),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    "03-gru": (
        Sample(RIGHT, "the solution", 90),
        Sample(OTHERWISE, "one matrix product for both gates", 90, variant="joined-gates"),
        Sample("s03-no-bias", "PyTorch's reset", 63 + 17 / 41, mutant="cell-reset-after", hint="gru-cell"),
        Sample("s05-always-tanh", "half a flip", 82, mutant="flip-weights-only", hint="flip-convention"),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    "04-batches": (
        Sample(RIGHT, "the solution", 100),
        Sample(OTHERWISE, "every sequence by itself", 100, variant="one-by-one"),
        Sample("s03-no-bias", "padding is read", 76, mutant="both-read-padding", hint="bidirectional"),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    "05-training": (
        Sample(RIGHT, "the solution", 100),
        Sample(OTHERWISE, "one step at a time", 100, variant="step-by-step"),
        Sample(
            "s03-no-bias", "a mask each step", 83, mutant="dropout-mask-each-step", hint="recurrent-dropout"
        ),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    # ten points of 06-seq2seq are for a written answer
    "06-seq2seq": (
        Sample(RIGHT, "the solution", 90),
        Sample(OTHERWISE, "a loop in the encoder", 90, variant="loop-encoder"),
        Sample("s03-no-bias", "padding is the message", 66, mutant="encoder-last-output", hint="encoder"),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    "07-fast": (
        Sample(RIGHT, "the solution", 100),
        Sample(OTHERWISE, "gate by gate", 100, variant="gate-by-gate"),
        Sample("s03-no-bias", "dc is not forgotten", 74, mutant="sequence-dc-not-forgotten", hint="sequence"),
        Sample(BLANK, "the release as it came", 0, solves=()),
    ),
    "09-attention": (
        Sample(RIGHT, "the solution", 100),
        Sample("s03-no-bias", "keys off tape", 73, mutant="decoder-keys-not-found", hint="attention-decoder"),
    ),
}
