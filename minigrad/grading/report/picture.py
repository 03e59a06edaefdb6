"""Expected against got as a small SVG: lines for a vector, heat maps for a matrix.

Dashes and words as well as colours; text in the page's own colour, for dark themes too.
"""

from __future__ import annotations

import numpy as np

EXPECTED, GOT = "#2f7ed8", "#e0752d"  # told apart by colour-blind readers, and on dark pages
ROWS, COLUMNS, POINTS = 12, 16, 120  # larger arrays show a part around the worst entry
TEXT = 'font-family="sans-serif" font-size="11" fill="currentColor"'


def picture(expected: np.ndarray, got: np.ndarray) -> str:
    """An SVG that compares two arrays of one shape; "" where a picture would show nothing.

    Of an array with more than two axes it shows the matrix that holds the worst entry.
    """
    if expected.shape != got.shape or expected.size < 2 or not np.isfinite(expected).any():
        return ""
    with np.errstate(all="ignore"):
        want, have = expected.astype(np.float64), got.astype(np.float64)
        worst = worst_entry(want, have)
        where = worst[:-2]
        want, have, at = want[where], have[where], worst[-2:]
        if want.ndim == 2 and min(want.shape) == 1:
            at = (max(at),)
            want, have = want.ravel(), have.ravel()
        part = f"[{', '.join(map(str, where))}, …]" if where else ""
        return _lines(want, have, at[0], part) if want.ndim == 1 else _maps(want, have, (at[0], at[1]), part)


def worst_entry(expected: np.ndarray, got: np.ndarray) -> tuple[int, ...]:
    """Index of the largest difference; an entry that is not finite is the worst."""
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    flat = int(np.argmax(error))  # nan counts as the largest
    return tuple(int(i) for i in np.unravel_index(flat, expected.shape))


def window(size: int, at: int, most: int) -> slice:
    """At most `most` indices of `size`, around `at`."""
    start = min(max(at - most // 2, 0), max(size - most, 0))
    return slice(start, min(start + most, size))


def _svg(width: float, height: float, label: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:100%">{body}</svg>'
    )


def _number(value: float) -> str:
    return f"{value:.2g}"


def _lines(want: np.ndarray, have: np.ndarray, at: int, part: str) -> str:
    visible = window(want.size, at, POINTS)
    want, have = want[visible], have[visible]
    width, height, left, top, bottom = 460.0, 130.0, 52.0, 24.0, 18.0
    values = np.concatenate([want, have])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(high - low) and high > low):
        low, high = low - 1, low + 1

    def x(i: int) -> float:
        return left + i * (width - left - 10) / max(1, want.size - 1)

    def y(value: float) -> float:
        return height - bottom - (value - low) / (high - low) * (height - top - bottom)

    def path(values: np.ndarray, colour: str, dash: str, radius: float) -> str:
        pieces, marks, pen = [], [], "M"
        for i, value in enumerate(values):
            if np.isfinite(value):
                pieces.append(f"{pen}{x(i):.1f} {y(value):.1f}")
                marks.append(f'<circle cx="{x(i):.1f}" cy="{y(value):.1f}" r="{radius}" fill="{colour}"/>')
                pen = "L"
            else:  # a gap in the line, and a cross below it
                marks.append(f'<text x="{x(i) - 3:.1f}" y="{height - bottom - 1:.1f}" {TEXT}>×</text>')
                pen = "M"
        line = f'<path d="{" ".join(pieces)}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        return line + ("".join(marks) if values.size <= 40 else "")

    axis = "".join(
        f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end" {TEXT}>{_number(value)}</text>'
        f'<line x1="{left}" x2="{width - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="currentColor" '
        'stroke-opacity=".2"/>'
        for value in (low, high)
    )
    ends = (
        f'<text x="{left}" y="{height - 3}" {TEXT}>{visible.start}</text>'
        f'<text x="{width - 10}" y="{height - 3}" text-anchor="end" {TEXT}>{visible.stop - 1}</text>'
    )
    keys = (
        f'<line x1="{left}" x2="{left + 24}" y1="10" y2="10" stroke="{EXPECTED}" stroke-width="2"/>'
        f'<text x="{left + 30}" y="14" {TEXT}>expected</text>'
        f'<line x1="{left + 100}" x2="{left + 124}" y1="10" y2="10" stroke="{GOT}" stroke-width="2" '
        f'stroke-dasharray="5 3"/><text x="{left + 130}" y="14" {TEXT}>got (dashed)</text>'
        f'<text x="{width - 10}" y="14" text-anchor="end" {TEXT}>{part}</text>'
    )
    body = (
        axis + ends + keys + path(want, EXPECTED, "", 2.5) + path(have, GOT, ' stroke-dasharray="5 3"', 2.0)
    )
    return _svg(width, height, "expected (solid) and got (dashed) as lines", body)


def _maps(want: np.ndarray, have: np.ndarray, at: tuple[int, int], part: str) -> str:
    rows, columns = window(want.shape[0], at[0], ROWS), window(want.shape[1], at[1], COLUMNS)
    want, have = want[rows, columns], have[rows, columns]
    size = min(18.0, 160.0 / want.shape[1], 120.0 / want.shape[0])
    step, top, left = max(want.shape[1] * size, 84.0) + 22.0, 20.0, 30.0
    finite = np.abs(want[np.isfinite(want)])
    scale = float(finite.max()) or 1.0
    difference = have - want
    off = np.abs(difference[np.isfinite(difference)])
    largest = (float(off.max()) if off.size else 0.0) or 1.0
    body = ""
    for k, (title, values, most) in enumerate(
        (("expected", want, scale), ("got", have, scale), ("got − expected", difference, largest))
    ):
        x0 = left + k * step
        bottom = top + want.shape[0] * size + 14
        body += f'<text x="{x0:.0f}" y="13" {TEXT}>{title}</text>'
        body += f'<text x="{x0:.0f}" y="{bottom:.0f}" {TEXT}>±{_number(most)}</text>'
        for (i, j), value in np.ndenumerate(values):
            body += _square(x0 + j * size, top + i * size, size, f'fill="{_colour(value / most)}"')
            if not np.isfinite(value):
                body += _cross(x0 + j * size, top + i * size, size)
        frame = 'fill="none" stroke="currentColor" stroke-width="1.6"'
        body += _square(x0 + (at[1] - columns.start) * size, top + (at[0] - rows.start) * size, size, frame)
    labels = {0: rows.start, want.shape[0] - 1: rows.stop - 1}
    body += "".join(
        f'<text x="{left - 5}" y="{top + i * size + size / 2 + 4:.1f}" text-anchor="end" {TEXT}>{n}</text>'
        for i, n in labels.items()
    )
    corner = f"columns {columns.start}–{columns.stop - 1}" + (f" of {part}" if part else "")
    height, width = top + want.shape[0] * size + 34, left + 3 * step
    body += f'<text x="{left}" y="{height - 4:.0f}" {TEXT}>{corner}; the worst entry is framed</text>'
    return _svg(width, height, "heat maps of expected, got and their difference", body)


def _square(x: float, y: float, size: float, look: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" {look}/>'


def _cross(x: float, y: float, size: float) -> str:
    s = f"{size:.1f}"
    return f'<path d="M{x:.1f} {y:.1f}l{s} {s}m0 -{s}l-{s} {s}" stroke="#555"/>'


def _colour(value: float) -> str:
    """Blue for −1, white for 0, orange for 1; grey for what is not finite."""
    if not np.isfinite(value):
        return "#bbb"
    end = (224, 117, 45) if value > 0 else (47, 126, 216)
    part = min(abs(value), 1.0)
    return "#" + "".join(f"{round(250 + (c - 250) * part):02x}" for c in end)
