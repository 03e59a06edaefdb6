"""Images made without a registry: Debian by debootstrap; with this course in it, wheels by pip.

Needs root, debootstrap, the Debian mirror and the package index; afterwards only the engine.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGE = "minigrad-containers"
REPOSITORY = Path(__file__).resolve().parents[2]
DEBIAN = "bookworm"
PYTHON = "python3,python3-venv"
BARE = "minigrad-bare"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
VENV = "/opt/venv"
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}  # no setting of this machine's pip


def make() -> str:
    """Build the image and give it to the engine; its name."""
    with tempfile.TemporaryDirectory(prefix="minigrad-image-") as folder:
        root = Path(folder) / "root"
        _debian(root, PYTHON)
        _install(root)
        _copy_course(root)
        _import(root, IMAGE, f"ENV PATH={VENV}/bin:{CLEAN['PATH']}", "WORKDIR /course")
    return IMAGE


def bare(python: bool = False) -> str:
    """An image of Debian alone, with Python or without, for what is to be built on it; its name.

    It trusts the certificates that this machine trusts, so that pip works in it wherever it works here.
    """
    name = f"{BARE}-python" if python else BARE
    with tempfile.TemporaryDirectory(prefix="minigrad-image-") as folder:
        root = Path(folder) / "root"
        _debian(root, "ca-certificates", *([PYTHON] if python else []))
        trusted = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
        if trusted:
            shutil.copy(trusted, root / CERTIFICATES)
            (root / "etc" / "pip.conf").write_text(f"[global]\ncert = /{CERTIFICATES}\n")
        _import(root, name, f"ENV PATH={CLEAN['PATH']}")
    return name


def _debian(root: Path, *packages: str) -> None:
    _run("debootstrap", "--variant=minbase", f"--include={','.join(packages)}", DEBIAN, str(root))


def _import(root: Path, name: str, *changes: str) -> None:
    tar = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
    options = [word for change in changes for word in ("--change", change)]
    subprocess.run(["docker", "import", *options, "-", name], stdin=tar.stdout, check=True)
    if tar.wait():
        raise SystemExit("tar failed")


def _install(root: Path) -> None:
    """A venv with the wheel and what it needs, fetched out here: a container has no network."""
    wheels = root / "wheels"
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(REPOSITORY))
    (wheel,) = wheels.glob("minigrad-*.whl")
    version = subprocess.run(
        ["chroot", str(root), "python3", "-c", "import platform; print(platform.python_version())"],
        env=CLEAN, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    _run(
        sys.executable, "-m", "pip", "download", "-q", "-d", str(wheels), "--only-binary=:all:",
        "--python-version", version, f"{wheel}[course]", "pytest", "hypothesis",
    )  # fmt: skip
    inside = ["chroot", str(root)]
    subprocess.run([*inside, "python3", "-m", "venv", VENV], env=CLEAN, check=True)
    pip = [f"{VENV}/bin/pip", "install", "-q", "--no-index", "--find-links", "/wheels"]
    subprocess.run([*inside, *pip, "minigrad[course]", "pytest", "hypothesis"], env=CLEAN, check=True)
    _run("rm", "-r", str(wheels))


def _copy_course(root: Path) -> None:
    """The files that git knows, owned by root and readable by all."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True
    ).stdout  # fmt: skip
    (root / "course").mkdir()
    packed = subprocess.run(
        ["tar", "--null", "-T", "-", "--owner=0", "--group=0", "--mode=a+rX", "-c"],
        cwd=REPOSITORY, input=listed, capture_output=True, check=True,
    ).stdout  # fmt: skip
    subprocess.run(["tar", "-x", "-C", str(root / "course")], input=packed, check=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
