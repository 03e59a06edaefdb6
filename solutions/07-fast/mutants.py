"""Known mistakes in 07-fast, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant

MUTANTS = []
REWRITES = []
