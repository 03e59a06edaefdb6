"""Every file of data has its source and licence; all come along, and none is read unasked."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from minigrad import data

FOLDER = Path(data.__file__).parent
NOTES = (FOLDER / "SOURCES.txt").read_text(encoding="utf-8")
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".npz"))


def test_every_file_has_its_source_and_licence():
    assert {path.suffix for path in FOLDER.iterdir() if path.is_file()} == {".csv", ".npz", ".py", ".txt"}
    assert len(FILES) == 9
    for file in FILES:
        note = NOTES[NOTES.index(f"\n{file}\n") :].split("\n\n")[0]
        assert all(f"\n  {word} " in note for word in ("What", "Source", "Licence", "Cut")), file


def test_the_notices_that_licences_ask_for_are_there():
    for holder in (
        "Jake Vanderplas",
        "C.J. Hutto",
        "Unicode, Inc.",
        "The sktime developers",
        "Carnegie Mellon",
    ):
        assert re.search(f"Copyright .{{0,40}}{holder}", NOTES), holder
    for terms in (
        "MIT License",
        "UNICODE LICENSE V3",
        "BSD 3-Clause License",
        "this work was supported in part",
    ):
        assert terms.lower() in NOTES.lower(), terms


def test_the_wheel_takes_them_along():
    project = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["minigrad"]
    for file in ("SOURCES.txt", *FILES):
        assert any(Path("data", file).match(pattern) for pattern in patterns), file
    assert sum((FOLDER / file).stat().st_size for file in FILES) < 800_000


def test_an_import_reads_none_of_them():
    program = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from minigrad.data import calendars, recordings, series, writing
print(*[name for name in opened if name.endswith((".csv", ".npz", ".txt"))])
series.stocks(), recordings.motions()
print(*sorted({name.rpartition("/")[2] for name in opened if name.endswith((".csv", ".npz", ".txt"))}))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    unasked, asked = said.stdout.split("\n")[:2]
    assert (unasked, asked) == ("", "motions.npz stocks.csv")
