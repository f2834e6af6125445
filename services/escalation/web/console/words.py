"""Codes in the words that consultants know, in both languages."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from services.escalation.web import rule_words
from services.escalation.web.console.text import is_suspected, literally
from shared.calendar import COPENHAGEN, local
from shared.events.codes import AgeBand, Level
from shared.signs import QUESTIONS, SIGNS
from shared.web.language import Language, Who

LEVELS = {
    "acute": ("akut", "acute"),
    "high": ("høj", "high"),
    "elevated": ("forhøjet", "elevated"),
    "low": ("lav", "low"),
    None: ("ikke vurderet", "not rated"),
}
MARKS = {"acute": "▲", "high": "◆", "elevated": "●", "low": "○", None: "◆"}
"""A shape for each level, so that colour alone tells nothing; what is not rated yet is treated as high."""
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
RISKS = {
    "low": ("lav risiko", "low risk"),
    "medium": ("mellem risiko", "medium risk"),
    "high": ("høj risiko", "high risk"),
}
OUTCOMES = {
    "support_started": ("Støtte er sat i gang", "Support has started"),
    "handed_over": ("Givet videre til en anden myndighed", "Handed over to another authority"),
    "advised": ("Rådgivning er givet", "Advice was given"),
    "unfounded": ("Ikke grundlag for at gå videre", "No ground to go further"),
}
GIVEN = {"yes": ("ja", "yes"), "no": ("nej", "no"), "unknown": ("ved ikke", "do not know")}
"""What a reporter answers about the parents and about consent, where they do."""
ANSWERS = {
    "said": ("ja", "yes"),
    "denied": ("nej", "no"),
    "unknown": ("ved ikke", "do not know"),
}
ROLES = {
    "consultant": ("Konsulent", "Consultant"),
    "authority": ("Myndighed", "Authority"),
    "leader": ("Leder", "Leader"),
    "auditor": ("Tilsyn", "Supervision"),
    "operator": ("Drift", "Operator"),
    "reporter": ("Underretter", "Reporter"),
}
MAY = {
    "consultant": ("Tager sager og laver risikovurderinger.", "Takes cases and makes risk assessments."),
    "authority": (
        "Som konsulent. Vurderer også efter barnets lov § 136 og ophæver kontaktspærren.",
        "As a consultant. Also judges under Barnets lov § 136 and lifts the contact hold.",
    ),
    "leader": (
        "Ser sagerne og passer vagtplan og personer. Medunderskriver, og holder personer uden for sager.",
        "Sees the cases and looks after rota and people. Countersigns, and keeps people out of cases.",
    ),
    "auditor": ("Ser, hvem der har læst hvad. Ser ingen tekst.", "Sees who has read what. Sees no text."),
    "operator": ("Ser, hvordan tjenesterne har det. Ser ingen sag.", "Sees how the services are. Sees no case."),
    "reporter": (
        "Sender underretninger. Logger ind for at få sine felter udfyldt.",
        "Sends reports. Signs in to have their fields filled in.",
    ),
}
"""What each role may do, for whoever gives it to somebody."""
ASKS = {
    "on_call": ("en konsulent på vagt", "a consultant on call"),
    "leader": ("lederne", "the leaders"),
    "desk": ("vagten i åbningstiden", "the desk in duty hours"),
    "doegnvagt": ("Døgnvagten", "the duty desk"),
    "outside": ("en anden kommunes enhed", "another municipality's unit"),
}
FIRSTS = {
    "now": ("med det samme", "at once"),
    "opening": ("når vagten åbner", "when the desk opens"),
    "latest": ("når tiden på listen er gået", "when its time on the list is up"),
}
UNITS = {
    "amager": "Amager",
    "bispebjerg": "Bispebjerg",
    "broenshoej-husum-vanloese": "Brønshøj-Husum-Vanløse",
    "city-oesterbro": "City-Østerbro",
    "noerrebro": "Nørrebro",
    "valby-vesterbro-kgs-enghave": "Valby-Vesterbro-Kgs. Enghave",
}
NO_UNIT = ("ingen enhed endnu: alle kan se den", "no unit yet: all can see it")
_EXPLAINED = {
    "level": (
        ("Hastegrad", "Hvor hurtigt nogen skal svare: ▲ akut, ◆ høj, ● forhøjet, ○ lav. Reglerne sætter den, og "
         "et menneske kan hæve den. Det, ingen har svaret på, sænker den aldrig."),
        ("Urgency", "How soon somebody has to answer: ▲ acute, ◆ high, ● elevated, ○ low. The rules set it, and a "
         "person can raise it. What nobody has answered never lowers it."),
    ),
    "hold": (
        ("Kontaktspærre", "Ingen må kontakte familie eller netværk, før en myndighedsperson har ophævet den for hver "
         "især (barnets lov § 18, stk. 3). Du må gerne tale med barnet (§ 137, stk. 2)."),
        ("Contact hold", "Nobody may contact family or network before a person with authority has lifted it for each "
         "of them (Barnets lov § 18(3)). You may talk with the child (§ 137(2))."),
    ),
    "conflict": (
        ("Inhabil", "Du kender nogen i sagen, så du ikke kan være neutral. Siger du det, mister du adgangen, og den "
         "næste bliver tilkaldt. Ingen spørger hvorfor."),
        ("Conflict of interest", "You know somebody in the case, so that you cannot be neutral. Say so: you lose "
         "access, and the next one is called. Nobody asks why."),
    ),
    "promise": (
        ("Meld tilbage", "Den, der har taget sagen, skal gøre noget i den inden tiden på sagen. Ellers tilkalder vi "
         "igen."),
        ("Report back", "Whoever has taken the case has to act on it within the time on the case. Otherwise we page "
         "again."),
    ),
    "ladder": (
        ("Stige", "Hvem der bliver tilkaldt efter hvem, når ingen svarer. Det sidste trin er altid Døgnvagten."),
        ("Ladder", "Who is paged after whom while nobody answers. The last step is always the duty desk."),
    ),
    "reach": (
        ("Rækkevidde", "Om dem, vi ville tilkalde, har en adresse, som de selv har bekræftet."),
        ("Reach", "Whether those whom we would page have an address that they have confirmed themselves."),
    ),
    "countersign": (
        ("Medunderskrift", "Lukning af en sag, der har været akut eller høj, og sænkning af hastegraden kræver to: en "
         "beder om det, en anden siger ja eller nej."),
        ("Countersign", "Closing a case that was ever acute or high, and lowering the urgency, take two: one asks, "
         "another says yes or no."),
    ),
    "evidence": (
        ("Spor", "Hvem der gjorde eller læste hvad, og hvornår. Det kan ikke ændres, uden at det ses."),
        ("Evidence", "Who did or read what, and when. It cannot be changed unseen."),
    ),
}  # fmt: skip
"""What a word means that a new colleague does not know, by what it names."""
_CLOCKS = {
    "acute_judgement": ("vurdér underretningen senest", "judge the report by"),
    "receipt": ("kvittering senest", "receipt by"),
    "investigation": ("undersøgelse senest", "investigation by"),
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
_AGES = {
    "0-5": ("0–5 år", "0–5 years"),
    "6-12": ("6–12 år", "6–12 years"),
    "13-17": ("13–17 år", "13–17 years"),
    "18+": ("18 år eller over", "18 or over"),
    "unborn": ("ventet barn", "unborn child"),
}
_REPORTERS = {
    "teacher": ("lærer", "teacher"),
    "pedagogue": ("pædagog", "pedagogue"),
    "school_head": ("skoleleder", "school head"),
    "counsellor": ("vejleder", "counsellor"),
    "school_psychologist": ("skolepsykolog", "school psychologist"),
    "language_teacher": ("sproglærer", "language teacher"),
    "health_visitor": ("sundhedsplejerske", "health visitor"),
    "doctor": ("læge", "doctor"),
    "social_worker": ("socialrådgiver", "social worker"),
    "police": ("politi", "police"),
    "work": ("gennem sit arbejde", "through work"),
    "family": ("i familie", "family"),
    "self": ("handler om underretter selv", "about the reporter"),
    "other": ("andet", "other"),
}
_FIELDS = {
    "text": ("tekst", "text"),
    "children": ("børn", "children"),
    "name": ("navn", "name"),
    "cpr": ("CPR-nummer", "CPR number"),
    "age_band": ("alder", "age"),
    "relation": ("relation", "relation"),
    "reporter": ("underretter", "reporter"),
    "kind": ("slags", "kind"),
    "institution": ("arbejdssted", "workplace"),
    "unit": ("enhed", "unit"),
    "email": ("e-mail", "e-mail"),
    "phone": ("telefon", "phone"),
    "safe_hours": ("må ringes til", "may be called"),
    "answers": ("svar", "answers"),
    "sign": ("tegn", "sign"),
    "answer": ("svar", "answer"),
    "when": ("hvornår", "when"),
    "date": ("dato", "date"),
    "quote": ("ord", "words"),
    "conflict": ("inhabilitet", "conflict of interest"),
    "about": ("hvem", "who"),
    "declared": ("oplyst", "declared"),
    "parents_know": ("forældrene ved det", "the parents know"),
    "parents_told": ("talt med forældrene", "talked to the parents"),
    "consent": ("samtykke", "consent"),
    "already_supported": ("får støtte", "is supported"),
    "received_at": ("modtaget", "received"),
    "receipt_route": ("kvittering", "receipt"),
    "legal_kind": ("grundlag", "legal ground"),
}
FOUND = {
    "read": ("Fundet i teksten – ikke bekræftet", "Found in the text – not confirmed"),
    "suspected": ("Måske – spørg", "Maybe – ask"),
}
"""How sure the machine is of what it found; neither is a fact before a person has confirmed it."""
_ASKED = {question.sign: question for question in QUESTIONS}
_SOMEBODY = ("vedkommende", "the person")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short(case_id: UUID | str) -> str:
    """Four letters that tell one case from another in a list; they say nothing of it."""
    bits = UUID(str(case_id)).int >> 108
    return "".join(_LETTERS[(bits >> shift) & 31] for shift in (15, 10, 5, 0))


def explained(lang: Language) -> list[tuple[str, str]]:
    """The words that a new colleague does not know, with what they mean."""
    return [english if lang is Language.ENGLISH else danish for danish, english in _EXPLAINED.values()]


def meaning(name: str, lang: Language) -> str:
    """What one of them means."""
    danish, english = _EXPLAINED[name]
    return lang.say(danish[1], english[1])


def word(words: dict[Any, tuple[str, str]], code: Any, lang: Language) -> str:
    """The word for a code."""
    return lang.say(*words[code])


def unit(code: str, lang: Language) -> str:
    """The unit that has a case."""
    return UNITS.get(code) or lang.say(*NO_UNIT)


def sign(sign_id: str, lang: Language) -> str:
    """A sign in words; what is no sign of the catalogue is shown as it was written."""
    known = SIGNS.get(sign_id)
    return lang.say(known.danish, known.english) if known else sign_id


def day(n: int, lang: Language) -> str:
    """The ISO weekday's name (Monday is 1)."""
    return lang.say(*_DAYS[n - 1])


def wait(minutes: int, lang: Language) -> str:
    """A wait in words: hours where they are whole."""
    if minutes % 60 == 0:
        hours = minutes // 60
        return lang.say(f"{hours} {'time' if hours == 1 else 'timer'}", f"{hours} {'hour' if hours == 1 else 'hours'}")
    return lang.say(
        f"{minutes} {'minut' if minutes == 1 else 'minutter'}", f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    )


def date_of(day: date, lang: Language, *, year: bool = False) -> str:
    """`mandag 9. marts`, `Monday 9 March`, with `year` `mandag 9. marts 2026`."""
    return f"{lang.say(*_DAYS[day.weekday()])} {lang.day(datetime.combine(day, time(12), COPENHAGEN), year=year)}"


def date_said(day: str, lang: Language) -> str:
    """A day as the API tells it, with its year: `9. marts 2026`, `9 March 2026`."""
    return lang.day(datetime.combine(date.fromisoformat(day), time(12), COPENHAGEN), year=True)


def days(numbers: Sequence[int], lang: Language) -> str:
    """`mandag–fredag` where they follow each other, else each of them."""
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{day(ordered[0], lang)}–{day(ordered[-1], lang)}"
    return ", ".join(day(n, lang) for n in ordered)


def from_to(opens: str, closes: str, lang: Language) -> str:
    """Two times of day, `08:00:00` as the API tells them: `kl. 8–16`, `08:00–16:00`."""
    return _from_to(time.fromisoformat(opens), time.fromisoformat(closes), lang)


def short_days(days: Sequence[date], lang: Language) -> list[str]:
    """The days by their first three letters: `man`, `tir`."""
    return [lang.say(*_DAYS[day.weekday()])[:3] for day in days]


def hours(starts_at: datetime, ends_at: datetime, lang: Language) -> str:
    """A span of one day: `kl. 9–13`, `9:00–13:00`; the whole of it in words."""
    start, end = local(starts_at).time(), local(ends_at).time()
    return lang.say("hele døgnet", "day and night") if start == end == time() else _from_to(start, end, lang)


def _from_to(start: time, end: time, lang: Language) -> str:
    since, until = (f"{at.hour}" if not at.minute else f"{at.hour}.{at:%M}" for at in (start, end))
    return lang.say(f"kl. {since}–{'24' if until == '0' else until}", f"{start:%H:%M}–{end:%H:%M}")


def clock(rule: str, lang: Language) -> str:
    """What must be done before a clock ends."""
    return lang.say(*_CLOCKS.get(rule, (rule, rule)))


def lack(code: str, lang: Language) -> str:
    """What a gap of the rota lacks."""
    return lang.say(*_LACKS.get(code, (code, code)))


def local_time(now: datetime) -> str:
    """The moment as a field for date and time shows it: Copenhagen's clock."""
    return f"{local(now):%Y-%m-%dT%H:%M}"


def age(code: str | None, lang: Language) -> str:
    """An age band in words; what is none of ours is shown as it was written."""
    return lang.say(*_AGES[code]) if code in _AGES else code or lang.say("alder ikke oplyst", "age not given")


def reporter(code: str, lang: Language) -> str:
    """Who reports, in words; what is no kind of ours is shown as it was written."""
    return lang.say(*_REPORTERS[code]) if code in _REPORTERS else literally(code)


def reasons(rating: Mapping[str, Any], lang: Language) -> list[tuple[str, str]]:
    """Why the rules rated so: each rule's own sentence, with the signs that reports said or that were read in them.

    Of the rules over what is only suspected, which name no sign, the highest says what the others would repeat.
    """
    asked = [each for each in rating["reasons"] if each["suspected"]][1:]
    return [
        (_sentence(rating, each, lang), "; ".join(sign(said, lang) for said in each["signs"]))
        for each in rating["reasons"]
        if not each["unanswered"] and each not in asked
    ]


def unanswered(rating: Mapping[str, Any], lang: Language) -> str:
    """The signs that nobody has answered for, where a rule holds for that; empty else."""
    signs = (each for reason in rating["reasons"] if reason["unanswered"] for each in reason["signs"])
    return ", ".join(sign(each, lang).lower() for each in dict.fromkeys(signs))


def _sentence(rating: Mapping[str, Any], reason: Mapping[str, Any], lang: Language) -> str:
    words = rule_words.sentence(rating["rule_set"], reason)
    return lang.say(words.danish, words.english)


def field(path: str, lang: Language) -> str:
    """The name of a field of a report in words: `børn 1, navn`; one that is none of ours is shown as it was written."""
    parts = (re.fullmatch(r"(.*?)((?:\[\d+\])*)", part, re.S) for part in path.split("."))
    said = []
    for part in filter(None, parts):
        numbers = [str(int(n) + 1) for n in re.findall(r"\d+", part[2])]
        name = lang.say(*_FIELDS[part[1]]) if part[1] in _FIELDS else literally(part[1])
        said.append(" ".join(filter(None, [name, *numbers])))
    return ", ".join(filter(None, said)) or lang.say("tekst", "text")


def written(value: Any, lang: Language) -> str:
    """What stands in a field, in words."""
    if isinstance(value, bool):
        return lang.say("ja", "yes") if value else lang.say("nej", "no")
    return lang.say("(tom)", "(empty)") if value in (None, "") else literally(str(value))


def up_to(report_no: int) -> str:
    """The numbers of reports 1 to n: `1`, `1–3`."""
    return "1" if report_no == 1 else f"1–{report_no}"


def numbers(found: Sequence[int]) -> str:
    """Numbers in order as they are said: `1–3, 5`."""
    runs: list[list[int]] = []
    for n in found:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def question(sign_id: str, lang: Language, band: str = "") -> str:
    """How a person is asked for a sign: a red line in the form's own words, about whoever is of that age."""
    asked = _ASKED.get(sign_id)
    if asked is not None:
        text = lang.say(asked.danish, asked.english) + (lang.say(" Hvornår?", " When?") if asked.dated else "")
        return Who.of(AgeBand(band)).named(text, lang) if band in _AGES else text.replace("{b}", lang.say(*_SOMEBODY))
    return lang.say(f"Ved du noget om: {sign(sign_id, lang)}?", f"Do you know anything about: {sign(sign_id, lang)}?")


def note(mark: Mapping[str, Any], lang: Language) -> str:
    """What the machine found at a place of the text, with how sure it is. A no that it found denies nothing."""
    found, end = lang.say(*FOUND[mark.get("grade", "read")]), "?" if is_suspected(mark) else "."
    if mark["answer"] == "said":
        return f"{found}: {sign(mark['sign'], lang)}{end}"
    no = lang.say("et nej til »{sign}«", "a no to “{sign}”").format(sign=sign(mark["sign"], lang))
    only = lang.say("Kun et menneskes nej tæller.", "Only a person's no counts.")
    return f"{found}: {no}{end} {only}"


def why_asked(
    question: Mapping[str, Any], level: str, lang: Language, reports: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Why a question is worth asking: it is suspected (and where, in the reports shown), it may give a higher level."""
    reasons = []
    if question["suspected"]:
        reasons.append(" ".join([lang.say(*FOUND["suspected"]), *_where(question["sign"], reports, lang)]))
    if Level(question["level"]).rank > Level(level).rank:
        reasons.append(
            lang.say("kan give: {level}", "may give: {level}").format(level=word(LEVELS, question["level"], lang))
        )
    return " · ".join(reasons)


def _where(sign_id: str, reports: Sequence[Mapping[str, Any]], lang: Language) -> list[str]:
    """The first note at which the sign is suspected, where one is shown."""
    shown = [(each["report_no"], (each["shown"] or {}).get("marks", ())) for each in reports]
    return [
        lang.say("(underretning {n}, note {note})", "(report {n}, note {note})").format(n=report_no, note=n)
        for report_no, marks in shown
        for n, mark in enumerate(marks, start=1)
        if mark["sign"] == sign_id and is_suspected(mark)
    ][:1]


def moment(lang: Language, instant: str | datetime | None, *, now: datetime) -> str:
    """`kl. 14.02` today, `onsdag kl. 14.02` within a week, else with the date; the year too where it is another."""
    if instant is None:
        return lang.say("ikke fastsat", "not set")
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(instant)
    days = abs((local(at).date() - local(now).date()).days)
    if days == 0:
        return lang.time(at)
    return lang.day_time(at) if days < 6 else lang.moment(at, year=local(at).year != local(now).year)


def by(lang: Language, instant: str | datetime | None, *, now: datetime) -> str:
    """That moment after *senest*, *by* or *until*, where English says no *at*."""
    return moment(lang, instant, now=now).removeprefix("at ")
