"""What was judged is what is recorded, of drawn notebooks: `python -m tests.recorded CLASSES [SEED]`.

A class of notebooks is drawn from one random stream: cells deleted, doubled, moved and retyped, ids and
metadata of other notebooks, forged outputs, magics, pictures and links, text that hides or turns around,
files cut in two. It goes through `minigrad grade`, stock `nbgrader autograde`, `generate_feedback` and
`export`. After each, the score is the report's, or there is none and a person is asked.
"""

from __future__ import annotations

import csv
import html
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from minigrad.cli import main as minigrad
from minigrad.grading.classroom.run import last_reports
from minigrad.grading.intake.parse import MAX_CELL_BYTES, MAX_CELLS
from minigrad.grading.model import Assignment, Report
from minigrad.grading.report.markup import rounded
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES, hand_in, new_course, notebook

BIN = Path(sys.executable).parent
CONFIG = Path(__file__).parents[1] / "nbgrader_config.py"
CLASS = 20  # notebooks of a class
CHECK = "scale-check"  # the grade cell of 01-tiny, and its points
POINTS = 10.0
State = tuple[float | None, bool]  # a score, and whether a person is asked

# --- a class goes through ---------------------------------------------------------------------------


def built(root: Path) -> tuple[Course, Assignment]:
    """A course with nbgrader's configuration, its assignment built and registered."""
    course, assignment = new_course(root)
    shutil.copy(CONFIG, course.root)
    if minigrad(["--course", str(course.root), "build"]):
        raise RuntimeError("the course cannot be built")
    return course, assignment


def grade(course: Course, *words: str) -> int:
    """`minigrad grade`; its exit status."""
    return minigrad(["--course", str(course.root), "grade", NAME, "--workers", "1", *words])


def stock(course: Course, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a stock nbgrader command in the course's folder."""
    command = [str(BIN / "nbgrader"), *words]
    return subprocess.run(command, cwd=course.work, capture_output=True, text=True, timeout=900)


def recorded(course: Course) -> dict[str, State]:
    """By student, the automatic score in the gradebook, and whether a person is asked."""
    from minigrad.grading.nbgrader import plugin

    with plugin.book(course) as book:
        found = {}
        for submission in book.assignment_submissions(NAME):
            (grade,) = [g for n in submission.notebooks for g in n.grades if g.name == CHECK]
            found[submission.student.id] = (grade.auto_score, grade.needs_manual_grade)
        return found


def exported(course: Course) -> dict[str, State]:
    """By student, the score in grades.csv, and whether a person is asked."""
    with (course.work / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["student_id"]: (
                float(row["score"]) if row["score"] else None,
                row["needs_manual_grade"] == "True",
            )
            for row in csv.DictReader(file)
        }


def as_judged(reports: dict[str, Report]) -> dict[str, State]:
    """What each of them must say."""
    return {s: (r.score, False) if r.status == "graded" else (None, True) for s, r in reports.items()}


class Loads(HTMLParser):
    """What a page runs, or loads without being asked."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "link", "video", "audio", "base", "meta", "form"):
            self.found.append(f"it has a {tag}")
        for name, value in attrs:
            shown = (value or "").strip().lower()
            elsewhere = name in ("src", "srcset", "background", "poster") and shown[:11] != "data:image/"
            if elsewhere or name.startswith("on") or "javascript:" in shown or "url(" in shown:
                self.found.append(f"{tag} has {name}={shown[:80]}")


def page_wrong(page: Path, report: Report) -> list[str]:
    """What a feedback page says otherwise than the report, or should not hold, in words."""
    if not page.is_file():
        return ["there is no page"]
    text = page.read_text(encoding="utf-8")
    body = re.sub(r"<(style|head).*?</\1>", "", text, flags=re.S)
    wrong = []
    score = f'<p class="score">{rounded(report.score)} of {rounded(POINTS)} points</p>'
    if report.status == "graded" and score not in body.partition("</header>")[0]:
        wrong.append("it has another score")
    if report.status == "refused" and html.escape(report.reason) not in body:
        wrong.append("it does not say why")
    wrong += Loads(body).found
    hidden = {c for c in body if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"}
    if hidden:
        wrong.append(f"it has characters that hide or turn text around: {sorted(hidden)}")
    return wrong


def complaints(course: Course) -> list[str]:
    """Grade and record what lies in submitted/ in every way; what differs from the reports, in sentences."""
    grade(course)
    reports = last_reports(course, NAME)
    judged, wrong = as_judged(reports), []

    def compare(where: str, found: dict[str, State]) -> None:
        differ = [s for s in judged.keys() | found.keys() if found.get(s) != judged.get(s)]
        wrong.extend(f"{where}: {s} is {found.get(s)}, judged {judged.get(s)}" for s in sorted(differ))

    if reports.keys() != course.submissions(NAME).keys():
        wrong.append("not everybody has a report")
    wrong += [f"{s}: {r.status}: {r.reason}" for s, r in reports.items() if r.status == "ungraded"]
    compare("minigrad grade", recorded(course))
    for words in (("autograde", NAME, "--force"), ("generate_feedback", NAME), ("export",)):
        done = stock(course, *words)
        if done.returncode:
            wrong.append(f"nbgrader {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        compare(f"nbgrader {words[0]}", recorded(course))
    if last_reports(course, NAME) != reports:
        wrong.append("nbgrader autograde judged otherwise")
    compare("grades.csv", exported(course))
    for student, report in reports.items():
        page = course.feedback / student / NAME / f"{NAME}.html"
        wrong += [f"the page of {student}: {what}" for what in page_wrong(page, report)]
    return wrong


# --- drawn notebooks --------------------------------------------------------------------------------

Book = dict[str, Any]
Change = Callable[[random.Random, Book], None]

ANSWERS = (
    *(RIGHT, ADDS, WRITES, "", "def scale(x, factor)\n    return x", "1 / 0", "scale = 3", "exit()"),
    *(f"%time y = 3\n{RIGHT}", f"!ls\n{RIGHT}", f"%%bash\n{RIGHT}", f"%matplotlib inline\n{RIGHT}"),
    *(f"print('a' * 100_000)\n{RIGHT}", f"print('\\x1b[31m\\u202e')\n{RIGHT}", f"\ufeff{RIGHT}"),
    *(f"{RIGHT}\n# \u202e\u2066\u200b", f"import os\nos.getcwd()\n{RIGHT}", f"{RIGHT}\n\x0c\x00"),
)
TEXTS = (
    "![](attachment:a.png)",
    "![cat][c]\n\n[c]: attachment:b.png",
    "![x](https://example.org/x.png) <img src='//example.org/y' srcset='z 2x'>",
    f"![x](data:image/png;base64,{'A' * 4000})",
    "<div style='background-image:url(https://example.org/z)'>a</div>",
    "<link rel=stylesheet href=//example.org>",
    "<script>alert(1)</script><iframe src=//example.org></iframe><video src=//example.org></video>",
    "[a](javascript:alert(1)) [b](https://example.org) [c](../../gradebook.db)",
    "a\x00b\x1b[31m\u202e\u2066\u200f\ufeff\x7f",
    "$\\frac{1}{0}$ $$\\begin{a} \\end{b}$$ \\href{javascript:alert(1)}{x}",
    "> " * 300 + "a",
    "[" * 3000,
    "*a " * 3000,
    "</div></body></html>",
    '<header><p class="score">10 of 10 points</p></header>',
    "| a | b |\n|-|-|\n" + "| 1 | 2 |\n" * 200,
    "\u00e4" * (MAX_CELL_BYTES // 2),
    "word " * 12_000,
)
OUTPUTS: tuple[Book, ...] = (
    {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "10.0"}},
    {"output_type": "stream", "name": "stderr", "text": "oh"},
    {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["\x1b[31mE"]},
    {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"loss": float("nan")}}},
    {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 50_000}},
    {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>"}},
    {"output_type": "unheard-of"},
)
METADATA: tuple[Book, ...] = (
    {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}},
    {"kernelspec": {"name": "bash", "argv": ["bash"]}, "language_info": {"name": "bash"}},
    {"minigrad": {"report": {"score": 10}, "refused": ""}},
    {"minigrad": {"assignment": NAME}},
    {"minigrad": {"assignment": "02-other"}},
    {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}},
    {"celltoolbar": "Create Assignment", "title": "</title><script>alert(1)</script>"},
    {},
)


def cell(source: str, kind: str = "markdown", id: str = "") -> Book:
    """A cell of the student's own."""
    made: Book = {"cell_type": kind, "metadata": {}, "source": source, **({"id": id} if id else {})}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def answer(rng: random.Random, book: Book) -> None:
    for one in book["cells"]:
        if one.get("id") == "scale":
            one["source"] = rng.choice(ANSWERS)


def delete(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        book["cells"].pop(rng.randrange(len(book["cells"])))


def double(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        copied = json.loads(json.dumps(rng.choice(book["cells"])))
        copied["source"] = rng.choice([copied["source"], "", rng.choice(ANSWERS)])
        book["cells"].insert(rng.randint(0, len(book["cells"])), copied)


def move(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        moved = book["cells"].pop(rng.randrange(len(book["cells"])))
        book["cells"].insert(rng.randint(0, len(book["cells"])), moved)


def retype(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        rng.choice(book["cells"])["cell_type"] = rng.choice(["code", "markdown", "raw", "heading", None])


def rename(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        one = rng.choice(book["cells"])
        one["id"] = rng.choice(["scale", CHECK, "x", "x" * 300, 7, None])
        marks = one["metadata"].get("nbgrader", {})
        if marks and rng.random() < 0.5:
            marks["grade_id"] = rng.choice(["scale", CHECK, "other", None, []])


def mark(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        metadata = rng.choice(book["cells"])["metadata"]
        marks = metadata["nbgrader"] = metadata.get("nbgrader") or {}  # `forget` may have left a list
        marks[rng.choice(["points", "solution", "grade", "locked", "schema_version", "task", "checksum"])] = (
            rng.choice([0, 1, True, False, None, 1000, -1, 1e308, "3"])
        )


def forget(rng: random.Random, book: Book) -> None:
    if book["cells"]:
        rng.choice(book["cells"])["metadata"] = rng.choice([{}, {"nbgrader": []}, {"tags": ["define"]}])


def forge(rng: random.Random, book: Book) -> None:
    for one in book["cells"]:
        if one["cell_type"] == "code" and rng.random() < 0.5:
            one["outputs"] = [rng.choice(OUTPUTS)]


def text(rng: random.Random, book: Book) -> None:
    added = cell(rng.choice(TEXTS), id=f"t{rng.randrange(10**6)}")
    if rng.random() < 0.3:
        added["attachments"] = {"a.png": {"image/png": "AAAA"}}
    book["cells"].insert(rng.randint(0, len(book["cells"])), added)


def code(rng: random.Random, book: Book) -> None:
    added = cell(rng.choice(ANSWERS), "code", f"c{rng.randrange(10**6)}")
    book["cells"].insert(rng.randint(0, len(book["cells"])), added)


def fill(rng: random.Random, book: Book) -> None:
    for i in range(MAX_CELLS + rng.choice([-1, 0, 0, 1]) - len(book["cells"])):
        book["cells"].append(cell("word", id=f"f{i}"))


def lines(rng: random.Random, book: Book) -> None:
    for one in book["cells"]:
        one["source"] = str(one["source"]).splitlines(keepends=True)


def describe(rng: random.Random, book: Book) -> None:
    book["metadata"] = {**book["metadata"], **rng.choice(METADATA)}
    book["nbformat_minor"] = rng.choice([0, 4, 5, 99])


CHANGES: tuple[Change, ...] = (
    *(delete, double, move, retype, rename, mark, forget),
    *(forge, text, text, code, fill, lines, describe),
)


def draw(rng: random.Random, assignment: Assignment) -> bytes:
    """A notebook that somebody might hand in, or might not."""
    book = notebook(assignment, RIGHT)
    answer(rng, book)
    for change in rng.choices(CHANGES, k=rng.randint(0, 4)):
        change(rng, book)
    data = json.dumps(book, ensure_ascii=rng.random() < 0.5).encode()
    if rng.random() < 0.1:
        cut = rng.randrange(len(data))
        return rng.choice(
            [data[:cut], b"\xef\xbb\xbf" + data, data[:cut] + b"\xff" + data[cut:], b"", data * 2]
        )
    return data


def main(arguments: list[str]) -> int:
    classes, seed = [*map(int, arguments), *(10, 0)[len(arguments) :]]
    outcomes: Counter[str] = Counter()
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template"
        _, assignment = built(template)
        for number in range(classes):
            root = Path(folder) / "class"
            shutil.copytree(template, root)
            course = Course.at(root)
            rng = random.Random(f"{seed} {number}")
            for i in range(CLASS):
                hand_in(course, f"s{i:02}", draw(rng, assignment))
            wrong = complaints(course)
            found += len(wrong)
            for what in wrong:
                print(f"class {number} of seed {seed}: {what}", flush=True)
            outcomes.update(r.status for r in last_reports(course, NAME).values())
            shutil.rmtree(root)
    print(f"{classes * CLASS} notebooks, {dict(outcomes)}: {found} wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
