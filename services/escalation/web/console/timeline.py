"""The time line of a case in words and places: drawn as inline SVG, and listed for those who cannot see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.escalation.domain.timeline import Entry, Moment
from services.escalation.web.console import words
from shared.web.language import Language

MOST = 60
"""Moments on one line; of a case with more, the newest."""
WIDEST = 40
"""Letters of a row that fit a phone of 360 px."""
_ROW, _PAUSE = 44, 20
_LONG = timedelta(minutes=1)
_LANES = {
    "report_received": "report", "rated": "rating", "raised": "rating",
    "page_requested": "asked", "nobody_reachable": "missed", "deadline_missed": "missed",
    "hold_lift": "hold", "hold_reinstate": "hold", "hold_not_applicable": "hold", "held_again": "hold",
}  # fmt: skip
_DONE = {
    "report_received": ("Underretning {n} modtaget", "Report {n} received"),
    "rated": ("Vurderet af reglerne: {level}", "Rated by the rules: {level}"),
    "raised": ("{who} hævede til {level}", "{who} raised to {level}"),
    "page_requested": ("Tilkaldt: {asked}", "Paged: {asked}"),
    "climbed": ("Steg til trin {rung}: {asked}", "Climbed to rung {rung}: {asked}"),
    "nobody_reachable": ("Ingen kunne nås", "Nobody could be reached"),
    "acknowledged": ("{who} tog den", "{who} took it"),
    "cannot": ("{who} kunne ikke", "{who} could not"),
    "report_read": ("Læst af {who}", "Read by {who}"),
    "assessed": ("Risikovurdering af {who}", "Risk assessment by {who}"),
    "judged": ("{who} vurderede: {judged}", "{who} judged: {judged}"),
    "hold_lift": ("{who} ophævede for {held}", "{who} lifted for {held}"),
    "hold_reinstate": ("{who} spærrede igen for {held}", "{who} held again from {held}"),
    "hold_not_applicable": ("Ikke § 18, stk. 3 for {held}: {who}", "Not § 18(3) for {held}: {who}"),
    "held_again": ("Spærret igen for {held}", "Held again from {held}"),
    "handover_offered": ("{who} bad en anden tage den", "{who} asked another to take it"),
    "countersigned": ("{who} svarede på medunderskrift", "{who} answered the countersign"),
    "deadline_missed": ("En frist blev overskredet", "A deadline was missed"),
    "closed": ("Sagen lukket", "The case was closed"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One moment: where it is drawn, its words, and the wait before it (empty where it was short)."""

    y: int
    lane: str
    at: str
    text: str
    waited: str

    @property
    def brief(self) -> str:
        """The words as far as they fit."""
        return self.text if len(self.text) <= WIDEST else f"{self.text[: WIDEST - 1]}…"


@dataclass(frozen=True, slots=True)
class Drawing:
    """The rows of a time line, the height of its picture, and how many older moments were left out."""

    rows: tuple[Row, ...]
    height: int
    older: int


def drawn(moments: Sequence[Moment], names: Mapping[str, str], lang: Language, *, now: datetime) -> Drawing:
    """Place the newest moments below each other; a wait of a minute or more gets a gap with its length in words."""
    rows: list[Row] = []
    y = -18
    for moment in moments[-MOST:]:
        waited = span(moment.waited, lang) if rows and moment.waited >= _LONG else ""
        y += _ROW + (_PAUSE if waited else 0)
        at = words.moment(lang, moment.at, now=now)
        rows.append(Row(y, _LANES.get(moment.act, "person"), at, _text(moment, names, lang), waited))
    return Drawing(tuple(rows), y + 22, max(0, len(moments) - MOST))


def _text(moment: Moment, names: Mapping[str, str], lang: Language) -> str:
    facts = moment.entries[0].facts
    climbed = moment.act == "page_requested" and int(facts.get("rung", 1)) > 1
    return lang.say(*_DONE["climbed" if climbed else moment.act]).format(
        n=facts.get("report_no", ""),
        level=words.word(words.LEVELS, facts["level"], lang) if moment.act in ("rated", "raised") else "",
        who=names.get(str(moment.entries[0].actor), lang.say("En person", "A person")),
        asked=", ".join(dict.fromkeys(_asked(each, names, lang) for each in moment.entries)),
        rung=facts.get("rung", ""),
        judged=lang.say("akut fare", "acute danger") if facts.get("acute") else lang.say("ikke akut", "not acute"),
        held=", ".join(words.word(words.HELD_FROM, each.facts["recipient"], lang) for each in moment.entries)
        if "recipient" in facts
        else "",
    )


def _asked(entry: Entry, names: Mapping[str, str], lang: Language) -> str:
    if entry.facts.get("recipient_kind") == "desk":
        return lang.say("vagten", "the desk")
    return names.get(str(entry.recipient), lang.say("en person", "a person"))


def span(wait: timedelta, lang: Language) -> str:
    """A wait in words: minutes, from two hours on hours, from two days on days."""
    minutes = int(wait.total_seconds() // 60)
    if minutes < 120:
        return words.wait(minutes, lang)
    hours = minutes // 60
    return words.wait(hours * 60, lang) if hours < 48 else lang.say(f"{hours // 24} dage", f"{hours // 24} days")
