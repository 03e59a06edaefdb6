"""A class: graded on any executor, compared for near-identical work and with an earlier grading."""
