"""Toy sequence tasks behind one interface, and a text to learn characters from."""

from minigrad.data.tasks import TASKS, Batch, Task, boom, echo, parity
from minigrad.data.text import Text, characters

__all__ = ["TASKS", "Batch", "Task", "Text", "boom", "characters", "echo", "parity"]
