"""Files that screens are made of: style sheets, scripts, icons, fonts. Read once; sent compressed and kept by browsers.

Only these are compressed: a page may hold a secret beside words that others chose (BREACH), a file cannot.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/static/{name:path}"
_SHARED = Path(__file__).parent / "static"
_TYPES = {".woff2": "font/woff2", ".js": "text/javascript", ".md": "text/plain", "": "text/plain"}
_WORTH = {".css", ".js", ".svg"}
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes, also compressed where that is worth it, and the mark of this very content."""

    content: bytes
    compressed: bytes | None
    media_type: str
    mark: str


class Assets:
    """The files of `shared/web/static` and of a service's own folder, which wins where both have a name."""

    def __init__(self, *folders: Path) -> None:
        self._assets: Mapping[str, Asset] = dict(_read(_SHARED, *folders))

    def url(self, name: str) -> str:
        """Where a page finds the file; another content has another address. Raises `KeyError`."""
        return f"/static/{name}?v={self._assets[name].mark}"

    def text(self, name: str) -> str:
        """The file as text, to be drawn inside a page. Raises `KeyError`."""
        return self._assets[name].content.decode()

    def route(self) -> Route:
        """The route that serves them."""
        return Route(PATH, self._serve)

    async def _serve(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        kept = _YEAR if request.query_params.get("v") == asset.mark else "no-cache"
        headers = {"Cache-Control": kept, "Vary": "Accept-Encoding", "ETag": f'"{asset.mark}"'}
        if asset.mark in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        content = asset.content
        if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = asset.compressed, "gzip"
        return Response(content, headers=headers, media_type=asset.media_type)


def _read(*folders: Path) -> Iterator[tuple[str, Asset]]:
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                yield file.relative_to(folder).as_posix(), _asset(file)


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    compressed = gzip.compress(content, mtime=0) if file.suffix in _WORTH else None
    return Asset(content, compressed, media_type, hashlib.sha256(content).hexdigest()[:12])
