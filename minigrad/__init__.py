"""minigrad: reverse-mode gradients on NumPy arrays, small enough to read in an evening."""

from typing import TYPE_CHECKING

from minigrad import functional as functional
from minigrad import nn as nn
from minigrad import ops as ops
from minigrad import optim as optim
from minigrad.gradcheck import GradientError as GradientError
from minigrad.gradcheck import gradcheck as gradcheck
from minigrad.ops import *
from minigrad.recording import no_grad as no_grad
from minigrad.tape import op as op
from minigrad.tensor import Tensor as Tensor

if not TYPE_CHECKING:  # see minigrad/ops/__init__.py
    names = ["GradientError", "Tensor", "functional", "gradcheck", "nn", "no_grad", "op", "ops", "optim"]
    __all__ = [*names, *ops.__all__]

__version__: str  # pyproject.toml's; read when somebody asks, since finding it out takes 40 ms

if not TYPE_CHECKING:  # a type checker would take it for every name that is not there
    from minigrad.habits import missing

    def __getattr__(name: str) -> str:
        if name != "__version__":
            raise missing(__name__, name)
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(__name__)
        except PackageNotFoundError:
            return "unknown (minigrad is not installed)"
