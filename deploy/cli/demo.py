"""The example concern, sent through the real doors and answered by the people on duty."""

import asyncio
import imaplib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2

from deploy.cli.journey import Journey, Span, journey
from deploy.cli.people import Seeded, person_with, token_for
from deploy.local.place import ROOT, Place
from deploy.local.trouble import Trouble
from shared.auth.people import Role
from shared.clock import Clock
from shared.events.codes import Outcome

EXAMPLE = ROOT / "deploy" / "local" / "example.json"
_PATIENCE = 45.0
T = TypeVar("T")
Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """The concern as it went in: when (seconds since the epoch), and the trace that its own links to."""

    at: float
    caller: str
    report_id: str
    reference: str


@dataclass(slots=True)
class Demo:
    """One concern's way through one stack. Every step raises `Trouble` when it does not happen."""

    place: Place
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=10, trust_env=False))
    people: dict[Role, Seeded] = field(default_factory=dict)
    headers: dict[Role, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in (Role.CONSULTANT, Role.AUTHORITY, Role.LEADER):
            self.people[role] = person_with(role, now=Clock().now())
            self.headers[role] = {"Authorization": f"Bearer {token_for(self.place, self.people[role])}"}

    def run_to_end(self) -> Journey:
        """The whole way of one concern, and how long it took."""
        sent = self.send()
        case = self.wait_for_page(sent)
        self.close(self.judge(self.acknowledge(case)))
        return self.wait_for_journey(sent)

    def send(self) -> Sent:
        """POST the example concern, with a trace of the caller's to which its own will link."""
        caller = secrets.token_hex(16)
        headers = {
            "traceparent": f"00-{caller}-{secrets.token_hex(8)}-01",
            "Idempotency-Key": str(uuid4()),
            "Content-Type": "application/json",
        }
        body = EXAMPLE.read_bytes()
        self.client.get(f"{self.place.http('intake-web')}/live")  # the way is timed, not the opening of a connection
        at = time.time()
        answer = self._ask("POST", f"{self.place.http('intake-web')}/v1/reports", headers=headers, content=body)
        return Sent(at, caller, answer["report_id"], answer["reference"])

    def wait_for_page(self, sent: Sent) -> Case:
        """The case, once the mail server has accepted a page about it."""

        def paged() -> Case | None:
            case = self._case_of(sent)
            return case if case and any(page["state"] == "accepted" for page in case["pages"]) else None

        return _until(
            paged, "No page was accepted by the mail server; see `beredskab logs escalation-work` and notify's."
        )

    def wait_for_journey(self, sent: Sent) -> Journey:
        """The stations' times, once every service has told its spans."""
        return _until(
            lambda: journey(self._spans(sent), sent_at=sent.at),
            f"The trace that links to {sent.caller} is not whole: see `beredskab logs otlp`.",
        )

    def trace_of(self, sent: Sent) -> str:
        """The id of the concern's trace, whose journey is there."""
        return str(self._spans(sent)[0]["traceId"])

    def _spans(self, sent: Sent) -> list[Span]:
        found: list[Span] = self.client.get(f"{self.place.http('otlp')}/spans?links_to={sent.caller}").json()
        return found

    def find_mail(self, case: Case) -> None:
        """The page lies in the inbox, alone or with others that waited: notify knows in which mail."""
        page = next(page for page in case["pages"] if page["state"] == "accepted")
        url = self.place.postgres().url("notify")
        mail_id = asyncio.run(_mail_of(url, UUID(page["message_id"])))
        _until(lambda: _in_inbox(self.place.urls()["mail_imap"], mail_id), "The page is not in the inbox.")

    def acknowledge(self, case: Case) -> Case:
        """The consultant on duty takes it, having been shown every report."""
        shown = max(report["report_no"] for report in case["reports"])
        act = {"covers_report_no": shown, "promise_minutes": 60}
        return self._act(Role.CONSULTANT, f"cases/{case['case_id']}/acknowledge", case, act)

    def judge(self, case: Case) -> Case:
        """A person with authority judges that the danger is acute, and that help has started."""
        for report in case["reports"]:
            judgement = {"acute": True, "started": True}
            case = self._act(Role.AUTHORITY, f"reports/{report['report_id']}/judgement", case, judgement)
        return case

    def close(self, case: Case) -> Case:
        """The consultant asks to close, another person agrees: it was acute."""
        reason = {"reason": "Eksempel: støtte er sat i gang."}
        closing = {"outcome": Outcome.SUPPORT_STARTED, **reason}
        case = self._act(Role.CONSULTANT, f"cases/{case['case_id']}/close", case, closing)
        for asked in [each for each in case["countersigns"] if each["state"] == "asked"]:
            case = self._act(Role.LEADER, f"countersign/{asked['id']}", case, {"agree": True, **reason})
        if case["escalation"]["state"] != "closed":
            raise Trouble(f"The case is {case['escalation']['state']} where it should be closed.")
        return case

    def _case_of(self, sent: Sent) -> Case | None:
        url = f"{self.place.http('escalation-web')}/v1/reports/{sent.report_id}"
        answer = self.client.get(url, headers=self.headers[Role.CONSULTANT])
        if answer.status_code == 404:
            return None  # escalation has not heard of it yet
        return _told(answer)

    def _act(self, role: Role, path: str, case: Case, act: dict[str, Any]) -> Case:
        url = f"{self.place.http('escalation-web')}/v1/{path}"
        return self._ask("POST", url, headers=self.headers[role], json={"version": case["version"], **act})

    def _ask(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        try:
            return _told(self.client.request(method, url, **request))
        except httpx2.HTTPError as error:
            raise Trouble(
                f"{urlsplit(url).path} was not answered ({type(error).__name__}): see `beredskab status`."
            ) from None


def _told(answer: httpx2.Response) -> dict[str, Any]:
    if answer.is_success:
        found: dict[str, Any] = answer.json()
        return found
    raise Trouble(f"{answer.request.method} {answer.request.url.path} was refused: {answer.status_code} {answer.text}")


def _until(found: Callable[[], T | None], otherwise: str) -> T:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            if (result := found()) is not None:
                return result
        except (httpx2.HTTPError, OSError):
            pass  # it may be starting again
        time.sleep(0.05)
    raise Trouble(otherwise)


async def _mail_of(url: str, message_id: UUID) -> str:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        return str(await conn.fetchval("SELECT mail_id FROM messages WHERE message_id = $1", message_id))
    finally:
        await conn.close()


def _in_inbox(url: str, mail_id: str) -> bool | None:
    at = urlsplit(url)
    with imaplib.IMAP4(at.hostname or "", at.port or 143) as inbox:
        inbox.login(unquote(at.username or ""), unquote(at.password or ""))
        inbox.select(readonly=True)
        _, found = inbox.search(None, "HEADER", "Message-ID", f'"{mail_id}"')
        return True if found and found[0] else None
