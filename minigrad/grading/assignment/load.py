"""Read an assignment from its text sources in `solutions/NN-name/`, and say what is wrong with them.

The sources are their author's own and trusted: loading executes them. What an author can get wrong
is found here and told with file and remedy, before a student or the judge meets it.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from minigrad.checks import Check, Mutant, Rewrite, Variant, collect
from minigrad.grading.assignment import percent
from minigrad.grading.assignment import points as sharing
from minigrad.grading.model import Assignment, AuthoringError, Cell, Kind, to_type

PUBLIC, HIDDEN = "public_checks.py", "checks.py"
FILES = ("notebook.py", PUBLIC, HIDDEN, "mutants.py", "variants.py")
BEGIN, END, STUB = "### BEGIN SOLUTION", "### END SOLUTION", "### STUB:"
STEPS = 3  # of a hint
KEYS = {"id", "kind", "exercise", "points"}
T = TypeVar("T")


def load(folder: Path, unsettled: str = "", empty: bool = False) -> Assignment:
    """The assignment that `folder` holds; AuthoringError names the file and what to do.

    `unsettled` names a mutant whose `fails` may still be empty or name checks that are not there; where it
    is given, or `empty` is true, those of all others may be empty, too.
    """
    for file in ("notebook.py", PUBLIC, HIDDEN):
        if not (folder / file).is_file():
            raise AuthoringError(
                f"{folder.name}/{file} is missing: an assignment needs it, even if it is empty"
            )
    cells, solution, header = _notebook(folder)
    sources = {file: (folder / file).read_text(encoding="utf-8") for file in (PUBLIC, HIDDEN)}
    checks, public = _checks(folder.name, sources)
    mutants = _table(folder, "mutants.py", "MUTANTS", Mutant)
    rewrites = _table(folder, "mutants.py", "REWRITES", Rewrite)
    variants = _table(folder, "variants.py", "VARIANTS", Variant)
    title = next(
        (m[1] for c in cells if c.markdown and (m := re.search(r"^# +(.+?)\s*$", c.source, re.M))), ""
    )
    assignment = Assignment(
        folder.name, cells, solution, checks, public, sources, mutants, variants, rewrites, title,
        header.engine, header.packages,
    )  # fmt: skip
    _agree(assignment, unsettled, empty or bool(unsettled))
    shares = sharing.shared(checks, assignment.exercises(), sharing.weights(checks))
    return dataclasses.replace(assignment, checks=shares)


def authored(folder: Path) -> dict[str, bytes]:
    """The files of an assignment that `load` reads, by name: whatever else lies there goes nowhere.

    Raises AuthoringError for a link, which may lead to anything.
    """
    found = [folder / name for name in FILES if (folder / name).exists() or (folder / name).is_symlink()]
    for path in found:
        if path.is_symlink():
            raise AuthoringError(
                f"{folder.name}/{path.name} is a link, and no link is packed or copied: "
                "put the file itself in its place"
            )
    return {path.name: path.read_bytes() for path in found}


def names(root: Path) -> list[str]:
    """The assignments whose sources lie in `root`, in order."""
    return sorted(p.parent.name for p in root.glob("[0-9][0-9]-*/notebook.py"))


def _notebook(folder: Path) -> tuple[tuple[Cell, ...], dict[str, str], percent.Header]:
    """The release's cells, the solution of each solution cell, and the source's header."""
    where = f"{folder.name}/notebook.py"
    raws, header = percent.read((folder / "notebook.py").read_text(encoding="utf-8"), where)
    cells: list[Cell] = []
    solution: dict[str, str] = {}
    for raw in raws:
        cell = _cell(raw, f"{where}, line {raw.line}")
        if cell.kind == "solution":
            solution[cell.id], released = split(cell.source, f"{where}, cell `{cell.id}`")
            cell = Cell(cell.id, cell.kind, released)
        elif BEGIN in cell.source or END in cell.source or STUB in cell.source:
            raise AuthoringError(
                f'{where}: cell `{cell.id}` has solution marks but kind="{cell.kind}": '
                'only kind="solution" may; its answer would be released'
            )
        cells.append(cell)
    for id, count in Counter(c.id for c in cells).items():
        if count > 1:
            raise AuthoringError(f"{where}: {count} cells have the id `{id}`: give each its own")
    return tuple(cells), solution, header


def _cell(raw: percent.Raw, where: str) -> Cell:
    meta, markdown = raw.metadata, raw.markdown
    if unknown := sorted(set(meta) - KEYS):
        raise AuthoringError(f"{where}: unknown metadata {unknown}: known are {sorted(KEYS)}")
    kind: Kind = meta.get("kind", "text" if markdown else "")
    if kind not in get_args(Kind) or kind == "own":
        raise AuthoringError(
            f'{where}: kind="{kind}" is unknown: a code cell is one of define, solution, check, lab; '
            "a markdown cell text or written"
        )
    if markdown != (kind in ("text", "written")):
        cell_type = "markdown" if markdown else "code"
        raise AuthoringError(f'{where}: kind="{kind}" does not go with a {cell_type} cell')
    id = str(meta.get("id") or f"cell-{hashlib.sha256(raw.source.encode()).hexdigest()[:10]}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
        raise AuthoringError(f'{where}: id="{id}": use 1 to 64 letters, digits, - and _')
    points, exercise = meta.get("points", 0), str(meta.get("exercise", ""))
    if kind not in ("check", "written"):
        if points or exercise:
            raise AuthoringError(
                f'{where}: `{id}` has points or exercise but kind="{kind}": only check and written do'
            )
    elif not isinstance(points, int | float) or isinstance(points, bool) or points <= 0:
        raise AuthoringError(f"{where}: `{id}` needs points, a positive number: points=10")
    if kind == "check":
        if not exercise:
            raise AuthoringError(f'{where}: the check cell `{id}` names no exercise: exercise="..."')
        if raw.source.strip() != f'check("{exercise}")':
            raise AuthoringError(f'{where}: the check cell `{id}` must be exactly: check("{exercise}")')
    return Cell(id, kind, raw.source, float(points), markdown, exercise or (id if kind == "written" else ""))


def split(source: str, where: str) -> tuple[str, str]:
    """A solution cell's (solution, release): regions without their marks, and stubs in their place.

    A region becomes `...`, or the text of the `### STUB: ` lines that directly follow its BEGIN.
    A cell without a region is released as it stands: a place for the student's own words.
    """
    solved: list[str] = []
    released: list[str] = []
    stubs: list[str] | None = None  # None outside a region
    indent, head = "", False
    for line in source.split("\n"):
        mark = line.strip()
        if mark == BEGIN:
            if stubs is not None:
                raise AuthoringError(f"{where}: {BEGIN} inside a region: add {END} before it")
            stubs, head = [], True
            indent = line[: len(line) - len(line.lstrip())]
        elif mark == END:
            if stubs is None:
                raise AuthoringError(f"{where}: {END} without {BEGIN} before it")
            released += [(indent + text).rstrip() for text in stubs or ["..."]]
            stubs = None
        elif mark.startswith(STUB):
            if stubs is None or not head:
                raise AuthoringError(f"{where}: `{mark}` must directly follow {BEGIN}")
            stubs.append(mark[len(STUB) :].removeprefix(" "))
        elif stubs is None:
            solved.append(line)
            released.append(line)
        else:
            head = False
            solved.append(line)
    if stubs is not None:
        raise AuthoringError(f"{where}: {BEGIN} without {END}: the answer's end is not marked")
    return "\n".join(solved), "\n".join(released)


def _execute(text: str, where: str, namespace: dict[str, Any]) -> None:
    try:
        exec(compile(text, where, "exec"), namespace)  # trusted: the author's own file
    except SyntaxError as error:
        raise AuthoringError(f"{where}, line {error.lineno}: {error.msg}") from None
    except Exception as error:
        line, trace = 0, error.__traceback__
        while trace:
            line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == where else line
            trace = trace.tb_next
        raise AuthoringError(f"{where}, line {line}: {type(error).__name__}: {error}") from error


def _checks(folder: str, sources: Mapping[str, str]) -> tuple[tuple[Check, ...], frozenset[str]]:
    """Both files share one namespace, as they do in a worker; the public one comes first."""
    namespace: dict[str, Any] = {"__name__": "checks"}
    defined: dict[str, str] = {}
    public: frozenset[str] = frozenset()
    for file, text in sources.items():
        where = f"{folder}/{file}"
        _execute(text, where, namespace)
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                if node.name in defined:
                    raise AuthoringError(
                        f"{where}, line {node.lineno}: `{node.name}` is already defined in "
                        f"{defined[node.name]}, and the checks files share one namespace: rename one"
                    )
                defined[node.name] = where
        if file == PUBLIC:
            public = frozenset(c.name for c in collect(namespace))
    return collect(namespace), public


def _table(folder: Path, file: str, name: str, kind: type[T]) -> tuple[T, ...]:
    """The list `name` of an optional file."""
    path, where = folder / file, f"{folder.name}/{file}"
    if not path.is_file():
        return ()
    namespace: dict[str, Any] = {"__name__": file.removesuffix(".py")}
    _execute(path.read_text(encoding="utf-8"), where, namespace)
    table = namespace.get(name, ())
    if not isinstance(table, Sequence) or any(not isinstance(v, kind) for v in table):
        raise AuthoringError(f"{where}: {name} must be a list of {kind.__name__} values")
    return tuple(table)


def _agree(a: Assignment, unsettled: str, empty: bool) -> None:
    """Do the files of an assignment fit together?"""
    exercises = a.exercises()
    cells = [c.exercise for c in a.cells if c.kind == "check"]
    if twice := _repeated(cells):
        raise AuthoringError(f"{a.name}/notebook.py: two check cells for the exercise `{twice}`: keep one")
    if twice := _repeated(c.name for c in a.checks):
        raise AuthoringError(f"{a.name}: two checks are named `{twice}`: rename one probe")
    for check in a.checks:
        where = f"{a.name}/{PUBLIC if check.name in a.public else HIDDEN}: check `{check.name}`"
        if check.exercise not in exercises:
            raise AuthoringError(
                f"{where}: no check cell for the exercise `{check.exercise}`; there are {list(exercises)}"
            )
        for need in check.needs:
            if need not in {c.name for c in a.checks if not c.trained}:
                raise AuthoringError(f"{where} needs `{need}`: {no_such_check(a, need)}")
    for exercise in exercises:
        if not any(c.name in a.public for c in a.checks if c.exercise == exercise):
            raise AuthoringError(f"{a.name}/{PUBLIC}: the exercise `{exercise}` has no public check: add one")
    _mistakes_agree(a, unsettled, empty)
    for variant in a.variants:
        _cells_known(a, variant.cells, f"{a.name}/variants.py: variant `{variant.name}`")
    if twice := _repeated(v.name for v in a.variants):
        raise AuthoringError(f"{a.name}/variants.py: two variants are named `{twice}`: rename one")


def _mistakes_agree(a: Assignment, unsettled: str, empty: bool) -> None:
    where = f"{a.name}/mutants.py"
    if twice := _repeated([*(m.name for m in a.mutants), *(r.name for r in a.rewrites)]):
        raise AuthoringError(f"{where}: `{twice}` names two mutants or rewrites: rename one")
    for m in a.mutants:
        count = sum(source.count(m.old) for source in a.solution.values()) if m.old else 0
        if count != 1:
            raise AuthoringError(
                f"{where}: mutant `{m.name}`: its `old` is found {count} times in the solution cells "
                f"of notebook.py, and must be exactly once: {m.old!r}"
            )
        if m.old == m.new:
            raise AuthoringError(f"{where}: mutant `{m.name}` changes nothing: `old` equals `new`")
        if not all(step.strip() for step in m.hint.split("\n")):
            raise AuthoringError(f"{where}: mutant `{m.name}` has no hint: say what a student should look at")
        if (steps := m.hint.count("\n") + 1) > STEPS:
            raise AuthoringError(
                f"{where}: the hint of mutant `{m.name}` has {steps} steps, and at most {STEPS} are shown: "
                "a question, the idea, the place"
            )
        if m.name == unsettled or (empty and not m.fails):
            continue
        if not m.fails:
            raise AuthoringError(
                f"{where}: mutant `{m.name}` fails no check: name those that catch it, or let "
                f"{to_type('matrix', a.name, '--accept')} do so"
            )
        if unknown := unknown_checks(a, m):
            raise AuthoringError(
                f"{where}: mutant `{m.name}` fails `{unknown[0]}`: {no_such_check(a, unknown[0])}"
            )
    for r in a.rewrites:
        if r.of not in {m.name for m in a.mutants}:
            raise AuthoringError(f"{where}: rewrite `{r.name}` is of `{r.of}`, which no mutant is named")
        _cells_known(a, r.cells, f"{where}: rewrite `{r.name}`")


def unknown_checks(a: Assignment, mutant: Mutant) -> list[str]:
    """What a mutant's `fails` names though no deterministic check is named so."""
    return [name for name in mutant.fails if name not in {c.name for c in a.checks if not c.trained}]


def no_such_check(a: Assignment, name: str) -> str:
    """Why no deterministic check has this name, and which name may be meant."""
    if any(c.name == name for c in a.checks):
        return "it is a check that trains; only those that do not can be named"
    near = difflib.get_close_matches(name, [c.name for c in a.checks if not c.trained], n=1)
    return f"there is no check `{name}`" + (f"; did you mean `{near[0]}`?" if near else "")


def _cells_known(a: Assignment, cells: Mapping[str, str], where: str) -> None:
    if not cells or (unknown := [id for id in cells if id not in a.solution]):
        raise AuthoringError(
            f"{where} replaces {unknown if cells else 'nothing'}; solution cells are {list(a.solution)}"
        )


def _repeated(values: Iterable[str]) -> str:
    return next((value for value, count in Counter(values).items() if count > 1), "")
