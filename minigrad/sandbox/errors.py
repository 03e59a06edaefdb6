"""How a sandbox fails: by itself (the judge's fault), or because a submission ended its worker."""

from __future__ import annotations

from typing import Literal

Reason = Literal["cpu", "wall", "memory", "exit", "signal", "protocol"]


class SandboxError(Exception):
    """Base of the sandbox's errors."""


class SandboxUnavailable(SandboxError):
    """The isolation asked for cannot be had here; nothing has been run."""

    def __init__(self, what: str, *why: str) -> None:
        remedy = "`--unsafe` runs submissions without a sandbox, as you; use it on your own work only"
        super().__init__("\n  ".join([what, *why, remedy]))


class SandboxFault(SandboxError):
    """The sandbox itself failed, before any student code ran or through no fault of it."""


class WorkerEnded(SandboxError):
    """A worker ended while it ran a submission: the submission's doing.

    `reason`: "cpu" and "wall", a deadline passed; "memory", killed or out of memory; "exit" and
    "signal", it ended itself; "protocol", what it sent is no reply.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
