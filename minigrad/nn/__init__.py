"""Modules: layers, initialisers, and any cell over time."""

from typing import TYPE_CHECKING, Any

from minigrad.nn import init
from minigrad.nn.layers import Dropout, Embedding, LayerNorm, Linear, Sequential
from minigrad.nn.module import Module, Parameter
from minigrad.nn.recurrent import Recurrent, Stacked
from minigrad.ops.habits import MODULES, unknown

__all__ = [
    "Dropout",
    "Embedding",
    "LayerNorm",
    "Linear",
    "Module",
    "Parameter",
    "Recurrent",
    "Sequential",
    "Stacked",
    "init",
]

if not TYPE_CHECKING:  # a type checker would take it for every name that is not there

    def __getattr__(name: str) -> Any:
        raise unknown(f"module {__name__!r}", name, MODULES)
