"""IPython's lines in a cell: what they assign is kept, what they are is taken out and named."""

import pytest

from minigrad.sandbox.cells import left_out, plain_python, taken_out


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("%time x = 1", "x = 1"),
        ("    %time x = 1", "    x = 1"),
        ("x = %time f()", "x = f()"),
        ("%time", "pass"),
        ("%timeit x = 1", "pass"),  # IPython keeps what it assigns to itself
        ("%%timeit n = 3\nn + 1", "n = 3\nn + 1"),
        ("    !ls -l", "    pass"),
        ("files = !ls", "files = None"),
        ("a = %sql select 1", "a = None"),
        ("a = b = %who", "a = b = %who"),  # one target only
        ("np.dot?\n?np\nx = 1", "pass\npass\nx = 1"),
        ("?\nnp.*load*?\nx[0]??\n    y?", "pass\npass\npass\n    pass"),
        ("%%time\nx = 1", "pass\nx = 1"),
        ("%%memit -r 3\nx = 1", "pass\nx = 1"),
        ("%%bash\nrm -rf /\n", "\n\n"),
        ("\n%%!\nls", "\n\n"),
        ("!pip install \\\n  torch \\\n  jax\nx = 1", "pass\n\n\nx = 1"),
        ("pip install torch\nls -l\ntime x = 1\nls = 2", "pass\npass\nx = 1\nls = 2"),
        ("time if x else y\n(\nls x)", "time if x else y\n(\nls x)"),
        ("%run a.py\n%load_ext x\n%matplotlib inline", "pass\npass\npass"),
        ("x = (7\n% 4)", "x = (7\n% 4)"),
        ("x = 7 \\\n% 4", "x = 7 \\\n% 4"),
        ("s = '''\n%d\n!x\n'''\n!y", "s = '''\n%d\n!x\n'''\npass"),
        ("s = 'it\\'s'  # '''(\n%x", "s = 'it\\'s'  # '''(\npass"),
        ("a != b\na %= 3\na == %b", "a != b\na %= 3\na == %b"),
    ],
)
def test_ipython_lines(source, plain):
    assert plain_python(source) == plain
    assert bool(taken_out(source)) == (plain != source)


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("%time x = 1\n%time y = 1\n!ls\nx?", ("%time", "!ls", "?")),
        ("%%bash\n%time x", ("%%bash",)),
        ("pip install x", ("%pip",)),
        ("%" + "x" * 99, ("%" + "x" * 40,)),
        ("x = 7 % 2  # why?\n'%time'", ()),
    ],
)
def test_what_was_ipythons_is_named(source, gone):
    assert taken_out(source) == gone


def test_a_cell_of_another_language_is_left_out_and_an_unknown_one_runs():
    assert left_out("%%bash\nls")
    assert left_out("  \n%%html\n<b>")
    assert not left_out("%%memit\nx = 1")
    assert not left_out("# a word\n%%bash")


def test_many_ipython_lines_are_read_in_linear_time():
    source = "%x\n" * 100_000 + "a" * 60_000 + "?!"  # quadratic work would take hours
    assert plain_python(source).count("pass") == 100_000
    for line in ("?" + " " * 60_000 + "!", "a, " * 20_000 + "?", "ls" + " " * 60_000 + "="):
        assert plain_python(line) == line
