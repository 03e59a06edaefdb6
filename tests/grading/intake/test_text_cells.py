"""What a notebook may hold besides code: pictures and attachments in text, outputs, IPython's lines."""

import pytest

from minigrad.grading.intake.canonical import intake
from tests.grading.intake.test_canonical import TASK, book, raw, refused, release

PICTURE = "iVBORw0KGgo" * 10_000
GONE = "#picture-not-shown"


def taken(cells):
    return intake(book(cells), TASK)


@pytest.mark.parametrize("odd", [b"NaN", b"-Infinity", b"9" * 5000])
def test_nothing_in_an_output_refuses(odd):
    cells = release()
    cells[2] |= {"source": "def square(x): return x * x", "outputs": [{"data": {"application/json": "ODD"}}]}
    cells[2]["metadata"]["took"] = "ODD"
    data = book(cells).replace(b'"ODD"', odd)
    assert odd in data
    assert intake(data, TASK).cells[2].source == cells[2]["source"]
    assert intake(data, TASK).notes == ()


def test_a_text_cell_may_hold_pictures_and_its_words_are_bounded():
    shown = f"My sketch: ![it](data:image/png;base64,{PICTURE}) and ![too](data:image/jpeg;base64,{PICTURE})"
    cells = release()
    cells[-1]["source"] = shown
    assert taken(cells).cells[-1].source == shown
    cells[-1]["source"] = shown + "x" * 65_537
    assert "cell 8 has 64 KiB" in refused(book(cells))
    cells[-1]["source"] = f"data:text/html;base64,{PICTURE}"
    assert "cell 8 has" in refused(book(cells))
    cells = release()
    cells[2]["source"] = f"s = 'data:image/png;base64,{PICTURE}'"
    assert "cell 3 has" in refused(book(cells)), "code goes to a worker: a picture in it counts"


def test_parts_of_an_answer_in_words_may_hold_pictures_too():
    cells = release()
    cells[-1]["source"] = f"![one](data:image/png;base64,{PICTURE})"
    cells.append(raw("new", f"![two](data:image/png;base64,{PICTURE})", markdown=True, grade_id="why"))
    assert taken(cells).cells[-1].source.count(PICTURE) == 2


def test_an_attached_picture_becomes_part_of_the_text_once():
    files = {"a b.png": {"image/png": [f"{PICTURE[:50]}\n", PICTURE[50:]]}, "x.html": {"text/html": "<b>"}}
    files |= {"evil.png": {"image/png": '" onload="x'}, "v.svg": {"image/svg+xml": "PHN2Zz4="}}
    source = (
        "![s](attachment:a%20b.png) ![s](attachment:a%20b.png) ![h](attachment:x.html) "
        "![e](attachment:evil.png) ![v](attachment:v.svg) ![no](attachment:none.png) an attachment:word"
    )
    cells = [*release(), raw("mine", source, markdown=True) | {"attachments": files}]
    assert taken(cells).cells[-1].source == (
        f"![s](data:image/png;base64,{PICTURE}) ![s]({GONE}) ![h]({GONE}) "
        f"![e]({GONE}) ![v]({GONE}) ![no]({GONE}) an attachment:word"
    )


@pytest.mark.parametrize("attachments", [None, [], "x", {"a.png": None}, {"a.png": {"image/png": [1]}}])
def test_attachments_that_are_none_leave_a_word(attachments):
    cells = [*release(), raw("mine", "![](attachment:a.png)", markdown=True) | {"attachments": attachments}]
    assert taken(cells).cells[-1].source == f"![]({GONE})"


def test_many_references_to_a_picture_do_not_multiply_it():
    files = {"a.png": {"image/png": PICTURE}}
    cells = [*release(), raw("mine", "![](attachment:a.png)" * 2_000, markdown=True) | {"attachments": files}]
    assert len(taken(cells).cells[-1].source) < 200_000


def test_what_is_ipythons_in_a_students_cell_is_noted():
    cells = release()
    cells[2]["source"] = "%time EPS = 1e-8\n!pip install x\nx?\ndef square(x): return x * x"
    cells[5]["source"] = "%%bash\nls"
    cells += [raw("a", "%%memit\ny = 1"), raw("b", "\n".join(f"%x{i}" for i in range(9)))]
    cells += [raw("c", "s = 7 % 2\nt = '''\n%time\n'''  # why?"), raw("d", "%%time is a word", markdown=True)]
    cells += [raw("e", "\n".join(f"%x{i}" for i in range(5)))]
    why = "taken out: grading runs Python, without IPython's commands"
    assert taken(cells).notes == (
        f"`square`: `%time`, `!pip`, `?` {why}",
        "`cube`: a cell of `%%bash` does not run: grading runs Python alone",
        f"`own-1`: `%%memit` {why}",
        f"`own-2`: `%x0`, `%x1`, `%x2`, `%x3`, `%x4`, ... {why}",
        f"`own-5`: `%x0`, `%x1`, `%x2`, `%x3`, `%x4` {why}",
    )
