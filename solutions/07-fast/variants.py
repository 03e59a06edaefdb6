"""Right work in other words."""
from minigrad.checks import Variant
VARIANTS = []
