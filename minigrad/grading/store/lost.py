"""What of `.minigrad/` is missing though work was graded, as in a copy without hidden files; what to do."""

from __future__ import annotations

from collections.abc import Callable

from minigrad.grading.model import GradingError, to_type
from minigrad.grading.store.layout import Course


def nobody() -> bool:
    """Where no gradebook is asked."""
    return False


def lost(course: Course, name: str, recorded: Callable[[], bool] = nobody) -> str:
    """What is said of an assignment that was graded, where its salt or all its reports are gone; else "".

    That it was graded is known by autograded/, or by the gradebook (`recorded`).
    """
    salt = course.salt(name).is_file()
    if salt and any(course.reports(name).glob("*/*.json")):
        return ""
    if not any(course.autograded.glob(f"*/{name}/{name}.ipynb")) and not recorded():
        return ""
    back = f"restore {course.state} from a copy of the course, hidden files too"
    if salt:
        return (
            f"{name} was graded, and its reports are not in {course.state.name}/: {back}; without one, "
            f"{to_type('grade', name)} makes them again, by the same salt"
        )
    return (
        f"{name} was graded, and {course.state.name}/ has not its salt: {back}; without one, the history, "
        f"earlier attempts and the hidden inputs of this round are lost, and "
        f"{to_type('grade', name, '--new-salt')} begins a new one, in which scores may be others"
    )


def demand_salt(course: Course, name: str, recorded: Callable[[], bool] = nobody) -> None:
    """Raise GradingError where a graded assignment's salt is gone: a new one is drawn by no accident."""
    if not course.salt(name).is_file() and (gone := lost(course, name, recorded)):
        raise GradingError(gone)
