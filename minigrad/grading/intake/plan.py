"""Whose each entry of a class's folder or archive is, and which one counts. Pure.

Every entry has an end: it counts for a student, or it is named with the reason why not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from minigrad.grading.intake.archives import MAX_ENTRIES, Entry
from minigrad.grading.intake.names import Form, Owned, by_hand, forms, safe_parts
from minigrad.grading.model import Refused, is_notebook
from minigrad.grading.roster import Roster, Stranger, Who, folded, student_of

NESTED = (".zip", ".tar", ".gz", ".tgz", ".rar", ".7z", ".bz2", ".xz")
JUNK = ("__MACOSX", "__pycache__", ".DS_Store", ".git", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini")
MAX_WRAPPERS = 3  # folders around a class
WRAPPERS = ("submitted", "submissions")
WRONG_KIND = {
    "link": "the notebook is a link: hand in the notebook itself",
    "other": "the notebook is not a regular file: hand in the notebook itself",
    "encrypted": "the notebook is encrypted: hand it in without a password",
}

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Around:
    """What is known besides a class's entries."""

    assignment: str
    known: Collection[str] = ()  # the course's assignments
    roster: Roster | None = None
    source: str = ""  # what the folder or archive is called
    submitters: Mapping[str, tuple[Who, ...]] = field(default_factory=dict)  # by Gradescope's metadata
    times: Mapping[str, str] = field(default_factory=dict)  # of its submissions

    @property
    def others(self) -> frozenset[str]:
        """The course's other assignments."""
        return frozenset(self.known) - {self.assignment}


@dataclass(frozen=True)
class Chosen:
    """An entry that is taken for a student, by its number; and when it was handed in, as the LMS says it."""

    number: int
    name: str
    attempt: str = ""
    time: str = ""  # with its zone
    late: bool = False

    @property
    def when(self) -> str:
        """When it was handed in, in words; "" where nothing is known."""
        if self.time or self.attempt:
            return self.time or f"{self.attempt} in the LMS's own zone"
        return "late, nobody knows when" if self.late else ""


@dataclass(frozen=True)
class Refusal:
    """Why nothing of what somebody handed in can be taken: a person is asked."""

    why: str
    names: tuple[str, ...] = ()
    nobody: Who | None = None  # whom the roster does not have


@dataclass(frozen=True)
class Left:
    """An entry that is not taken, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Plan:
    """What is to be read of a class. Names of entries are printable ones."""

    form: str  # as what the paths were read
    chosen: Mapping[str, Chosen] = field(default_factory=dict)  # by student
    refused: Mapping[str, Refusal] = field(default_factory=dict)  # by student, or by what is known of one
    nobodys: tuple[Left, ...] = ()  # entries that belong to no student
    beside: tuple[Left, ...] = ()  # what else the students handed in whose notebook counts
    junk: int = 0  # what systems put beside files, and nobody handed in
    earlier: Mapping[str, tuple[Chosen, ...]] = field(default_factory=dict)  # by student: kept, not graded


@dataclass(frozen=True)
class _Item:
    """An entry with a safe path."""

    number: int
    entry: Entry
    parts: Parts
    inner: Parts = ()  # within an archive

    @property
    def name(self) -> str:
        return printable_name("/".join(filter(None, (self.entry.name, self.entry.inner))))

    @property
    def empty(self) -> bool:
        """Whether it is a folder: of these, only empty ones are items."""
        return self.entry.kind == "folder"


@dataclass(frozen=True)
class _Mine:
    """An entry and whose it is."""

    item: _Item
    owned: Owned

    @property
    def notebook(self) -> bool:
        return not self.item.empty and is_notebook(self.owned.path)


def plan(entries: Iterable[Entry], around: Around) -> Plan:
    """Which entry counts for each student; raises Refused where the class as a whole cannot be read."""
    nobodys: list[Left] = []
    items, junk = _items(entries, nobodys)
    form, paths = _read_as(items, around)
    owned = list(_owned(items, paths, form, nobodys))
    refused: dict[str, Refusal] = {}
    students: dict[str, list[_Mine]] = {}
    for mine in owned:
        try:
            students.setdefault(student_of(mine.owned.who, around.roster), []).append(mine)
        except Refused as why:
            who = printable_name(str(mine.owned.who))
            names = refused[who].names if who in refused else ()
            nobody = mine.owned.who if isinstance(why, Stranger) else None
            refused[who] = Refusal(str(why), (*names, mine.item.name), nobody)
    chosen: dict[str, Chosen] = {}
    earlier: dict[str, tuple[Chosen, ...]] = {}
    beside: list[Left] = []
    spelt: dict[str, list[str]] = {}
    for student in students:
        spelt.setdefault(folded(student), []).append(student)
    for student, theirs in students.items():
        about = [m for m in theirs if m.owned.about in ("", around.assignment)]
        beside += [Left(m.item.name, f"of {m.owned.about}") for m in theirs if m not in about]
        try:
            if others := [s for s in spelt[folded(student)] if s != student]:
                raise Refused(f"another submission's name differs only in case: {', '.join(others)}")
            if about:
                one = _that_counts(about, around)
                chosen[student] = _chosen(one)
                before = (m for m in about if m.notebook and m.owned.attempt != one.owned.attempt)
                if kept := tuple(_chosen(m) for m in before if m.item.entry.kind == "file"):
                    earlier[student] = kept
                beside += [_beside(m, one) for m in about if m is not one and not m.item.empty]
        except Refused as why:
            refused[student] = Refusal(str(why), tuple(m.item.name for m in about))
    return Plan(form.title, chosen, refused, tuple(nobodys), tuple(beside), junk, earlier)


def _chosen(mine: _Mine) -> Chosen:
    owned = mine.owned
    return Chosen(mine.item.number, mine.item.name, owned.attempt, owned.time, owned.late)


def _items(entries: Iterable[Entry], nobodys: list[Left]) -> tuple[list[_Item], int]:
    """The entries that somebody handed in, folders only where they are empty; and how many others there
    are, which systems put there."""
    items: list[_Item] = []
    junk = 0
    for number, entry in enumerate(entries):
        if number >= MAX_ENTRIES:
            raise Refused(f"the archive has more than {MAX_ENTRIES} entries: split it")
        try:
            parts = safe_parts(entry.name)
            inner = safe_parts(entry.inner) if entry.inner else ()
        except Refused as why:
            if entry.kind != "folder":
                nobodys.append(Left(printable_name(entry.name), str(why)))
            continue
        if any(part in JUNK or part.startswith(("._", "~$")) for part in (*parts, *inner)):
            junk += entry.kind != "folder"
        else:
            items.append(_Item(number, entry, parts, inner))
    filled = {item.parts[:i] for item in items for i in range(1, len(item.parts))}
    return [i for i in items if not i.empty or i.parts not in filled], junk


# --- as what a class's paths are read ---------------------------------------------------------------


def _read_as(items: Sequence[_Item], around: Around) -> tuple[Form, list[Parts]]:
    """The form of the paths, and the paths without the folders that stand around the whole class.

    An LMS's form is one that half of the notebooks have; where there is none, somebody named folders.
    """
    paths = [item.parts for item in items]
    levels = [paths]
    while len(levels) <= MAX_WRAPPERS and _only_folder(levels[-1]):
        levels.append([parts[1:] for parts in levels[-1]])
    source = re.sub(r"(\.(zip|tgz|tar|gz))+$", "", around.source, flags=re.IGNORECASE)
    known = forms(around.submitters, around.assignment, around.times)
    for level in ([(source, *parts) for parts in paths], *levels):
        votes = [p for p in level if p[-1].lower().endswith((".ipynb", *NESTED))] or level
        fits = [sum(_fits(form, "/".join(p)) for p in votes) for form in known]
        if votes and 2 * max(fits) >= len(votes):
            return known[fits.index(max(fits))], level
    return by_hand({around.assignment, *around.known}), levels[_around(levels, around)]


def _only_folder(paths: Sequence[Parts]) -> str:
    """The folder around everything, where there is one."""
    tops = {parts[0] if len(parts) > 1 else "" for parts in paths}
    return tops.pop() if len(tops) == 1 else ""


def _fits(form: Form, path: str) -> bool:
    try:
        return form.read(path) is not None
    except Refused:
        return True


def _around(levels: Sequence[Sequence[Parts]], around: Around) -> int:
    """How many folders stand around those that somebody named; Refused where one may be a student's."""
    for depth, paths in enumerate(levels):
        by_roster = around.roster and 2 * sum(_listed(p[0], around.roster) for p in paths) > len(paths)
        by_nbgrader = any(len(p) > 2 and p[1] in {around.assignment, *around.known} for p in paths)
        by_nbgrader = by_nbgrader and _only_folder(paths) not in WRAPPERS  # submitted/hw/ann/hw.ipynb
        if by_roster or by_nbgrader:
            return depth
    for depth, paths in enumerate(levels):
        top = _only_folder(paths)
        if top in (*WRAPPERS, around.assignment):
            continue
        if top and any(len(p) > 2 for p in paths):
            raise Refused(
                f"everything in it lies in one folder, {printable_name(top)}: if that is a student's, call "
                f"the folder in it {around.assignment}; if not, unpack it, and name the students' folder"
            )
        return depth
    return len(levels) - 1


def _listed(name: str, roster: Roster) -> bool:
    try:
        return bool(roster.student(Who("", (re.sub(r"\.ipynb$", "", name, flags=re.IGNORECASE),))))
    except Refused:
        return False


def _owned(
    items: Sequence[_Item], paths: Sequence[Parts], form: Form, nobodys: list[Left]
) -> Iterable[_Mine]:
    """The entries with their owners; those of another form are nobody's."""
    for item, parts in zip(items, paths, strict=True):
        path = "/".join((*parts, "(empty)") if item.empty else parts)
        try:
            owned = form.read(path)
            if owned is None:
                raise Refused(f"not in the form of the others: {form.title}")
        except Refused as why:
            nobodys.append(Left(item.name, f"{'a link, ' if item.entry.kind == 'link' else ''}{why}"))
        else:
            yield _Mine(item, replace(owned, path="/".join((owned.path, *item.inner))))


# --- which notebook counts --------------------------------------------------------------------------


def _that_counts(theirs: Sequence[_Mine], around: Around) -> _Mine:
    """The entry that holds a student's notebook; Refused when that is not clear, or not safe."""
    said = dict.fromkeys(m.owned.said for m in theirs)
    if len(said) > 1:
        raise Refused(f"{len(said)} submissions are this student's: {', '.join(map(printable_name, said))}")
    last = max(m.owned.attempt for m in theirs)
    found = [m for m in theirs if m.notebook and m.owned.attempt == last]
    if not found:
        raise Refused(_no_notebook(theirs, last))
    paths = [folded(m.owned.path) for m in found]
    if len(set(paths)) < len(paths):
        raise Refused("two of its files have names that differ only in case, or are the same")
    named = [m for m in found if _called(m, around.assignment)]
    uploads = {re.sub(r"-\d+\.ipynb$", ".ipynb", path) for path in paths}  # Canvas numbers those of one name
    if len(found) > 1 and (len(named) != 1 or len(uploads) < len(found)):
        listed = ", ".join(printable_name(m.owned.path) for m in found[:4])
        name = f"{around.assignment}.ipynb"
        raise Refused(
            f"{len(found)} notebooks were handed in ({listed}): which one counts? Leave that one, as {name}, "
            "in what you collect, and collect again "
            "(laid into submitted/ by hand, handback would not know it)"
        )
    one = (named or found)[0]
    if one.item.entry.kind != "file":
        raise Refused(WRONG_KIND[one.item.entry.kind])
    for other in around.others:
        if _called(one, other):
            raise Refused(f"its notebook is called {other}.ipynb: was another assignment handed in?")
    return one


def _called(mine: _Mine, assignment: str) -> bool:
    """Whether a file bears an assignment's name, in whatever case."""
    return mine.owned.path.rpartition("/")[2].casefold() == f"{assignment}.ipynb".casefold()


def _no_notebook(theirs: Sequence[_Mine], last: str) -> str:
    """Why there is none to take."""
    if any(m.notebook for m in theirs):
        return f"the last attempt ({last}) has no notebook, and an earlier one has: which one counts?"
    nested = [m.owned.path for m in theirs if m.owned.path.lower().endswith(NESTED)]
    if nested:
        return f"an archive ({printable_name(nested[0])}) was handed in: unpack it into the student's folder"
    empty = all(m.item.empty for m in theirs)
    return f"no notebook was handed in{': the folder is empty' if empty else ''}"


def _beside(mine: _Mine, one: _Mine) -> Left:
    """An entry of a student's who has another that counts."""
    if mine.owned.attempt != one.owned.attempt:
        return Left(mine.item.name, "an earlier attempt, kept" if mine.notebook else "of an earlier attempt")
    return Left(mine.item.name, "beside the notebook that counts")


def printable_name(name: str) -> str:
    """An untrusted name, short and printable."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in name[:80])
    return f"{text}…" if len(name) > 80 else text
