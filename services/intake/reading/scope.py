"""What a finding is worth where it stands: said, denied or neither; now or earlier; of this child or of somebody else.

A negation reaches over its own clause ("hun bliver ikke slået"), over what only continues it ("hverken slået, truet
eller låst inde"), and into a clause that it keeps from being reported ("jeg har ikke hørt, at hun skal rejse").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from services.intake.reading.clauses import clauses, ranks
from services.intake.reading.lexicon import Lexicon, Match, Seen
from services.intake.reading.text import Sentence
from shared.events.codes import Answer, When
from shared.signs import SignId

NEGATION_BEFORE = 14
"""Most words from a negation to what it negates."""
NEGATION_AFTER = 2
"""Most words from a verb to the negation that follows it ("han slår hende ikke")."""
_CIRCUMSTANCE = frozenset(("da", "mens", "efter", "under"))
_LEADING = frozenset(("at", "om", "hvorvidt", "hvor", "hvordan", "hvem"))


@dataclass(frozen=True, slots=True)
class Judged:
    """A sign as a sentence says it, with the first and last token that say so."""

    sign: SignId
    answer: Answer
    when: When | None
    first: int
    last: int


class Reader:
    """Reads a sentence by a lexicon and its settings."""

    def __init__(self, lexicon: Lexicon, hypothetical: Mapping[str, str], threatened: Mapping[str, str]) -> None:
        self._lexicon = lexicon
        self._hypothetical = hypothetical
        self._threatened = threatened
        self._words = lexicon.settings

    @classmethod
    def of(cls, lexicon: Lexicon) -> Self:
        """The reader with the lexicon's own settings."""
        return cls(lexicon, lexicon.turns["hypothetical"], lexicon.turns["threatened"])

    def read(self, sentence: Sentence) -> "Read | None":
        """The sentence read; None where no pattern of any sign stands in it."""
        seen = [self._lexicon.seen(token) for token in sentence.tokens]
        rank = ranks(sentence.tokens, seen)
        matches = list(self._lexicon.matches(seen, rank))
        if all(match.pattern.subject == "scope" for match in matches):
            return None
        return Read(self, sentence, seen, rank, matches)

    @property
    def undeniable(self) -> frozenset[str]:
        """Signs that no negation turns into a denial."""
        return self._words["undeniable"]

    def supposed(self, sign: str) -> str | None:
        """What a sign becomes in a supposition."""
        return sign if sign in self._words["keep"] else self._hypothetical.get(sign)

    def threatened(self, sign: str) -> str | None:
        """What a sign becomes in a threat."""
        return sign if sign in self._words["keep"] else self._threatened.get(sign)


class Read:
    """One sentence under reading."""

    def __init__(
        self, reader: Reader, sentence: Sentence, seen: Sequence[Seen], rank: Sequence[int], matches: Sequence[Match]
    ) -> None:
        self._reader = reader
        self._seen = seen
        self._asks = sentence.asks
        self._rank = rank
        self.clauses = clauses(sentence.tokens, seen)
        self._scopes: dict[str, list[tuple[int, ...]]] = {}
        self._signs = [match for match in matches if match.pattern.subject != "scope"]
        for match in matches:
            if match.pattern.subject == "scope":
                self._scopes.setdefault(match.pattern.role, []).append(match.places)
        self._silent = {place for places in self._scopes.get("no_negation", ()) for place in places}
        self._negators = self._places("negators")
        self._ifs = self._places("if")

    def _places(self, kind: str) -> list[int]:
        """Where words of a list of `scope.toml` stand."""
        return [place for place, word in enumerate(self._seen) if kind in word.kinds]

    @property
    def ordinary(self) -> bool:
        """Whether a journey in it is an ordinary holiday."""
        return "ordinary" in self._scopes

    @property
    def given(self) -> frozenset[str]:
        """The signs that it prepares: other sentences of the text may now say them with fewer words."""
        alive = () if "elsewhere" in self._scopes else self._signs
        return frozenset(match.pattern.subject for match in alive if match.pattern.role == "given")

    @staticmethod
    def _speaks(match: Match, given: frozenset[str]) -> bool:
        role = match.pattern.role
        return role in ("said", "denied", "earlier") or (role == "then" and match.pattern.subject in given)

    def signs(self, given: frozenset[str] = frozenset()) -> Iterator[Judged]:
        """The signs that it says or denies."""
        if "elsewhere" in self._scopes:
            return
        excluded = [match for match in self._signs if match.pattern.role == "unless"]
        for match in self._signs:
            if self._speaks(match, given) and not any(self._excludes(each, match) for each in excluded):
                judged = self._judge(match)
                if judged:
                    yield judged

    def _excludes(self, unless: Match, match: Match) -> bool:
        if unless.pattern.subject != match.pattern.subject:
            return False
        first, last = self.clauses.around(match.places[0], match.places[-1])
        if self._tells_how(last + 1):
            last = self.clauses.around(last + 1, last + 1)[1]
        return any(first <= place <= last for place in unless.places)

    def _tells_how(self, place: int) -> bool:
        """Whether the clause that begins here tells how it happened: "han fik blå mærker, da han faldt"."""
        return any(word.folded in _CIRCUMSTANCE for word in self._seen[place : place + 2])

    def _judge(self, match: Match) -> Judged | None:
        answer = Answer.DENIED if match.pattern.role == "denied" else Answer.SAID
        if self._asked(match) or self._unsure(match) or (answer is Answer.DENIED and self._torn(match)):
            return None
        sign: str | None = match.pattern.subject
        if self._negated(match):
            if sign in self._reader.undeniable:
                return None
            if answer is Answer.DENIED:
                return None
            answer = Answer.DENIED
        if answer is Answer.DENIED and self._no_relief():
            return None
        if answer is Answer.SAID:
            sign = self._supposed(match)
        if sign is None:
            return None
        return self._timed(Judged(SignId(sign), answer, None, match.places[0], match.places[-1]), match)

    def _no_relief(self) -> bool:
        """Whether the denial is the suspect's own, or takes back what was told before."""
        taken_back = any(match.pattern.subject == "story.withdrawn" for match in self._signs)
        return taken_back or "withdrawn" in self._scopes or "suspect_says" in self._scopes

    def _timed(self, judged: Judged, match: Match) -> Judged:
        if judged.answer is not Answer.SAID:
            return judged
        earlier = match.pattern.role == "earlier" or ("earlier" in self._scopes and not self._now(match))
        if earlier and judged.sign == "violence.now":
            judged = replace(judged, sign=SignId("violence.earlier"))
        return replace(judged, when=When.EARLIER if earlier else When.NOW)

    def _now(self, match: Match) -> bool:
        """Whether the clause itself says that it is of now."""
        clauses = {self.clauses.of[place] for place in match.places}
        return any(self.clauses.of[places[0]] in clauses for places in self._scopes.get("now", ()))

    def _asked(self, match: Match) -> bool:
        """Whether the sentence asks it: its first clauses do, unless something is told before the question."""
        if not self._asks:
            return False
        first = next(place for place, word in enumerate(self._seen) if word.folded)
        asking = "asking" in self._seen[first].kinds
        return asking and self.clauses.of[match.places[0]] == self.clauses.of[first]

    def _unsure(self, match: Match) -> bool:
        """Whether the clause, or the one that leads to it, leaves it open."""
        clause = self.clauses.of[match.places[0]]
        led = {clause, clause - 1} if self._led(clause) else {clause}
        return any(
            self.clauses.of[places[-1]] in led and places[0] < match.places[0]
            for places in self._scopes.get("unsure", ())
        )

    def _led(self, clause: int) -> bool:
        """Whether the clause is what the one before tells of: it begins with "at", "om", "hvor"."""
        first = self.clauses.of.index(clause)
        return any(word.folded in _LEADING for word in self._seen[first : first + 2])

    def _negated(self, match: Match) -> bool:
        if any("negators" in self._seen[place].kinds for place in match.places):
            return False
        clause = self.clauses.of[match.places[0]]
        reached = self.clauses.reached(clause)
        return any(self._negates(place, match, clause, reached) for place in self._negators) or self._kept(match)

    def _negates(self, negator: int, match: Match, clause: int, reached: set[int]) -> bool:
        if negator in self._silent or self.clauses.of[negator] not in reached:
            return False
        if negator < match.places[-1]:
            return self._rank[match.places[0]] - self._rank[negator] <= NEGATION_BEFORE
        return self.clauses.of[negator] == clause and (
            self._rank[negator] - self._rank[match.places[-1]] <= NEGATION_AFTER
        )

    def _torn(self, match: Match) -> bool:
        """Whether the pattern's own negation stands in another clause than what it should deny, or negates nothing."""
        own = [place for place in match.places if place in self._negators]
        last = self.clauses.reached(self.clauses.of[match.places[-1]])
        return any(place in self._silent or self.clauses.of[place] not in last for place in own)

    def _kept(self, match: Match) -> bool:
        """Whether the clause before says that this was not seen, heard or told."""
        clause = self.clauses.of[match.places[0]]
        return any(
            self.clauses.of[places[-1]] in (clause, clause - 1)
            and places[0] < match.places[0]
            and (self.clauses.of[places[-1]] == clause or self._led(clause))
            and not set(places) & set(match.places)
            for places in self._scopes.get("unreported", ())
        )

    def _supposed(self, match: Match) -> str | None:
        """The sign as it stands in a supposition: what somebody threatens with, what somebody fears, or itself."""
        sign = match.pattern.subject
        if not self._ifs or any(each in match.places for each in self._ifs):
            return sign
        told = self._scopes.get("threatens", ())
        if any(places[0] < self._ifs[0] for places in told):
            return self._reader.threatened(sign) or (None if self._would(match) else sign)
        if "discovery" in self._scopes or self._would(match):
            return self._reader.supposed(sign)
        return None if self.clauses.of[match.places[0]] == self.clauses.of[self._ifs[0]] else sign

    def _would(self, match: Match) -> bool:
        clause = self.clauses.of[match.places[0]]
        return any(self.clauses.of[place] == clause for place in self._places("would"))
