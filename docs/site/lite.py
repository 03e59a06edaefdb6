"""The course in the reader's browser: JupyterLite with Pyodide, as static files of the site.

The core of Pyodide comes from npm, with a lock file that names each of its packages and the hash of its
file. What the course needs of them is cut out of it: the files lie either at an address or, copied from a
downloaded distribution, beside the core. Our wheel, and the few that Pyodide lacks, always lie there and have
a hash as well. A browser loads no package whose file has another one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
# One version of everything: the core from npm, its lock, and the files at the address. It belongs to the
# kernel that pyproject.toml pins, whose own Python code is of that time.
VERSION = "0.27.7"
ADDRESS = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
# What a notebook of the course needs of Pyodide's own packages, less what these depend on.
PACKAGES = ("numpy", "matplotlib", "ipython", "jedi", "micropip", "sqlite3", "ssl")
# From the Python index, with what each needs: what the kernel itself imports, and what a student may.
PURE = {"comm==0.2.3": ("traitlets",), "tqdm==4.67.1": ()}
# JupyterLite takes a file of this kind, as the record of a student's work is one, for a single value in JSON,
# begins it with {}, and ends the kernel that adds a line.
TEXTS = {
    "jsonl": {"name": "jsonl", "extensions": [".jsonl"], "mimeTypes": ["text/plain"], "fileFormat": "text"}
}
# JupyterLite has a command that downloads the notebook, which is how work is handed in, but no menu that
# calls it; and a submenu of formats to export to, which has none.
MENUS = [
    {
        "id": "jp-mainmenu-file",
        "items": [
            {"command": "docmanager:download", "rank": 4.9},
            {"type": "submenu", "submenu": {"id": "jp-mainmenu-file-notebookexport"}, "disabled": True},
        ],
    }
]
KERNEL = Path(sys.prefix) / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"
PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"
# It shows by the tab's icon whether a kernel is busy: by files that only a server of Jupyter has.
TAB_ICON = "@jupyter-notebook/notebook-extension:tab-icon"
EXTENSION = Path(__file__).parent / "lab"
ICON = Path(__file__).parent / "static" / "icon.svg"

Entry = dict[str, Any]


def build(into: Path, chosen: Sequence[str], pyodide: str = ADDRESS) -> None:
    """Put the lab with the releases of these names into a new folder.

    pyodide: the address or the folder of Pyodide's own distribution. Raises SystemExit, with the remedy,
    where it, npm or the Python index lacks a file, and CalledProcessError where JupyterLite fails.
    """
    checked(pyodide)
    with tempfile.TemporaryDirectory() as place:
        lite = Path(place)
        for name in chosen:
            shutil.copytree(ROOT / "assignments" / name, lite / "contents" / name)
        runtime = lite / "runtime"
        packages = lay(runtime, pyodide)
        settings = {
            "pyodideUrl": "./pyodide/pyodide.js",
            "disablePyPIFallback": True,
            "loadPyodideOptions": {"packages": packages},
        }
        page = {
            "appName": "minigrad",
            "faviconUrl": f"./{ICON.name}",
            "disabledExtensions": [TAB_ICON],
            "litePluginSettings": {PLUGIN: settings},
            "settingsOverrides": {
                "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
                "@jupyterlab/mainmenu-extension:plugin": {"menus": MENUS},
            },
        }
        write(lite / "jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": page})
        options = {
            "contents": ["contents"],
            "apps": ["lab", "notebooks"],
            "extra_file_types": TEXTS,
            "ignore_sys_prefix": True,  # else all that is installed here for JupyterLab would come along
            "federated_extensions": [str(KERNEL), str(EXTENSION)],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "output_dir": str(into.resolve()),  # it builds in a folder of its own
        }
        write(lite / "jupyter_lite_config.json", {"LiteBuildConfig": options})
        command = [sys.executable, "-m", "jupyterlite_core.app", "build", "--lite-dir", place]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout, done.stderr, file=sys.stderr)
            raise subprocess.CalledProcessError(done.returncode, command)
        shutil.copytree(runtime, into / "pyodide")
    shutil.copy2(ICON, into)
    for page in into.rglob("index.html"):
        root = "../" * (len(page.relative_to(into).parts) - 1)
        page.write_text(named(page.read_text(encoding="utf-8"), root + ICON.name), encoding="utf-8")


def checked(pyodide: str) -> None:
    """Whether it can be the address or the folder of Pyodide's distribution; SystemExit, with the remedy."""
    if "://" in pyodide:
        address = urlsplit(pyodide)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise SystemExit(f"{pyodide} is no address of http or https, such as {ADDRESS}")
        return
    if not Path(pyodide).is_dir():
        raise SystemExit(
            f"there is no folder {pyodide}: name one with Pyodide's distribution {VERSION},"
            f" or an address, such as {ADDRESS}"
        )
    file = Path(pyodide) / LOCK
    if not file.is_file():
        raise SystemExit(f"the folder {pyodide} lacks {LOCK}: unpack Pyodide's distribution {VERSION} there")
    try:
        lock = json.loads(file.read_text(encoding="utf-8"))
        version, entries = lock["info"]["version"], [e for _, e in closure(lock["packages"], PACKAGES)]
    except (ValueError, LookupError, TypeError):
        raise SystemExit(f"{file} is no lock of Pyodide's: download its distribution again") from None
    if version != VERSION:
        raise SystemExit(f"{pyodide} has Pyodide {version}: unpack its distribution {VERSION} there")
    for entry in entries:
        carried(entry, pyodide)


def named(html: str, icon: str) -> str:
    """A page of the lab under the course's name, until its notebook is open, and with its icon.

    Without one, a browser asks for an icon at the server's root, which is not the site's.
    """
    html = html.replace("<head>", f'<head><link rel="icon" type="image/svg+xml" href="{icon}" />', 1)
    return re.sub("<title>.*?</title>", "<title>minigrad</title>", html)


def lay(runtime: Path, pyodide: str) -> list[str]:
    """Lay core, lock and wheels into a new folder; the names of all packages, which a kernel loads."""
    runtime.mkdir()
    core(runtime)
    official = json.loads((runtime / LOCK).read_text(encoding="utf-8"))
    packages = dict(closure(official["packages"], PACKAGES))
    for entry in packages.values():
        place(entry, pyodide, runtime)
    packages |= {entry["name"]: entry for entry in own(runtime)}
    write(runtime / LOCK, {"info": official["info"], "packages": packages})
    return sorted(packages)


def core(runtime: Path, names: Sequence[str] = CORE) -> None:
    """Put these files of Pyodide's core and its lock there, from npm; SystemExit where npm lacks it."""
    with tempfile.TemporaryDirectory() as place:
        command = ["npm", "pack", "--silent", "--pack-destination", place, f"pyodide@{VERSION}"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", "") or error
            raise SystemExit(f"the lab needs pyodide@{VERSION} from npm: install npm ({why})") from None
        with tarfile.open(next(Path(place).iterdir())) as packed:
            for name in (*names, LOCK):
                file = packed.extractfile(f"package/{name}")
                assert file is not None, name
                (runtime / name).write_bytes(file.read())


def closure(packages: Mapping[str, Entry], wanted: Sequence[str]) -> Iterator[tuple[str, Entry]]:
    """The entries of a lock that these names need, each once, under their keys there."""
    keys = {key.lower().replace("_", "-"): key for key in packages}
    left, seen = list(wanted), set()
    while left:
        key = keys[left.pop().lower().replace("_", "-")]
        if key not in seen:
            seen.add(key)
            left += packages[key]["depends"]
            yield key, dict(packages[key])


def place(entry: Entry, pyodide: str, runtime: Path) -> None:
    """Say in an entry where its file lies: at the address, or in `runtime`, copied from the distribution.

    Raises SystemExit where the distribution has no such file, or another one under its name.
    """
    name = entry["file_name"]
    if "://" in pyodide:
        entry["file_name"] = f"{pyodide.rstrip('/')}/{name}"
        return
    shutil.copy2(carried(entry, pyodide), runtime)


def carried(entry: Entry, folder: str) -> Path:
    """The file of an entry in the distribution; SystemExit where it lacks it, or has another of its name."""
    file = Path(folder) / entry["file_name"]
    if not file.is_file():
        raise SystemExit(
            f"the folder {folder} lacks {file.name}: unpack Pyodide's distribution {VERSION} there"
        )
    if digest(file) != entry["sha256"]:
        raise SystemExit(
            f"{file} is another file than Pyodide {VERSION} names: download its distribution again"
        )
    return file


def own(runtime: Path) -> Iterator[Entry]:
    """Entries of the wheels that Pyodide's distribution lacks, which are laid beside the lock."""
    with tempfile.TemporaryDirectory() as place:
        made = Path(place)
        ours(made)
        depends = {"minigrad": ["numpy"]}
        for pinned, needs in PURE.items():
            fetched(pinned, made)
            depends[pinned.partition("==")[0]] = list(needs)
        help_texts(made)
        kernel = json.loads((KERNEL / "static" / "pypi" / "all.json").read_text(encoding="utf-8"))
        for name in ("piplite", "pyodide-kernel", "ipykernel"):
            for release in kernel[name]["releases"].values():
                shutil.copy2(KERNEL / "static" / "pypi" / release[-1]["filename"], made)
        for wheel in sorted(made.rglob("*.whl")):
            shutil.copy2(wheel, runtime)
            project, version = wheel.name.split("-")[:2]
            with zipfile.ZipFile(wheel) as packed:
                tops = {name.split("/")[0].removesuffix(".py") for name in packed.namelist()}
            yield {
                "name": project.replace("_", "-"),
                "version": version,
                "file_name": wheel.name,
                "sha256": digest(wheel),
                "depends": depends.get(project, []),
                "imports": sorted(top for top in tops if top.isidentifier()),
                "install_dir": "site",
                "package_type": "package",
                "unvendored_tests": False,
            }


def ours(into: Path) -> None:
    """The students' wheel of minigrad, made from a copy, so that nothing is left beside the sources."""
    with tempfile.TemporaryDirectory() as place:
        for name in ("pyproject.toml", "minigrad_command.py", "README.md", "LICENSE"):
            shutil.copy2(ROOT / name, place)
        source = Path(place) / "minigrad"
        shutil.copytree(
            ROOT / "minigrad", source, ignore=shutil.ignore_patterns("__pycache__", "bundled.zip")
        )
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(into), place)


def help_texts(into: Path) -> None:
    """A wheel of the texts of Python's `help()`, from which the last part of 01-rnn learns to write."""
    from pydoc_data import topics

    name = f"pydoc_data-{sys.version_info.major}.{sys.version_info.minor}"
    with zipfile.ZipFile(into / f"{name}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("pydoc_data/__init__.py", "")
        wheel.write(topics.__file__, "pydoc_data/topics.py")
        about = f"Metadata-Version: 2.1\nName: pydoc-data\nVersion: {name.partition('-')[2]}\n"
        wheel.writestr(f"{name}.dist-info/METADATA", about)
        wheel.writestr(
            f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{name}.dist-info/RECORD", "")


def fetched(pinned: str, into: Path) -> str:
    """The path of a wheel from the Python index, put into a folder of its own there."""
    place = into / pinned
    pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(place), pinned)
    return str(next(place.iterdir()))


def pip(*arguments: str) -> None:
    """Run pip; SystemExit, with what it says, where it fails."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the lab needs {arguments[-1]} from pip: {done.stderr}")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
