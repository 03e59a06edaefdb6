"""Who is in the course: roster.csv, and whom an LMS means by an id, a name or an email address.

student,name,email,canvas,status
s17,Ann Lee,ann@example.org,12345,
s18,Bo May,bo@example.org,12346,dropped
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from minigrad.grading.model import GradingError, Refused

FILE = "roster.csv"
MAX_NAME = 100  # characters of a student's id
# The columns that hold what an LMS calls a student, and what people call the LMS.
LMS = {
    "moodle": "Moodle",
    "canvas": "Canvas",
    "blackboard": "Blackboard",
    "brightspace": "Brightspace",
    "sakai": "Sakai",
    "ilias": "ILIAS",
    "gradescope": "Gradescope",
    "github": "GitHub",
}
PLAIN = ("name", "email", "section", "group", "status")
STATUS = ("", "active", "dropped")
HELP = "the first line names the columns, `student` among them, and each line after it is one student"


class Stranger(Refused):
    """Whom a path names is nobody of the roster: a line of it would help."""


@dataclass(frozen=True)
class Who:
    """What a path says of whose a file is; `lms` is "" for a folder that somebody named by hand.

    `ids` are lasting ones: the same in every assignment. Several are readings of one name, of which
    one is meant; there is none where an LMS gives names alone.
    """

    lms: str = ""
    ids: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return self.name or " or ".join(self.ids)


@dataclass(frozen=True)
class Person:
    """A line of the roster; what it leaves empty is ""."""

    student: str  # the id in this course: the folder in submitted/
    name: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    status: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)  # by LMS
    line: int = 0


@dataclass(frozen=True)
class Roster:
    """All students of a course. Every id and email address in it means one person; names need not."""

    people: tuple[Person, ...]
    columns: Collection[str] = ()  # in the order of the file

    @cached_property
    def dropped(self) -> frozenset[str]:
        """Who has dropped out: on record, and counted nowhere."""
        return frozenset(p.student for p in self.people if p.status == "dropped")

    @cached_property
    def names(self) -> Mapping[str, str]:
        """By student, the name; nobody who has none."""
        return {p.student: p.name for p in self.people if p.name}

    def student(self, who: Who) -> str:
        """The student's id; Refused where the roster has nobody, or several, or somebody who dropped out."""
        found = self._meant(who)
        if not found:
            column = who.lms if who.lms and (who.ids or who.lms in self.columns) else "name"
            remedy = f"add the column `{column}`"
            if not who.lms or column in self.columns:
                remedy = f"add a line, or fill `{column}` in" if who.lms else "add a line"
            raise Stranger(f"{FILE} has nobody of that name or id: {remedy}")
        if len(found) > 1:
            several = " and ".join(f"{p.student} (line {p.line})" for p in found)
            raise Refused(f"{who} may be {several} of {FILE}: lay the file into the right folder by hand")
        if found[0].status == "dropped":
            raise Refused(f"{found[0].student} has dropped out ({FILE}, line {found[0].line})")
        return found[0].student

    def _meant(self, who: Who) -> list[Person]:
        """Those whom the surest of what is said means: the LMS's own column, then ids, then names."""
        ways = [who.lms]
        if who.ids:
            ways.append("email")
            # GitHub's names are of a student's own choice: one may be another student's id here.
            if who.lms not in self.columns and who.lms != "github":
                ways.insert(1, "student")
        if not who.ids or not who.lms:
            ways.append("name")
        for column in ways:
            texts = who.ids or (who.name,)
            found = {p.student: p for text in texts for p in self._index.get((column, _spoken(text)), ())}
            if found:
                return list(found.values())
        return []

    @cached_property
    def _index(self) -> Mapping[tuple[str, str], Sequence[Person]]:
        """The people by what a column says."""
        made: dict[tuple[str, str], list[Person]] = {}
        for p in self.people:
            said = {"student": p.student, "name": p.name, "email": p.email, **p.ids}
            for column, text in said.items():
                if text:
                    made.setdefault((column, _spoken(text)), []).append(p)
        return made


def student_of(who: Who, roster: Roster | None) -> str:
    """The student's id in this course: by the roster, or else the lasting id itself; Refused without one."""
    if roster is not None:
        return roster.student(who)
    if not who.ids:
        raise Stranger(
            f"{LMS[who.lms]} gives a name and no id that lasts from one assignment to the next: "
            f"list the class in {FILE}, in the columns `student` and `name`, and collect again"
        )
    if len(who.ids) > 1:
        raise Stranger(
            f"whose it is can be read in {len(who.ids)} ways ({who}): list the class in {FILE}, "
            f"in the columns `student` and `{who.lms}`, and collect again"
        )
    student = unicodedata.normalize("NFC", who.ids[0])
    if not possible(student):
        raise Refused("its folder's name cannot be a student's id")
    return student


def line_for(who: Who, columns: Collection[str]) -> str:
    """The line that the roster lacks for somebody, with STUDENT for the id that is to be chosen."""
    said = {"student": "STUDENT", **_said(who)}
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([said.get(column, "") for column in columns])
    return out.getvalue()


def _said(who: Who) -> dict[str, str]:
    """By column, what a path says of somebody."""
    id = who.ids[-1] if who.ids else ""
    said = {"name": who.name, ("email" if "@" in id else who.lms or "student"): id}
    return {column: text for column, text in said.items() if text}


def columns_for(everybody: Collection[Who], roster: Roster | None) -> tuple[str, ...]:
    """The columns of the roster, or of a new one, and those that it lacks to tell these people."""
    told = dict.fromkeys(column for who in everybody for column in _said(who))
    own = tuple(roster.columns) if roster else ("student", "name", "email")
    return (*own, *(column for column in told if column not in own))


def possible(student: str) -> bool:
    """Whether a student's id can be a folder's name on every system, and a word of a command."""
    plain = all(c.isalnum() or c in " ._-@+'()," for c in student)
    return plain and student[:1].isalnum() and student == student.strip(" .") and len(student) <= MAX_NAME


def folded(text: str) -> str:
    """Equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _spoken(text: str) -> str:
    """Equal for what means one person, in capitals or not: `Lee, Ann` is `ann lee`."""
    return folded(" ".join(" ".join(reversed(text.split(", ", 1))).split()))


def read_roster(path: Path) -> Roster | None:
    """The course's roster; None where there is none yet, or nobody in it.

    Raises GradingError with the line that is wrong.
    """
    try:
        text = decoded(path)
    except FileNotFoundError:
        return None
    try:
        rows = csv.DictReader(
            io.StringIO(text), delimiter=separator(text), skipinitialspace=True, strict=True
        )
        columns = tuple(name.strip().casefold() for name in rows.fieldnames or ())
        _check_columns(path, columns)
        rows.fieldnames = list(columns)
        people = tuple(_people(path, rows))
    except csv.Error as error:
        raise GradingError(f"{path} is no CSV ({error}); {HELP}") from None
    return Roster(people, columns) if people else None


def decoded(path: Path) -> str:
    """The roster's text: UTF-8, with or without the mark that spreadsheets put first.

    Raises FileNotFoundError where there is none, GradingError with the line that is no UTF-8.
    """
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GradingError(
            f"{path}, line {line}: this is no UTF-8: save it as CSV in UTF-8; {HELP}"
        ) from None
    except OSError as error:
        raise GradingError(f"{path} cannot be read ({error.strerror}): give yourself the right to") from None


def separator(text: str) -> str:
    """What stands between the columns: a comma; or the semicolon or tab that some spreadsheets write."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)  # the comma where there is one column alone


def _check_columns(path: Path, columns: tuple[str, ...]) -> None:
    if "student" not in columns:
        raise GradingError(f"{path}, line 1: no column `student`; {HELP}")
    for name in columns:
        if name != "student" and name not in (*PLAIN, *LMS):
            there = ", ".join(("student", *PLAIN, *LMS))
            near = get_close_matches(name, ("student", *PLAIN, *LMS), 1)
            meant = f": is `{near[0]}` meant?" if near else ""
            raise GradingError(f"{path}, line 1: no column is called `{name}`{meant or ':'} there is {there}")
        if columns.count(name) > 1:
            raise GradingError(f"{path}, line 1: the column `{name}` is there twice: keep one")


def _people(path: Path, rows: csv.DictReader[str]) -> Iterator[Person]:
    """The lines, each checked against those before it."""
    lines: dict[tuple[str, str], int] = {}  # where an id or an address stands
    for row in rows:
        breaks = sum((value or "").count("\n") for value in row.values() if not isinstance(value, list))
        line = rows.line_num - breaks  # its first, where an entry goes on for several
        where = f"{path}, line {line}"
        if None in row or None in row.values():
            raise GradingError(f"{where}: it has more or fewer entries than line 1 has columns")
        values = {column: unicodedata.normalize("NFC", value.strip()) for column, value in row.items()}
        for column, value in values.items():
            if not value.isprintable():
                raise GradingError(
                    f"{where}: the {column} {value!r} has a line break or another sign that cannot be shown: "
                    "write it on one line"
                )
        student = values.pop("student")
        if not any((student, *values.values())):
            continue  # an empty line, as spreadsheets leave them at the end
        if not possible(student):
            raise GradingError(
                f"{where}: {student!r} cannot be a student's id: letters, digits and ._-@+'(), up to "
                f"{MAX_NAME}, the first one a letter or a digit"
            )
        if values.get("status", "") not in STATUS:
            raise GradingError(f"{where}: the status {values['status']!r} is unknown: active or dropped")
        if values.get("email", "").count("@") > 1:
            raise GradingError(
                f"{where}: the email {values['email']!r} is more than one address: keep the one by which "
                "the LMS knows them"
            )
        for column, value in (("student", student), *values.items()):
            if value and column in ("student", "email", *LMS):
                other = lines.setdefault((column, _spoken(value)), line)
                if other != line:
                    raise GradingError(f"{where}: line {other} has the same {column}, {value}: correct one")
        ids = {lms: values.pop(lms) for lms in LMS if values.get(lms)}
        yield Person(student, **{c: values.get(c, "") for c in PLAIN}, ids=ids, line=line)
