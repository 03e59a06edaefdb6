"""Pictures in a text cell: attachments become part of its text, and no picture counts as text."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

# What Jupyter writes for a picture that was dropped or pasted into a cell: ![plot.png](attachment:plot.png)
_REFERENCE = re.compile(r"(?<=[(\"'])attachment:([^)\s\"']{1,200})")
_DATA = re.compile(r"data:image/[a-z.+-]{1,20};base64,[A-Za-z0-9+/=]+")
_KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")


def with_attachments(source: str, attachments: Any) -> str:
    """A text cell's source with its attached pictures in it, as data URIs: it needs nothing beside it.

    `attachments` is the cell's field, which may hold anything. A picture is put in where it is first
    shown, so the text grows by no more than the file has; in any other place, and for what is no
    picture, a word stands.
    """
    there = attachments if isinstance(attachments, dict) else {}
    shown: set[str] = set()

    def put_in(reference: re.Match[str]) -> str:
        name = reference[1] if reference[1] in there else unquote(reference[1])
        data = "" if name in shown else _picture(there.get(name))
        shown.add(name)
        return data or "#picture-not-shown"

    return _REFERENCE.sub(put_in, source)


def without_pictures(source: str) -> str:
    """A text cell's source as far as somebody wrote it: without the bytes of pictures in it."""
    return _DATA.sub("", source)


def _picture(attachment: Any) -> str:
    """One attachment, by its kinds, as a data URI; "" where it has no picture."""
    for kind in _KINDS:
        data = attachment.get(kind) if isinstance(attachment, dict) else None
        if isinstance(data, list) and all(isinstance(line, str) for line in data):
            data = "".join(data)
        if isinstance(data, str) and _BASE64.fullmatch(data):
            return f"data:{kind};base64,{''.join(data.split())}"
    return ""
