"""What is special to solutions/08-applications: examples reach what they claim, and nothing is given away."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from experiments import published
from minigrad.data import calendars, characters, clips, ragged, writing
from minigrad.grading.assignment import load as sources
from tests.library import library
from tests.solved import SOLUTIONS, cells, solved

NAME = "08-applications"
EARLIER = [name for name in sources.names(SOLUTIONS) if "00" < name < "07"]
FIELDS = [
    "translation",
    "language",
    "sentiment",
    "summaries",
    "entities",
    "speech recognition",
    "speech synthesis",
    "speaker",
    "stock",
    "weather",
    "traffic",
    "action",
    "video description",
    "video classification",
    "text",
]
MADE_UP = {"summaries", "entities", "speech recognition", "video description", "video classification"}
EITHER = {"traffic"}  # about 2 % better: the seed decides on which side of the border
BETTER = {"speech synthesis", "text"}  # than what needs no network, of those on real data
QUICK = [
    "sentiment",
    "entities",
    "speech recognition",
    "speech synthesis",
    "speaker",
    "weather",
    "action",
    "stock",
]


def verdict(field: str) -> str:
    """What the table says of a field."""
    return "learned" if field in MADE_UP else "better" if field in BETTER else "no better"


def seen() -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """What the text says of eight seeds: least and most of baseline and network, rounded to a hundredth."""
    text = "\n".join(c.source for c in cells(NAME) if c.id == "table-lesson")
    rows = re.findall(r"^\| ([\w ]+) \| (\d+)(?:-(\d+))? \| (\d+)-(\d+) \|$", text, re.MULTILINE)
    return {
        field: ((int(least) / 100, int(most or least) / 100), (int(worst) / 100, int(best) / 100))
        for field, least, most, worst, best in rows
    }


def as_the_text_says(field: str, outcome: Any) -> None:
    """The outcome of another seed, or on another processor, lies near those that the text tells."""
    for (least, most), value in zip(seen()[field], (outcome.baseline, outcome.reached), strict=True):
        assert least - 0.03 < value < most + 0.03, field


@pytest.fixture(scope="module")
def finished() -> str:
    return library([name for name in EARLIER if name != "00-autograd"])


def play(
    mine: str | None,
    monkeypatch: pytest.MonkeyPatch,
    *,
    trained: bool = True,
    tools: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], str]:
    """The notebook's names and all it prints, with this library; untrained, `WORKS` has the examples."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    module = None
    if mine is not None:
        module = ModuleType("mynet")
        exec(mine, module.__dict__)
    monkeypatch.setitem(sys.modules, "mynet", module)
    names: dict[str, Any] = {"__name__": "__main__"}
    works: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for cell in cells(NAME, released=True):
            if not cell.markdown and cell.id != "harness":
                exec(compile(cell.source, f"<cell {cell.id}>", "exec"), names)
            if cell.id == "tools":
                names |= tools or {}
            if cell.id == "tools" and not trained:
                names["run"] = lambda field, model, needs, work: works.__setitem__(field, work)
    return names | {"WORKS": works}, said.getvalue()


def test_it_asks_for_nothing_and_brings_no_answer() -> None:
    a = solved(NAME)
    assert not a.graded
    assert (a.checks, a.mutants, a.variants) == ((), (), ())
    text = "\n".join(c.source for c in a.cells)
    for name in sources.names(SOLUTIONS):
        other = solved(name)
        released = {c.id: c.source for c in other.cells}
        shown = "\n".join(released.values())
        for id, answer in other.solution.items():
            lines = {line.strip() for line in answer.splitlines() if len(line.strip()) > 30}
            told = {line for line in lines if line not in shown and line in text}
            assert told == set(), (name, id)


def test_each_field_comes_out_as_the_text_says(finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names, said = play(finished, monkeypatch)
    rows = names["ROWS"]
    assert list(names["predicted"]) == FIELDS
    told = {field: line.verdict for field, line in rows.items() if field not in EITHER}
    assert told == {field: verdict(field) for field in FIELDS if field not in EITHER}
    assert {rows[field].verdict for field in EITHER} <= {"better", "no better"}
    assert {field for field, line in rows.items() if line.outcome.threshold is not None} == MADE_UP
    end = "\n".join(c.source for c in cells(NAME) if c.id == "table-lesson").split("## What you have now")[1]
    counted = re.search(
        r"(\w+) small networks that learn .* on real data (\w+) that are better .* (\w+) that are not", end
    )
    assert counted
    assert all(f"*{field}*, which is one or the other" in end for field in EITHER)
    number = {"two": 2, "five": 5, "seven": 7}
    found = Counter(told.values())
    assert [number[word.lower()] for word in counted.groups()] == [
        found[one] for one in ("learned", "better", "no better")
    ]
    assert len(seen()) == 6
    for field in seen():
        as_the_text_says(field, rows[field].outcome)
    assert all(rows[field].outcome.reached > 0.93 for field in MADE_UP)
    (reached, rule), new = names["dates_seen"], rows["translation"].outcome
    assert reached > new.reached, "better on the languages that it was trained on"
    assert rule > new.baseline
    assert rows["sentiment"].outcome.reached > 0.7, "and yet it did learn something"
    assert "missing" not in said
    assert "left out" not in said
    table = said[said.index("field  ") :].splitlines()
    assert [line.split("  ")[0] for line in table[2 : 2 + len(FIELDS)]] == FIELDS
    forecasts = {name: errors for name, (errors, _) in names["forecasts"].items()}
    for field, errors in forecasts.items():
        assert rows[field].outcome.baseline == pytest.approx(min(errors[:3])), (
            "the strongest that needs no network"
        )
    persistence, linear, clock, net = (
        np.array([forecasts[n][k] for n in ("weather", "traffic", "stock")]) for k in range(4)
    )
    assert (net[:2] < persistence[:2]).all()
    assert abs(net[0] / linear[0] - 1) < 0.04, "weather: the straight line does it just as well"
    assert net[1] < 0.9 * linear[1]
    assert net[1] < 0.6 * persistence[1], "traffic: about half of persistence's"
    assert abs(net[1] / clock[1] - 1) < 0.05, "traffic: the line with a clock does it just as well"
    assert clock[[0, 2]] == pytest.approx(linear[[0, 2]]), "and for the others there is no clock"
    assert min(net[2], linear[2]) > persistence[2], "stock: neither is better"
    assert rows["stock"].outcome.baseline == pytest.approx(10.8, abs=0.05), "the title's table"
    assert names["chosen"][4] > names["chosen"][2], "weather: on validation rain and wind do harm"
    every = names["series"].seattle().values
    looked = names["forecast"](np.random.default_rng([8, 0]), every, 7, (731, 1096), 16, 400)[0][3]
    assert (looked, net[0]) == pytest.approx((2.65, 2.77), abs=0.03), "on the test they help"


def test_what_the_texts_say_of_their_data() -> None:
    rng = np.random.default_rng(0)
    tags = ragged.names(rng, 1000)
    assert (tags.y[tags.mask] == 0).mean() > 0.5
    assert len(np.unique(clips.captions(rng, 1000).y, axis=0)) == 10
    assert 36 <= len(characters().vocabulary) <= 45
    assert [round(100 * share) for share in published.wilson(6, 6)] == [61, 100]
    assert len(MADE_UP) == 5
    assert len(FIELDS) == 15
    numbers = [form for c in calendars.calendars() for form in c.forms if "{m}" in form or "{mm}" in form]
    day, month = (sum(form.startswith("{" + one) for form in numbers) for one in "dm")
    assert day > 5 * month > 0, "4/5/06 is May in most places and April in some"
    negated = [("not" in sentence.split(), rating > 0) for sentence, rating in writing.sentences()]
    of_good, of_bad = (np.mean([has for has, good in negated if good == wanted]) for wanted in (True, False))
    assert of_bad > 1.5 * of_good, '"not" is itself more frequent in the bad ones'
    assert len(writing.sentences()) == 3229 + 1000
    assert 2250 < len(writing.countries()) * 3 / 4 < 2350
    assert 2 * np.sqrt(0.97 * 0.03 / 370) < 0.02, "two standard errors"


def test_another_seed_reaches_its_thresholds(finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names, _ = play(finished, monkeypatch, trained=False)
    assert sorted(names["WORKS"]) == sorted(FIELDS)
    for field in QUICK:
        outcome = names["WORKS"][field](np.random.default_rng([8, 1]))
        assert names["Line"]("", outcome, 0.0).verdict == verdict(field), field
        if field in seen():
            as_the_text_says(field, outcome)


def test_without_a_library_every_example_names_what_to_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    names, said = play(None, monkeypatch)
    assert names["ROWS"] == {}
    lines = said.splitlines()
    for field in FIELDS:
        (line,) = [line for line in lines if line.startswith(f"{field}: ")]
        assert line.endswith(" first, then run this notebook again.")
    assert "missing: GRUCell; finish gru-cell in 03-gru first" in lines
    assert lines[-1] == f"left out, for want of something in mynet.py: {', '.join(FIELDS)}"


def test_with_half_a_library_the_others_run(finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    half = finished.replace("GRUCell = ", "MyGRU = ")
    names, said = play(half, monkeypatch, tools={"train": lambda *_, **__: None})  # untrained will do
    assert "speaker: finish gru-cell in 03-gru first, then run this notebook again." in said
    assert {"weather", "traffic", "stock"} == set(names["ROWS"])
    assert "speaker" not in names["ROWS"]


def test_every_name_that_an_example_needs_is_made_by_an_exercise(finished: str) -> None:
    made: dict[str, Any] = {}
    exec(finished, made)
    text = "\n".join(c.source for c in cells(NAME))
    block = text[text.index("MADE_BY = ") :]
    made_by = eval(block[len("MADE_BY = ") : block.index("}\n") + 1])
    for wanted, place in made_by.items():
        exercise, assignment = place.split(" in ")
        assert wanted in made
        assert exercise in solved(assignment).exercises(), wanted
        assert f"# --- {assignment} · {exercise}" in finished


def test_the_published_table_is_what_the_command_prints_it_for() -> None:
    text = "\n".join(c.source for c in cells(NAME))
    for experiment in published.EXPERIMENTS.values():
        for model in experiment.models:
            row = next(
                line for line in text.splitlines() if line.startswith("|") and f"| {model.name} |" in line
            )
            learned = re.search(r"\| (\d+) of (\d+) \|", row)
            assert learned
            low, high = published.wilson(int(learned[1]), int(learned[2]))
            assert f"| {100 * low:.0f}-{100 * high:.0f} % |" in row


def test_the_notes_on_the_data_are_named() -> None:
    assert "SOURCES.txt" in (Path(SOLUTIONS) / NAME / "notebook.py").read_text(encoding="utf-8")
