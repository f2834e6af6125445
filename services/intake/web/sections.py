"""The form's sections and fields in the order they are asked, with their words; the check page repeats these words.

Nothing else is asked: no religion, nationality, language or private address, no grade of gravity, no photos.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.intake.domain.cpr import NoCpr, read_cpr
from shared.events.codes import AgeBand
from shared.signs import QUESTIONS, Question
from shared.web.language import Language, Who

MOST_SIBLINGS = 12
_DATES = "_date"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose, and its words."""

    value: str
    danish: str
    english: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name in the form, the words that ask, the answers there are to choose from (none: it is written)."""

    name: str
    danish: str
    english: str
    options: tuple[Option, ...] = ()
    day_care: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """A screen on a phone. The first is never a section of the check page by its heading, but by its question."""

    id: str
    danish: str
    english: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A section as the check page repeats it: what was answered in it, and how many questions were not."""

    section: Section
    answered: tuple[tuple[str, str], ...]
    unanswered: int


AGES = (
    Option(AgeBand.DAY_CARE, "0–5 år", "0–5 years"),
    Option(AgeBand.SCHOOL, "6–12 år", "6–12 years"),
    Option(AgeBand.YOUTH, "13–17 år", "13–17 years"),
    Option(AgeBand.ADULT, "18 år eller over", "18 or over"),
    Option(AgeBand.UNBORN, "Ventet barn", "Unborn child"),
    Option(AgeBand.UNKNOWN, "Flere / ved ikke", "Several / don't know"),
)
YES_NO = (
    Option("yes", "Ja", "Yes"),
    Option("no", "Nej", "No"),
    Option("unknown", "Ved ikke", "Don't know"),
)
ANSWERS = (
    Option("said", "Ja", "Yes"),
    Option("denied", "Nej", "No"),
    Option("unknown", "Ved ikke", "Don't know"),
)
KINDS = (
    Option("work", "Gennem mit arbejde", "Through my work"),
    Option("family", "Vi er i familie", "We are related"),
    Option("self", "Det handler om mig", "It is about me"),
    Option("other", "Andet", "Other"),
)
TICK = (Option("yes", "Ja", "Yes"),)


def _asked(question: Question) -> Iterator[Field]:
    yield Field(question.sign, question.danish, question.english, ANSWERS, question.day_care)
    if question.dated:
        yield Field(question.sign + _DATES, "Hvornår?", "When?", day_care=question.day_care)


def _red_lines(section: str, danish: str, english: str) -> Section:
    asked = (field for question in QUESTIONS if question.section == section for field in _asked(question))
    return Section(section, danish, english, tuple(asked))


SECTIONS = (
    Section(
        "age",
        "Hvem er du bekymret for?",
        "Who are you worried about?",
        (Field("age", "Alder", "Age", AGES),),
    ),
    Section(
        "text",
        "Hvad har du set eller hørt?",
        "What have you seen or heard?",
        (Field("text", "Med dine egne ord", "In your own words"),),
    ),
    _red_lines("danger", "Ved du noget om fare?", "Do you know anything about danger?"),
    _red_lines("travel", "Ved du noget om rejse?", "Do you know anything about travel?"),
    _red_lines("freedom", "Ved du noget om tvang og overgreb?", "Do you know anything about force and abuse?"),
    _red_lines(
        "marriage", "Ved du noget om ægteskab og selvskade?", "Do you know anything about marriage and self-harm?"
    ),
    _red_lines("extremism", "Ved du noget om ekstremisme?", "Do you know anything about extremism?"),
    Section(
        "family",
        "Ved familien, at {b} har fortalt noget?",
        "Does the family know that {b} told something?",
        (Field("family_knows", "Familien ved det", "The family knows", YES_NO),),
    ),
    Section(
        "child",
        "Hvem handler det om?",
        "Who is it about?",
        (
            Field("child_name", "Navn", "Name"),
            Field("child_cpr", "CPR-nummer", "CPR number"),
            Field(
                "supported",
                "Får {b} allerede støtte fra kommunen?",
                "Does {b} already get support from the municipality?",
                YES_NO,
            ),
        ),
    ),
    Section(
        "reporter",
        "Hvordan må vi kontakte dig?",
        "How may we contact you?",
        (
            Field("kind", "Hvordan kender du {b}?", "How do you know {b}?", KINDS),
            Field("reporter_name", "Dit navn", "Your name"),
            Field("workplace", "Stilling og arbejdssted", "Position and workplace"),
            Field("phone", "Telefon, som kun du svarer på", "Phone that only you answer"),
            Field("hours", "Hvornår må vi ringe?", "When may we call?"),
            Field(
                "mail",
                "Send en mail til min egen arbejdspostkasse, når der er nyt",
                "Send a mail to my own work mailbox when there is news",
                TICK,
            ),
            Field("email", "Din egen arbejdsmail", "Your own work e-mail"),
        ),
    ),
    Section(
        "conflict",
        "Er nogen, der arbejder i kommunen, i familie med {b} eller involveret?",
        "Is anyone who works in the municipality related to {b} or involved?",
        (
            Field("conflict", "Nogen i kommunen", "Someone in the municipality", YES_NO),
            Field("conflict_who", "Hvem?", "Who?"),
        ),
    ),
)
FIELDS: Mapping[str, Field] = {field.name: field for section in SECTIONS for field in section.fields}


def siblings(values: Mapping[str, str]) -> list[Field]:
    """The fields of the siblings there are in these values: a name and a number each."""
    last = max((n for n in range(1, MOST_SIBLINGS + 1) if _named(values, n)), default=0)
    return [field for n in range(1, last + 1) for field in sibling(n)]


def sibling(n: int) -> tuple[Field, Field]:
    """The two fields of the nth sibling."""
    name = Field(f"sibling_name_{n}", f"Navn på søskende {n}", f"Name of sibling {n}")
    return name, Field(f"sibling_cpr_{n}", f"CPR-nummer på søskende {n}", f"CPR number of sibling {n}")


def unread_cprs(values: Mapping[str, str]) -> dict[str, NoCpr]:
    """The fields whose CPR number cannot be read, and why not; it is sent as it was written."""
    names = ["child_cpr", *(field.name for field in siblings(values) if field.name.startswith("sibling_cpr"))]
    read = {name: read_cpr(values[name]) for name in names if values.get(name, "").strip()}
    return {name: why for name, why in read.items() if isinstance(why, NoCpr)}


def _named(values: Mapping[str, str], n: int) -> bool:
    return any(field.name in values for field in sibling(n))


def checked(values: Mapping[str, str], lang: Language) -> list[Checked]:
    """What the check page repeats."""
    who = who_of(values)
    return [_checked(section, values, lang, who) for section in SECTIONS]


def who_of(values: Mapping[str, str]) -> Who:
    """How the sentences name the one it is about, as far as the age is told."""
    age = values.get("age")
    return Who.of(AgeBand(age) if age in tuple(AgeBand) else AgeBand.UNKNOWN)


def _checked(section: Section, values: Mapping[str, str], lang: Language, who: Who) -> Checked:
    fields = [*section.fields, *(siblings(values) if section.id == "child" else [])]
    shown = [field for field in fields if field.day_care or values.get("age") != AgeBand.DAY_CARE]
    answered = tuple(
        (who.named(lang.say(field.danish, field.english), lang), _words(field, values[field.name], lang))
        for field in shown
        if values.get(field.name, "").strip()
    )
    asked = [field for field in shown if (field.options and field.options is not TICK) or len(shown) == 1]
    return Checked(section, answered, sum(1 for field in asked if not values.get(field.name, "").strip()))


def _words(field: Field, value: str, lang: Language) -> str:
    return next((lang.say(each.danish, each.english) for each in field.options if each.value == value), value)
