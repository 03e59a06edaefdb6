"""A class on any executor: graded, compared, what changed."""
