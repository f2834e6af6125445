"""`beredskab reading`: asks, explains, adds to the example bank, measures. Nothing is sent."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import asyncpg
import typer

from deploy.cli.rate import parsed
from deploy.cli.screen import out
from deploy.local.place import Place
from deploy.local.trouble import Trouble
from services.intake.domain.draft import read_draft
from services.intake.domain.prose import text_of
from services.intake.domain.questions import chosen
from shared.calendar import local
from shared.clock import Clock
from shared.events.codes import Answer
from shared.postgres.pool import SESSION
from shared.signs import SIGNS

reading = typer.Typer(no_args_is_help=True, help="The reader of texts: what it asks, why it reads what it reads.")
Words = Annotated[str, typer.Argument(help="A text, as somebody would write it.")]


@reading.command()
def ask() -> None:
    """Print the questions about each report on standard input, JSON lines of `{body}`; at most six a report."""
    for each in asked(sys.stdin.buffer):
        print(json.dumps(each, ensure_ascii=False), flush=True)


def asked(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The questions about each line that is not empty; `error` where a line is no report."""
    from services.intake.reading import read_text

    now = Clock().now()
    for line in lines:
        if not line.strip():
            continue
        given = parsed(line, now)
        if not isinstance(given, tuple):
            yield given
            continue
        body, received_at = given
        text = text_of(body)
        scores = read_text(text, received_at=received_at).scores
        draft = read_draft(body, on=local(received_at).date())
        yield {
            "questions": [
                {"sign": each.sign, "reason": each.why, "quote": text[slice(*each.place)] if each.place else None}
                for each in chosen(draft, scores)
            ]
        }


@reading.command()
def explain(text: Words) -> None:
    """Say what is read and suspected in a text, how surely, and which sentence of the bank it is nearest to."""
    from deploy.reading.nearest import nearest
    from services.intake.reading import read_text, reader_model

    out.print(f"model {reader_model()}")
    found = [one for one in read_text(text, received_at=Clock().now()).found if one.answer is Answer.SAID]
    for one in sorted(found, key=lambda each: -each.score):
        quote = text[one.start : one.end]
        out.print(f"\n{one.sign}: {one.grade}, {one.score} %, »{quote}«", markup=False, highlight=False)
        for alike, sentence in nearest(quote, one.sign):
            out.print(f"  {alike:.2f}  {sentence}", markup=False, highlight=False)
    if not found:
        out.print("nothing is read or suspected")


@reading.command()
def add(
    text: Words,
    sign: Annotated[list[str] | None, typer.Option(help="A sign that it says; none: it says nothing.")] = None,
    denied: Annotated[bool, typer.Option("--denied", help="It denies the signs.")] = False,
    earlier: Annotated[bool, typer.Option("--earlier", help="It is of earlier times.")] = False,
    quote: Annotated[str, typer.Option(help="The words that say it; all of the text where left out.")] = "",
) -> None:
    """Add a sentence to the example bank. Make it up or change it first: nobody's words and names belong there."""
    from deploy.reading.bank import ADDED

    signs = sign or []
    unknown = sorted(set(signs) - set(SIGNS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: no sign of the catalogue (shared/signs.csv)")
    if quote and quote not in text:
        raise typer.BadParameter("the quote does not stand in the text")
    answer, when = "denied" if denied else "said", "earlier" if earlier else "now"
    told = [{"sign": each, "answer": answer, "when": when, "quote": quote or text} for each in signs]
    line = {"text": text, "signs": told, "about": signs[0] if signs else "plain"}
    with ADDED.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    out.print(f"Added to {ADDED}. It counts after the next `make reading`.")


@reading.command()
def export() -> None:
    """Print what people answered to what was read or suspected, as JSON lines for the next training.

    No text and nothing that names a case, a person or a day: the sign, its score and grade, the answer and its month.
    It is the operator's decision to run it and to hand it on.
    """
    for each in asyncio.run(_exported()):
        print(json.dumps(each, ensure_ascii=False))


async def _exported() -> list[dict[str, Any]]:
    try:
        conn = await asyncpg.connect(Place.chosen().postgres().url("triage"), timeout=5, server_settings=SESSION)
    except (OSError, asyncpg.PostgresError):
        raise Trouble("triage's database does not answer: start the stack with `make up`.") from None
    try:
        return await answered(conn)
    finally:
        await conn.close()


async def answered(conn: asyncpg.Connection) -> list[dict[str, Any]]:
    """What people answered, yes or no, to a sign that a text of the same case was found to say.

    Where they disagree nothing is given, and the order is that of the values: it tells of no case.
    """
    rows = await conn.fetch(
        """WITH found AS (
               SELECT DISTINCT case_id, r ->> 'sign' AS sign, (r ->> 'score')::int AS score, r ->> 'grade' AS grade
               FROM facts, jsonb_array_elements(readings) r
               WHERE NOT canary AND r ->> 'answer' = 'said' AND r ->> 'grade' IS NOT NULL
           ), told AS (
               SELECT case_id, a ->> 'sign' AS sign, min(a ->> 'answer') AS answer,
                   to_char(max(received_at) AT TIME ZONE 'Europe/Copenhagen', 'YYYY-MM') AS month
               FROM facts, jsonb_array_elements(answers) a
               WHERE NOT canary AND a ->> 'answer' IN ('said', 'denied')
               GROUP BY 1, 2 HAVING count(DISTINCT a ->> 'answer') = 1
           )
           SELECT sign, score, grade, answer, month FROM found JOIN told USING (case_id, sign)
           ORDER BY sign, score, grade, answer, month"""
    )
    return [dict(row) for row in rows]


@reading.command()
def evaluate(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="Labelled reports as JSON lines: body, expect.")],
) -> None:
    """Measure the reader on labelled reports that it has not learnt from, as docs/reading.md does."""
    from deploy.reading.bank import reports_in
    from deploy.reading.fit import seen
    from deploy.reading.measure import figures, outcomes, scored
    from services.intake.reading.classifier import Model
    from services.intake.reading.encoder import load_encoder

    model, encoder = Model.load(), load_encoder()
    reports = [seen(each, encoder) for each in reports_in(file)]
    for each in figures(outcomes(list(scored(model, reports)), model)):
        wanted = f"  (wanted {each.wanted})" if each.wanted else ""
        out.print(f"{each.name:<45}{each.value:7.2f}  {each.low:.2f}–{each.high:.2f}{wanted}", highlight=False)
