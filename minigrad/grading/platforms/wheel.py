"""The students' wheel, made of the installed package: a platform needs no index for it."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import minigrad
from minigrad.grading.assignment.carried import RELEASES
from minigrad.grading.authoring.course import BUNDLED
from minigrad.grading.model import GradingError

COMMAND = "minigrad_command"  # beside the package
WHEEL = "Wheel-Version: 1.0\nGenerator: minigrad\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel() -> tuple[str, bytes]:
    """(file name, bytes) of a wheel; GradingError where minigrad is not installed but only lies there.

    Of a staff wheel it leaves out the assignments' sources, and the word in the version that tells of them:
    platforms hand what they get on to students. And of any the releases: a platform has the one it needs.
    """
    try:
        installed = distribution("minigrad")
    except PackageNotFoundError:
        raise GradingError("minigrad is not installed here: pip install it, then pack again") from None
    version = installed.version.partition("+")[0]
    info = f"minigrad-{version}.dist-info"
    package = Path(minigrad.__file__).parent
    left_out = (BUNDLED, RELEASES)
    files = {
        f"minigrad/{path}": data for path, data in contents(package).items() if package / path not in left_out
    }
    files[f"{COMMAND}.py"] = (package.parent / f"{COMMAND}.py").read_bytes()
    # Where Python was started in a clone, it finds what setuptools left there, by its older name.
    metadata = installed.read_text("METADATA") or installed.read_text("PKG-INFO") or ""
    metadata = metadata.replace(f"\nVersion: {installed.version}\n", f"\nVersion: {version}\n", 1)
    files[f"{info}/METADATA"] = metadata.encode()
    files[f"{info}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    files[f"{info}/WHEEL"] = WHEEL.encode()
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"minigrad-{version}-py3-none-any.whl", zipped(files)


def contents(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by path below it: no caches of Python's, nothing hidden."""
    return {
        path.as_posix(): (folder / path).read_bytes()
        for path in sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        if not any(part == "__pycache__" or part.startswith(".") for part in path.parts)
    }


def zipped(files: dict[str, bytes], run: tuple[str, ...] = ()) -> bytes:
    """A zip archive of files by name; those named in `run` may be executed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in run else 0o100644) << 16
            archive.writestr(entry, data)
    return out.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
