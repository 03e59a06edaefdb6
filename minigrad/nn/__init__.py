"""Modules: layers, initialisers, and any cell over time."""

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
