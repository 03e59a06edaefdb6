"""`make mutation`: which small changes of our own code no test notices, as a table and as mutation.json.

`python -m tests.mutation [WORD]`: all modules of modules.toml, or those with the word in their path. What is
in mutation.json, and has not changed since, nor have its tests, is not run again: so a run that was
interrupted goes on with the module where it stopped.

Exits 1 where a change goes unnoticed that equal.toml does not list, and where one that it lists is noticed
or no longer possible.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.mutation.changes import Change, changes
from tests.mutation.run import ROOT, Tests, copied

HERE = Path(__file__).parent
RESULTS = Path("mutation.json")


def main(words: Sequence[str]) -> int:
    """Run what has to be run, and print the table; the exit status."""
    modules: dict[str, list[str]] = tomllib.loads((HERE / "modules.toml").read_text(encoding="utf-8"))
    chosen = {m: tests for m, tests in modules.items() if all(word in m for word in words)}
    if not chosen:
        print(f"no module has {' '.join(words)} in its path: there is {', '.join(modules)}")
        return 1
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known = read_known((HERE / "equal.toml").read_text(encoding="utf-8"))
    right = True
    for module, tests in chosen.items():
        digest = digest_of([module, *tests, "tests/mutation/changes.py"])
        if results.get(module, {}).get("digest") != digest:
            results[module] = {"digest": digest, **measured(module, tests)}
            RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
        right &= told(module, results[module], known.get(module, {}))
    return 0 if right else 1


def digest_of(words: Sequence[str]) -> str:
    """A number that changes with these words, and with the text of those that are files."""
    texts = [(ROOT / a).read_bytes() for a in words if (ROOT / a).is_file()]
    return hashlib.sha256(b"\0".join([repr(words).encode(), *texts])).hexdigest()


def measured(module: str, tests: Sequence[str]) -> dict[str, Any]:
    """How many changes of a module there are, those that go unnoticed, and the seconds that it took."""
    began, number, unnoticed = time.monotonic(), 0, []
    with copied() as copy:
        run = Tests(copy, module, tests)
        for change, text in changes(run.source):
            number += 1
            if not run.notice(text):
                unnoticed.append(vars(change))
    return {"changes": number, "unnoticed": unnoticed, "seconds": round(time.monotonic() - began)}


def read_known(text: str) -> dict[str, dict[Change, str]]:
    """For each module the changes that make no difference, with the reason why, as equal.toml has them."""
    return {
        module: {Change(one["where"], one["was"], one["now"]): one["why"] for one in listed}
        for module, listed in tomllib.loads(text).items()
    }


def told(module: str, result: dict[str, Any], known: dict[Change, str]) -> bool:
    """Print a module's line of the table, and what is wrong with it; whether nothing is."""
    unnoticed = [Change(**c) for c in result["unnoticed"]]
    new = [c for c in unnoticed if c not in known]
    gone = [c for c in known if c not in unnoticed]
    number, noticed = result["changes"], result["changes"] - len(unnoticed)
    print(
        f"{module:38} {number:4} changes {noticed:4} noticed ({100 * noticed / number:.1f} %) "
        f"{len(unnoticed) - len(new):3} make no difference {len(new):3} unnoticed {result['seconds']:5} s",
        flush=True,
    )
    for change in new:
        print(f"unnoticed: {change}")
    for change in gone:
        print(f"in equal.toml, but noticed or not possible: {change}")
    return not new and not gone


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
