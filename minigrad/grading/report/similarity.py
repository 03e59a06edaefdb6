"""Near-identical work in a class, with what everybody was given taken out first. Pure.

Winnowed shingles of tokens (Schleimer, Wilkerson and Aiken 2003). Layout, comments, texts and the
names that a student made up do not count. A fingerprint that many works share is left out as common
knowledge, so the time is linear in the size of the class. What is found is for a person to look at:
it proves nothing.
"""

from __future__ import annotations

import builtins
import keyword
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations, zip_longest

from minigrad.grading.model import Alike, Pair, Side

SHINGLE = 7  # tokens
WINDOW = 4  # shingles, of which one is kept
ENOUGH = 12  # fingerprints below which work is too short to tell
MANY = 6  # different works that share a fingerprint, from which on it is common knowledge
NEAR = 0.8  # share of the shorter work's fingerprints
SHOWN = 20  # pairs that are laid side by side
LINES, WIDE = 500, 160  # of each work, and characters of a line, that are laid side by side

Key = tuple[str, ...]

# An unclosed text ends with its line, or with the code: a scan never starts twice at a character.
TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>[rbfuRBFU]{0,2}(?:'{3}(?:[^\\]|\\.?)*?(?:'{3}|\Z)|"{3}(?:[^\\]|\\.?)*?(?:"{3}|\Z)
                                  |'(?:[^'\\\n]|\\.?)*+'?|"(?:[^"\\\n]|\\.?)*+"?))
      | (?P<name>[^\W\d]\w*)
      | (?P<number>\d[\w.]*)
      | (?P<sign>\*\*|//|[-+*/@%&|<>=!:]=|->|[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
WORDS = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"self"}


def similar(works: Mapping[str, Sequence[str]], given: Iterable[str]) -> list[Alike]:
    """Near-identical work, everybody in one group at most, the most alike first; of the first pairs that link
    them both works side by side.

    `works` is each student's code; `given` is what all were given: the release, the framework.
    """
    given = list(given)
    known = [list(tokens(text)) for text in given]
    vocabulary = WORDS.union(*({t for t in text if t[:1].isalpha() or t[:1] == "_"} for text in known))
    taken_out = {mark for text in known for mark in shingles([plain(t, vocabulary) for t in text])}
    equal: dict[frozenset[int], list[str]] = defaultdict(list)  # students whose work has the same marks
    for student, texts in works.items():
        equal[fingerprints(texts, vocabulary, taken_out)].append(student)
    spread = Counter(mark for marks in equal for mark in marks)
    rare = [frozenset(m for m in marks if spread[m] < MANY) for marks in equal]
    students = list(equal.values())
    holders: dict[int, list[int]] = defaultdict(list)
    for i, marks in enumerate(rare):
        for mark in marks:
            holders[mark].append(i)
    shared = Counter(pair for held in holders.values() for pair in combinations(held, 2))
    links = [
        (1.0, (group[0], group[1]), (i, i))
        for i, (group, marks) in enumerate(zip(students, rare, strict=True))
        if len(group) > 1 and len(marks) >= ENOUGH
    ]
    for (i, j), count in shared.items():
        shorter = min(len(rare[i]), len(rare[j]))
        if shorter >= ENOUGH and count >= NEAR * shorter:
            links.append((round(count / shorter, 3), (students[i][0], students[j][0]), (i, j)))
    old = {key(line, vocabulary) for text in given for line in text.splitlines()}

    def seen(n: int, share: float, two: tuple[str, str]) -> Pair:
        x, y = (works[student] for student in two)
        return Pair(two, share, tuple(sides(x, y, vocabulary, old)) if n < SHOWN else ())

    group_of = {i: i for i in range(len(students))}  # the least number of those that are linked
    kept: list[tuple[Pair, int]] = []
    for share, two, (i, j) in sorted(links, key=lambda link: (-link[0], link[1])):
        if i == j or group_of[i] != group_of[j]:  # else they are linked by others that are more alike
            kept.append((seen(len(kept), share, two), i))
            one, other = sorted((group_of[i], group_of[j]))
            group_of = {k: one if group == other else group for k, group in group_of.items()}
    found: dict[int, list[Pair]] = {}
    for pair, i in kept:
        found.setdefault(group_of[i], []).append(pair)
    members: dict[int, list[str]] = {}
    for i, group in group_of.items():
        members.setdefault(group, []).extend(students[i])
    return [Alike(tuple(sorted(members[group])), tuple(pairs)) for group, pairs in found.items()]


def sides(
    left: Sequence[str], right: Sequence[str], vocabulary: frozenset[str], given: Collection[Key]
) -> Iterator[Side]:
    """Two works side by side: each cell beside the one that shares most of its lines, line beside line."""
    mine, theirs = bounded(left), bounded(right)
    marks = [[key(line, vocabulary) for line in cell] for cell in theirs]
    for cell in mine:
        own = [key(line, vocabulary) for line in cell]
        count = Counter(own)
        shared = [sum((count & Counter(other)).values()) for other in marks]
        at = max(range(len(theirs)), key=shared.__getitem__, default=None)
        beside, other = (theirs.pop(at), marks.pop(at)) if at is not None and shared[at] else ([], [])
        for kind, a, b, c, d in SequenceMatcher(None, own, other, autojunk=False).get_opcodes():
            new = [kind == "equal" and bool(m) and m not in given for m in own[a:b]]
            pairs = zip_longest(cell[a:b], beside[c:d], new, fillvalue="")
            yield from (Side(x, y, alike is True) for x, y, alike in pairs)
        yield Side("", "", False)
    yield from (Side("", line, False) for cell in theirs for line in (*cell, ""))


def bounded(work: Sequence[str]) -> list[list[str]]:
    """A work's lines by cell, not too many or too long: comparing takes time that grows with the square."""
    kept: list[list[str]] = []
    left = LINES
    for cell in work:
        kept.append([line[:WIDE] for line in cell.splitlines()[:left]])
        left -= len(kept[-1])
    return kept


def key(line: str, vocabulary: frozenset[str]) -> Key:
    """What a line says apart from layout, comments and the names that its author made up."""
    return tuple(plain(token, vocabulary) for token in tokens(line[:WIDE]))


def tokens(code: str) -> Iterable[str]:
    """The tokens of code, which need not be Python: no layout, no comments, every text as ''."""
    for match in TOKEN.finditer(code):
        if match.lastgroup == "text":
            yield "''"
        elif match.lastgroup != "comment":
            yield match.group()


def plain(token: str, vocabulary: frozenset[str]) -> str:
    """A name that its author made up becomes one that all have."""
    return "name" if token.isidentifier() and token not in vocabulary else token


def shingles(marks: Sequence[str]) -> list[int]:
    """A hash of every SHINGLE tokens in a row."""
    return [
        zlib.crc32("\0".join(marks[i : i + SHINGLE]).encode("utf-8", "replace"))
        for i in range(len(marks) - SHINGLE + 1)
    ]


def fingerprints(texts: Sequence[str], vocabulary: frozenset[str], given: set[int]) -> frozenset[int]:
    """Winnowed shingles of texts, without those that are given: the least of every WINDOW in a row."""
    kept: set[int] = set()
    for text in texts:
        own = [m for m in shingles([plain(t, vocabulary) for t in tokens(text)]) if m not in given]
        kept.update(min(own[i : i + WINDOW]) for i in range(max(1, len(own) - WINDOW + 1)) if own)
    return frozenset(kept)
