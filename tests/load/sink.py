"""A mail server that notes when it took which mail: `python -m tests.load.sink FILE`; prints its port."""

import asyncio
import re
import sys
import time
from typing import Any, TextIO

from tests.support.smtp import SMTP, MailSink

_ID = re.compile(rb"^message-id:\s*<([^@>]+)", re.I | re.M)


class Noting(MailSink):
    """Keeps the moment and the Message-ID instead of the mail."""

    def __init__(self, notes: TextIO) -> None:
        super().__init__()
        self.notes = notes

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:
        """Take the mail."""
        found = _ID.search(envelope.content)
        self.notes.write(f"{found.group(1).decode() if found else '-'} {time.time():.6f}\n")
        self.notes.flush()
        return "250 taken"


async def serve(path: str) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    with open(path, "a", encoding="ascii") as notes:  # noqa: ASYNC230 - before anybody is served
        sink = Noting(notes)
        server = await loop.create_server(lambda: SMTP(sink, hostname="sink.example", loop=loop), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
