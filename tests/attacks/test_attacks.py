"""The part of `make attacks` that is quick enough for every run of the tests."""

from __future__ import annotations

from collections import Counter

import pytest

from minigrad.grading.model import JudgeFault
from tests.attacks import files
from tests.attacks.inside import inside
from tests.attacks.layers import LAYERS, without
from tests.attacks.more import MORE_WORK, WORDS, more_inside
from tests.attacks.rows import judge, try_work, user
from tests.attacks.special import an_expected_value_read_from_the_error, the_seed_found_in_a_generator
from tests.attacks.work import WORK


@pytest.fixture(scope="module")
def court():
    for isolation in ("namespaces", "landlock"):
        try:
            of = judge(isolation)
            of.prepare()
        except JudgeFault:
            continue
        with of:
            yield of
        return
    pytest.skip("no sandbox here")


@pytest.mark.parametrize("attack", [w for w in (*WORK, *WORDS) if not w.slow], ids=lambda w: w.name)
def test_a_submission_gets_what_it_is_worth_and_learns_nothing(court, attack):
    expected, seen, ok = try_work(court, attack)
    assert ok, (expected, seen)


@pytest.mark.parametrize("attack", [the_seed_found_in_a_generator, an_expected_value_read_from_the_error])
def test_what_a_probe_tells_is_not_enough(court, attack):
    expected, seen, ok = attack("auto", court)
    assert ok, (expected, seen)


def test_hostile_files(tmp_path):
    rows = files.rows(user(), tmp_path)
    assert len(rows) > 40
    assert [row for row in rows if row.ok is False] == []


def test_each_attack_has_a_name_of_its_own():
    names = Counter([a.name for a in (*inside(), *more_inside())])
    assert [name for name, times in names.items() if times > 1] == []
    assert [w for w, times in Counter(w.name for w in (*WORK, *MORE_WORK)).items() if times > 1] == []


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.name}, {layer.configuration}")
def test_a_layer_is_put_up_in_one_place_and_stops_attacks_we_try(layer):
    assert set(layer.through) <= {a.name for a in (*inside(), *more_inside())}
    with without(layer) as folder:
        assert (folder / "minigrad" / layer.file).exists()
