"""The judge of an assignment as plain data, which any process can be sent, and the one it keeps there."""

from __future__ import annotations

import multiprocessing.util
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.assignment.load import load
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import GradingError, Limits, Report
from minigrad.grading.store.layout import Course
from minigrad.grading.store.lost import demand_salt
from minigrad.grading.store.reports import SALT_BYTES, read_salt
from minigrad.sandbox.errors import PackageMissing, SandboxUnavailable


@dataclass(frozen=True)
class Court:
    """What a judge is made of, small enough to send to another process."""

    folder: Path  # of the assignment in solutions/
    salt: bytes
    isolation: str
    cache: Path | None
    forbidden: tuple[Path, ...]
    limits: Limits | None = None  # None: the usual

    @property
    def name(self) -> str:
        """The assignment's name."""
        return self.folder.name

    def judge(self) -> Judge:
        """The judge; SandboxUnavailable when there is no sandbox."""
        return Judge(
            load(self.folder),
            self.salt,
            isolation=self.isolation,
            cache=self.cache,
            forbidden=self.forbidden,
            limits=self.limits,
        )


def court(course: Course, name: str, isolation: str = "auto", throwaway: bool = False) -> Court:
    """The court for an assignment, with the round's salt or, with `throwaway`, one of its own.

    An unsafe court always has a salt of its own, since a submission could read the course's. Raises
    GradingError where the round's was lost.
    """
    if throwaway or isolation == "unsafe":
        salt = secrets.token_bytes(SALT_BYTES)
        return Court(course.authored(name), salt, isolation, None, course.private())
    demand_salt(course, name)
    salt = read_salt(course.salt(name))
    return Court(course.authored(name), salt, isolation, course.state / "references", course.private())


@dataclass(frozen=True)
class Job:
    """What a worker process needs to grade one submission."""

    court: Court
    data: bytes


class _Held(threading.local):
    """The judge that a worker keeps from job to job: it holds a fork server and references."""

    judge: Judge | None = None
    court: Court | None = None

    def get(self, court: Court) -> Judge:
        if self.judge is None or self.court != court:
            self.close()
            self.judge, self.court = court.judge(), court
            multiprocessing.util.Finalize(None, self.close, exitpriority=10)
        return self.judge

    def close(self) -> None:
        if self.judge is not None:
            self.judge.__exit__(None, None, None)
        self.judge = self.court = None


_held = _Held()


def grade(job: Job) -> Report:
    """In a worker process: the job's report, by the judge that this process keeps from job to job."""
    try:
        return _held.get(job.court).grade(job.data)
    except (SandboxUnavailable, PackageMissing) as error:
        raise GradingError(str(error)) from None  # true of every submission: the whole run ends
    except GradingError:
        raise
    except Exception as error:
        close()
        return Report(job.court.name, "ungraded", reason=f"the judge failed: {type(error).__name__}")


def close() -> None:
    """End the judge that this process keeps, if there is one."""
    _held.close()
