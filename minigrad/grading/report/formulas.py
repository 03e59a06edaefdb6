"""Pure: TeX as MathML, which browsers set by themselves; every letter and attribute of it is written here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

LONGEST = 2000  # characters of a formula
TAGS = re.compile(
    r"math|mrow|m[ino]|mtext|mspace|mstyle|mpadded|mphantom|mfrac|msqrt|mroot|msu[bp]|msubsup|munder|mover|"
    r"munderover|mmultiscripts|mprescripts|mtable|mt[rd]|menclose"
)
ATTRIBUTES = re.compile(  # none that links, styles or names
    r"display|displaystyle|scriptlevel|math(variant|size)|width|height|depth|[lr]space|voffset|form|fence|"
    r"stretchy|accent|accentunder|(min|max)size|linethickness|(column|row)(align|spacing|lines)|separator|"
    r"largeop|movablelimits|symmetric|notation"
)
VALUE = re.compile(r"[\w.+% -]{1,40}")


def mathml(tex: str, block: bool) -> str:
    """A formula as MathML, on a line of its own or within one; the TeX itself where it cannot be read."""
    try:
        if len(tex) > LONGEST:
            raise ValueError("too long")
        made = "".join(_written(convert_to_element(tex, display="block" if block else "inline")))
    except Exception:  # the library raises whatever it meets, and a student's text has no say in it
        made = f"<code>{html.escape(tex)}</code>"
    return f'<span class="formula">{made}</span>' if block else made


def _written(element: Element) -> Iterator[str]:
    """An element and what is in it, escaped; ValueError for a tag that is not on the list."""
    if not TAGS.fullmatch(element.tag):
        raise ValueError(element.tag)
    pairs = element.attrib.items()
    told = [f' {k}="{v}"' for k, v in pairs if ATTRIBUTES.fullmatch(k) and VALUE.fullmatch(v)]
    yield f"<{element.tag}{''.join(told)}>"
    yield html.escape(html.unescape(element.text or ""))  # the library writes entities for letters
    for part in element:
        yield from _written(part)
    yield f"</{element.tag}>"
