"""What people wrote is whole, and is found by its symbols."""

from collections import Counter

import pytest

from minigrad.data import writing


def test_sentences_are_short_and_good_or_bad():
    rated = writing.sentences()
    assert len(rated) == 4229
    assert all(0.5 <= abs(rating) <= 4 and 1 <= len(sentence.split()) <= 16 for sentence, rating in rated)
    good = sum(rating > 0 for _, rating in rated) / len(rated)
    assert 0.45 < good < 0.55
    assert ("Effective but too tepid biopic", -0.6) in rated


def test_every_country_has_a_name_in_twelve_languages():
    named = writing.countries()
    assert set(Counter(country for country, _, _ in named).values()) == {12}
    assert len({tongue for _, tongue, _ in named}) == 12
    assert len(named) == 12 * 257
    assert all(name and name == name.strip() for _, _, name in named)
    assert {("AT", "de", "Österreich"), ("AT", "hu", "Ausztria"), ("US", "fr", "États-Unis")} <= set(named)
    assert not {country for country, _, _ in named} & {"ZZ", "XA", "EU"}, "those are no countries"


def test_every_letter_of_every_word_makes_no_sound_or_one_or_two():
    words = writing.sounds()
    assert len(words) == len({word for word, _ in words}) == 6000
    for word, sounds in words:
        assert len(word) == len(sounds), word
        assert word.isalpha()
        assert 3 <= len(word) <= 10
        assert all(len(sound.split()) <= 2 for sound in sounds)
    assert len({one for _, sounds in words for sound in sounds for one in sound.split()}) == 39
    assert dict(words)["latin"] == ("L", "AE", "T", "AH", "N")


def test_texts_become_the_places_of_their_symbols():
    tokens, mask = writing.indexed(["ab", "cabx"], "?abc")
    assert tokens.tolist() == [[1, 2, 0, 0], [3, 1, 2, 0]]
    assert mask.tolist() == [[True, True, False, False], [True] * 4]
    tokens, _ = writing.indexed([["a", "good", "film"]], ["?", "film", "a"])
    assert tokens.tolist() == [[2, 0, 1]]
    with pytest.raises(ValueError, match="2 texts, 1 of them empty"):
        writing.indexed(["a", ""], "?a")
    with pytest.raises(ValueError, match="0 texts"):
        writing.indexed([], "?a")
