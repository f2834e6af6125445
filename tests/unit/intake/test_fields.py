"""The form's fields as a report: what was answered, in the API's words; what was not is left out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.intake.domain.draft import parse, read_draft
from services.intake.web import sections
from services.intake.web.fields import body_of, fields_in
from services.intake.web.sections import (
    CONDITIONS,
    FIELDS,
    SECTIONS,
    Field,
    checked,
    sibling,
    siblings,
    unread_cprs,
    without_sibling,
    worded,
)
from shared.events.codes import AgeBand, LegalKind, ReporterKind
from shared.signs import QUESTION_OF, QUESTIONS, SIGNS
from shared.web.language import Language, Who
from tests.support.services import NOON


def report(**fields: str) -> dict[str, Any]:
    named = {name.replace("__", "."): value for name, value in fields.items()}
    body: dict[str, Any] = json.loads(body_of(named))
    return body


def test_an_empty_form_is_an_empty_report() -> None:
    assert report() == {}
    assert report(text="  ", child_name="", conflict_who="\n") == {}


def test_everything_that_is_asked_is_read_without_a_remainder() -> None:
    everything = {field.name: field.options[0].value if field.options else "ord" for field in FIELDS.values()}
    everything |= {
        "child_cpr": "010112-9999",
        "kind": "work",
        "travel.planned_date": "2026-04-01",
        "marriage.planned_date": "2026-05-01",
    }
    everything |= {"sibling_name_1": "Bo", "sibling_cpr_1": "0202149999", "age": "13-17"}
    draft = read_draft(parse(body_of(everything)), on=NOON.date())
    assert draft.unread == ()
    assert {fact.sign for fact in draft.signs} == set(QUESTION_OF)
    assert (draft.legal_kind, draft.reporter_kind) == (LegalKind.SECTION_133, ReporterKind.WORK)
    assert [child.age_band for child in draft.children] == [AgeBand.YOUTH, AgeBand.SCHOOL]
    assert draft.conflict_declared
    assert draft.already_supported


def test_words_are_kept_as_they_were_written() -> None:
    words = "Hun sagde: <b>{{ nej }}</b>\n\u202e \U0001f622 'æøå'"
    assert report(text=words)["text"] == words


def test_what_is_not_asked_about_the_youngest_is_unknown_though_it_was_sent() -> None:
    sent = {question.sign.replace(".", "__"): "denied" for question in QUESTIONS}
    asked = {answer["sign"] for answer in report(age="0-5", **sent)["answers"]}
    assert asked == {question.sign for question in QUESTIONS if question.day_care}
    assert len(report(age="6-12", **sent)["answers"]) == len(QUESTIONS)


def test_a_date_goes_with_yes_alone() -> None:
    yes = report(travel__planned="said", travel__planned_date="2026-04-01")["answers"]
    no = report(travel__planned="denied", travel__planned_date="2026-04-01")["answers"]
    assert yes == [{"sign": "travel.planned", "answer": "said", "date": "2026-04-01"}]
    assert no == [{"sign": "travel.planned", "answer": "denied"}]


@pytest.mark.parametrize(
    ("fields", "conflict"),
    [
        ({"conflict": "yes", "conflict_who": "Ida"}, {"declared": True, "about": "Ida"}),
        ({"conflict": "no", "conflict_who": "Ida"}, {"declared": False}),
        ({"conflict_who": "Ida"}, {"about": "Ida"}),
        ({"conflict": "unknown"}, None),
    ],
)
def test_a_name_without_an_answer_declares_a_conflict(fields: dict[str, str], conflict: dict[str, Any] | None) -> None:
    assert report(**fields).get("conflict") == conflict


def test_no_mail_is_promised_that_nobody_sends() -> None:
    assert {"mail", "email"}.isdisjoint(FIELDS)
    assert "mail" not in "".join(said()).replace("sms, mail eller brev", "")
    assert report(kind="work", mail="yes", email="a@b") == {"legal_kind": "section_133", "reporter": {"kind": "work"}}


@pytest.mark.parametrize(
    ("answers", "name", "asked"),
    [
        ({"age": "18+", "kind": "work"}, "consent", True),
        ({"age": "13-17", "kind": "work"}, "consent", False),
        ({"age": "18+", "kind": "self"}, "consent", False),
        ({"age": "18+"}, "parents_told", False),
        ({"age": "6-12"}, "parents_told", True),
        ({"kind": "self"}, "parents_told", False),
    ],
)
def test_who_reports_and_whom_it_is_about_decide_what_is_asked_and_sent(
    answers: dict[str, str], name: str, asked: bool
) -> None:
    assert (report(**answers, **{name: "yes"}).get(name) == "yes") is asked
    shown = [question for row in checked({**answers, name: "yes"}, Language.DANISH) for question, _ in row.answered]
    assert (worded(FIELDS[name], answers, Language.DANISH) in shown) is asked


def test_names_and_workplaces_are_asked_of_those_whose_they_are() -> None:
    assert report(kind="self", reporter_name="Sara", workplace="Skolen")["reporter"] == {"kind": "self"}
    assert report(kind="family", reporter_name="Bo", workplace="Skolen")["reporter"] == {"kind": "family", "name": "Bo"}
    assert report(kind="work", reporter_name="Bo", workplace="Skolen")["reporter"]["institution"] == "Skolen"


def test_every_sentence_about_the_child_has_words_for_a_reporter_whom_it_is_about() -> None:
    asked = [each for section in SECTIONS for each in (section, *section.fields)]
    without = [
        each.danish
        for each in asked
        if "{b}" in each.danish and not all(each.own) and not (isinstance(each, Field) and "not-self" in each.asked)
    ]
    assert without == []
    told = [worded(each, {"kind": "self"}, lang) for each in asked for lang in Language if "{b}" in each.danish]
    assert [words for words in told if not re.search(r"\b(du|dig|din|you|your)\b", words, re.I)] == []
    assert len(told) > 40


@pytest.mark.parametrize("field", FIELDS)
def test_the_page_hides_by_the_conditions_that_the_check_goes_by(field: str) -> None:
    rules = (Path(sections.__file__).parent / "static" / "form.css").read_text()
    assert [name for name in FIELDS[field].asked.split() if f".{name}" not in rules or name not in CONDITIONS] == []


def test_a_sibling_is_taken_out_and_the_later_ones_move_up() -> None:
    three = {field.name: f"{n}" for n in (1, 2, 3) for field in sibling(n)} | {"text": "Noget."}
    two = without_sibling(three, 2)
    assert two == {
        "text": "Noget.",
        **{f"sibling_{what}_{n}": v for what in ("name", "cpr") for n, v in ((1, "1"), (2, "3"))},
    }
    assert without_sibling(three, 9) == three


def test_a_stored_report_is_shown_in_the_words_of_the_form_again() -> None:
    fields = {
        "kind": "work",
        "age": "18+",
        "text": "Hun sagde det.",
        "threat.concrete": "said",
        "child_name": "Anna",
        "travel.planned": "said",
        "travel.planned_date": "2026-04-01",
        "consent": "yes",
        "family_knows": "no",
        "sibling_name_1": "Bo",
        "reporter_name": "Lone",
        "workplace": "Skolen",
        "conflict": "yes",
        "supported": "yes",
    }
    assert fields_in(json.loads(body_of(fields))) == fields
    assert fields_in("kun tekst") == {"text": "kun tekst"}
    assert fields_in({"children": 1, "answers": [2], "reporter": [], "text": {"a": "et ord"}})["text"] == "et ord"


def test_every_question_asks_for_a_sign_of_the_catalogue_once() -> None:
    signs = [question.sign for question in QUESTIONS]
    assert set(signs) <= set(SIGNS)
    assert len(signs) == len(set(signs)) == 30
    assert {sign.id for sign in SIGNS.values() if sign.gate} <= set(signs)


def test_the_check_page_says_what_was_answered_and_counts_the_rest() -> None:
    values = {"age": "13-17", "threat.concrete": "denied", "sibling_name_1": "Bo", "kind": "work"}
    rows = {row.id: row for row in checked(values, Language.DANISH)}
    assert rows["age"].answered == (("Hvem er du?", "Fagperson"), ("Hvem er du bekymret for?", "13–17 år"))
    assert rows["danger"].answered == (("Har nogen truet med vold eller drab?", "Nej"),)
    assert rows["danger"].unanswered == 6
    assert rows["child"].answered == (("Navn på søskende 1", "Bo"),)
    assert rows["text"].unanswered == 1
    youngest = {row.id: row for row in checked({"age": "0-5"}, Language.ENGLISH)}
    assert youngest["danger"].unanswered == 6


def test_siblings_are_counted_by_what_was_sent() -> None:
    assert siblings({"sibling_cpr_2": ""}) == [*sibling(1), *sibling(2)]
    assert siblings({}) == []


@pytest.mark.parametrize("who", list(Who))
def test_sentences_name_whom_they_are_about(who: Who) -> None:
    words = {Who.CHILD: "barnet", Who.YOUTH: "den unge", Who.PERSON: "personen", Who.MOTHER: "moren"}
    (missing,) = [question for question in QUESTIONS if question.sign == "freedom.missing"]
    assert who.named(missing.danish, Language.DANISH) == f"Er {words[who]} forsvundet?"


def test_a_number_that_cannot_be_read_is_named_and_sent_as_it_was_written() -> None:
    values = {"child_cpr": "010112-9999", "sibling_cpr_1": "0102", "sibling_cpr_2": " "}
    assert unread_cprs(values) == {"sibling_cpr_1": "not_ten_digits"}
    assert unread_cprs({"child_cpr": "310212-9999"}) == {"child_cpr": "no_such_day"}
    assert report(**values)["children"][1] == {"cpr": "0102", "relation": "sibling"}


def templates_() -> list[Path]:
    return sorted((Path(sections.__file__).parent / "templates").glob("*.html"))


def said() -> list[str]:
    """Every Danish sentence of the reporter's pages."""
    found = re.findall(r'(?:say|about)\(\s*"((?:[^"\\]|\\.)*)"', "".join(file.read_text() for file in templates_()))
    asked = [each for section in SECTIONS for each in (section, *section.fields)]
    found += [words for each in asked for words in (each.danish, each.own[0])]
    found += re.findall(r',\s*\(\s*"((?:[^"\\]|\\.)*)",\s*"', "".join(file.read_text() for file in templates_()))
    plain = (re.sub(r"<[^>]+>|»[^«]*«", "", Who.CHILD.named(words, Language.DANISH)) for words in found)
    return [sentence for words in plain for sentence in re.split(r"(?<=[.?!])(?:\s+|$)", words) if sentence]


def test_every_sentence_is_short_and_the_whole_is_easy_to_read() -> None:
    sentences = {sentence: re.findall(r"\w+", sentence) for sentence in said()}
    assert len(sentences) > 100
    assert [sentence for sentence, words in sentences.items() if len(words) > 16] == []
    words = [word for each in sentences.values() for word in each]
    lix = len(words) / len(sentences) + 100 * sum(len(word) > 6 for word in words) / len(words)
    assert lix <= 35
