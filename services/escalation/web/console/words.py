"""Codes in the words that consultants know, in both languages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.calendar import local
from shared.signs import SIGNS
from shared.web.language import Language

LEVELS = {
    "acute": ("akut", "acute"),
    "high": ("høj", "high"),
    "elevated": ("forhøjet", "elevated"),
    "low": ("lav", "low"),
    None: ("ikke vurderet", "not rated"),
}
MARKS = {"acute": "▲", "high": "▲", "elevated": "●", "low": "○", None: "●"}
STATES = {
    "unrated": ("venter på vurdering", "waits to be rated"),
    "paging": ("venter på svar", "waits for an answer"),
    "acknowledged": ("er taget", "is taken"),
    "closing": ("venter på medunderskrift", "waits for a countersign"),
    "closed": ("er lukket", "is closed"),
}
HELD_FROM = {
    "mother": ("mor", "the mother"),
    "father": ("far", "the father"),
    "custody_holder": ("anden med forældremyndighed", "another custody holder"),
    "sibling": ("søskende", "siblings"),
    "relative": ("anden familie", "other relatives"),
    "network": ("netværk", "the network"),
}
PURPOSES = {
    "takeover": ("Jeg overtager sagen", "I take the case over"),
    "countersign": ("Jeg skal medunderskrive", "I am to countersign"),
    "supervision": ("Tilsyn", "Supervision"),
}
PAGES = {
    "requested": ("er på vej", "is on its way"),
    "accepted": ("er leveret", "is delivered"),
    "failed": ("kom ikke frem", "did not arrive"),
    "answered": ("har svaret", "has answered"),
    "withdrawn": ("er trukket tilbage", "is withdrawn"),
    "superseded": ("svarede ikke; næste er spurgt", "did not answer; the next was asked"),
}
OUTCOMES = {
    "support_started": ("Støtte er sat i gang", "Support has started"),
    "handed_over": ("Givet videre til en anden myndighed", "Handed over to another authority"),
    "advised": ("Rådgivning er givet", "Advice was given"),
    "unfounded": ("Bekymringen var ubegrundet", "The concern was unfounded"),
}
ANSWERS = {
    "said": ("ja", "yes"),
    "denied": ("nej", "no"),
    "unknown": ("ved ikke", "do not know"),
}
ROLES = {
    "consultant": ("Konsulent", "Consultant"),
    "authority": ("Myndighed", "Authority"),
    "leader": ("Leder", "Leader"),
    "auditor": ("Revisor", "Auditor"),
    "operator": ("Drift", "Operator"),
}
_LACKS = {
    "nobody": ("Ingen kan nås", "Nobody can be reached"),
    "first_unreachable": ("Den første kan ikke nås", "The first one cannot be reached"),
    "nobody_on_call": ("Ingen konsulent på vagt: Døgnvagten dækker", "No consultant on call: the duty desk covers"),
}
_DAYS = (
    ("mandag", "Monday"),
    ("tirsdag", "Tuesday"),
    ("onsdag", "Wednesday"),
    ("torsdag", "Thursday"),
    ("fredag", "Friday"),
    ("lørdag", "Saturday"),
    ("søndag", "Sunday"),
)
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short(case_id: UUID | str) -> str:
    """Four letters that tell one case from another in a list; they say nothing of it."""
    bits = UUID(str(case_id)).int >> 108
    return "".join(_LETTERS[(bits >> shift) & 31] for shift in (15, 10, 5, 0))


def word(words: dict[Any, tuple[str, str]], code: Any, lang: Language) -> str:
    """The word for a code."""
    return lang.say(*words[code])


def sign(sign_id: str, lang: Language) -> str:
    """A sign in words; what is no sign of the catalogue is shown as it was written."""
    known = SIGNS.get(sign_id)
    return lang.say(known.danish, known.english) if known else sign_id


def day(n: int, lang: Language) -> str:
    """The ISO weekday's name (Monday is 1)."""
    return lang.say(*_DAYS[n - 1])


def lack(code: str, lang: Language) -> str:
    """What a gap of the rota lacks."""
    return lang.say(*_LACKS.get(code, (code, code)))


def local_time(now: datetime) -> str:
    """The moment as a field for date and time shows it: Copenhagen's clock."""
    return f"{local(now):%Y-%m-%dT%H:%M}"


def question(sign_id: str, lang: Language) -> str:
    """How a person is asked for a sign."""
    return lang.say(f"Ved du noget om: {sign(sign_id, lang)}?", f"Do you know anything about: {sign(sign_id, lang)}?")


def moment(lang: Language, instant: str | datetime | None, *, now: datetime) -> str:
    """`kl. 14.02` today, `onsdag kl. 14.02` within a week, else with the date."""
    if instant is None:
        return lang.say("ikke fastsat", "not set")
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(instant)
    days = abs((at - now).days)
    if days < 1 and local(at).date() == local(now).date():
        return lang.time(at)
    return lang.day_time(at) if days < 6 else lang.moment(at)
