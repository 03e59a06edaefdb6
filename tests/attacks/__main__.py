"""`make attacks`: every attack, in every configuration, as root and as an ordinary user; attacks.json."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from minigrad.cli.terminal import table
from minigrad.grading.model import clean
from tests.attacks.catalogue import Row
from tests.attacks.layers import LAYERS, without
from tests.attacks.rows import user
from tests.attacks.users import NOBODY, interpreter, path

CONFIGURATIONS = ("namespaces", "landlock", "files")
USERS = ("root", "ordinary")
SECONDS = 900


def users() -> dict[str, str | None]:
    """The interpreter for each user, None where we cannot become that user."""
    if os.getuid():
        return {"ordinary": sys.executable, "root": None}
    return {"root": sys.executable, "ordinary": interpreter()}


def run(python: str, who: str, first: Path | None, *arguments: str) -> list[Row]:
    """The rows of one process; one row that is not ok where it fails."""
    become = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if who != user() else {}
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o777)
        environment = {
            "PYTHONPATH": path(*([first] if first else [])),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "HOME": home,
            "PATH": os.environ.get("PATH", ""),
        }
        done = subprocess.run(
            [python, "-P", "-m", "tests.attacks.rows", *arguments], env=environment, cwd="/",
            capture_output=True, text=True, timeout=SECONDS, check=False, **become,
        )  # fmt: skip
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no word"])[-1]
        unavailable = "SandboxUnavailable" in done.stderr or "no sandbox can be set up" in done.stderr
        seen = f"not tried: {done.stderr.strip()[-300:] if unavailable else why}"
        return [Row("all", ", ".join(arguments[:2]), who, "rows", seen, None if unavailable else False)]
    return [Row(**row) for row in json.loads(done.stdout)]


def rows() -> Iterator[Row]:
    for who, python in users().items():
        if python is None:
            why = "this is not root" if who == "root" else "no Python that others may run"
            yield Row("all", "all", who, "rows", f"not tried: {why}", None)
            continue
        for configuration in CONFIGURATIONS:
            yield from run(python, who, None, configuration)
        for layer in LAYERS:
            with without(layer) as folder:
                removed = f"without {layer.name}"
                yield from run(python, who, folder, removed, layer.configuration, *layer.through)


def shown(row: Row) -> tuple[str, ...]:
    mark = "–" if row.ok is None else "ok" if row.ok else "NOT OK"
    seen = " ".join(clean(row.seen, 90).split())
    return row.attack, row.configuration, row.user, mark, f"{row.expected} | {seen}"


def main() -> int:
    made = list(rows())
    header = ("attack", "configuration", "user", "", "expected | seen")
    print(table(header, list(map(shown, made)), width=200))
    print()
    counts: Counter[tuple[str, str]] = Counter((r.configuration, r.user) for r in made)
    held: Counter[tuple[str, str]] = Counter((r.configuration, r.user) for r in made if r.ok)
    for where, number in counts.items():
        print(f"{', '.join(where)}: {held[where]} of {number} ok")
    text = json.dumps([dataclasses.asdict(r) for r in made], indent=1, ensure_ascii=False)
    Path("attacks.json").write_text(text + "\n", encoding="utf-8")
    failed = [r for r in made if r.ok is False]
    for row in failed:
        print("NOT OK:", *shown(row), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
