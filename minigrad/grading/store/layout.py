"""Where a course keeps things on disk: paths alone, no file is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from minigrad.grading.model import GradingError, Refused
from minigrad.grading.roster import read_roster
from minigrad.grading.store.submitted import submissions


@dataclass(frozen=True)
class Course:
    """`root` holds what authors write (solutions/) and release (assignments/); `work` a class's files.

    `work` has submitted/, autograded/, feedback/, gradebook.db (nbgrader's layout) and .minigrad/
    (salts, results, reports). It is the root itself unless a class lives elsewhere.
    """

    root: Path
    work: Path

    @classmethod
    def at(cls, root: Path, work: Path | None = None) -> Course:
        """The course in `root`, with absolute paths; its class's files in `work`."""
        root = root.absolute()
        return cls(root, work.absolute() if work is not None else root)

    @classmethod
    def find(cls, start: Path) -> Course:
        """The course that `start` lies in: the nearest folder upwards that has solutions/.

        Raises GradingError when there is none.
        """
        start = start.absolute()
        for folder in (start, *start.parents):
            if (folder / "solutions").is_dir():
                return cls(folder, folder)
        raise GradingError(
            f"no course here: neither {start} nor a folder above it has solutions/; "
            "change into a course's folder, name it with --course, or start one with `minigrad init DIR`"
        )

    def names(self) -> tuple[str, ...]:
        """The assignments that have sources, in order."""
        return tuple(sorted(p.parent.name for p in (self.root / "solutions").glob("*/notebook.py")))

    def authored(self, name: str) -> Path:
        """The folder of what an assignment's author wrote."""
        return self.root / "solutions" / name

    def release(self, name: str) -> Path:
        """The folder that students get."""
        return self.root / "assignments" / name

    def release_notebook(self, name: str) -> Path:
        return self.release(name) / f"{name}.ipynb"

    @property
    def submitted(self) -> Path:
        return self.work / "submitted"

    @property
    def autograded(self) -> Path:
        """Has a folder for each student and assignment, with the notebook and what was recorded of it."""
        return self.work / "autograded"

    @property
    def feedback(self) -> Path:
        return self.work / "feedback"

    @property
    def gradebook(self) -> Path:
        return self.work / "gradebook.db"

    @property
    def state(self) -> Path:
        """What grading keeps for itself: salts, results, reports, the lock."""
        return self.work / ".minigrad"

    @property
    def dates(self) -> Path:
        """Due dates, extensions, lateness: see `dates.read_dates`."""
        return self.work / "course.toml"

    @property
    def roster(self) -> Path:
        """Who is in the course: see `roster.read_roster`."""
        return self.work / "roster.csv"

    def attempts(self, name: str) -> Path:
        """Has a folder for each student, with every notebook that was collected: see `attempts.lay`."""
        return self.state / "attempts" / name

    def salt(self, name: str) -> Path:
        return self.state / "salts" / name

    @property
    def results(self) -> Path:
        """Reports by code, shared by all who handed in the same."""
        return self.state / "results"

    def reports(self, name: str) -> Path:
        """Has a folder for each student, with the student's last report."""
        return self.state / "reports" / name

    def history(self, name: str) -> Path:
        """Has a folder for each student, with what was recorded: see `store/history.py`."""
        return self.state / "history" / name

    def previews(self, name: str) -> Path:
        """Like `reports`, of a regrade that was looked at and not recorded."""
        return self.state / "previews" / name

    def private(self) -> tuple[Path, ...]:
        """What no submission may read: a sandbox that would show one of these is refused."""
        return (self.root / "solutions", self.submitted, self.state, self.gradebook)

    def students(self) -> frozenset[str]:
        """Everybody who has a folder in submitted/."""
        there = self.submitted.iterdir() if self.submitted.is_dir() else ()
        return frozenset(normalize("NFC", p.name) for p in there if p.is_dir() and not p.name.startswith("."))

    def dropped(self) -> frozenset[str]:
        """Who has dropped out, by the roster; GradingError where that is wrong."""
        roster = read_roster(self.roster)
        return roster.dropped if roster else frozenset()

    def submissions(self, name: str) -> dict[str, Path | Refused]:
        """What each student handed in for an assignment, or why it cannot be graded; of nobody who has
        dropped out."""
        found, dropped = submissions(self.submitted, name, self.names()), self.dropped()
        return {s: f for s, f in found.items() if normalize("NFC", s) not in dropped}
