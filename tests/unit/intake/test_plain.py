"""Text made plain: what looks alike is alike, and every character knows where it stood."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.plain import normalise


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("forsvun\u00addet", "forsvundet"),
        ("\ufeffHan sla\u200bår", "Han slaår"),
        ("ﬁnde ﬂy ﬀ", "finde fly ff"),
        ("sla\u030ar o\u0338re", "slår øre"),
        ("slår h\u0435nde", "slår hende"),
        ("Ｈａｎ　１２", "Han 12"),
        ("på\u00a0\u00a0 lørdag", "på lørdag"),
        ("på\nlørdag", "på lørdag"),
        ("rejser den\n18. december", "rejser den 18. december"),
        ("forsvun-\ndet", "forsvundet"),
        ("mor-\n og farforældre", "mor- og farforældre"),
        ("første\r\nlinje", "første linje"),
        ("Slut.\nNy linje", "Slut.\nNy linje"),
        ("et afsnit\n \n\net andet", "et afsnit\n\net andet"),
        ("010112\u20119999", "010112-9999"),
        ("\U0001d407\U0001d41a\U0001d427", "Han"),
    ],
)
def test_what_looks_alike_is_alike(written: str, plain: str) -> None:
    assert normalise(written).text == plain


@pytest.mark.parametrize("written", ["Тато б'є мене щодня", "والدي يضربني", "Ο πατέρας μου", "æøåÆØÅ é – »…« 👧🏽", ""])
def test_another_alphabet_and_our_own_stay_as_they_are(written: str) -> None:
    assert normalise(written).text.replace("🏽", "") == written.replace("🏽", "")


ODD = st.sampled_from(["\u00ad", "\u200b", "\ufeff", "\u2060", "\u0301", "\ufe0f", "\u202e"])
WORDS = st.text(st.characters(codec="utf-8") | st.sampled_from("abcæøå \n-ﬁ\u030aе") | ODD, max_size=60)


@given(WORDS)
@settings(max_examples=300, deadline=None)
def test_every_character_leads_back_into_the_text_in_order(text: str) -> None:
    plain = normalise(text)
    spans = [plain.original(n, n + 1) for n in range(len(plain.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    assert normalise(plain.text).text == plain.text


@given(st.lists(st.tuples(st.sampled_from("slårhendepåbrud"), st.lists(ODD, max_size=2)), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_invisible_characters_inside_words_are_gone_and_found_again(letters: list[tuple[str, list[str]]]) -> None:
    written = "".join(letter + "".join(odd for odd in odds if odd != "\u0301") for letter, odds in letters)
    plain = normalise(written)
    assert plain.text == "".join(letter for letter, _ in letters)
    for n, letter in enumerate(plain.text):
        start, end = plain.original(n, n + 1)
        assert written[start:end][0] == letter
