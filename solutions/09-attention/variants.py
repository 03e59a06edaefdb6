"""Right work written otherwise: every check must pass on each of these."""

VARIANTS = []
