"""A list of packages: where they lie, however they were installed, and that a worker sees no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from minigrad.sandbox import layout
from minigrad.sandbox.errors import PackageMissing
from minigrad.sandbox.layout import Installed, _folders_of_python, _sites
from minigrad.sandbox.server import Server

SITE = Path(np.__file__).resolve().parent.parent


def install(site: Path, name: str, files: dict[str, str], requires: tuple[str, ...] = ()) -> None:
    """Put a distribution there as pip does."""
    info = f"{name}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    files = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}"}
    for file, text in {**files, f"{info}/RECORD": "".join(f"{f},,\n" for f in files)}.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text)


def found(site: Path, monkeypatch: pytest.MonkeyPatch, *listed: str) -> Installed:
    """What lies in `site` of what is installed, by relative paths."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(layout, "ALWAYS", ())
    made = layout.installed.__wrapped__(listed)

    def short(path: str) -> str:
        return os.path.relpath(path, site)

    return Installed(tuple(sorted(map(short, made.paths))), {m: short(p) for m, p in made.modules.items()})


def test_what_a_distribution_owns_is_shown_and_nothing_beside_it(tmp_path, monkeypatch):
    install(
        tmp_path,
        "Some.Thing",
        {
            "thing/__init__.py": "",
            "thing/deep/__init__.py": "",
            "thing/data.txt": "",
            "single.py": "",
            "Some_Thing.libs/lib.so": "",
            "shared/own/__init__.py": "",
            "shared/one.py": "",
            "x.pth": "",
            "__pycache__/single.cpython-311.pyc": "",
            "../bin/thing": "",
        },
    )
    install(tmp_path, "other", {"other.py": "", "shared/theirs/__init__.py": ""})
    assert found(tmp_path, monkeypatch, "some_thing") == Installed(
        (
            "Some.Thing-1.0.dist-info",
            "Some_Thing.libs",
            "shared/one.py",
            "shared/own",
            "single.py",
            "thing",
        ),
        {
            "thing": "thing/__init__.py",
            "single": "single.py",
            "shared": "shared",
            "shared.own": "shared/own/__init__.py",
            "shared.one": "shared/one.py",
        },
    )


def test_what_is_required_is_shown_too(tmp_path, monkeypatch):
    needs = ("b>=1", 'c[more]; python_version > "3"', 'd; extra == "test"', "nowhere", "minigrad[course]")
    install(tmp_path, "a", {"a.py": ""}, needs)
    install(tmp_path, "b", {"b.py": ""}, ("a",))
    install(tmp_path, "c", {"c.py": ""}, ("e; extra == 'more'", 'f; extra=="less"'))
    for name in "def":
        install(tmp_path, name, {f"{name}.py": ""})
    assert sorted(found(tmp_path, monkeypatch, "a").modules) == ["a", "b", "c", "e"]


def test_an_editable_installation_shows_its_package_and_not_its_project(tmp_path, monkeypatch):
    site, project = tmp_path / "site", tmp_path / "project"
    (project / "utils_of_ours").mkdir(parents=True)
    (project / "utils_of_ours" / "__init__.py").touch()
    install(site, "utils_of_ours", {"__editable__.utils.pth": "", "__editable___utils_finder.py": ""})
    monkeypatch.syspath_prepend(str(project))  # as the .pth file says
    package = "../project/utils_of_ours"
    assert found(site, monkeypatch, "utils-of-ours") == Installed(
        (package,), {"utils_of_ours": f"{package}/__init__.py"}
    )


def test_debians_packages_have_no_list_of_files_and_may_be_links(tmp_path, monkeypatch):
    site, place = tmp_path / "dist-packages", tmp_path / "share"
    info = site / "Thing-1.0.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Name: Thing\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("thing_inside\n")
    place.mkdir()
    (place / "__init__.py").touch()
    (site / "thing_inside").symlink_to(place)
    assert found(site, monkeypatch, "thing") == Installed(
        ("../share", "thing_inside"), {"thing_inside": "thing_inside/__init__.py"}
    )


def test_a_package_without_metadata_is_found_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "bare_module.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(layout, "ALWAYS", ("bare_module", "nowhere"))
    assert layout.installed.__wrapped__(()).modules == {"bare_module": str(tmp_path / "bare_module.py")}


def test_a_listed_package_that_is_not_installed_is_named_with_the_remedy():
    with pytest.raises(PackageMissing, match=r"no-such-thing .* `pip install no-such-thing`"):
        Server("unsafe", packages=["no-such-thing"])


def test_pythons_own_folders_of_packages_are_hidden(tmp_path):
    for folder in ("lib/python3.11/site-packages", "lib/python3/dist-packages", "stdlib/site-packages"):
        (tmp_path / folder).mkdir(parents=True)
    trees = [str(tmp_path / "lib"), str(tmp_path / "stdlib")]
    assert sorted(os.path.relpath(p, tmp_path) for p in _sites(trees)) == [
        "lib/python3.11/site-packages",
        "lib/python3/dist-packages",
        "stdlib/site-packages",
    ]
    shown = layout.layout(engine=True)
    for site in _sites([*_folders_of_python(), *shown.path]):
        assert any(Path(site).is_relative_to(h) for h in shown.hidden)


SEEN = """
import json, os, sys
from minigrad.sandbox.server import Server
isolation, site = sys.argv[1:]
ASKED = ("listed", "needed", "mere_folder.part", "unlisted", "aimed_at", "nbgrader", "pip", "pytest")
FILES = ("listed.py", "needed/data.txt", "unlisted.py", "listed_beside.txt", "../aimed/aimed_at.py")
with Server(isolation, packages=["listed"]) as server, server.worker() as worker:
    def ran(source):
        reply = worker.call(["cell", "a", source], 5.0)
        return reply["error"]["type"] if reply["error"] else reply["output"]
    print(json.dumps([
        [ran(f"import {name}") for name in ASKED],
        [ran(f"open({os.path.join(site, file)!r}).close()") for file in FILES],
        ran("import importlib.metadata as m; print([d.name for d in m.distributions(name='Listed')])"),
    ]))
"""


def test_a_worker_imports_what_is_listed_and_reads_nothing_else(server):
    """Neither what is installed beside it, nor what a .pth file points at."""
    isolation = "namespaces" if "namespaces" in server.isolation else "landlock"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        site = Path(folder) / "site"
        files = {"listed.py": "import needed", "mere_folder/part/__init__.py": ""}
        install(site, "listed", files, ("needed",))
        install(site, "needed", {"needed/__init__.py": "", "needed/data.txt": ""})
        install(site, "unlisted", {"unlisted.py": "", "aimed.pth": "../aimed", "listed_beside.txt": ""})
        (Path(folder) / "aimed").mkdir()
        (Path(folder) / "aimed" / "aimed_at.py").touch()
        done = subprocess.run(
            [sys.executable, "-c", SEEN, isolation, str(site)],
            env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    absent = "FileNotFoundError" if isolation == "namespaces" else "PermissionError"
    assert json.loads(done.stdout) == [
        ["", "", "", *["ModuleNotFoundError"] * 5],
        ["", "", absent, absent, absent],
        "['listed']\n",
    ]
