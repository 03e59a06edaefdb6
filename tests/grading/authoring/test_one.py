"""One mutant, rewrite or variant alone; and its `fails`, written where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.checks import Mutant, mutant
from minigrad.cli import main
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.accept import accepted
from minigrad.grading.authoring.one import only
from minigrad.grading.judge import judge as judging
from minigrad.grading.model import AuthoringError
from minigrad.grading.store import configuration
from tests.grading import example
from tests.grading.near import Near

HALVED = ["halve.half", "halve.one-row-hidden"]


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> Near:
    server = Near()
    monkeypatch.setattr(judging, "Lent", server)
    return server


def written(folder: Path, old: str, new: str) -> None:
    """Edit mutants.py."""
    path = folder / "mutants.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_mutant_alone_says_what_it_fails_and_why(tmp_path: Path) -> None:
    made = only([example.write(tmp_path)], "doubled", isolation="unsafe")
    assert made.complaints == ()
    lines = made.text.splitlines()
    assert lines[0] == "02-tiny: mutant doubled fails 2 checks"
    assert lines[1].startswith("  halve.half            `y` is off by about 1 (worst entry [")
    assert made.rows == ({"assignment": "02-tiny", "mutant": "doubled", "checks_failed": HALVED},)


def test_no_other_mutant_runs_and_nothing_trains(tmp_path: Path, near: Near) -> None:
    folder = example.write(tmp_path)
    only([folder], "doubled", isolation="unsafe")
    assert len(near.workers) == 2, "the solution's and the mutant's"


def test_a_mutant_that_fails_other_checks_than_it_says(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    written(folder, str(HALVED).replace("'", '"'), '["halve.half"]')
    made = only([folder], "doubled", isolation="unsafe")
    assert made.complaints == (
        "02-tiny: mutant doubled also fails halve.one-row-hidden: add to its `fails`, or mend the checks",
    )


def test_a_rewrite_and_a_variant_alone(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    assert only([folder], "doubled-sum", isolation="unsafe").complaints == ()
    assert only([folder], "division", isolation="unsafe").text == "02-tiny: variant division fails no checks"
    written(folder, "x + x", "x + x + x")
    assert only([folder], "doubled-sum", isolation="unsafe").complaints == (
        "02-tiny: rewrite doubled-sum is not taken for doubled: do the two give the same arrays?",
    )


def test_a_name_that_is_not_there_or_there_twice(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    with pytest.raises(AuthoringError, match="no mutant, rewrite or variant is named 'dubbed' in 02-tiny"):
        only([folder], "dubbed")
    with pytest.raises(AuthoringError, match="'doubled' is the name of a mutant of 02-tiny, mut"):
        only([folder, folder], "doubled")
    with pytest.raises(AuthoringError, match="division is a variant, and has no `fails` to accept"):
        only([folder], "division", accept=True)


@pytest.mark.parametrize("before", ["[]", '["halve.half"]', '["shift.moved", "no.such-check"]'])
def test_accept_writes_what_was_seen_and_nothing_else(tmp_path: Path, before: str) -> None:
    folder = example.write(tmp_path)
    right = (folder / "mutants.py").read_bytes()
    written(folder, str(HALVED).replace("'", '"'), before)
    made = only([folder], "doubled", accept=True, isolation="unsafe")
    assert made.complaints == ()
    assert made.note.startswith("written into mutants.py")
    assert (folder / "mutants.py").read_bytes() == right
    assert load(folder).mutants[0].fails == tuple(HALVED)
    assert only([folder], "doubled", accept=True, isolation="unsafe").note == "mutants.py says so already"


def test_accept_goes_by_other_mutants_whose_fails_are_still_empty(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    written(folder, str(HALVED).replace("'", '"'), "[]")
    written(folder, '["shift.moved"]', "[]")
    with pytest.raises(AuthoringError, match="mutant `doubled` fails no check"):
        load(folder)
    for name in ("doubled", "backwards"):
        made = only([folder], name, accept=True, isolation="unsafe")
        assert made.note.startswith("written into mutants.py")
    assert [m.fails for m in load(folder).mutants[:2]] == [tuple(HALVED), ("shift.moved",)]


def test_mutants_made_in_a_loop_are_told_what_to_write_by_hand(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    path = folder / "mutants.py"
    loop = (
        'for n in (3, 4):\n    MUTANTS.append(mutant(f"m{n}", "x * 0.5", f"x * {n}.0", hint="?", fails=[]))\n'
    )
    path.write_text(path.read_text("utf-8") + "\nMUTANTS = list(MUTANTS)\n" + loop, "utf-8")
    made = only([folder], "m3", isolation="unsafe")
    assert sorted(made.reasons) == HALVED
    with pytest.raises(AuthoringError) as error:
        only([folder], "m4", accept=True, isolation="unsafe")
    assert str(error.value).endswith('write by hand fails=["halve.half", "halve.one-row-hidden"]')


def test_a_name_with_a_typo_is_told_the_one_that_was_meant(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    written(folder, '["shift.moved"]', '["shift.moevd"]')
    told = "there is no check `shift.moevd`; did you mean `shift.moved`?"
    with pytest.raises(AuthoringError) as error:
        load(folder)
    assert str(error.value) == f"02-tiny/mutants.py: mutant `backwards` fails `shift.moevd`: {told}"
    made = only([folder], "backwards", isolation="unsafe")
    assert made.complaints == (
        f"02-tiny: mutant backwards fails shift.moevd: {told}",
        "02-tiny: mutant backwards also fails shift.moved: add to its `fails`, or mend the checks",
    )


def test_accept_has_nothing_to_write_for_a_mutant_that_passes(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    written(folder, '"x * 2.0"', '"0.5 * x"')
    with pytest.raises(AuthoringError, match="mutant doubled passes every check: add one"):
        only([folder], "doubled", accept=True, isolation="unsafe")


HEAD = '''"""Ünïcode before the place: columns are bytes."""
from minigrad.checks import mutant
def of(exercise, probes):
    return [f"{exercise}.{probe}" for probe in probes.split()]
ALL = "x y"
'''


def put(fails: str, failed: list[str], more: str = "") -> str:
    """What becomes of `fails` of one mutant, as source."""
    text = f'{HEAD}MUTANTS = [mutant("é", "a", "b", "ü", {fails}){more}]\n# the end\n'
    before: dict[str, list[Mutant]] = {}
    exec(text, before)  # type: ignore[arg-type]
    changed = accepted(text, "mutants.py", before["MUTANTS"][0], failed)
    head, tail = f'{HEAD}MUTANTS = [mutant("é", "a", "b", "ü", ', f"){more}]\n# the end\n"
    assert changed.startswith(head)
    assert changed.endswith(tail)
    return changed[len(head) : -len(tail)]


@pytest.mark.parametrize(
    ("fails", "failed", "code"),
    [
        ('["e.x"]', ["e.x", "e.y"], '["e.x", "e.y"]'),
        ('of("e", "x")', ["e.x", "e.y"], 'of("e", "x y")'),
        ('of("e", f"z {ALL}")', ["e.y", "e.w"], 'of("e", "y w")'),  # in the author's order, new ones last
        ('of("e", "x") + of("d", "z")', ["e.x", "d.u"], 'of("e", "x") + of("d", "u")'),
        ("fails=of('e', 'x')", ["e.y"], 'fails=of("e", "y")'),
        ("fails=[]", ["e.y"], 'fails=["e.y"]'),
    ],
)
def test_fails_keeps_its_form(fails: str, failed: list[str], code: str) -> None:
    assert put(fails, failed) == code


def test_an_empty_list_takes_the_form_of_the_others() -> None:
    others = "".join(f', mutant("m{i}", "a", "b", "h", of("e", "x"))' for i in range(2))
    assert put("[]", ["e.x", "e.y"], others) == 'of("e", "x y")'


def test_long_ones_go_over_several_lines() -> None:
    probes = [f"probe-number-{i}" for i in range(12)]
    assert "\n" in put("[]", [f"e.{p}" for p in probes])
    made = put('of("e", "x")', [f"e.{p}" for p in probes])
    assert max(map(len, made.splitlines())) < 115
    assert eval(made, {"of": lambda e, p: [f"{e}.{x}" for x in p.split()]}) == [f"e.{p}" for p in probes]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("helper", ["", "of"])
def test_a_value_far_to_the_right_hangs_from_its_line(helper: str, end: str) -> None:
    far = f'"+ h @ self.W_h + self.b)", "+ h @ self.W_h + self.b", hint="{"Bracket. " * 8}"'
    before = f'    MUTANTS.append(mutant("m", {far}, fails=' + (f'{helper}("e", "x")' if helper else "[]")
    text = f"{HEAD}MUTANTS = []\nif True:\n{before}))\n# the end\n".replace("\n", end)
    probes = [f"probe-{i}" for i in range(12)]
    changed = accepted(text, "m.py", mutant("m", "a", "b", "h", []), [f"e.{p}" for p in probes])
    assert changed.count("\n") == changed.count(end)
    lines = changed.split(end)
    at = next(i for i, line in enumerate(lines) if line.startswith("    MUTANTS.append"))
    assert lines[at].endswith(f"fails={helper}(" if helper else "fails=[")
    inner = lines[at + 1 : -3]
    assert len(inner) > 1
    assert all(line.startswith(" " * 8 + '"') and len(line) < 110 for line in inner)
    assert lines[-3:] == ["    )))" if helper else "    ]))", "# the end", ""]


def test_a_helper_that_gives_other_names_is_not_used() -> None:
    text = HEAD + 'def no(e, p):\n    return ["e.x"]\nMUTANTS = [mutant("m", "a", "b", "h", no("e", "x"))]\n'
    changed = accepted(text, "mutants.py", mutant("m", "a", "b", "h", ["e.x"]), ["e.y"])
    assert changed == text.replace('no("e", "x"))]', '["e.y"])]')


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ('[mutant(name, "a", "b", "h", ["e.x"]) for name in ["m"]]', r'no call of the form mutant\("m"'),
        ('[mutant("m", "a", "b", "h", ["e.x"])] + [mutant("m", "a", "b", "h", [])][1:]', "2 calls of"),
        ('[mutant("m", *"abh", ["e.x"])]', "`m` has no argument `fails`"),
        ('[*[mutant("m", "a", "b", "h", f) for f in [["e.x"]]][:0], OTHER]', "by writing it there"),
    ],
)  # fmt: skip
def test_a_place_that_is_not_found_is_said(code: str, told: str) -> None:
    text = f'{HEAD}OTHER = mutant(*"mabh", ["e.x"])\nMUTANTS = {code}\n'
    with pytest.raises(AuthoringError, match=told) as error:
        accepted(text, "09-x/mutants.py", mutant("m", "a", "b", "h", ["e.x"]), ["e.y"])
    assert str(error.value).startswith("09-x/mutants.py: ")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = example.write(tmp_path / "solutions")
    (tmp_path / configuration.FILE).write_text(configuration.TEXT)
    asked = ["--course", str(tmp_path), "matrix", "02-tiny", "--only", "backwards"]
    written(folder, '["shift.moved"]', "[]")
    assert main(asked) == 1
    assert "also fails shift.moved" in capsys.readouterr().err
    assert main([*asked, "--accept"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("02-tiny: mutant backwards fails 1 check\n  shift.moved  `y` is off")
    assert said.err == ""
    assert load(folder).mutants[1].fails == ("shift.moved",)
    assert main(["--course", str(tmp_path), "matrix", "--accept"]) == 0
    assert "nothing was written" in capsys.readouterr().out
