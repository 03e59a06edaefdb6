"""What the judge makes of honest, broken and hostile work."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from minigrad.checks import mutant
from minigrad.grading.judge import session as sessions
from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.reference import read_evidence, write_evidence
from minigrad.grading.judge.seeds import reference_key
from minigrad.grading.judge.session import Session
from minigrad.grading.model import AuthoringError, Evidence, Failure, JudgeFault, Limits, Words
from minigrad.sandbox.server import SandboxUnavailable
from tests.grading.near import Near
from tests.grading.squares import HIDDEN, MUTANTS, SOLUTION, squares, submission

SALT = b"0123456789abcdef"


@pytest.fixture
def near():
    return Near()


@pytest.fixture
def judge(near):
    with Judge(squares(), SALT, serve=near) as judge:
        judge.prepare()
        near.workers.clear()
        yield judge


def scores(report):
    return {e.name: e.score for e in report.exercises}


def reasons(report):
    return {v.check: v.reason for e in report.exercises for v in e.verdicts if not v.passed}


ALL = {"square": 10.0, "mean": 10.0, "fit": 10.0}


def test_the_solution_gets_all_points(judge):
    report = judge.grade(submission(why="because"))
    assert scores(report) == ALL
    assert report.status == "graded"
    assert report.points == 30.0
    assert reasons(report) == {}
    assert report.notes == ()
    assert not report.blank
    verdict = report.exercises[0].verdicts[0]
    assert (verdict.check, verdict.public, verdict.says) == ("square.value", True, "Squares are right.")
    assert not report.exercises[0].verdicts[1].public
    assert report.cpu > report.training_cpu > 0


def test_the_same_salt_gives_the_same_report_and_another_other_seeds(judge, near):
    wrong = submission(square="def square(x):\n    return x + 0.01 * x\n")
    a, b = judge.grade(wrong), judge.grade(wrong)
    assert dataclasses.replace(a, cpu=0, training_cpu=0) == dataclasses.replace(b, cpu=0, training_cpu=0)
    with Judge(squares(), b"another salt 123", serve=near) as other:
        assert {judge.seeds.probe(c.name) for c in judge.deterministic}.isdisjoint(
            other.seeds.probe(c.name) for c in other.deterministic
        )
        assert scores(other.grade(wrong)) == scores(a)


def test_a_blank_release_is_all_to_do(judge):
    report = judge.grade(submission(square=None, mean=None, step=None))
    assert report.blank
    assert report.score == 0
    assert reasons(report) == {
        "square.value": "still to do, or a `return` is missing",
        "square.negative": "`y` is still to do",
        "mean.value-of-mean": "still to do, or a `return` is missing",
        "fit.slope": "waits for `mean.value-of-mean`",
    }
    assert [e.hint for e in report.exercises] == ["", "", ""]


def test_a_known_mistake_is_named_and_another_is_not(judge):
    report = judge.grade(submission(square="def square(x):\n    return 2 * x\n"))
    first = report.exercises[0]
    assert (first.score, first.mistake, first.hint) == (0.0, "square-doubles", "That is 2x.")
    assert first.verdicts[0].reason.startswith("`y` is off by about ")
    assert scores(report) == {**ALL, "square": 0.0}
    other = judge.grade(submission(square="def square(x):\n    return 3 * x\n")).exercises[0]
    assert other.mistake == ""
    assert other.hint.startswith("No known mistake gives just this. Next: ")
    assert "a value in `value` is not" in other.hint
    hidden = judge.grade(
        submission(square="def square(x):\n    return x * x if x.ndim == 2 else 3 * x\n")
    ).exercises[0]
    assert ({v.check: v.passed for v in hidden.verdicts}, hidden.hint) == (
        {"square.value": True, "square.negative": False},
        "",
    ), "what is hidden is not pointed at"
    stopped = judge.grade(submission(square="def square(x):\n    raise KeyError\n")).exercises[0]
    assert stopped.hint == "", "the reason tells it"


def test_answers_that_give_the_same_are_seen_as_alike(judge):
    def seen(body):
        report = judge.grade(submission(square=f"def square(x):\n    return {body}\n"))
        return report.exercises[0].seen

    assert seen("x * x") == "", "nothing is wrong"
    assert seen("3 * x") == seen("x + x + x") != ""
    assert len({seen("3 * x"), seen("4 * x"), seen("None")}) == 3


def test_points_are_partial(judge):
    half = judge.grade(submission(square="def square(x):\n    return x * x if x.ndim > 1 else x\n"))
    assert scores(half) == {**ALL, "square": 4.0}


def test_a_missing_name_is_told_with_its_cells_error(judge):
    report = judge.grade(submission(square="x = (\n\ndef square(x:\n    return x\n", mean="mean_ = 1"))
    assert reasons(report) == {
        "square.value": "`square` is not defined: SyntaxError in line 3 of your cell `square`",
        "square.negative": "`square` is not defined: SyntaxError in line 3 of your cell `square`",
        "mean.value-of-mean": "`mean` is not defined",
        "fit.slope": "waits for `mean.value-of-mean`",
    }


def test_an_error_after_a_definition_costs_nothing(judge):
    source = "def square(x):\n    return x * x\nprint('hi\\x1b[31m \\u202e')\n1 / 0\n"
    report = judge.grade(submission(square=source, own=["undefined", "print('own')"]))
    assert scores(report) == ALL
    runs = {r.id: (r.output, r.error) for r in report.cells}
    assert runs == {
        "imports": ("", ""),
        "square": ("hi \ufffd\n", "ZeroDivisionError in line 4 of your cell `square`"),
        "mean": ("", ""),
        "step": ("", ""),
        "own-1": ("", "NameError in line 1 of cell 1 of those you added"),
        "own-2": ("own\n", ""),
    }


def test_output_is_bounded(judge):
    report = judge.grade(submission(own=["print('x' * 100_000)"] * 10))
    assert scores(report) == ALL
    assert all(len(r.output) < 17_000 for r in report.cells)
    assert sum(len(r.output) for r in report.cells) < 70_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return x[:, None] * x", "has shape (2, 2, 3), not (2, 3)"),
        ("return x * float('nan')", "is not a finite number (entry [0, 0])"),
        ("return (x * x).astype('float32')", "has dtype float32, not float64"),
        ("return (x * x).tolist()", "`y` is not an array of real numbers (or a Tensor of them)"),
        ("return 'PASSED 100/100'", "`y` is not an array of real numbers (or a Tensor of them)"),
        ("return 10 ** 5000", "`y` is not an array of real numbers (or a Tensor of them)"),
        ("return x * 1j", "`y` is not an array of real numbers (or a Tensor of them)"),
        ("return np.full(x.shape, 1.7e308)", "is off by about 1e308"),
        ("raise type('AllTestsPassed', (Exception,), {})", "Exception in line 2 of your cell `square`"),
        ("raise SystemExit(0)", "SystemExit in line 2 of your cell `square`"),
        ("raise KeyboardInterrupt", ""),
    ],
)
def test_odd_answers_are_zeros_with_a_reason(judge, body, reason):
    report = judge.grade(submission(square=f"def square(x):\n    {body}\n"))
    assert scores(report) == {**ALL, "square": 0.0}
    told = reasons(report)["square.value"]
    assert told
    assert reason in told
    assert "PASSED" not in str(report)
    assert "AllTests" not in str(report)


def test_the_judge_neither_asks_for_words_nor_reads_them(judge, near):
    """An exception's text is the worker's own: only who runs their own work is told it."""
    raises = "def square(x):\n    print('printed words')\n    raise ValueError('spoken words')\n"
    report = judge.grade(submission(square=raises))
    asked = [r for w in near.workers for r in w.requests if r[0] != "checks"]
    assert {len(r) for r in asked if r[0] == "probe"} == {3}
    assert {(len(r), r[3]) for r in asked if r[0] == "cell"} == {(5, False)}
    assert {len(r) for r in asked if r[0] == "replay"} == {5}
    assert "words" not in repr(report)
    with Session(near, {}, (), Limits()) as session:
        failure = {"kind": "exception", "type": "ValueError", "line": 1, "cell": "square"}
        for reply in ({"failure": failure, "words": {"error": "spoken"}}, {"arrays": {}, "words": {}}):
            assert session.read(reply).failure.kind == "bad-value"
            assert session.read(reply).words == Words()


# --- what ends a worker is charged alone ------------------------------------------------------


def test_a_cell_that_ends_its_worker_is_charged_alone(judge, near):
    report = judge.grade(submission(square="end_worker('exit')\ndef square(x):\n    return x * x\n"))
    assert scores(report) == {**ALL, "square": 0.0}
    assert reasons(report)["square.value"] == (
        "`square` is not defined: your cell `square` ends Python (`exit`, `os._exit`)"
    )
    assert report.notes == (
        "your cell `square` ends Python (`exit`, `os._exit`) (the other cells ran without it)",
    )
    assert near.asked("cell") == [
        ["imports", "square"],
        ["imports", "mean", "step"],
        ["imports", "square", "mean", "step"],  # the solution's worker, for the replay
    ]


def test_a_timeout_of_a_cell_is_confirmed_before_it_counts(judge, near):
    near.once["mean"] = "wall"
    report = judge.grade(submission())
    assert scores(report) == ALL
    assert report.notes == ()
    assert near.asked("cell")[:2] == [["imports", "square", "mean"], ["imports", "square", "mean", "step"]]


def test_an_endless_cell_is_charged_after_its_second_run(judge, near):
    report = judge.grade(submission(mean="end_worker('cpu')"))
    assert scores(report) == {"square": 10.0, "mean": 0.0, "fit": 0.0}
    assert reasons(report)["mean.value-of-mean"] == (
        "`mean` is not defined: your cell `mean` takes too long (all cells together have 20 s of "
        "computing time, and each may use half of what is left): is there an endless loop, "
        "or more work than it takes?"
    )
    assert [cells[-1] for cells in near.asked("cell")] == ["mean", "mean", "step"]
    assert report.confirmed


def test_a_probe_that_ends_its_worker_is_charged_alone(judge, near):
    source = "def square(x):\n    if x.ndim == 1: end_worker('signal')\n    return x * x\n"
    report = judge.grade(submission(square=source))
    assert scores(report) == {**ALL, "square": 4.0}
    assert reasons(report) == {"square.negative": "crashes Python"}
    assert near.asked("probe")[:2] == [
        ["square.value", "square.negative"],
        ["mean.value-of-mean", "fit.slope"],
    ]


def test_a_timeout_of_a_probe_is_confirmed_before_it_counts(judge, near):
    near.once["square.value"] = "cpu"
    assert scores(judge.grade(submission())) == ALL
    report = judge.grade(submission(square="def square(x):\n    end_worker('cpu')\n"))
    assert scores(report) == {**ALL, "square": 0.0}
    assert "is there an endless loop, or more work than it takes?" in reasons(report)["square.negative"]
    assert report.confirmed


def test_an_exercise_that_ends_workers_does_not_use_up_the_others_restarts(near):
    with Judge(squares(), SALT, serve=near, limits=Limits(restarts=1)) as judge:
        report = judge.grade(submission(square="def square(x):\n    end_worker('memory')\n"))
    assert scores(report) == {"square": 0.0, "mean": 10.0, "fit": 10.0}
    assert reasons(report) == {
        "square.value": "needs more than 1024 MB of memory",
        "square.negative": "needs more than 1024 MB of memory",
    }
    assert report.notes == ("a check of `square` needed too much memory (2 times): the rest was not run",)


def test_training_waits_for_a_check_that_was_put_off(near):
    task = squares()
    checks = [
        dataclasses.replace(c, needs=("square.negative",)) if c.name == "fit.slope" else c
        for c in task.checks
    ]
    source = "def square(x):\n    if x.ndim == 2: end_worker('exit')\n    return x * x\n"
    with Judge(squares(checks=tuple(checks)), SALT, serve=near) as judge:
        report = judge.grade(submission(square=source))
    assert scores(report) == {**ALL, "square": 6.0}
    probed = [name for worker in near.asked("probe") for name in worker]
    assert probed.index("square.negative") < probed.index("fit.slope")


def test_restarts_are_bounded(judge, near):
    report = judge.grade(submission(own=["end_worker('exit')"] * 20))
    assert report.score == 0
    assert report.status == "graded"
    assert set(reasons(report).values()) == {
        "cell 1 of those you added ended Python, cell 2 of those you added ended Python, cell 3 of those you "
        "added ended Python, cell 4 of those you added ended Python: the rest was not run",
        "waits for `mean.value-of-mean`",
    }
    assert len(near.workers) == 4


def test_the_whole_budget_is_bounded(near):
    with Judge(squares(), SALT, serve=near, limits=Limits(total_cpu=5.0)) as judge:
        judge.prepare()
        near.workers.clear()
        report = judge.grade(submission(own=["end_worker('cpu', 3.0)"] * 5))
    assert report.score == 0
    assert reasons(report)["square.value"] == (
        "the whole submission took more than 5 s of computing, or 600 s on the clock: the rest was not run"
    )
    assert not report.confirmed
    assert len(near.workers) == 2


@pytest.mark.parametrize(("wall", "left"), [(600.0, 45.0), (300.0, 30.0), (150.0, 0.0)])
def test_what_sleeps_is_bounded_by_the_clock(near, monkeypatch, wall, left):
    with Session(near, {}, (), Limits(total_cpu=60.0, wall=wall)) as session:
        later = session.began + 150.0
        monkeypatch.setattr(sessions, "time", SimpleNamespace(monotonic=lambda: later))
        assert session.left(60.0) == pytest.approx(left)


def test_cells_share_a_budget(judge):
    judge.limits = Limits(cells_cpu=0.095)  # each call here takes 0.01 s; 0.05 s is the least one gets
    report = judge.grade(submission(own=["x = 1"] * 3))
    assert [r.id for r in report.cells if "was not run" in r.error] == ["own-2", "own-3"]
    assert scores(report) == ALL


def test_cells_that_break_the_checks_own_code_cost_their_points_only(judge, near):
    # in its own process a submission may do anything to Python; the judge goes on
    source = "import minigrad.checks as c\nc.check, c.keep = None, c.check\n"
    undo = "import minigrad.checks as c\nc.check = c.keep\n"
    try:
        report = judge.grade(submission(own=[source]))
    finally:
        exec(undo)
    assert report.status == "graded"
    assert report.score == 0
    assert "they change Python itself" in reasons(report)["square.value"]


# --- training ---------------------------------------------------------------------------------


def test_training_waits_for_what_it_needs(judge, near):
    report = judge.grade(submission(mean="def mean(x):\n    return x.sum() / len(x)\n"))
    assert reasons(report)["fit.slope"] == "waits for `mean.value-of-mean`"
    assert report.training_cpu == 0
    assert report.exercises[1].mistake == "mean-of-rows"


def test_training_that_does_not_learn_is_tried_again(judge, near):
    report = judge.grade(submission(step="def step(w, x, y):\n    return w\n"))
    assert reasons(report)["fit.slope"].endswith("after training; 0.97 is needed")
    probes = [r for w in near.workers for r in w.requests if r[:2] == ["probe", "fit.slope"]]
    replays = [r for w in near.workers for r in w.requests if r[0] == "replay"]
    assert len(probes) == 3
    assert len({r[2] for r in probes}) == 3  # each try has its own stream
    assert [r[2] for r in replays] == [r[2] for r in probes]  # and the replay the same task
    assert not {r[3] for r in replays} & {r[2] for r in probes}  # on data of its own


def test_one_good_try_is_enough(judge, near):
    step = (
        "n = [0]\n"
        "def step(w, x, y):\n"
        "    n[0] += 1\n"
        "    return w + (n[0] > 100) * 0.3 * mean(x * (y - w * x))\n"
    )
    assert scores(judge.grade(submission(step=step))) == ALL
    assert sum(len(w) for w in near.asked("replay")) == 2


@pytest.mark.parametrize(
    "w", ["float('nan')", "np.inf", "np.zeros((3, 3))", "np.zeros(0)", "np.float64(1e308)", "True"]
)
def test_parameters_that_do_not_work_are_not_passed(judge, w):
    report = judge.grade(submission(step=f"def step(w, x, y):\n    return {w}\n"))
    assert scores(report) == {**ALL, "fit": 0.0}
    assert reasons(report)["fit.slope"]


def test_training_still_to_do_is_told(judge):
    assert reasons(judge.grade(submission(step=None))) == {
        "fit.slope": "still to do, or a `return` is missing"
    }


def test_the_solutions_worker_never_sees_a_submission_nor_a_submission_the_solution(judge, near):
    judge.grade(submission(square="SECRET = 1\ndef square(x):\n    return x ** 2\n"))
    seen = {"SECRET": 0, "x * x": 0}
    for worker in near.workers:
        text = str([r for r in worker.requests if r[0] == "cell"])
        both = [word for word in seen if word in text]
        assert len(both) == 1
        seen[both[0]] += 1
        assert any(r[0] == "replay" for r in worker.requests) == ("x * x" in text)
        assert SALT.hex() not in str(worker.requests)
    assert seen == {"SECRET": 1, "x * x": 1}


# --- the judge's own faults, and its reference -------------------------------------------------


def test_a_fault_of_the_sandbox_is_never_a_zero(judge, near):
    near.faults = 2
    assert scores(judge.grade(submission())) == ALL
    near.faults = 3
    report = judge.grade(submission())
    assert (report.status, report.exercises) == ("ungraded", ())
    assert "no room" in report.reason
    assert near.faults == 0


def test_a_refused_file_is_told_why(judge, near):
    report = judge.grade(b"nonsense")
    assert (report.status, report.reason) == ("refused", "the file is not a notebook: it is not valid JSON")
    assert near.workers == []


def test_where_there_is_no_sandbox_nothing_is_graded():
    def none(*args, **kw):
        raise SandboxUnavailable("no sandbox here")

    with pytest.raises(JudgeFault, match="no sandbox here"), Judge(squares(), SALT, serve=none):
        pass
    with pytest.raises(ValueError, match="isolation 'none' is unknown"):
        Judge(squares(), SALT, isolation="none")


def test_the_reference_is_computed_once_and_kept(near, tmp_path):
    with Judge(squares(), SALT, serve=near, cache=tmp_path) as first:
        first.prepare()
        assert len(near.workers) == 4
    near.workers.clear()
    with Judge(squares(), SALT, serve=near, cache=tmp_path) as second:
        second.prepare()
        assert near.workers == []
        assert second.mutants.keys() == first.mutants.keys()
        for name, e in first.expected.items():
            for array, value in e.arrays.items():
                np.testing.assert_array_equal(second.expected[name].arrays[array], value)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with Judge(squares(), b"x" * 16, serve=near, cache=tmp_path) as other:
        other.prepare()
        assert len(near.workers) == 4
    with Judge(squares(), SALT, serve=near, cache=tmp_path) as damaged:
        assert damaged.mutants.keys() == first.mutants.keys()
        assert len(near.workers) == 8  # mutants are kept as what differs from the solution


def test_a_mutant_is_computed_when_a_wrong_answer_asks_for_it_and_once(near, tmp_path):
    def runs_of_mutants(judge, **answers):
        """How many workers held a mutant, and the mistake named."""
        near.workers.clear()
        report = judge.grade(submission(**answers))
        ran = [{r[2] for r in w.requests if r[0] == "cell"} for w in near.workers]
        texts = [SOLUTION[id].replace(m.old, m.new) for m in MUTANTS for id in SOLUTION]
        held = sum(bool(cells & (set(texts) - set(SOLUTION.values()))) for cells in ran)
        return held, report.exercises[0].mistake or report.exercises[1].mistake

    doubles, raises = "def square(x):\n    return 2 * x\n", "def square(x):\n    return x.nonsense\n"
    rows = "def mean(x):\n    return x.sum() / x.shape[0]\n"
    with Judge(squares(), SALT, serve=near, cache=tmp_path) as judge:
        assert runs_of_mutants(judge) == (0, "")
        assert runs_of_mutants(judge, square=None) == (0, "")
        assert runs_of_mutants(judge, square=raises) == (0, "")
        assert runs_of_mutants(judge, square=doubles) == (2, "square-doubles")
        assert runs_of_mutants(judge, square=doubles) == (0, "square-doubles")
    with Judge(squares(), SALT, serve=near, cache=tmp_path) as judge:
        assert runs_of_mutants(judge, square=doubles) == (0, "square-doubles")
        assert runs_of_mutants(judge, mean=rows) == (1, "mean-of-rows")
    with Judge(squares(), SALT, serve=near) as judge:
        assert runs_of_mutants(judge, square=doubles) == (2, "square-doubles")


def test_a_reference_hangs_on_all_that_it_is_computed_from():
    a = squares()
    keys = [
        reference_key(SALT, a.solved(), a),
        reference_key(b"x" * 16, a.solved(), a),
        reference_key(SALT, a.solved({"mean": "def mean(x): ..."}), a),
        reference_key(SALT, a.solved(), squares(name="01-squares")),
        reference_key(SALT, a.solved(), squares(sources={**a.sources, "checks.py": HIDDEN + "# more"})),
    ]
    assert len(set(keys)) == len(keys)
    assert reference_key(SALT, a.solved(), squares(mutants=MUTANTS[:1], title="other words")) == keys[0]


def test_evidence_survives_bytes():
    found = {"a": Evidence({"x": np.array([np.nan, 1.0])}), "b": Evidence(failure=Failure("todo", "t"))}
    again = read_evidence(write_evidence(found))
    assert list(again) == ["a", "b"]
    np.testing.assert_array_equal(again["a"].arrays["x"], [np.nan, 1.0])
    assert again["b"] == found["b"]
    assert read_evidence(write_evidence({})) == {}


@pytest.mark.parametrize(
    ("square", "message"),
    [
        (
            "def square(x):\n    return x.nonsense\n",
            "fails its own check square.value: AttributeError in line 2",
        ),
        ("def square(x):\n    return x / 0\n", "gives NaN or infinity in 'y'"),
    ],
)
def test_a_solution_that_fails_its_own_checks_is_its_authors_error(near, square, message):
    task = squares(solution={**squares().solution, "square": square})
    with Judge(task, SALT, serve=near) as judge, pytest.raises(AuthoringError, match=message):
        judge.grade(submission())


def test_what_a_mutant_does_not_change_is_held_once(near, tmp_path):
    for _ in ("computed", "read from the cache"):
        with Judge(squares(), SALT, serve=near, cache=tmp_path) as judge:
            found = judge.mutants["square-doubles"]
            assert found["mean.value-of-mean"] is judge.expected["mean.value-of-mean"]
            assert set(found) == set(judge.expected)
            assert not np.array_equal(
                found["square.value"].arrays["y"], judge.expected["square.value"].arrays["y"]
            )


def test_a_mutant_must_fit_once(near):
    task = squares(mutants=(mutant("m", "return", "raise", "h", ["square.value"]),))
    with Judge(task, SALT, serve=near) as judge, pytest.raises(AuthoringError, match="found 3 times"):
        judge.prepare()


# --- with a real sandbox -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    try:
        judge = Judge(squares(), SALT, limits=Limits(cells_cpu=1.0))
        judge.prepare()
    except JudgeFault as why:
        pytest.skip(f"no sandbox here: {why}")
    with judge:
        yield judge


def test_a_sandbox_grades_as_a_worker_in_this_process_does(real, judge):
    for data in (
        submission(),
        submission(square="def square(x):\n    return 2 * x\n", step=None),
        submission(square="x = 1 +", own=["print('hi')", "1 / 0"]),
    ):
        a, b = real.grade(data), judge.grade(data)
        assert dataclasses.replace(a, cpu=0, training_cpu=0) == dataclasses.replace(b, cpu=0, training_cpu=0)
        assert a.cpu > 0


def test_hostile_work_costs_its_own_points_only(real):
    report = real.grade(
        submission(
            square="import os\ndef square(x):\n    os._exit(0)\n",
            own=[
                "import sys\nsys.stdout.close()\nimport numpy as np\nnp.seterr(all='raise')",
                "while True: pass",
            ],
        )
    )
    assert scores(report) == {**ALL, "square": 0.0}
    assert reasons(report) == {
        "square.value": "ends Python (`exit`, `os._exit`)",
        "square.negative": "ends Python (`exit`, `os._exit`)",
    }
    assert report.notes == (
        "cell 2 of those you added takes too long (all cells together have 1 s of computing time, and "
        "each may use half of what is left): it was stopped, and what it had defined before stays",
    )


def test_an_experiment_below_an_answer_does_not_cost_it(real):
    experiment = "for i in range(10**12):\n    square(np.ones(2))\n"
    report = real.grade(
        submission(square="def square(x):\n    return x * x\n\n" + experiment, own=[experiment, "y = 3"])
    )
    assert scores(report) == ALL
    stopped = (
        "takes too long (all cells together have 1 s of computing time, and each may use half of what "
        "is left): it was stopped, and what it had defined before stays"
    )
    assert report.notes == (f"your cell `square` {stopped}", f"cell 1 of those you added {stopped}")
    assert [run.id for run in report.cells if run.error] == ["square", "own-1"]
    assert report.confirmed


def test_a_memory_hog_costs_its_own_points_only(real):
    report = real.grade(
        submission(mean="import numpy as np\ndef mean(x):\n    return np.ones((1 << 33,)).sum()\n")
    )
    assert scores(report) == {"square": 10.0, "mean": 0.0, "fit": 0.0}
    assert reasons(report)["mean.value-of-mean"] == "MemoryError in line 3 of your cell `mean`"


def test_a_judge_whose_fork_server_died_starts_another(real):
    real.server._control.close()
    assert scores(real.grade(submission())) == ALL
