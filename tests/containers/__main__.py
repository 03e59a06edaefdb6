"""`python -m tests.containers [--image NAME] [--attacks] [ROW...]`: the table, on a real Docker engine.

DOCKER_HOST names the engine. Without --image, `image.py` makes an image first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from tests.containers.image import IMAGE, make
from tests.containers.rows import ROWS, Row

SECONDS = 900
RIGHT = {"ann": 100.0, "bob": 0.0, "mallory": 100.0}


def run(row: Row, image: str, attacks: bool = False) -> dict[str, Any]:
    """What `inside` found in a container that is started as the row says; with `attacks`, those too."""
    command = ["docker", "run", "--rm", "--network", "none", *row.options, image, *row.first]
    inside = ["python", "-m", "tests.containers.inside", row.folder, *(["all"] if attacks else [])]
    done = subprocess.run([*command, *inside], capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        return {"isolation": "", "broken": (done.stderr.strip().splitlines() or ["no word"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wrong(row: Row, found: dict[str, Any]) -> list[str]:
    """What is not as the row says, in words."""
    if "broken" in found:
        return [found["broken"]]
    told = "\n".join(str(found[name]) for name in ("isolation", "check_says", "grade_says", "reports"))
    complaints = []
    if row.expected != "graded":
        if row.expected not in told:
            complaints.append(f"not refused with {row.expected!r}: {told}")
        if found["gradebook"] and found["gradebook"] != RIGHT:
            complaints.append(f"recorded: {found['gradebook']}")
        return complaints
    if not found["isolation"].startswith(row.layers):
        complaints.append(f"isolation: {found['isolation']}")
    if found["check"] != 0 or found["grade"] != 0:
        complaints.append(f"exit codes {found['check']}, {found['grade']}: {told}")
    if found["reports"] != RIGHT or found["gradebook"] != RIGHT:
        complaints.append(f"graded {found['reports']}, recorded {found['gradebook']}")
    attacks = found.get("attacks", [])
    complaints += [f"attack {a['attack']}: {a['seen']}" for a in attacks if a["ok"] is False]
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.containers", description=__doc__)
    parser.add_argument("--image", help=f"one that is there already (default: make {IMAGE})")
    parser.add_argument("--attacks", action="store_true", help="every attack too, in the rows marked so")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all")
    args = parser.parse_args()
    image = args.image or make()
    failed = 0
    for row in ROWS:
        if args.rows and row.name not in args.rows:
            continue
        began = time.monotonic()
        found = run(row, image, args.attacks and row.attacks)
        complaints = wrong(row, found)
        failed += bool(complaints)
        layers = found["isolation"].splitlines()[0] if found["isolation"] else "-"
        result = "NOT OK" if complaints else "graded" if row.expected == "graded" else "refused"
        tried = f"; {len(found['attacks'])} attacks held" if found.get("attacks") and not complaints else ""
        print(f"{result:8}{row.name}: {layers}{tried} ({time.monotonic() - began:.0f} s)", flush=True)
        for complaint in complaints:
            print(f"        {complaint}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
