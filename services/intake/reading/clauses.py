"""Where the clauses of a sentence begin, and how far its words lie apart: what negations reach depends on both.

Danish is written with few commas on phones: a clause begins after a mark, at a word that opens one ("fordi"), at one
that joins ("og") where a subject or a verb follows, and at a pronoun with its verb ("hun græd ikke hun var tom").
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.reading.lexicon import Seen
from services.intake.reading.text import Token

_SEPARATORS = frozenset(",;:()–—-")
_HARD = frozenset(";:()–—")
_WIDE = 2
_AHEAD = 6
"""Words looked at for what follows."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clause each token belongs to, and which clauses only continue the one before."""

    of: tuple[int, ...]
    continues: frozenset[int]

    def around(self, first: int, last: int) -> tuple[int, int]:
        """The first and last token of the clauses from `first` to `last`."""
        start, end = first, last
        while start and self.of[start - 1] == self.of[first]:
            start -= 1
        while end + 1 < len(self.of) and self.of[end + 1] == self.of[last]:
            end += 1
        return start, end

    def reached(self, clause: int) -> set[int]:
        """The clause with those before it that it continues."""
        found = {clause}
        while clause in self.continues:
            clause -= 1
            found.add(clause)
        return found


def ranks(tokens: Sequence[Token], seen: Sequence[Seen]) -> list[int]:
    """Each token's number among the words that count: marks keep words apart, fillers do not."""
    rank: list[int] = []
    at = 0
    for token, word in zip(tokens, seen, strict=True):
        if token.mark:
            at += _WIDE if token.written in _HARD else token.written == ","
        else:
            at += "fillers" not in word.kinds
        rank.append(at)
    return rank


def clauses(tokens: Sequence[Token], seen: Sequence[Seen]) -> Clauses:
    """The clauses of a sentence."""
    number = 0
    of: list[int] = []
    full: set[int] = set()
    joined: set[int] = {0}
    for place, word in enumerate(seen):
        if place and _begins(tokens, seen, place):
            number += 1
            if not _may_continue(tokens[place - 1], word):
                joined.add(number)
        of.append(number)
        if _complete(word):
            full.add(number)
    return Clauses(tuple(of), frozenset(range(number + 1)) - full - joined)


def _begins(tokens: Sequence[Token], seen: Sequence[Seen], place: int) -> bool:
    before, kinds = tokens[place - 1], seen[place].kinds
    if (before.mark and before.written in _SEPARATORS) or "openers" in kinds:
        return True
    if "joiners" not in kinds and "pronouns" not in kinds:
        return False
    following = _following(tokens, seen, place)
    if following is None:
        return False
    if "joiners" in kinds:
        return _joins(seen[place], seen[following], name=tokens[following].name)
    return "finite" in seen[following].kinds and _bare(before, seen[place - 1])


def _joins(joiner: Seen, following: Seen, *, name: bool) -> bool:
    """Whether a joining word begins a clause: "at" does unless an infinitive follows, others before subject or verb."""
    if joiner.folded == "at":
        return name or not _infinitive(following)
    return name or _complete(following)


def _following(tokens: Sequence[Token], seen: Sequence[Seen], place: int) -> int | None:
    """The next word that is no filler and no negation."""
    for each in range(place + 1, min(place + _AHEAD, len(tokens))):
        if not tokens[each].mark and seen[each].kinds.isdisjoint(("fillers", "negators")):
            return each
    return None


def _bare(before: Token, word: Seen) -> bool:
    """Whether the word before opens no clause for the pronoun and its verb that follow."""
    return not before.mark and word.kinds.isdisjoint(("joiners", "openers", "finite"))


def _infinitive(word: Seen) -> bool:
    alone = word.forms == {word.folded}
    return alone and (word.folded.endswith("e") or len(word.folded) <= 4)


def _complete(word: Seen) -> bool:
    return not word.kinds.isdisjoint(("subjects", "finite"))


def _may_continue(before: Token, word: Seen) -> bool:
    """Whether what begins here may only continue: after a comma, or with "og", "eller"."""
    return ("inherits" in word.kinds or before.written == ",") and "openers" not in word.kinds
