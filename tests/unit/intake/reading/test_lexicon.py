"""The lexicon's files: every entry can be read, is a sign of the catalogue, and is found in its own examples."""

import re
import tomllib

import pytest

from services.intake.reading import lexicon, patterns, read_by_patterns
from services.intake.reading.lexical import LEXICON
from services.intake.reading.text import fold
from shared.signs import SIGNS
from tests.unit.intake.reading.quality import RECEIVED_AT

ENTRIES = lexicon.entries()
ROLES = {*lexicon.SAID, "examples"}
NAMES = ("Amina", "Fatima", "Ali", "Mohammed", "Mads", "Emil", "Sara", "Ida", "Noah", "Yasmin", "Omar", "Ruth", "Josef")


def test_every_sign_of_the_catalogue_has_an_entry() -> None:
    assert set(ENTRIES) == set(SIGNS)


@pytest.mark.parametrize("sign", ENTRIES)
def test_an_entry_has_patterns_and_examples_and_nothing_else(sign: str) -> None:
    entry = ENTRIES[sign]
    assert set(entry) <= ROLES
    assert entry["said"]
    assert entry["examples"]


@pytest.mark.parametrize(("sign", "example"), [(sign, each) for sign in ENTRIES for each in ENTRIES[sign]["examples"]])
def test_a_sign_is_read_in_its_own_examples(sign: str, example: str) -> None:
    assert sign in {found.sign for found in read_by_patterns(example, received_at=RECEIVED_AT).found}


@pytest.mark.parametrize("broken", ["(a|b", "a|b)", "a [b", "@nobody", "", "a & ", "(a|)", "((a) b"])
def test_a_pattern_that_cannot_be_read_is_refused(broken: str) -> None:
    with pytest.raises(patterns.BadPattern):
        list(patterns.parse(broken, LEXICON.classes))


def test_a_pattern_with_too_many_variants_is_refused() -> None:
    with pytest.raises(patterns.BadPattern):
        list(patterns.parse(" ".join(["(a|b c|d e)"] * 8), LEXICON.classes))


def test_no_name_is_a_word_of_the_lexicon() -> None:
    known = {word.strip("=") for word in LEXICON.elements.exact}
    assert {fold(name) for name in NAMES} & known == set()


def test_no_country_stands_in_a_pattern() -> None:
    countries = {fold(line) for line in (lexicon.HERE / "abroad.txt").read_text(encoding="utf-8").split()}
    for file in (lexicon.HERE / "lexicon").glob("*.toml"):
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).values():
            written = " ".join(each for role in lexicon.SAID for each in entry.get(role, ()))
            assert {fold(word) for word in re.findall(r"\w+", written)} & countries == set()
