"""Known mistakes in 09-attention, each with the checks it fails and what to tell the student who made it."""

MUTANTS = []
REWRITES = []
