"""The two languages of the screens, and moments in their words. Danish is what is meant; English is one tap away."""

from datetime import datetime
from enum import StrEnum

from starlette.requests import Request

from shared.calendar import local
from shared.events.codes import AgeBand

_DAYS = (
    ("mandag", "Monday"),
    ("tirsdag", "Tuesday"),
    ("onsdag", "Wednesday"),
    ("torsdag", "Thursday"),
    ("fredag", "Friday"),
    ("lørdag", "Saturday"),
    ("søndag", "Sunday"),
)
_MONTHS = (
    ("januar", "January"),
    ("februar", "February"),
    ("marts", "March"),
    ("april", "April"),
    ("maj", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("august", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("december", "December"),
)


class Language(StrEnum):
    """A language of the screens."""

    DANISH = "da"
    ENGLISH = "en"

    @property
    def other(self) -> "Language":
        """What the switch leads to."""
        return Language.ENGLISH if self is Language.DANISH else Language.DANISH

    def say(self, danish: str, english: str) -> str:
        """The words in this language."""
        return english if self is Language.ENGLISH else danish

    def time(self, instant: datetime) -> str:
        """`kl. 14.02`, `at 14:02`."""
        at = local(instant)
        return self.say(f"kl. {at:%H.%M}", f"at {at:%H:%M}")

    def day_time(self, instant: datetime) -> str:
        """`onsdag kl. 14.02`, `Wednesday at 14:02`."""
        return f"{self.say(*_DAYS[local(instant).weekday()])} {self.time(instant)}"

    def day(self, instant: datetime, *, year: bool = False) -> str:
        """`14. april`, `14 April`; with its year where that may be another."""
        at = local(instant)
        month = self.say(*_MONTHS[at.month - 1])
        return self.say(f"{at.day}. {month}", f"{at.day} {month}") + (f" {at.year}" if year else "")

    def moment(self, instant: datetime, *, year: bool = False) -> str:
        """`tirsdag 14. april kl. 14.02`, `Tuesday 14 April at 14:02`."""
        return f"{self.say(*_DAYS[local(instant).weekday()])} {self.day(instant, year=year)} {self.time(instant)}"


class Who(StrEnum):
    """How sentences name the one they are about, by age."""

    CHILD = "child"
    YOUTH = "youth"
    PERSON = "person"
    MOTHER = "mother"

    @classmethod
    def of(cls, band: AgeBand) -> "Who":
        """The name for an age band; an unknown age is a child's."""
        return {AgeBand.YOUTH: cls.YOUTH, AgeBand.ADULT: cls.PERSON, AgeBand.UNBORN: cls.MOTHER}.get(band, cls.CHILD)

    def named(self, sentence: str, lang: Language) -> str:
        """The sentence with the name in the place of `{b}`."""
        return sentence.replace("{b}", lang.say(*_NAMES[self]))


_NAMES = {
    Who.CHILD: ("barnet", "the child"),
    Who.YOUTH: ("den unge", "the young person"),
    Who.PERSON: ("personen", "the person"),
    Who.MOTHER: ("moren", "the mother"),
}


def language(request: Request) -> Language:
    """The language in the address (`?lang=en`), Danish where there is none: nothing is kept about anybody."""
    return Language.ENGLISH if request.query_params.get("lang") == Language.ENGLISH else Language.DANISH
