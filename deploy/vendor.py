"""Brings the design system and htmx into `shared/web/static`, trimmed to what the screens use, and says what they are.

For whoever raises a version: `npm pack dkfds@V htmx.org@V`, change the two lines below, then
`python -m deploy.vendor FOLDER` with the folder that holds the two archives. Nobody else needs npm.
"""

import hashlib
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

STATIC = Path(__file__).parents[1] / "shared" / "web" / "static"
ARCHIVES = {
    "dkfds-11.2.0.tgz": "93d6b1deebdaafb8d08c7be075f1bbe09fbcfa606765b600cde951ddbb92be61",
    "htmx.org-4.0.1.tgz": "5fba65616ca148a86d377e9771bcada7f35faee3558651feb929eea425e13b3c",
}
ICONS = (
    *("arrow-back", "calendar-month", "check", "close", "download", "edit", "error", "hourglass", "info", "lock"),
    *("notifications", "person", "persons", "plus", "print", "refresh", "send", "smartphone", "success", "time"),
    *("visibility-off", "warning"),
)
"""Icons the templates draw; those that the style sheet draws come along by themselves."""
FONTS = ("Regular", "SemiBold")
_NOTE = """# What others made

| | version | licence | archive's SHA-256 |
|---|---|---|---|
| Det Fælles Designsystem (`dkfds`) | 11.2.0 | MIT, icons Apache-2.0, IBM Plex Sans OFL-1.1 | `{dkfds}` |
| htmx (`htmx.org`) | 4.0.1 | 0BSD (`htmx/LICENSE`) | `{htmx}` |

Made by `python -m deploy.vendor`. Changed in it: `dkfds.min.css` lost its `@font-face` rules (`screens.css` has them,
for the Latin subset alone), its source map's address, and the classes of icons, which the templates draw instead.
Everything else is byte for byte. Licences: `dkfds/LICENSE.md`, `dkfds/fonts/OFL-1.1.txt`, `dkfds/img/Apache-2.0.txt`.

| file | SHA-256 |
|---|---|
{files}
"""


def trimmed(css: str) -> str:
    """The style sheet without its fonts, icon classes and source map."""
    return re.sub(r"@font-face\{[^}]*\}|\.icon-[a-z-]+:not\(a\)\{[^}]*\}|/\*# sourceMappingURL.*", "", css)


def vendored(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files to keep, by their path under `static`."""
    dkfds, htmx = (_opened(folder / name, digest) for name, digest in ARCHIVES.items())
    css = trimmed(dkfds["dist/css/dkfds.min.css"].decode())
    yield "dkfds/css/dkfds.min.css", css.encode()
    drawn = set(re.findall(r"url\(\.\./(img/[^)]*)\)", css)) | {f"img/svg-icons/{name}.svg" for name in ICONS}
    for path in sorted(drawn):
        yield f"dkfds/{path}", dkfds[f"dist/{path}"]
    for weight in FONTS:
        name = f"IBMPlexSans-{weight}-Latin1.woff2"
        yield f"dkfds/fonts/{name}", dkfds[f"dist/fonts/IBMPlexSans/split/woff2/{name}"]
    yield "dkfds/LICENSE.md", dkfds["LICENSE.md"]
    yield "htmx/htmx.min.js", htmx["dist/htmx.min.js"]
    yield "htmx/hx-sse.min.js", htmx["dist/ext/hx-sse.min.js"]
    yield "htmx/LICENSE", htmx["LICENSE"]


def _opened(archive: Path, digest: str) -> dict[str, bytes]:
    if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
        sys.exit(f"{archive.name} is not the archive that was looked at.")
    with tarfile.open(archive) as tar:
        files = ((member.name.removeprefix("package/"), tar.extractfile(member)) for member in tar if member.isfile())
        return {name: file.read() for name, file in files if file}


def main(folder: Path) -> None:
    """Write the files and the note about them."""
    lines = []
    for path, content in vendored(folder):
        (STATIC / path).parent.mkdir(parents=True, exist_ok=True)
        (STATIC / path).write_bytes(content)
        lines.append(f"| `{path}` | `{hashlib.sha256(content).hexdigest()}` |")
    dkfds, htmx = ARCHIVES.values()
    note = _NOTE.format(dkfds=dkfds, htmx=htmx, files="\n".join(lines))
    (STATIC / "VENDORED.md").write_text(note, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
