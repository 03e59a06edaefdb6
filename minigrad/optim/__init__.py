"""Optimisers, and schedules of the learning rate."""

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
