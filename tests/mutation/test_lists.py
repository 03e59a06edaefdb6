"""What `make mutation` runs exists, and every change that it lets pass has a reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def table(name: str) -> dict:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def test_modules_and_their_tests_exist():
    for module, arguments in table("modules.toml").items():
        named = [module, *(a for a in arguments if a.endswith(".py"))]
        assert [name for name in named if not (ROOT / name).is_file()] == []


def test_a_change_that_makes_no_difference_is_of_a_module_in_the_list_and_has_a_reason():
    for module, listed in table("equal.toml").items():
        assert module in table("modules.toml")
        for one in listed:
            assert set(one) == {"where", "was", "now", "why"}
            assert one["was"] != one["now"]
            assert len(one["why"]) > 20
