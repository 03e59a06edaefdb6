"""Runs the cells of notebooks beside their release, and prints as JSON what the public checks say of each.

Its folder has the release's files, and cells.json: by a notebook's name, its cells' texts.
"""

import json
import os
from pathlib import Path

from minigrad.grading.notebook.checks import checks

FOLDER = Path("/given/01-rnn")  # where node.mjs shows the folder that it is given

os.chdir(FOLDER)
found = {}
for name, cells in json.loads(Path("cells.json").read_text(encoding="utf-8")).items():
    names = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, f"<{name}>", "exec"), names)
    check = checks("01-rnn", names)
    exercises = ("rnn-cell", "rnn-forward", "rnn-backward", "clip-value", "clip-norm", "train-step")
    results = {exercise: check(exercise) for exercise in exercises}
    found[name] = {
        exercise: {
            "hint": result.hint,
            "failed": [[row.name, *row.details] for row in result.rows if row.status != "pass"],
        }
        for exercise, result in results.items()
    }
print("RESULT " + json.dumps(found))
