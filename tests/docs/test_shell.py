"""The tests' own shell: it keeps folder and variables, and a command that fails ends it with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.shell import Shell

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def test_blocks_share_folder_and_variables_and_take_no_input(tmp_path: Path) -> None:
    texts = {"a": "mkdir x && cd x\nV=1\ncat\n", "b": 'pwd\necho "V is $V"\n', "c": "echo never\n"}
    with Shell(texts, tmp_path, ENVIRONMENT) as shell:
        shell.upto("b")
        assert shell.told.split("\n") == ["", f"{tmp_path}/x", "V is 1", "", ""]
        assert list(shell.left) == ["c"]


def test_a_command_that_fails_ends_the_page(tmp_path: Path) -> None:
    texts = {"page:1": "minigrad check x || true\nls nowhere\necho goes on\n", "page:2": "echo later\n"}
    with Shell(texts, tmp_path, ENVIRONMENT) as shell:
        with pytest.raises(AssertionError, match=r"page:1\n(.*\n)+exit code 2: ls nowhere") as first:
            shell.upto("page:2")
        assert "goes on" not in str(first.value)


def test_a_check_that_finds_something_to_do_is_no_failure(tmp_path: Path) -> None:
    tool = tmp_path / "minigrad"
    tool.write_text("#!/bin/sh\nexit ${CODE:-1}\n")
    tool.chmod(0o755)
    texts = {"a": f"{tool} check x.ipynb\n", "b": f"CODE=2 {tool} check x.ipynb\n"}
    with Shell(texts, tmp_path, ENVIRONMENT) as shell:
        shell.upto("a")
        with pytest.raises(AssertionError, match="exit code 2"):
            shell.upto("b")
