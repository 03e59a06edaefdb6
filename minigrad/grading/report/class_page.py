"""The class view: one page on how a class did, and who needs a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, median

from minigrad.grading.model import Alike, Report
from minigrad.grading.report.markup import escape, number, prose


def needs_person(report: Report) -> str:
    """Why a person must look at a submission; "" when nobody must."""
    if report.status == "refused":
        return f"refused: {report.reason}"
    if report.status == "ungraded":
        return f"not graded, by no fault of the submission: {report.reason}"
    return "nothing of the release was changed: was the right file handed in?" if report.blank else ""


STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #2f7ed8; --bad: #d0651d; --soft: #8882 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: .2rem } h2 { margin: 2.2rem 0 .5rem; font-size: 1.15rem } p { margin: .3rem 0 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0 }
td { border-top: 1px solid var(--line) } th { font-weight: 600 }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
code { font-size: .92em } td:first-child code { white-space: nowrap } small { color: #6e7781 }
.figures { display: flex; flex-wrap: wrap; gap: 2.2rem; margin: 1rem 0 }
.figures b { font-size: 1.7rem; display: block; line-height: 1.2 }
.bar { background: var(--soft); width: 9rem; height: .8rem; display: inline-block; vertical-align: middle }
.bar i { background: var(--bar); height: 100%; display: block } .bar.bad i { background: var(--bad) }
svg text { fill: currentColor; font: 12px system-ui, sans-serif }
"""


def class_html(reports: Mapping[str, Report], near: Sequence[Alike] = ()) -> str:
    """The class view, one self-contained page: scores, checks, mistakes, who needs a person.

    `near` is what `similarity.alike` found.
    """
    graded = {student: r for student, r in sorted(reports.items()) if r.status == "graded"}
    title = next((r.assignment for r in reports.values()), "no submissions")
    sections = [
        _figures(reports, graded),
        _section("Scores", _histogram([100 * r.score / r.points for r in graded.values() if r.points])),
        _section("Submissions that need a person", _people(reports)),
        _section("Exercises", _exercises(graded)),
        _section("Commonest mistakes", _mistakes(graded)),
        _section("Near-identical work", _near(near)),
        _section("Students", _students(reports)),
        _section("Checks, most failed first", _checks(graded)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: the class</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(sections)}</body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<h2>{title}</h2>{body}" if body else ""


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are markup; a header that begins with # is of a column of numbers. No rows, no table."""
    if not rows:
        return ""
    classes = [' class="n"' if n.startswith("#") else "" for n in names]
    head = "".join(f"<th{c}>{n.lstrip('#')}</th>" for n, c in zip(names, classes, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{c}>{v}</td>" for v, c in zip(row, classes, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _bar(share: float, bad: bool = False) -> str:
    """A bar beside its number: the number is the information."""
    kind = "bar bad" if bad else "bar"
    return f'<span class="{kind}" aria-hidden="true"><i style="width:{100 * share:.0f}%"></i></span>'


def _figures(reports: Mapping[str, Report], graded: Mapping[str, Report]) -> str:
    scores = [r.score for r in graded.values()]
    points = max((r.points for r in graded.values()), default=0)
    people = sum(bool(needs_person(r)) for r in reports.values())
    figures = [(str(len(reports)), "submissions"), (str(people), "need a person")]
    if scores:
        figures[1:1] = [
            (number(round(mean(scores), 1)), f"mean of {number(points)} points"),
            (number(round(median(scores), 1)), "median"),
            (str(sum(s >= points for s in scores)), "with every point"),
        ]
    return '<div class="figures">' + "".join(f"<div><b>{a}</b>{b}</div>" for a, b in figures) + "</div>"


def _histogram(percents: list[float]) -> str:
    """Ten bars of ten per cent each; full marks fall into the last."""
    if not percents:
        return ""
    counts = Counter(min(int(max(p, 0) // 10), 9) for p in percents)
    most = max(counts.values())
    body = ""
    for i in range(10):
        x, height = 10 + i * 62, 120 * counts[i] / most
        body += f'<rect x="{x}" y="{140 - height:.1f}" width="54" height="{height:.1f}" fill="var(--bar)"/>'
        if counts[i]:
            body += f'<text x="{x + 27}" y="{134 - height:.1f}" text-anchor="middle">{counts[i]}</text>'
        label = f"{10 * i}–{10 * i + 9}" if i < 9 else "90–100"
        body += f'<text x="{x + 27}" y="158" text-anchor="middle">{label}</text>'
    body += '<line x1="5" x2="630" y1="140" y2="140" stroke="currentColor" stroke-opacity=".4"/>'
    return (
        '<svg role="img" aria-label="distribution of scores" viewBox="0 0 640 182" width="640" '
        f'style="max-width:100%">{body}'
        '<text x="317" y="178" text-anchor="middle">% of the points</text></svg>'
    )


def _exercises(graded: Mapping[str, Report]) -> str:
    shares: dict[str, list[float]] = {}
    points: dict[str, float] = {}
    for report in graded.values():
        for e in report.exercises:
            shares.setdefault(e.name, []).append(e.score / e.points if e.points else 0.0)
            points[e.name] = e.points
    rows = [
        [
            f"<code>{escape(name)}</code>",
            number(points[name]),
            f"{points[name] * mean(values):.1f}",
            _bar(mean(values)),
            f"{sum(v >= 1 - 1e-9 for v in values)} of {len(values)}",
        ]
        for name, values in shares.items()
    ]
    return _table(["exercise", "#points", "#mean", "", "#all points"], rows)


def _checks(graded: Mapping[str, Report]) -> str:
    verdicts = [v for r in graded.values() for e in r.exercises for v in e.verdicts]
    seen, failed = Counter(v.check for v in verdicts), Counter(v.check for v in verdicts if not v.passed)
    first = {v.check: v for v in reversed(verdicts)}
    rows = [
        [
            f"<code>{escape(name)}</code>{'' if first[name].public else '<br><small>hidden</small>'}",
            prose(first[name].says),
            number(first[name].points),
            _bar(failed[name] / seen[name], bad=True),
            f"{failed[name]} of {seen[name]}",
        ]
        for name in sorted(first, key=lambda name: (-failed[name] / seen[name], name))
    ]
    return _table(["check", "what it says", "#points", "", "#failed by"], rows)


def _mistakes(graded: Mapping[str, Report]) -> str:
    who: dict[tuple[str, str, str], list[str]] = {}
    for student, report in graded.items():
        for e in report.exercises:
            if e.mistake:
                who.setdefault((e.name, e.mistake, e.hint), []).append(student)
    rows = []
    for (exercise, mistake, hint), students in sorted(who.items(), key=lambda item: -len(item[1])):
        more = f" and {len(students) - 8} more" if len(students) > 8 else ""
        rows.append(
            [
                f"<code>{escape(mistake)}</code>",
                f"<code>{escape(exercise)}</code>",
                prose(hint),
                str(len(students)),
                escape(", ".join(students[:8]) + more),
            ]
        )
    return _table(["mistake", "exercise", "hint given", "#times", "students"], rows)


def _near(near: Sequence[Alike]) -> str:
    rows = [[escape(", ".join(a.students)), f"{100 * a.share:.0f} %"] for a in near]
    told = "<p>Apart from what all were given, layout, comments and names. To be looked at, not a proof.</p>"
    return told + _table(["students", "#alike"], rows) if rows else ""


def _people(reports: Mapping[str, Report]) -> str:
    rows = [[escape(s), escape(why)] for s in sorted(reports) if (why := needs_person(reports[s]))]
    return _table(["student", "why"], rows) or "<p>None.</p>"


def _students(reports: Mapping[str, Report]) -> str:
    exercises = list(dict.fromkeys(e.name for r in reports.values() for e in r.exercises))
    rows = []
    for student in sorted(reports):
        report = reports[student]
        graded = report.status == "graded"
        scores = {e.name: _score(e.score, e.points) for e in report.exercises} if graded else {}
        rows.append(
            [
                escape(student) + "".join(f"<br><small>{escape(note)}</small>" for note in report.notes),
                f"<b>{number(report.score)}</b>" if graded else escape(report.status),
                *(scores.get(name, "") for name in exercises),
            ]
        )
    return _table(["student", "#score", *(f"#{escape(e)}" for e in exercises)], rows)


def _score(score: float, points: float) -> str:
    whole = score >= points - 1e-9
    return number(score) if whole else f'<b style="color:var(--bad)">{number(score)}</b>'
