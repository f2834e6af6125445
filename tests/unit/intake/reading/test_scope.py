"""What a finding is worth where it stands: negation, report, supposition, time, and whom it is about."""

import pytest

from services.intake.reading import read_by_patterns
from tests.unit.intake.reading.quality import RECEIVED_AT


def signs(text: str) -> set[str]:
    """Each sign read, with + for said and - for denied."""
    read = read_by_patterns(text, received_at=RECEIVED_AT).found
    return {f"{one.sign}{'+' if one.answer == 'said' else '-'}" for one in read}


def whens(text: str, sign: str) -> set[str | None]:
    return {one.when for one in read_by_patterns(text, received_at=RECEIVED_AT).found if one.sign == sign}


@pytest.mark.parametrize(
    "text",
    [
        "Hun bliver ikke slået.",
        "Hun bliver aldrig slået derhjemme.",
        "Der er ingen tegn på vold.",
        "Der er ingen vold i hjemmet.",
        "Far slår hende ikke.",
        "Jeg har ikke set, at hun bliver slået.",
        "Jeg har aldrig hørt om, at hun bliver slået.",
        "Hun bliver ikke slået, siger hun.",
        "Hun fortæller, at hun ikke bliver slået.",
        "Der er ikke noget, der tyder på, at hun bliver slået.",
        "Hun er hverken blevet slået eller truet.",
        "Hun er hverken truet eller slået.",
        "Hun bliver ikke truet, slået eller låst inde.",
        "Barnet er uden mærker på kroppen og uden tegn på, at det bliver slået.",
        "Moren afviser, at barnet bliver slået.",
        "HUN BLIVER IKKE SLÅET.",
        "hun bliver ik slået",
        "Det er ikke sådan, at hun bliver slået.",
    ],
)
def test_a_negation_denies_what_it_reaches(text: str) -> None:
    read = signs(text)
    assert "violence.now-" in read
    assert "violence.now+" not in read


@pytest.mark.parametrize(
    "text",
    [
        "Hun vil ikke hjem, fordi far slår hende.",
        "Hun bliver ikke kun truet, hun bliver også slået.",
        "Han slår ikke bare hende, han slår også de små.",
        "Det er ikke første gang, hun bliver slået.",
        "Hun har ikke sagt det til nogen, men hun bliver slået.",
        "Hun sover ikke, og far slår hende.",
        "Hun græd ikke hun bliver slået hver dag",
        "Uden for skolen blev hun slået af sin bror.",
        "Hun kom ikke i går. Far slår hende.",
        "Jeg kan ikke lade være med at tænke på, at hun bliver slået.",
    ],
)
def test_a_negation_denies_nothing_beyond_its_reach(text: str) -> None:
    read = signs(text)
    assert "violence.now+" in read
    assert "violence.now-" not in read


@pytest.mark.parametrize(
    "text",
    [
        "Jeg ved ikke, om hun bliver slået.",
        "Jeg er i tvivl om, om hun bliver slået.",
        "Jeg tror ikke, at hun bliver slået.",
        "Jeg kan ikke udelukke, at hun bliver slået.",
        "Bliver hun slået?",
        "Kan man se på et barn, om det bliver slået?",
        "Far siger, at han ikke slår hende.",
        "Forældrene benægter, at hun bliver slået.",
    ],
)
def test_what_is_open_asked_or_denied_by_who_may_have_done_it_is_neither_said_nor_denied(text: str) -> None:
    assert not {"violence.now+", "violence.now-"} & signs(text)


@pytest.mark.parametrize(("words", "reached"), [(13, True), (14, False)])
def test_a_negation_reaches_so_many_words_ahead(words: int, reached: bool) -> None:
    read = signs(f"Det var ikke {'bord ' * words}mishandling.")
    assert ("violence.now-" in read, "violence.now+" in read) == (reached, not reached)


@pytest.mark.parametrize(("words", "reached"), [(1, True), (2, False)])
def test_a_negation_reaches_so_many_words_back(words: int, reached: bool) -> None:
    read = signs(f"De mishandler {'bord ' * words}ikke.")
    assert ("violence.now-" in read, "violence.now+" in read) == (reached, not reached)


def test_what_is_told_before_a_question_is_told() -> None:
    assert "marriage.planned+" in signs("Hun skal giftes på lørdag, hvad gør jeg?")


def test_what_only_begins_like_a_question_is_told() -> None:
    assert "violence.now+" in signs("Bliver slået derhjemme, siger hun.")


def test_a_sign_that_is_said_by_a_negation_is_said_and_not_denied() -> None:
    assert signs("Hun har ikke adgang til sin egen konto.") == {"control.phone_or_money+"}


def test_a_denial_that_takes_back_is_a_withdrawal_and_no_relief() -> None:
    read = signs("I dag siger hun, at det var løgn, og at hun ikke er blevet slået.")
    assert "story.withdrawn+" in read
    assert "violence.now-" not in read


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Hvis de fandt ud af det, ville de slå hende.", "fear.extreme+"),
        ("Hvis familien opdager det, slår de mig ihjel.", "fear.killed+"),
        ("Hun siger, at hvis forældrene hører om det, bliver hun låst inde.", "fear.extreme+"),
        ("Far har sagt, at hvis hun ser ham igen, slår han hende.", "threat.concrete+"),
    ],
)
def test_what_is_supposed_is_fear_or_threat_and_no_fact(text: str, sign: str) -> None:
    read = signs(text)
    assert sign in read
    assert not {"violence.now+", "freedom.held_at_home+"} & read


@pytest.mark.parametrize(
    "text",
    [
        "Jeg er ikke sikker på dagen, men hun bliver slået.",
        "Jeg er i tvivl om dagen, men hun fortalte det selv, og hun bliver slået.",
        "Hun bliver slået, men jeg er i tvivl om, hvornår det sker.",
        "Jeg har ikke hørt fra skolen, men hun bliver slået.",
        "Jeg har ikke hørt om andre børn. Hun bliver slået.",
        "Hun bliver slået, og jeg har ikke hørt, at nogen gør noget.",
        "Hun bliver slået, hun fortalte det i dag, og jeg har aldrig set noget til forældrene.",
    ],
)
def test_a_doubt_or_a_denial_of_something_else_leaves_it_told(text: str) -> None:
    read = signs(text)
    assert "violence.now+" in read
    assert "violence.now-" not in read


def test_what_somebody_threatens_with_is_a_threat() -> None:
    read = signs("Far siger, at hvis hun lyver, får hun tæsk.")
    assert "threat.concrete+" in read
    assert "violence.now+" not in read


def test_a_rule_set_with_a_condition_is_a_rule_and_a_mere_supposition_is_none() -> None:
    rule = "Far siger, at hvis hun får dårlige karakterer, må hun ikke komme til fest."
    supposition = "Far sagde, at hvis hun fik dårlige karakterer, ville hun ikke komme til fest."
    assert "control.activities+" in signs(rule)
    assert "control.activities+" not in signs(supposition)


def test_a_pattern_with_its_own_condition_stands_beside_another_condition() -> None:
    assert "fear.killed+" in signs("Hvis jeg forsvinder, er det dem, og hvis nogen spørger, så sig det.")


def test_what_is_denied_in_a_supposition_stays_denied() -> None:
    assert "violence.now-" in signs("Hvis de opdager det, bliver hun ikke slået.")


def test_what_only_might_be_forbidden_is_nothing() -> None:
    assert signs("Hvis familien opdager det, må hun ikke komme til fest.") == set()


def test_a_denial_has_no_time() -> None:
    assert whens("Hun blev ikke slået sidste år.", "violence.now") == {None}


@pytest.mark.parametrize(
    "text", ["Broren har sagt, at hun kan blive slået, hvis hun går.", "Hvis hun lyver, er det fordi."]
)
def test_a_supposition_alone_says_nothing_more(text: str) -> None:
    assert "fear.extreme+" not in signs(text)


def test_what_always_follows_is_a_fact() -> None:
    assert "violence.now+" in signs("Hvis hun kommer for sent hjem, får hun tæsk.")


@pytest.mark.parametrize(
    "text",
    [
        "Da hun var lille, blev hun slået.",
        "Far slog hende for mange år siden.",
        "Dengang blev hun slået af sin bror.",
        "Hun blev slået som barn.",
        "Sidste år slog faren hende.",
    ],
)
def test_violence_of_long_ago_is_of_earlier(text: str) -> None:
    assert signs(text) == {"violence.earlier+"}
    assert whens(text, "violence.earlier") == {"earlier"}


def test_what_goes_on_is_of_now() -> None:
    assert whens("Far slår hende stadig, som han gjorde tidligere.", "violence.now") == {"now"}


@pytest.mark.parametrize(
    "text",
    [
        "I filmen blev pigen slået af sin far.",
        "Vi læste en bog om en pige, der skal giftes.",
        "Emneugen handler om tvangsægteskab og vold i hjemmet.",
        "Hendes kusine skal giftes til sommer.",
        "Hendes forældre blev gift i 1998.",
        "Hun slog rekorden i højdespring.",
        "Han slog op med kæresten.",
        "Det var dræbende kedeligt.",
        "Han truede med at gå hjem fra kampen.",
        "Klokken slog tolv.",
        "Han fik et blåt øje til fodboldtræning.",
        "De skar grøntsager med en kniv i madkundskab.",
        "Holdets skarpeste våben er kontraangrebet.",
        "Hun er bange for edderkopper.",
        "Pas på hinanden.",
        "Vi har ringet hjem om en glemt madpakke.",
        "Naboens datter er stukket af.",
        "Min taske forsvandt på legepladsen.",
        "Læreren tog hendes telefon i timen.",
        "Hun er hjemme med feber.",
    ],
)
def test_ordinary_things_are_no_sign(text: str) -> None:
    assert signs(text) == set()


def test_a_funeral_with_a_day_of_return_is_a_journey_and_not_an_imminent_one() -> None:
    assert signs("De rejser til begravelsen i morgen og er hjemme om ti dage.") == {"travel.planned+"}


def test_what_happened_while_it_happened_tells_how() -> None:
    assert signs("Han fik blå mærker, da han faldt ned fra muren.") == set()
    assert signs("Han fik blå mærker, og i går faldt han ned fra muren.") == {"violence.now+"}


def test_what_is_given_in_one_sentence_needs_fewer_words_in_the_next() -> None:
    assert signs("Han har Downs syndrom.") == set()
    told = "Nu skal han giftes til sommer."
    assert "marriage.no_capacity+" not in signs(told)
    assert "marriage.no_capacity+" in signs(f"Han har Downs syndrom. {told}")


def test_not_understanding_a_marriage_is_no_denial_of_it() -> None:
    read = signs("Han er udviklingshæmmet og forstår ikke, hvad et ægteskab er.")
    assert "marriage.no_capacity-" not in read


def test_an_ordinary_holiday_is_a_journey_and_never_an_imminent_one() -> None:
    text = "De skal på ferie i Spanien på fredag og er hjemme igen søndag. De glæder sig."
    assert signs(text) == {"travel.planned+"}
