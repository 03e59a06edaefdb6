"""Known mistakes in 06-seq2seq, each with the checks it fails and what to tell the student who made it."""

MUTANTS = []
