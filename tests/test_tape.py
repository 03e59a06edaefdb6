"""The two tapes: random programs on both, what a failed pass leaves, arguments by name, signatures,
and what is recorded in which thread."""

import asyncio
import contextlib
import contextvars
import gc
import inspect
import threading
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, contract, fast, no_grad, op, recording, tape
from minigrad.contract import plain
from minigrad.fast import passes
from tests import interrupts, tapes


@pytest.fixture(scope="module", params=[True, False], ids=["fast", "plain"], autouse=True)
def quick(request):
    with tapes.the_tape(request.param):
        yield


def leaf(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("hundred", range(4))
def test_random_programs_agree(hundred):
    """More of them: python -m tests.tapes 20000."""
    for seed in range(100 * hundred, 100 * hundred + 100):
        what, _ = tapes.difference(seed)
        assert what is None, what


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_random_programs_reach_what_they_are_for():
    programs = [tapes.Program(np.random.default_rng(seed)) for seed in range(80)]
    with np.errstate(all="ignore"):
        seen = [what for program in programs for what in program.run().seen]
    errors = " ".join(str(a) for what, a in seen if what == "backward")
    assert sum(what == "gradient" for what, _ in seen) > 80
    for words in ("no way back", "freed the tape", "was changed after", "needs a cotangent", "the vjp of"):
        assert words in errors
    assert {p.exact for p in programs} == {True, False}


# A pass that fails


@op
def breaks(x):
    def vjp(g):
        raise ArithmeticError("no way back")

    return x * 1.0, (vjp,)


def test_a_failed_pass_changes_no_gradient():
    x, w, late = leaf(3), leaf(3), leaf(3)
    (x * w).sum().backward()
    before = x.grad.copy(), w.grad.copy()
    inner = (x * w).retain_grad()
    with pytest.raises(ArithmeticError) as caught:
        (breaks(inner) + inner * late).sum().backward()
    assert caught.value.__notes__ == ["in the vjp of argument 0 of breaks"]
    assert np.array_equal(x.grad, before[0])
    assert np.array_equal(w.grad, before[1])
    assert late.grad is None
    assert inner.grad is None
    (x * w).sum().backward()
    assert np.array_equal(x.grad, 2 * before[0])


def test_a_cast_that_fails_changes_no_gradient():
    """A gradient is cast to its leaf's dtype at the end of a pass: if one does not fit, all are as before."""
    leaves = [Tensor(np.ones(2, dtype), requires_grad=True) for dtype in ("d", "f", "d")]
    x, small, y = leaves
    (x * small * y).sum().backward()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        (x * small * y).sum().backward(1e300)
    assert [w.grad.tolist() for w in leaves] == [[1, 1]] * 3
    x.grad = np.ones(2, np.float32)
    assert x.grad.dtype == np.float64
    for wrong in (np.array(["1", "2"]), np.ones(2) * 1j):
        with pytest.raises(TypeError, match=r"^Tensor: grad is an array of .* of real numbers"):
            x.grad = wrong


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_pass_that_is_interrupted_changes_no_gradient(stop):
    @op
    def interrupted(a):
        def vjp(g):
            raise stop

        return a * 1.0, (vjp,)

    x, w = leaf(3), leaf(3)
    y = (x * w).retain_grad()
    with pytest.raises(stop):
        (interrupted(y) * w).sum().backward()
    assert (x.grad, w.grad, y.grad) == (None, None, None)
    assert getattr(w.node, "sum", None) is None  # nor does a node go on holding what has come to it


def test_an_interrupt_at_any_line_of_a_pass_is_itself_and_changes_all_gradients_or_none():
    leaves: list = []

    def prepared():
        leaves[:] = [leaf(2), leaf(3, 2), leaf(2)]
        x, w, b = leaves
        (x * w).sum().backward()
        y = mg.concatenate([w * x + b, mg.tanh(w)])
        total = (y * y[:1]).sum() + layer(w, x[:, None]).sum()
        nodes[:] = [y.node, total.node, *(v.node for v in leaves)]
        before[:] = [None if v.grad is None else v.grad.copy() for v in leaves]
        return total.backward

    nodes: list = []
    before: list = []
    seen = 0
    for where in interrupts.everywhere([passes, tape, contract], prepared):
        changed = {not np.array_equal(v.grad, old) for v, old in zip(leaves, before, strict=True)}
        assert len(changed) == 1, where
        assert [getattr(node, "sum", None) for node in nodes] == [None] * len(nodes), where
        seen += 1
    assert seen > 60


def test_what_a_signals_handler_raises_at_a_leaf_is_itself():
    x = leaf(3)
    total = (x * 2.0).sum()

    class Overdue(Exception):
        """What a handler of SIGALRM raises."""

    class Late:
        def __call__(self, g):
            raise Overdue

    x.node.vjps = Late()
    with pytest.raises(Overdue) as caught:
        total.backward()
    assert not hasattr(caught.value, "__notes__")


def test_no_two_gradients_share_memory():
    """A vjp may return what it got: one array would be the gradient of all that it is added to."""
    same = op(lambda *arrays: (sum(arrays), tuple([lambda g: g] * len(arrays))))
    turned = op(lambda a, b: (a + b, lambda g: (g, g[::-1][::-1])))
    for build in (
        lambda a, b, c: same(same(a, b), c),
        lambda a, b, c: a + (b + c).retain_grad() + same(a),
        lambda a, b, c: turned((a[:2] + 0.0).retain_grad(), b[1:]).retain_grad() + c[:2],
        lambda a, b, c: mg.concatenate([a, b]).retain_grad() + mg.concatenate([c, (a + 0.0).retain_grad()]),
        lambda a, b, c: mg.stack([a, b]).reshape(6).retain_grad()[:3] + mg.broadcast_to(c, (3,)),
    ):
        leaves = [leaf(3) for _ in range(3)]
        y = build(*leaves).retain_grad()
        g = np.ones(y.shape)
        for _ in range(2):
            found, todo = [], [y.node]
            for node in todo:
                found += [node] * (node not in found)
                todo += node.parents
            y.backward(g)
            grads = [g, *(node.grad for node in found if node.keep)]
            assert len(grads) >= 4
            for i, one in enumerate(grads):
                assert not any(np.shares_memory(one, other) for other in grads[i + 1 :])
                assert one.flags.writeable
            y = build(*leaves).retain_grad()


def test_a_failed_pass_holds_no_memory():
    x = leaf(3)
    y = x * 1.0
    g = []

    @op
    def watched(a):
        def vjp(cotangent):
            g.append(weakref.ref(part := cotangent * 2))
            return part

        return a * 2, (vjp,)

    broken = breaks(y)
    total = (watched(y) + broken).sum()
    with pytest.raises(ArithmeticError):
        total.backward()
    gc.collect()
    assert [ref() for ref in g] == [None]


def test_a_slice_after_a_whole_after_a_slice():
    """The part of a buffer that is known to be zero must be forgotten when a whole is added to it."""
    x = leaf(4)
    y = x * 1.0
    first = y[:2] * 3.0
    whole = y * np.arange(4.0)
    last = y[2:] * 5.0
    (first.sum() + whole.sum() + last.sum()).backward()
    assert x.grad.tolist() == [3, 4, 7, 8]


def test_pieces_along_two_axes():
    x = leaf(3, 3)
    y = x * 1.0
    columns = y[:, 1:2] * 3.0
    rows = y[2:] * 5.0
    (columns.sum() + rows.sum()).backward()
    assert x.grad.tolist() == [[0, 3, 0], [0, 3, 0], [5, 8, 5]]


# Arguments


@op
def scaled(x, factor=2.0, *, shift):
    return x * factor + shift, (factor, x, 1)


@op
def layer(x, W, mask=None):
    return x @ W, lambda g: (g @ W.T, x.T @ g)


@op
def added(*arrays, twice=False):
    total = np.add.reduce(arrays) * (2 if twice else 1)
    return total, tuple([lambda g: g * (2 if twice else 1)] * len(arrays))


def test_tensors_by_name():
    x, factor, shift = leaf(3), leaf(3, seed=1), leaf(3, seed=2)
    scaled(shift=shift, factor=factor, x=x).sum().backward()
    assert np.array_equal(x.grad, factor.data)
    assert np.array_equal(factor.grad, x.data)
    assert shift.grad.tolist() == [1, 1, 1]
    x.zero_grad()
    y = scaled(x, shift=Tensor(np.ones(3)))
    y.sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    a, W = leaf(2, 3), leaf(3, 4)
    for call in (lambda: layer(a, W=W), lambda: layer(W=W, x=a, mask=None), lambda: layer(a, W, None)):
        a.zero_grad()
        call().sum().backward()
        assert np.allclose(a.grad, W.data.sum(1) * np.ones((2, 1)))
    b = leaf(3)
    added(b, b, twice=True).sum().backward()
    assert b.grad.tolist() == [4, 4, 4]
    with no_grad():
        assert not mg.sum(x=x).requires_grad


@op
def weighed(a, s, b=3.0, *, c=1.0):
    return a * s * b * c, lambda g: (g * s * b * c, None, g * a * s * c, g * a * s * b)


def test_one_function_for_all_gradients_however_the_arguments_are_given():
    n = np.full(3, 5.0)
    for call, wanted in {
        lambda t: weighed(t, 2.0): [6] * 3,  # b and c are left out
        lambda t: weighed(t, 2.0, n): [10] * 3,
        lambda t: weighed(t, 2.0, b=n): [10] * 3,
        lambda t: weighed(t, s=2.0, c=n): [30] * 3,
        lambda t: weighed(t, 2.0, b=Tensor(n)): [10] * 3,
        lambda t: weighed(a=t, b=n, s=2.0): [10] * 3,
        lambda t: weighed(n, 2.0, t): [10] * 3,
        lambda t: weighed(n, 2.0, b=t): [10] * 3,
        lambda t: weighed(n, 2.0, c=t, b=1.0): [10] * 3,
        lambda t: weighed(n, 2.0, n, c=t): [50] * 3,
        lambda t: weighed(n, c=n, b=t, s=2.0): [50] * 3,
    }.items():
        t = leaf(3)
        call(t).sum().backward()
        assert t.grad.tolist() == wanted


def test_more_gradients_than_parameters_are_refused():
    one = op(lambda a: (a * 1.0, lambda g: (g, g)))
    many = op(lambda *a: (a[0] * 1.0, lambda g: (g, g, g)))
    for f, given in ((one, 1), (many, 1), (many, 2)):
        with pytest.raises(ValueError, match=f"gradients for {given} arguments"):
            f(*[leaf(3) for _ in range(given)]).sum().backward()


def test_of_joined_and_cut_tensors_by_name():
    x, y = leaf(2, 3), leaf(2, 3)
    three = mg.concatenate(tensors=[x, y, x])
    for z in (mg.concatenate(axis=1, tensors=[x, y]), mg.stack(tensors=[x, y]), three):
        x.zero_grad()
        z.sum().backward()
        assert x.grad.any()
    a, _ = mg.split(sections=[1], x=x)
    x.zero_grad()
    a.sum().backward()
    assert x.grad.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_wrong_arguments_name_the_op():
    x = leaf(3)
    for call in (
        lambda: mg.sum(x, foo=1),
        lambda: mg.sum(x=x, foo=1),
        lambda: mg.sum(x, 0, x=x),
        lambda: mg.sum(),
        lambda: x.sum(foo=3),
    ):
        with pytest.raises(TypeError, match=r"sum(\(\)|:) "):
            call()
    for call in (lambda: mg.tanh(x, foo=1), lambda: mg.tanh(), lambda: mg.tanh(x, x)):
        with pytest.raises(TypeError, match=r"tanh\(\) "):
            call()
    for call in (lambda: mg.leaky_relu(x, slope=x), lambda: mg.leaky_relu(x, x)):
        with pytest.raises(TypeError, match=r"leaky_relu has no gradient for argument 1: \.detach"):
            call()


def test_an_op_that_returns_something_else_is_told_so():
    @op
    def bare(x):
        return x * 2

    @op
    def triple(x):
        return x, x, x

    @op
    def comma(x):
        return x * 2, lambda g: 2 * g

    with pytest.raises(TypeError, match=r"bare returned a ndarray: an op returns \(result, vjps\)"):
        bare(leaf(2))
    with pytest.raises(TypeError, match="triple returned a tuple of 3"):
        triple(leaf(2))
    with pytest.raises(TypeError, match=r"gave a ndarray, not a tuple; a single vjp is \(vjp,\)") as caught:
        comma(leaf(1)).sum().backward()
    assert caught.value.__notes__ == ["in the vjps of comma"]


def test_an_argument_that_is_handed_through_stays_writable():
    @op
    def second(a, b):
        return b, (None, lambda g: g)

    w = leaf(3)
    y = second(1.0, w)
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 1
    w.data[0] = 1


def test_signature_and_docstring():
    assert str(inspect.signature(mg.matmul)) == "(a: 'Tensor', b: 'Tensor') -> 'Tensor'"
    assert list(inspect.signature(leaf(3).sum).parameters) == ["axis", "keepdims"]
    assert "shape" in mg.tanh.__doc__
    assert plain(mg.tanh)(np.zeros(2))[0].tolist() == [0, 0]
    assert scaled.__name__ == "scaled"


# Recording, by thread and context


def recorded():
    return (leaf(2) * 2.0).requires_grad


def test_no_grad_holds_for_one_thread():
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        seen.append(recorded())
        with no_grad():
            inside.set()
            leave.wait(10)
            seen.append(recorded())
        seen.append(recorded())

    thread = threading.Thread(target=other)
    with no_grad():
        thread.start()
        assert inside.wait(10)
    assert recorded()  # the other thread is in one still
    with no_grad():
        leave.set()
        thread.join(10)
        assert not recorded()
    assert recorded()
    assert seen == [True, False, True]


def test_no_grad_holds_for_one_task():
    async def evaluate():
        with no_grad():
            await asyncio.sleep(0)
            return recorded()

    @no_grad()
    async def evaluated():
        await asyncio.sleep(0)
        return recorded()

    async def train():
        await asyncio.sleep(0)
        return recorded()

    async def all_at_once():
        return await asyncio.gather(evaluate(), train(), evaluated(), train())

    assert inspect.iscoroutinefunction(evaluated)
    assert asyncio.run(all_at_once()) == [False, True, False, True]
    assert recorded()


async def awaited():
    """Waits for nobody."""


def steps():
    """One step."""
    yield


async def events():
    """One event."""
    yield


@pytest.mark.parametrize("f", [awaited, steps, events, test_no_grad_holds_for_one_task])
def test_what_is_decorated_keeps_its_name_and_its_words(f):
    for decorated in (no_grad()(f), no_grad(f)):
        assert decorated is not f
        assert (decorated.__name__, decorated.__doc__) == (f.__name__, f.__doc__)


def test_a_generator_in_no_grad():
    @no_grad()
    def batches(n):
        try:
            for i in range(n):
                got = yield i, recorded()
                assert got in (None, "sent")
        except KeyError:
            yield "caught", recorded()
        finally:
            closed.append(recorded())
        return "done", recorded()

    closed = []
    steps = batches(3)
    assert next(steps) == (0, False)
    assert recorded()
    assert steps.send("sent") == (1, False)
    assert steps.throw(KeyError("x")) == ("caught", False)
    assert recorded()
    with pytest.raises(StopIteration) as stopped:
        next(steps)
    assert stopped.value.value == ("done", False)
    assert list(batches(2)) == [(0, False), (1, False)]
    half = batches(2)
    next(half)
    half.close()
    assert closed == [False] * 3
    assert recorded()


def test_an_async_generator_in_no_grad():
    @no_grad()
    async def batches():
        try:
            yield recorded()
            await asyncio.sleep(0)
            yield recorded()
        except KeyError:
            yield "caught"

    async def run():
        seen = []
        async for inside in batches():
            seen += [inside, recorded()]
        other = batches()
        await anext(other)
        return [*seen, await other.athrow(KeyError("x")), recorded()]

    assert asyncio.run(run()) == [False, True, False, True, "caught", True]


def test_two_generators_that_are_left_in_any_order():
    def steps():
        with no_grad():
            yield

    a, b = steps(), steps()
    next(a)
    next(b)
    a.close()
    assert not recorded()
    b.close()
    assert recorded()


def test_a_generator_that_is_left_in_another_thread():
    def steps():
        with no_grad():
            yield

    seen, generator = [], steps()

    def leave():
        generator.close()
        seen.append(recorded())

    def run():
        next(generator)
        thread = threading.Thread(target=leave)
        thread.start()
        thread.join(10)

    contextvars.copy_context().run(run)
    assert seen == [True]
    assert recorded()


def test_one_no_grad_used_again_and_inside_itself():
    off = no_grad()

    @off
    def down(n):
        return [recorded(), *(down(n - 1) if n else [])]

    with off, off:
        assert not recorded()
    assert down(2) == [False] * 3
    assert no_grad(recorded)() is False
    assert recorded()


def test_a_with_that_is_left_in_a_decorated_function():
    def steps():
        with no_grad():
            yield

    @no_grad()
    def leave(generator):
        generator.close()
        return recorded()

    for _ in range(5):
        next(generator := steps())
        assert not leave(generator)
        assert recorded()
    assert len(recording._marks.get()) <= 2, "what has been left is forgotten"


def test_who_leaves_in_a_context_of_their_own_leaves_their_own():
    def inner():
        with no_grad():
            pass
        return recorded()

    with no_grad():
        assert not contextvars.copy_context().run(inner)
        assert not recorded()
    assert recorded()


@no_grad()
def by_function():
    return recorded()


def by_generator():
    return next(no_grad()(lambda: (yield recorded()))())


def by_throwing():
    generator = no_grad()(lambda: (yield))()
    next(generator)
    with pytest.raises(ZeroDivisionError):
        generator.throw(ZeroDivisionError())


def by_coroutine():
    @no_grad()
    async def run():
        return recorded()

    with pytest.raises(StopIteration):
        run().send(None)


def by_async_generator():
    @no_grad()
    async def run():
        yield recorded()

    with pytest.raises(StopIteration):
        anext(run()).send(None)


def by_with():
    with no_grad(), no_grad():
        recorded()


@pytest.mark.parametrize(
    "use", [by_function, by_generator, by_throwing, by_coroutine, by_async_generator, by_with]
)
@pytest.mark.parametrize("inside", [False, True])
def test_an_interrupt_ends_no_grad_at_whatever_moment(use, inside, monkeypatch):
    monkeypatch.setattr(
        recording, "entered", []
    )  # shared with the tapes below: of those left, none is missed
    for module in (tape, fast):
        monkeypatch.setattr(module, "entered", recording.entered)
    outer = no_grad() if inside else contextlib.nullcontext()
    with outer:
        moments = 0
        for where in interrupts.everywhere([recording], lambda: use, "c_return"):
            if where.startswith("call __exit__"):  # this one moment is left, and how to go on said
                no_grad().__exit__()
            assert recorded() is not inside, where
            assert len(recording.entered) >= inside, where
            moments += 1
        assert moments > 6
    assert recorded()


def test_no_grad_above_what_is_no_function():
    for wrong in (int, 3):
        for above in (no_grad, no_grad()):
            with pytest.raises(TypeError, match=r"@no_grad\(\) stands above a function, not .*: decorate"):
                above(wrong)


# What a tensor holds


@pytest.mark.parametrize("recorded", [True, False])
def test_what_holds_no_real_numbers_is_no_tensor(recorded):
    x = Tensor(np.ones(2), requires_grad=recorded)
    complexes = op(lambda x: (x * 1j, (1,)))
    for wrong in (np.ones(2) * 1j, np.array([1, 2], "m8[s]")):
        for make in (
            lambda: x * wrong,
            lambda: mg.mul(wrong, x),
            lambda: -Tensor(np.ones(2, np.float32)) * wrong,
            lambda: x.astype(wrong.dtype),
            lambda: mg.stack([wrong]),
            lambda: mg.where(wrong == wrong, wrong, wrong),
            lambda: mg.relu(wrong),
            lambda: mg.neg(wrong),
            lambda: complexes(x),
        ):
            with pytest.raises(
                TypeError, match=r"of real numbers|holds real numbers, not (complex128|timedelta64)"
            ):
                make()
    for wrong in (np.array(["a", "b"]), np.array([1, None])):
        for make in (lambda: mg.reshape(wrong, (2, 1)), lambda: mg.concatenate([x, wrong])):
            with pytest.raises(TypeError, match=r"is an array of (<U|object)|of real numbers"):
                make()
    for kind in "fd?bBhiq":
        assert mg.stack([np.ones(2, kind)]).dtype == np.dtype(kind)
        assert mg.neg(np.ones(2, kind) * np.ones(2, "f")).dtype.kind == "f"


# Sums over many rows


@pytest.mark.parametrize(
    ("rows", "shape"),
    [
        ((300_007, 3), (3,)),
        ((300_007, 3), (1, 3)),
        ((8, 40_001, 3), (3,)),
        ((8, 40_001, 3), (1, 3)),
        ((8, 40_001, 3), (1, 1, 3)),
        ((300_007, 2, 3), (2, 3)),
        ((300_007, 2, 3), (1, 2, 3)),
    ],
)
def test_a_gradient_summed_over_many_rows_keeps_its_digits(rows, shape):
    """Of a float32 bias: NumPy's own sum is off by 1e-5 here, and by more with every row."""
    g = np.random.default_rng(0).random(rows, dtype=np.float32)
    b = Tensor(np.zeros(shape, np.float32), requires_grad=True)
    (b + np.zeros_like(g)).backward(g)
    exact = g.sum(axis=tuple(range(len(rows) - sum(n > 1 for n in shape))), dtype=np.float64)
    assert b.grad.dtype == np.float32
    assert np.abs(b.grad.reshape(exact.shape) / exact - 1).max() < 1e-6


@pytest.mark.parametrize("n", [0, 1, 1023, 8191, 8192, 8193, 9 * 1024, 20_000])
def test_column_sums(n):
    rows = np.random.default_rng(0).integers(0, 9, (n, 2)).astype(float)
    assert passes._column_sums(rows).tolist() == rows.sum(axis=0).tolist()


# Who writes where others read


@op
def doubles_g(x):
    def vjp(g):
        g *= 2
        return g

    return x + 1, (vjp,)


@op
def doubles_g_for_all(a, b):
    def vjps(g):
        g += 1
        return g, g

    return a + b, vjps


@op
def hands_g_on(x):
    return x + 1, (lambda g: g,)


@op
def writes_into_its_argument(a, b):
    a += b
    return a, (lambda g: g, lambda g: g)


@pytest.mark.parametrize("wrong", [doubles_g, lambda x: doubles_g_for_all(x, x)])
def test_a_vjp_that_writes_into_g_is_told_so_and_changes_nothing(wrong):
    w, g = leaf(3), np.ones(3)
    with pytest.raises(ValueError, match="read-only") as caught:
        (wrong(w * 1.0) + w).backward(g)
    assert caught.value.__notes__[-1].endswith("it may write into a copy, such as g.copy()")
    assert (w.grad, g.tolist()) == (None, [1, 1, 1])


def test_what_a_vjp_hands_on_is_a_gradient_that_can_be_written_into():
    w, g = leaf(3), np.ones(3)
    y = hands_g_on(w).retain_grad()
    z = hands_g_on(y)
    (z + y).backward(g)
    assert (w.grad.tolist(), y.grad.tolist()) == ([2, 2, 2], [2, 2, 2])
    w.grad *= 3.0
    y.grad += 1.0
    assert (w.grad.tolist(), y.grad.tolist(), g.tolist()) == ([6, 6, 6], [3, 3, 3], [1, 1, 1])
    g *= 2.0  # the caller's stays the caller's


def test_an_op_that_writes_into_a_result_is_told_so():
    w = leaf(3)
    with pytest.raises(ValueError, match=r"^writes_into_its_argument of shape .*read-only"):
        writes_into_its_argument(w * 1.0, w)
