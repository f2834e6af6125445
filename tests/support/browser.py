"""A real browser: headless Chromium that reaches nothing but this machine. Where there is none, tests fail.

`python -m tests.support.browser` finds it, or sets it up, and says which: Debian's package where it may install it,
else the one that playwright fetches for itself. It also installs the library that a bare Debian lacks for playwright.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_INSTALL = "apt-get update -qq && apt-get install -y -qq --no-install-recommends {} >/dev/null"
_DRIVER_NEEDS = "libatomic1"
NARROW = {"width": 360, "height": 640}
WIDE = {"width": 1280, "height": 900}


def packaged() -> str | None:
    """Where the system's own browser is; None where playwright's is to be used."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """The browser, as long as the block lasts. The test fails, and never skips, where there is none."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=packaged(), args=FLAGS)
        except Error as error:
            pytest.fail(f"The browser that the tests drive does not start. `make test` sets it up. {error}")
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_profile(folder: Path, **options: Any) -> AsyncIterator[BrowserContext]:
    """The browser as people have it: what it keeps, it keeps in this folder, also after it was closed."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder, executable_path=packaged(), args=FLAGS, locale="da-DK", **options
        )
        context.set_default_timeout(20_000)
        try:
            yield context
        finally:
            await context.close()


_BEYOND = """() => {
    const edge = document.documentElement.clientWidth + 1
    const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > edge)
    return document.documentElement.scrollWidth < edge + 1 ? [] : out.map((e) => e.outerHTML.slice(0, 160))
}"""


async def beyond_the_edge(page: Page) -> list[str]:
    """What makes the page wider than the screen, once its styles are there: before that every page is too wide."""
    await page.wait_for_load_state("load")
    found: list[str] = await page.evaluate(_BEYOND)
    return found


class Taps:
    """What a finger or a mouse did in a browser, on whatever page: the browser itself tells it, not the test."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def count_in(self, context: BrowserContext) -> None:
        """Count from here on, in the pages that are opened now."""
        await context.expose_binding("tapped", lambda _page, what: self.made.append(what))
        await context.add_init_script(
            "addEventListener('pointerup', (tap) => tap.isTrusted && tapped(tap.target.textContent.trim()), true)"
        )


def set_up() -> str:
    """Find or install a browser and what drives it; which one it is."""
    _install([*([] if packaged() else ["chromium"]), *([] if _driver_starts() else [_DRIVER_NEEDS])])
    if not _driver_starts():
        sys.exit(f"Playwright, which drives the browser, does not start (Debian: apt-get install {_DRIVER_NEEDS}).")
    if found := packaged():
        return found
    print("Fetching playwright's own chromium for the tests …", flush=True)
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode:
        sys.exit("The tests drive a browser that is missing: install it (Debian: apt-get install chromium).")
    return "playwright's own chromium"


def _install(packages: Sequence[str]) -> None:
    may = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if packages and shutil.which("apt-get") and (not may or shutil.which("sudo")):
        print(f"Installing Debian's {' and '.join(packages)} for the tests …", flush=True)
        command = _INSTALL.format(" ".join(packages))
        subprocess.run([*may, "sh", "-c", command], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})


def _driver_starts() -> bool:
    return not subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True).returncode


class Watched:
    """What a page said and asked for: errors of scripts and policy, and every address."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.addresses: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))


if __name__ == "__main__":
    print(f"Browser: {set_up()}")
