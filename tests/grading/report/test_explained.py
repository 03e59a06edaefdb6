"""A check explained to staff, in three forms."""

from __future__ import annotations

import json

from minigrad.grading.report.explained import Entry, Explained, Values, html, text, to_dict

ONE = Explained(
    *("cell.a", "It `works`.", False, "`y` is off", 0.5, 0.99),
    (
        Values("y", "float64 (2,)", "float64 (2,)", 2, 1, 1e-7, 0.0, (Entry((1,), 1.5, float("nan")),)),
        Values("<z>", "nothing", "float64 ()"),
        Values("w", "float64 ()", "float64 ()", 1, 1, worst=(Entry((), 0.25, 3),)),
    ),
    ("cell `own-1`: NameError",),
)


def test_text_has_all() -> None:
    assert text(ONE).splitlines() == [
        *("says: It `works`.", "verdict: failed", "reason: `y` is off"),
        "score of the best try: 0.5000; it passes at 0.99",
        *("", "y: expected float64 (2,), got float64 (2,)"),
        "  1 of 2 entries are wrong (rtol 1e-07, atol 0)",
        "  [1]          expected 1.5, got nan",
        *("", "<z>: expected nothing, got float64 ()"),
        *("", "w: expected float64 (), got float64 ()", "  1 of 1 entries are wrong (rtol 0, atol 0)"),
        "               expected 0.25, got 3",
        *("", "cell `own-1`: NameError"),
    ]


def test_json_has_no_number_that_json_has_not() -> None:
    made = json.loads(json.dumps(to_dict("ann", ONE), allow_nan=False))
    assert made["arrays"][0]["worst"] == [{"at": [1], "expected": 1.5, "got": "nan"}]
    assert made["arrays"][1]["size"] is None
    assert (made["student"], made["score"], made["notes"]) == ("ann", 0.5, ["cell `own-1`: NameError"])
    assert "picture" not in made["arrays"][0]


def test_the_page_escapes_what_is_not_ours() -> None:
    page = html("<b>ann", ONE)
    assert "&lt;b&gt;ann" in page
    assert "<code>&lt;z&gt;</code>" in page
    assert '<th scope="row">[1]</th><td>1.5</td><td>nan</td>' in page
    assert '<th scope="row">w</th><td>0.25</td><td>3</td>' in page
    assert "Failed: <code>y</code> is off" in page
