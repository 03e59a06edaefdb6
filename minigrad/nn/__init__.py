"""Modules: layers, initialisers, and any cell over time."""

from typing import TYPE_CHECKING

from minigrad.habits import lacks
from minigrad.nn import init
from minigrad.nn.layers import Dropout, Embedding, LayerNorm, Linear, Sequential
from minigrad.nn.module import Module, Parameter
from minigrad.nn.recurrent import Recurrent, Stacked

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
    __getattr__ = lacks(__name__)
