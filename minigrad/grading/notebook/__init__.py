"""Checks at the student's: in a notebook, and on a notebook file."""
