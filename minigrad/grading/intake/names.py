"""What a path in an LMS's export says: whose a file is, which attempt, and its name there.

| LMS | a path | known by |
|---|---|---|
| Moodle | `Ann Lee_123_assignsubmission_file_/hw.ipynb`, flat `..._file_hw.ipynb` | name (123 is another number in each assignment) |
| Canvas | `leeann_123_456_hw.ipynb`, `leeann_LATE_123_456_hw-1.ipynb` | 123 |
| Blackboard | `HW 1_alee_attempt_2030-01-31-12-00-00_hw.ipynb` | alee |
| Brightspace | `123-456 - Ann Lee - Jan 31, 2030 926 PM/hw.ipynb` | name |
| Sakai | `Lee, Ann(alee)/Submission attachment(s)/hw.ipynb` | alee |
| ILIAS | `Lee_Ann_alee_123/hw.ipynb` | 123 |
| Gradescope | `submission_123/hw.ipynb`, with `submission_metadata.yml` | email address, or else sid |
| GitHub Classroom | `hw-submissions/hw-alee/hw.ipynb` | alee |
| nbgrader's exchange | `alee+hw+2030-01-31 12:00:00.0 UTC+x7/hw.ipynb` | alee |

Only what the LMS writes says whose a file is; what a student writes comes behind it.
"""  # noqa: E501

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from minigrad.grading.model import Refused
from minigrad.grading.roster import Who, possible

MAX_PATH = 1000  # characters of a path in an archive
MAX_PARTS = 8
NEVER: Mapping[str, str] = {}
GRADESCOPE_FILE = "submission_metadata.yml"

MOODLE_MARK = re.compile(r"_\d+_assignsubmission_")
MOODLE = re.compile(
    r"(?P<said>(?P<name>[^/]+?)_\d+)_assignsubmission_(?:file|onlinetext)(?:_?/|_)(?P<rest>.*)", re.DOTALL
)
CANVAS = re.compile(r"[^_/]+_(?P<late>LATE_)?(?P<id>\d+)_\d+_(?P<rest>[^/]+)", re.DOTALL)
BLACKBOARD = re.compile(
    r"(?P<head>[^/]+?)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?:_(?P<rest>[^/]+)|(?P<receipt>\.txt))",
    re.DOTALL,
)
BRIGHTSPACE = re.compile(r"(?P<numbers>\d+-\d+) - (?P<name>[^/]+) - (?P<when>[^/]+?)/(?P<rest>.+)", re.DOTALL)
DATE = re.compile(r"(?:(\w{3})\w* (\d{1,2}),|(\d{1,2}) (\w{3})\w*,) (\d{4}) (\d{1,2})(\d\d) ([AP])M")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SAKAI = re.compile(r"(?P<name>[^/]+)\((?P<id>[^()/]+)\)/Submission attachment\(s\)/(?P<rest>.+)", re.DOTALL)
ILIAS = re.compile(r"(?P<team>Team_\d+/)?[^/_\d]+_[^/\d]+_[^/_]+_(?P<id>\d+)/(?P<rest>.+)", re.DOTALL)
GRADESCOPE = re.compile(r"(?P<submission>submission_\d+)/(?P<rest>.+)", re.DOTALL)
GITHUB = re.compile(r"(?P<slug>[^/]+)-submissions/(?P=slug)-(?P<id>[^/]+)/(?P<rest>.+)", re.DOTALL)

ANONYMOUS = re.compile(r"(?:LATE_)?anon_[0-9A-Za-z]+_\d+_[^/]+", re.DOTALL)
EXCHANGE = re.compile(
    r"(?:[^/+]+/)?(?P<id>[^/+]+)\+(?P<about>[^/+]+)\+(?P<day>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)"
    r"(?:\.\d+)? UTC(?:\+[^/]*)?/(?P<rest>.+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Owned:
    """Whose a file is, and its path within the submission."""

    who: Who
    said: str  # what the path says of it: two of them for one student are two submissions
    path: str
    attempt: str = ""  # later ones sort behind earlier ones; "" where the LMS exports one alone
    about: str = ""  # the assignment that a folder's name says it is, in nbgrader's layout
    time: str = ""  # when it was handed in, where the zone is known too: "2030-01-31 12:00:00 UTC"
    late: bool = False  # the LMS says so, and not when


@dataclass(frozen=True)
class Form:
    """How an LMS writes paths. `read` gives None for another form's path, Refused for one of no use."""

    title: str
    read: Callable[[str], Owned | None]


def safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a relative path; Refused for one that could leave its folder on any system."""
    if len(name) > MAX_PATH or "\0" in name:
        raise Refused("its name is too long or no text")
    path = name.replace("\\", "/")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise Refused("an absolute path")
    if ".." in parts:
        raise Refused("`..` in its path")
    if not parts or len(parts) > MAX_PARTS:
        raise Refused("too many folders in its path" if parts else "it has no name")
    return parts


def forms(
    submitters: Mapping[str, tuple[Who, ...]], assignment: str, times: Mapping[str, str] = NEVER
) -> tuple[Form, ...]:
    """The forms that are known; `submitters` and `times` are those of Gradescope's metadata."""
    return (
        Form("Moodle", moodle),
        Form("Canvas", canvas),
        Form("Blackboard", lambda path: blackboard(path, assignment)),
        Form("Brightspace", brightspace),
        Form("Sakai", sakai),
        Form("GitHub Classroom", github),
        Form("Gradescope", lambda path: gradescope(path, submitters, times)),
        Form("nbgrader's exchange", exchange),
        Form("ILIAS", ilias),
    )


def by_hand(assignments: Collection[str]) -> Form:
    """STUDENT/hw.ipynb, STUDENT/hw/hw.ipynb (nbgrader's layout) and STUDENT.ipynb."""

    def read(path: str) -> Owned:
        student, _, rest = path.partition("/")
        if not rest:
            student, _, suffix = path.rpartition(".")
            if suffix.lower() != "ipynb":
                raise Refused("in no student's folder")
            after_one = any(name.casefold() in student.casefold() for name in assignments)
            if after_one or re.search(r"_\d{3}", student):
                raise Refused("its name does not say whose it is: put it into a folder named by student")
        if re.search(r"_\d+_assignsubmission_|_attempt_\d{4}-", student):
            raise Refused("an LMS's name among others that are not: collect its export alone")
        if not possible(unicodedata.normalize("NFC", student)):
            raise Refused("its folder's name cannot be a student's id")
        about, _, file = rest.partition("/")
        return Owned(
            Who("", (student,)), student, rest or path, about=about if file and about in assignments else ""
        )

    return Form("folders named by student", read)


def moodle(path: str) -> Owned | None:
    """A person's name may look like the rest of a path, and imitate another's: then it is nobody's."""
    found = MOODLE.fullmatch(path)
    if found and len(MOODLE_MARK.findall(path.partition("/")[0])) > 1:
        raise Refused("whose it is can be read in two ways: give the file or the person a plainer name")
    return Owned(Who("moodle", (), found["name"]), found["said"], found["rest"]) if found else None


def canvas(path: str) -> Owned | None:
    if ANONYMOUS.fullmatch(path):
        raise Refused("Canvas hides whose it is: turn anonymous grading off, and export it again")
    found = CANVAS.fullmatch(path)
    if not found:
        return None
    return Owned(Who("canvas", (found["id"],)), found["id"], found["rest"], late=bool(found["late"]))


def blackboard(path: str, assignment: str) -> Owned | None:
    """The title comes first, and either may have a `_` in it: then there are several readings."""
    found = BLACKBOARD.fullmatch(path)
    if not found:
        return None
    head: str = found["head"]
    parts = head.split("_")
    ids = tuple("_".join(parts[i:]) for i in range(1, len(parts)))
    if head.startswith(f"{assignment}_"):
        ids = (head.removeprefix(f"{assignment}_"),)
    rest = found["rest"] or "what Blackboard says of it.txt"
    return Owned(Who("blackboard", ids), head, rest, found["attempt"]) if ids else None


def brightspace(path: str) -> Owned | None:
    found = BRIGHTSPACE.fullmatch(path)
    if not found:
        return None
    date = DATE.fullmatch(found["when"])
    month = (date[1] or date[4]).casefold() if date else ""
    if not date or month not in MONTHS:
        raise Refused("the date in its folder's name is in a form that is not known")
    hour = int(date[6]) % 12 + (12 if date[8] == "P" else 0)
    day = int(date[2] or date[3])
    attempt = f"{date[5]}-{MONTHS.index(month) + 1:02}-{day:02}-{hour:02}-{date[7]}"
    said = f"{found['name']} ({found['numbers']})"
    return Owned(Who("brightspace", (), found["name"]), said, found["rest"], attempt)


def sakai(path: str) -> Owned | None:
    found = SAKAI.fullmatch(path)
    return Owned(Who("sakai", (found["id"],)), found["id"], found["rest"]) if found else None


def ilias(path: str) -> Owned | None:
    found = ILIAS.fullmatch(path)
    if found and found["team"]:
        raise Refused("the work of a team: lay it into the folder of each member by hand")
    return Owned(Who("ilias", (found["id"],)), found["id"], found["rest"]) if found else None


def github(path: str) -> Owned | None:
    found = GITHUB.fullmatch(path)
    return Owned(Who("github", (found["id"],)), found["id"], found["rest"]) if found else None


def exchange(path: str) -> Owned | None:
    """A folder of nbgrader's inbound/, or of a student's own folder in it."""
    found = EXCHANGE.fullmatch(path)
    if not found:
        return None
    time = f"{found['day']} {found['time']} UTC"
    about = found["about"]
    return Owned(Who("", (found["id"],)), found["id"], found["rest"], sortable(time), about, time)


def sortable(time: str) -> str:
    """A time like "2030-01-31 12:00:00 UTC" as attempts are sorted: 2030-01-31-12-00-00."""
    return re.sub(r"[ :]", "-", time.removesuffix(" UTC"))


def clock(path: str) -> str:
    """Whose clock the time of an attempt is by, that came as `path`: "UTC" where its zone is known, else an
    LMS's own."""
    parts = path.replace("\\", "/").split("/")
    below = ["/".join(parts[start:]) for start in range(len(parts))]  # in folders around a class, too
    forms = {"UTC": (EXCHANGE, GRADESCOPE), "Blackboard": (BLACKBOARD,), "Brightspace": (BRIGHTSPACE,)}
    for whose, several in forms.items():
        if any(form.fullmatch(text) for form in several for text in below):
            return whose
    return "an LMS"


def gradescope(
    path: str, submitters: Mapping[str, tuple[Who, ...]], times: Mapping[str, str] = NEVER
) -> Owned | None:
    found = GRADESCOPE.fullmatch(path)
    if path == GRADESCOPE_FILE:
        raise Refused("read: it says whose each submission is")
    if not found:
        return None
    people = submitters.get(found["submission"], ())
    if not people:
        raise Refused(f"{GRADESCOPE_FILE} does not say whose {found['submission']} is: export it again")
    if len(people) > 1:
        raise Refused(f"the work of {len(people)} people: lay it into the folder of each of them by hand")
    time = times.get(found["submission"], "")
    return Owned(people[0], found["submission"], found["rest"], sortable(time), time=time)


def submitters(metadata: str) -> dict[str, tuple[Who, ...]]:
    """Who handed in each submission of a Gradescope export, by its submission_metadata.yml.

    Reads the lines that Gradescope writes, by their indentation, and no other YAML.
    """
    found: dict[str, list[dict[str, str]]] = {}
    people: list[dict[str, str]] = []
    section = ""
    for line in metadata.splitlines():
        if top := re.fullmatch(r"(submission_\d+):\s*", line):
            people, section = found.setdefault(top[1], []), ""
        elif begins := re.match(r"  :(\w+):", line):
            section = begins[1]
        elif section == "submitters" and (entry := re.fullmatch(r"  (- |  ):(name|sid|email): (.*)", line)):
            if entry[1] == "- ":
                people.append({})
            if people:
                people[-1][entry[2]] = entry[3].strip().strip("'\"")
    return {submission: tuple(map(_submitter, several)) for submission, several in found.items()}


def times(metadata: str) -> dict[str, str]:
    """When each submission of a Gradescope export was handed in, where its metadata say it with a zone."""
    found: dict[str, str] = {}
    submission = ""
    for line in metadata.splitlines():
        if top := re.fullmatch(r"(submission_\d+):\s*", line):
            submission = top[1]
        elif at := re.fullmatch(
            r"  :created_at: '?(\S+ [\d:]+)(?:\.\d+)? ?(Z|UTC|[+-]\d\d:?\d\d)'?\s*", line
        ):
            with contextlib.suppress(ValueError, OverflowError):
                moment = datetime.fromisoformat(f"{at[1]}{at[2].replace('UTC', 'Z')}").astimezone(UTC)
                found[submission] = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return found


def _submitter(person: Mapping[str, str]) -> Who:
    id = person.get("email") or person.get("sid", "")
    return Who("gradescope", (id,) if id else (), person.get("name", ""))
