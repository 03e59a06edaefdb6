"""Archives of a class, honest and hostile, and seeded mutations of them."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile

NAMES = (
    "ann/hw.ipynb", "ann/hw/hw.ipynb", "bob.ipynb", "Ann Lee_12_assignsubmission_file_/hw.ipynb",
    "leeann_LATE_34_5_hw.ipynb", "../evil.ipynb", "/etc/evil.ipynb", "..\\evil.ipynb", "C:\\evil.ipynb",
    "a/../../evil.ipynb", "ANN/hw.ipynb", "ann/HW.ipynb", "ann/numpy.py", "x" * 300 + "/hw.ipynb",
    "\u0130/hw.ipynb", "ann\0b/hw.ipynb", ".hidden/hw.ipynb", "-rf/hw.ipynb", "ann/./hw.ipynb", "",
    "Bo_9_assignsubmission_file_7_assignsubmission_file_hw.ipynb",
    "hw_ann_attempt_2030-01-31-12-00-00_hw.ipynb",
    "hw_ann_attempt_2030-01-31-12-00-00.txt", "1-2 - Ann Lee - Jan 31, 2030 926 PM/hw.ipynb",
    "1-2 - Ann Lee - never/hw.ipynb", "Lee, Ann(ann)/Submission attachment(s)/hw.ipynb",
    "Lee_Ann_ann_5/hw.ipynb", "Team_1/Lee_Ann_ann_5/hw.ipynb",
    "submission_11/hw.ipynb", "submission_metadata.yml",
    "hw-submissions/hw-ann/hw.ipynb", "submitted/ann/hw/hw.ipynb",
    "__MACOSX/ann/._hw.ipynb", "ann/",
    "bob/hw/",
)  # fmt: skip
ROSTER = "student,name,email,github\nann,Ann Lee,a@b,ann\nbob,Bo,,\n"
TYPES = (*[tarfile.REGTYPE] * 3, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)
BODIES = (b"{}", b"submission_11:\n  :submitters:\n  - :email: a@b\n", b"", b"\0" * 100_000, b"x" * 3_000_000)


def archive(rng: random.Random) -> bytes:
    """A .zip, .tar or .tar.gz with odd entries, then with some bytes changed."""
    make = rng.choice([zipped, tarred, lambda r: gzip.compress(tarred(r), 1)])
    data = bytearray(make(rng))
    for _ in range(rng.choice([0, 0, 1, 1, 2, 8])):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at : at + 4] = rng.choice([b"\xff" * 4, b"\0" * 4, rng.randbytes(4)])
        elif kind == 2:
            del data[at : at + rng.choice([1, 50, len(data)])]
        else:
            data[at:at] = data[: rng.randrange(min(len(data), 2000))]
        if not data:
            break
    return bytes(data)


def zipped(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as made:
        for name in rng.sample(NAMES, rng.randrange(6)):
            info = zipfile.ZipInfo(name.replace("\0", "0") or "x")
            info.external_attr = rng.choice([0, 0o100644, 0o120777, 0o010644, 0o060644]) << 16
            info.compress_type = made.compression
            made.writestr(info, rng.choice(BODIES[:4]))
    return out.getvalue()


def tarred(rng: random.Random) -> bytes:
    out = io.BytesIO()
    form = rng.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
    with tarfile.open(fileobj=out, mode="w", format=form) as made:
        for name in rng.sample(NAMES, rng.randrange(6)):
            info = tarfile.TarInfo(name or "x")
            info.type = rng.choice(TYPES)
            link = info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE)
            info.linkname = "/etc/passwd" if link else ""
            body = rng.choice(BODIES[:4]) if info.isreg() else b""
            info.size = len(body)
            made.addfile(info, io.BytesIO(body))
    return out.getvalue()
