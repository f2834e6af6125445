"""What a finding is worth where it stands: said, denied or neither; now or earlier; of this child or of somebody else.

A negation reaches over its own clause ("hun bliver ikke slået"), over what only continues it ("hverken slået, truet
eller låst inde"), and into a clause that it keeps from being reported ("jeg har ikke hørt, at hun skal rejse").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from services.intake.reading.lexicon import Lexicon, Match, Seen
from services.intake.reading.text import Sentence, Token, fold
from shared.events.codes import Answer, When
from shared.signs import SignId

NEGATION_BEFORE = 14
"""Most words from a negation to what it negates."""
NEGATION_AFTER = 2
"""Most words from a verb to the negation that follows it ("han slår hende ikke")."""
_SEPARATORS = frozenset(",;:()–—-")
_HARD = frozenset(";:()–—")
_WIDE = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """A sign as a sentence says it, with the first and last token that say so."""

    sign: SignId
    answer: Answer
    when: When | None
    first: int
    last: int


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
        rank = self._rank(sentence.tokens)
        matches = list(self._lexicon.matches(seen, rank))
        if all(match.pattern.subject == "scope" for match in matches):
            return None
        return Read(self, sentence, seen, rank, matches)

    def _rank(self, tokens: Sequence[Token]) -> list[int]:
        """Each token's number among the words that count: marks keep words apart, fillers do not."""
        fillers = self._words["fillers"]
        rank: list[int] = []
        at = 0
        for token in tokens:
            if token.mark:
                at += _WIDE if token.written in _HARD else token.written == ","
            else:
                at += fold(token.written) not in fillers
            rank.append(at)
        return rank

    def clauses(self, tokens: Sequence[Token], seen: Sequence[Seen]) -> Clauses:
        """Where clauses begin: after marks, at words that open one, at "og" with a subject or a verb after it."""
        number = 0
        of: list[int] = []
        full: set[int] = set()
        joined: set[int] = {0}
        for place, token in enumerate(tokens):
            if place and self._begins(tokens, seen, place):
                number += 1
                if not self._inherits(tokens, place):
                    joined.add(number)
            of.append(number)
            if not token.mark and self._complete(token):
                full.add(number)
        return Clauses(tuple(of), frozenset(range(number + 1)) - full - joined)

    def _begins(self, tokens: Sequence[Token], seen: Sequence[Seen], place: int) -> bool:
        word = fold(tokens[place].written)
        if tokens[place - 1].mark and tokens[place - 1].written in _SEPARATORS:
            return True
        if word in self._words["openers"]:
            return True
        following = self._following(tokens, place)
        if following is None:
            return False
        if word in self._words["pronouns"] and self._bare(tokens, place) and self.is_word(tokens[following], "finite"):
            return True
        if word not in self._words["joiners"]:
            return False
        if word == "at":
            return not self._infinitive(tokens[following], seen[following])
        return self._complete(tokens[following]) or tokens[following].name

    def _following(self, tokens: Sequence[Token], place: int) -> int | None:
        """The next word that is no filler and no negation."""
        return next(
            (
                each
                for each in range(place + 1, min(place + 6, len(tokens)))
                if not tokens[each].mark
                and not self.is_word(tokens[each], "fillers")
                and not self.is_word(tokens[each], "negators")
            ),
            None,
        )

    def _bare(self, tokens: Sequence[Token], place: int) -> bool:
        """Whether no word before opens the clause that a pronoun and its verb begin: "hun græd ikke hun var tom"."""
        before = tokens[place - 1]
        return not before.mark and not any(self.is_word(before, kind) for kind in ("joiners", "openers", "finite"))

    @staticmethod
    def _infinitive(token: Token, seen: Seen) -> bool:
        word = fold(token.written)
        return not token.name and word in seen.forms and (word.endswith("e") or len(word) <= 4) and len(seen.forms) == 1

    def _complete(self, token: Token) -> bool:
        word = fold(token.written)
        return word in self._words["subjects"] or word in self._words["finite"]

    def _inherits(self, tokens: Sequence[Token], place: int) -> bool:
        """Whether what begins here may only continue: after a comma, or with "og", "eller"."""
        before = tokens[place - 1]
        word = fold(tokens[place].written)
        joiner = word in self._words["inherits"] or (before.mark and before.written == ",")
        return joiner and word not in self._words["openers"]

    def is_word(self, token: Token, kind: str) -> bool:
        """Whether the token is one of a list of `scope.toml`."""
        return fold(token.written) in self._words[kind]

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
        self._tokens = sentence.tokens
        self._asks = sentence.asks
        self._rank = rank
        self.clauses = reader.clauses(sentence.tokens, seen)
        self._scopes: dict[str, list[tuple[int, ...]]] = {}
        self._signs = [match for match in matches if match.pattern.subject != "scope"]
        for match in matches:
            if match.pattern.subject == "scope":
                self._scopes.setdefault(match.pattern.role, []).append(match.places)
        silent = {place for places in self._scopes.get("no_negation", ()) for place in places}
        self._negators = [
            place
            for place, token in enumerate(self._tokens)
            if place not in silent and not token.mark and reader.is_word(token, "negators")
        ]
        self._ifs = [place for place, token in enumerate(self._tokens) if reader.is_word(token, "if")]

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
        return any(first <= place <= last for place in unless.places)

    def _judge(self, match: Match) -> Judged | None:
        answer = Answer.DENIED if match.pattern.role == "denied" else Answer.SAID
        if self._asked(match) or self._unsure(match):
            return None
        sign: str | None = match.pattern.subject
        if self._negated(match):
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
        first = next(token for token in self._tokens if not token.mark)
        asking = self._reader.is_word(first, "asking")
        return asking and self.clauses.of[match.places[0]] == self.clauses.of[self._tokens.index(first)]

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
        return any(
            fold(token.written) in ("at", "om", "hvorvidt", "hvor", "hvordan", "hvem")
            for token in self._tokens[self.clauses.of.index(clause) :][:2]
        )

    def _negated(self, match: Match) -> bool:
        if any(self._reader.is_word(self._tokens[place], "negators") for place in match.places):
            return False
        clauses = {self.clauses.of[match.places[0]]}
        reached = clauses | self._continued(min(clauses))
        return any(self._negates(place, match, clauses, reached) for place in self._negators) or self._kept(match)

    def _continued(self, clause: int) -> set[int]:
        """The clauses before that this one continues."""
        reached: set[int] = set()
        while clause in self.clauses.continues:
            clause -= 1
            reached.add(clause)
        return reached

    def _negates(self, negator: int, match: Match, clauses: set[int], reached: set[int]) -> bool:
        if negator in match.places or self.clauses.of[negator] not in reached:
            return False
        if negator < match.places[-1]:
            return self._rank[match.places[0]] - self._rank[negator] <= NEGATION_BEFORE
        return self.clauses.of[negator] in clauses and (
            self._rank[negator] - self._rank[match.places[-1]] <= NEGATION_AFTER
        )

    def _kept(self, match: Match) -> bool:
        """Whether the clause before says that this was not seen, heard or told."""
        clause = self.clauses.of[match.places[0]]
        return any(
            self.clauses.of[places[0]] in (clause, clause - 1)
            and places[0] < match.places[0]
            and (self.clauses.of[places[0]] == clause or self._led(clause))
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
        return any(
            self._reader.is_word(token, "would")
            for place, token in enumerate(self._tokens)
            if self.clauses.of[place] == clause and not token.mark
        )
