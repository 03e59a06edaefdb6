"""Toy sequence tasks behind one interface, and a text to learn characters from."""

from typing import TYPE_CHECKING

from minigrad.data.tasks import TASKS, Batch, Task, boom, echo, parity
from minigrad.data.text import Text, characters
from minigrad.habits import lacks

__all__ = ["TASKS", "Batch", "Task", "Text", "boom", "characters", "echo", "parity"]

if not TYPE_CHECKING:  # a type checker would take it for every name that is not there
    __getattr__ = lacks(__name__)
