"""Optimisers, and schedules of the learning rate."""

from typing import TYPE_CHECKING

from minigrad.habits import lacks
from minigrad.optim.base import Optimizer, OptimizerState
from minigrad.optim.groups import Group
from minigrad.optim.rules import SGD, Adam, AdamW, RMSprop
from minigrad.optim.schedules import Schedule, ScheduleState, cosine, step_decay, warm_up

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Group",
    "Optimizer",
    "OptimizerState",
    "RMSprop",
    "Schedule",
    "ScheduleState",
    "cosine",
    "step_decay",
    "warm_up",
]

if not TYPE_CHECKING:  # a type checker would take it for every name that is not there
    __getattr__ = lacks(__name__)
