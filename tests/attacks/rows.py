"""The attacks of one configuration, as this user, against the real sandbox: rows as JSON.

`python -m tests.attacks.rows namespaces|landlock|files [NAME...]`: with names, those attacks from
inside alone. A first argument that starts with "without " names the layer that was taken away; all
is then expected to get through.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Limits, Report
from minigrad.grading.report import formats
from minigrad.grading.report.feedback import report_html
from minigrad.sandbox.linux.calls import X86
from minigrad.sandbox.server import Isolation, Server, WorkerEnded
from tests.attacks import files, special
from tests.attacks.catalogue import REFUSALS, Inside, Row, Work
from tests.attacks.inside import PRELUDE, inside
from tests.attacks.more import HIDDEN as HIDDEN_WORD
from tests.attacks.more import MORE_WORK, more_inside
from tests.attacks.work import WORK, notebook
from tests.grading.squares import HIDDEN, squares

SALT = b"a salt of tests!"
LIMITS = Limits(cells_cpu=1.0)
CHECK_CPU = 0.3


def user() -> str:
    return "root" if os.getuid() == 0 else "ordinary"


@contextmanager
def secrets() -> Iterator[Path]:
    """A folder that everybody may read and write: only the sandbox stands in the way."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    for name in ("gradebook.db", "checks.py"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o666)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def untouched(folder: Path) -> bool:
    book = folder / "gradebook.db"
    return (
        sorted(os.listdir(folder)) == ["checks.py", "gradebook.db"]
        and book.read_text() == "secret"
        and stat.S_IMODE(book.stat().st_mode) == 0o666
    )


def try_inside(server: Server, attack: Inside, folder: Path) -> str:
    """What an attack came to: "refused (...)", "runs", or the reason for which the worker ended."""
    prelude = PRELUDE + f"D = {str(folder)!r}; F = D + '/gradebook.db'\n"
    with server.worker(attack.memory_mb) as worker:
        worker.call(["cell", "a", prelude], 5.0)
        budget = 0.05 if attack.expected in ("cpu", "wall") else 5.0
        try:
            reply = worker.call(["cell", "b", attack.source], budget)
        except WorkerEnded as end:
            return str(end.reason)
    if reply["ok"]:
        return "runs"
    kind = reply["error"]["type"]
    if kind == attack.expected:
        return str(kind)
    return f"refused ({kind})" if kind in REFUSALS else f"fails ({kind})"


def of_inside(isolation: Isolation, names: list[str], removed: str) -> Iterator[Row]:
    where = f"{isolation}, {removed}" if removed else isolation
    chosen = [a for a in (*inside(), *more_inside()) if not names or a.name in names]
    assert len(chosen) >= len(names), names
    with secrets() as folder, Server(isolation) as server:
        for attack in chosen:
            expected = attack.expected if removed else attack.expects(isolation)
            if attack.x86 and not X86:
                yield Row(attack.name, where, user(), expected, "not tried: numbers of x86-64", None)
                continue
            seen = try_inside(server, attack, folder)
            if removed:
                through = seen.split()[0] != expected
                shown = f"gets through: {seen}" if through else seen
                yield Row(attack.name, where, user(), "gets through", shown, through)
                return_secrets(folder)
                continue
            safe = untouched(folder)
            ok = safe and seen.split()[0] == expected
            yield Row(attack.name, where, user(), expected, seen if safe else f"{seen}; a file changed", ok)


def return_secrets(folder: Path) -> None:
    """Put back what an attack changed."""
    for path in folder.iterdir():
        path.unlink() if not path.is_dir() else path.rmdir()
    for name in ("gradebook.db", "checks.py"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o666)


def judge(isolation: Isolation) -> Judge:
    """A judge whose probes have short deadlines."""
    checks = squares().checks
    short = tuple(c if c.trained else dataclasses.replace(c, cpu=CHECK_CPU) for c in checks)
    return Judge(squares(checks=short, engine=True), SALT, isolation=isolation, limits=LIMITS)


def leaks(report: Report, of: Judge) -> bool:
    """Whether a report tells the salt, a seed, an expected value, or words of hidden checks."""
    told = repr(report) + report_html(report) + formats.text(report)
    secret = [of.salt.hex(), repr(of.salt), *(of.seeds.probe(c.name) for c in of.assignment.checks)]
    secret += [line for line in HIDDEN.splitlines() if len(line) > 25] + [HIDDEN_WORD]
    secret += [repr(float(v))[:9] for e in of.expected.values() for a in e.arrays.values() for v in a.flat]
    return any(s in told for s in secret)


def try_work(of: Judge, attack: Work) -> tuple[str, str, bool]:
    """(expected, seen, ok) of a submission."""
    report = of.grade(notebook(attack))
    scores = tuple(e.score for e in report.exercises)
    reasons = [v.reason for e in report.exercises for v in e.verdicts if v.reason]
    told = "; ".join([*reasons, *report.notes])
    expected = f"{attack.effect}: {points(attack.scores)} {attack.reason}".rstrip()
    seen = f"{report.status} {points(scores)} {(reasons or [''])[0]}".rstrip()
    leaked = leaks(report, of)
    ok = report.status == "graded" and scores == attack.scores and attack.reason in told and not leaked
    return expected, seen + " LEAKS" * leaked, ok


def points(scores: tuple[float, ...]) -> str:
    return "/".join(f"{s:g}" for s in scores)


def of_work(isolation: Isolation, of: Judge) -> Iterator[Row]:
    for attack in (*WORK, *MORE_WORK):
        yield Row(attack.name, isolation, user(), *try_work(of, attack))


def rows(configuration: str, names: list[str], removed: str = "") -> list[Row]:
    """All rows of one configuration."""
    if configuration == "files":
        with tempfile.TemporaryDirectory() as folder:
            return files.rows(user(), Path(folder))
    isolation: Isolation = "namespaces" if configuration == "namespaces" else "landlock"
    made = list(of_inside(isolation, names, removed))
    if not names:
        with judge(isolation) as of:
            of.prepare()
            made += of_work(isolation, of)
            made += special.rows(isolation, user(), of)
    return made


def main(arguments: list[str]) -> None:
    removed = arguments.pop(0) if arguments[0].startswith("without ") else ""
    made = rows(arguments[0], arguments[1:], removed)
    json.dump([dataclasses.asdict(row) for row in made], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
