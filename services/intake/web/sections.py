"""The form's sections and fields in the order they are asked, with their words; the check page repeats these words.

Nothing else is asked: no religion, nationality, language or private address, no grade of gravity, no photos.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from services.intake.domain.cpr import NoCpr, read_cpr
from shared.events.codes import AgeBand
from shared.signs import QUESTION_OF, SIGNS, Question
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
    """A field: its name in the form, the words that ask, the answers there are to choose from (none: it is written).

    `own`: the words for a reporter whom it is about, where others do not fit. `asked`: the conditions under which it is
    asked, by space: names in `CONDITIONS`, and the classes by which the page hides it. A *yes* is answered
    at once, one that is `urgent` by the alarm number.
    """

    name: str
    danish: str
    english: str
    options: tuple[Option, ...] = ()
    own: tuple[str, str] = ("", "")
    asked: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A screen on a phone. The first is never a section of the check page by its heading, but by its question."""

    id: str
    danish: str
    english: str
    fields: tuple[Field, ...]
    own: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Checked:
    """A section as the check page repeats it: what was answered in it, and how many questions were not."""

    id: str
    heading: str
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
    Option("work", "Fagperson", "Professional"),
    Option("family", "Familie", "Family"),
    Option("other", "Nabo, ven eller andet", "Neighbour, friend, other"),
    Option("self", "Det handler om mig", "It is about me"),
)
CONDITIONS: Mapping[str, Callable[[Mapping[str, str]], bool]] = {
    "not-0-5": lambda values: values.get("age") != AgeBand.DAY_CARE,
    "if-18": lambda values: values.get("age") == AgeBand.ADULT,
    "not-18": lambda values: values.get("age") != AgeBand.ADULT,
    "not-self": lambda values: values.get("kind") != "self",
    "not-private": lambda values: values.get("kind") not in ("family", "other", "self"),
}
"""When a field is asked. What a reporter cannot see is not sent, though a browser may still hold it."""


def is_asked(field: Field, values: Mapping[str, str]) -> bool:
    """Whether these answers leave the field on the page."""
    return all(CONDITIONS[name](values) for name in field.asked.split())


def _asked(question: Question) -> Iterator[Field]:
    asked, own = "" if question.day_care else "not-0-5", (question.own_danish, question.own_english)
    urgent = SIGNS[question.sign].tier in ("acute", "high")
    yield Field(question.sign, question.danish, question.english, ANSWERS, own, asked, urgent)
    if question.dated:
        yield Field(question.sign + _DATES, "Hvornår?", "When?", asked=asked)


def _red_lines(section: str, danish: str, english: str) -> Section:
    asked = (field for question in QUESTION_OF.values() if question.section == section for field in _asked(question))
    return Section(section, danish, english, tuple(asked))


SECTIONS = (
    Section(
        "age",
        "Hvem er du, og hvem handler det om?",
        "Who are you, and who is it about?",
        (
            Field("kind", "Hvem er du?", "Who are you?", KINDS),
            Field("age", "Hvem er du bekymret for?", "Who are you worried about?", AGES, ("Din alder", "Your age")),
        ),
    ),
    Section(
        "text",
        "Hvad har du set eller hørt?",
        "What have you seen or heard?",
        (Field("text", "Med dine egne ord", "In your own words"),),
        ("Hvad er der sket?", "What has happened?"),
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
        "Hvad ved familien?",
        "What does the family know?",
        (
            Field(
                "family_knows",
                "Ved familien, at {b} har fortalt noget, som {b} kan blive straffet for?",
                "Does the family know that {b} told something that {b} may be punished for?",
                YES_NO,
                (
                    "Ved din familie, at du har fortalt noget, som du kan blive straffet for?",
                    "Does your family know that you told something that you may be punished for?",
                ),
            ),
            Field(
                "parents_told",
                "Har I talt med forældrene om, at I underretter?",
                "Have you talked to the parents about making this report?",
                YES_NO,
                asked="not-self not-18",
            ),
        ),
        ("Hvad ved din familie?", "What does your family know?"),
    ),
    Section(
        "child",
        "Hvem handler det om?",
        "Who is it about?",
        (
            Field("child_name", "Navn", "Name", own=("Dit navn", "Your name")),
            Field("child_cpr", "CPR-nummer", "CPR number", own=("Dit CPR-nummer", "Your CPR number")),
            Field(
                "consent",
                "Har du {b}s ja til at kontakte os?",
                "Did {b} say yes to your contacting us?",
                YES_NO,
                asked="if-18 not-self",
            ),
            Field(
                "supported",
                "Får {b} allerede støtte fra kommunen?",
                "Does {b} already get support from the municipality?",
                YES_NO,
                ("Får du allerede støtte fra kommunen?", "Do you already get support from the municipality?"),
            ),
        ),
        ("Hvem er du?", "Who are you?"),
    ),
    Section(
        "reporter",
        "Hvordan må vi kontakte dig?",
        "How may we contact you?",
        (
            Field("reporter_name", "Dit navn", "Your name", asked="not-self"),
            Field("workplace", "Stilling og arbejdssted", "Position and workplace", asked="not-private"),
            Field("phone", "Telefon, som kun du svarer på", "Phone that only you answer"),
            Field("hours", "Hvornår må vi ringe?", "When may we call?"),
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
        (
            "Er nogen, der arbejder i kommunen, i familie med dig eller involveret?",
            "Is anyone who works in the municipality related to you or involved?",
        ),
    ),
)
SUSPECTED = _red_lines("suspected", "Spørgsmål til det, du skrev", "Questions about what you wrote")
"""What is asked only where the text may say it."""
FIELDS: Mapping[str, Field] = {field.name: field for section in (*SECTIONS, SUSPECTED) for field in section.fields}
_AS_HEARD = {
    "kind": ("Hvem er underretter?", "Who is the reporter?"),
    "age": ("Hvem handler det om?", "Who is it about?"),
    "reporter_name": ("Underretters navn", "The reporter's name"),
    "workplace": ("Underretters stilling og arbejdssted", "The reporter's position and workplace"),
    "phone": ("Telefon, som kun underretter svarer på", "Phone that only the reporter answers"),
}
HEARD = tuple(
    replace(
        section,
        fields=tuple(
            replace(field, danish=_AS_HEARD[field.name][0], english=_AS_HEARD[field.name][1], own=("", ""))
            if field.name in _AS_HEARD
            else field
            for field in section.fields
        ),
    )
    for section in SECTIONS
)
"""The sections as a member of staff reads them who writes down what a reporter says."""
PARTS: Mapping[str, Section] = {section.id: section for section in SECTIONS}


def siblings(values: Mapping[str, str]) -> list[Field]:
    """The fields of the siblings there are in these values: a name and a number each."""
    last = max((n for n in range(1, MOST_SIBLINGS + 1) if _named(values, n)), default=0)
    return [field for n in range(1, last + 1) for field in sibling(n)]


def sibling(n: int) -> tuple[Field, Field]:
    """The two fields of the nth sibling."""
    name = Field(f"sibling_name_{n}", f"Navn på søskende {n}", f"Name of sibling {n}")
    return name, Field(f"sibling_cpr_{n}", f"CPR-nummer på søskende {n}", f"CPR number of sibling {n}")


def without_sibling(values: Mapping[str, str], n: int) -> dict[str, str]:
    """The values without those of the nth sibling; the later ones move up."""
    rest = [each for each in range(1, MOST_SIBLINGS + 1) if each != n and _named(values, each)]
    moved = {
        to.name: values.get(was.name, "")
        for place, each in enumerate(rest, start=1)
        for to, was in zip(sibling(place), sibling(each), strict=True)
    }
    return {name: value for name, value in values.items() if not name.startswith("sibling_")} | moved


def unread_cprs(values: Mapping[str, str]) -> dict[str, NoCpr]:
    """The fields whose CPR number cannot be read, and why not; it is sent as it was written."""
    names = ["child_cpr", *(field.name for field in siblings(values) if field.name.startswith("sibling_cpr"))]
    read = {name: read_cpr(values[name]) for name in names if values.get(name, "").strip()}
    return {name: why for name, why in read.items() if isinstance(why, NoCpr)}


def _named(values: Mapping[str, str], n: int) -> bool:
    return any(field.name in values for field in sibling(n))


def checked(values: Mapping[str, str], lang: Language) -> list[Checked]:
    """What the check page repeats."""
    return [_checked(section, values, lang) for section in SECTIONS]


def is_own(values: Mapping[str, str]) -> bool:
    """Whether the reporter is the one it is about."""
    return values.get("kind") == "self"


def worded(asked: Field | Section, values: Mapping[str, str], lang: Language) -> str:
    """The words of a field or section for this reporter, about whom it is about."""
    danish, english = asked.own if is_own(values) and any(asked.own) else (asked.danish, asked.english)
    return who_of(values).named(lang.say(danish, english), lang)


def who_of(values: Mapping[str, str]) -> Who:
    """How the sentences name the one it is about, as far as the age is told."""
    age = values.get("age")
    return Who.of(AgeBand(age) if age in tuple(AgeBand) else AgeBand.UNKNOWN)


def _checked(section: Section, values: Mapping[str, str], lang: Language) -> Checked:
    fields = [*section.fields, *(siblings(values) if section.id == "child" else [])]
    shown = [field for field in fields if is_asked(field, values)]
    answered = tuple(
        (worded(field, values, lang), _words(field, values[field.name], lang))
        for field in shown
        if values.get(field.name, "").strip()
    )
    asked = [field for field in shown if field.options or len(shown) == 1]
    heading = worded(section, values, lang)
    return Checked(section.id, heading, answered, sum(1 for each in asked if not values.get(each.name, "").strip()))


def _words(field: Field, value: str, lang: Language) -> str:
    return next((lang.say(each.danish, each.english) for each in field.options if each.value == value), value)
