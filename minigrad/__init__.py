"""minigrad: reverse-mode gradients on NumPy arrays, small enough to read in an evening."""

from minigrad import functional, nn, ops, optim
from minigrad.gradcheck import gradcheck
from minigrad.ops import *
from minigrad.tape import no_grad, op
from minigrad.tensor import Tensor

__all__ = ["Tensor", "functional", "gradcheck", "nn", "no_grad", "op", "ops", "optim"]
__all__ += ops.__all__
