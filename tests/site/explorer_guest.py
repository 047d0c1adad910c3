"""A page with the explorer, and what a reader does and sees there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import explorer_page
from built_site import Site, guest
from playwright.sync_api import Locator, Page, expect

from microgrand.verdicts import recordings

PAGE = "exploring"  # beside the pages of the book, in the frame of one of them
NEIGHBOUR = "kinks"


@contextmanager
def explorer_guest(site: Site, records: Path) -> Iterator[Path]:
    """A page like any other of the book, with the explorer and its data."""
    folder = site.folder / PAGE
    for name, content in explorer_page.files_of(explorer_page.to_show(recordings(records))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    with guest(site, PAGE, NEIGHBOUR, explorer_page.ELEMENT + '<h2 id="below">Below</h2>'):
        yield folder


def explorer(page: Page, site: Site, asked: str = "") -> Locator:
    """Open the page and wait until a run is shown."""
    page.goto(site.url(PAGE) + asked)
    return drawn(page)


def drawn(page: Page) -> Locator:
    element = page.locator("microgrand-explorer")
    element.locator(".series").first.wait_for(state="attached")
    return element


def choose(element: Locator, name: str, label: str) -> None:
    element.get_by_label(name, exact=True).select_option(label=label)


def shown(element: Locator) -> str:
    return element.locator("microgrand-player").get_attribute("aria-label") or ""


def expect_shown(element: Locator, *words: str) -> None:
    player = element.locator("microgrand-player")
    for word in words:
        expect(player).to_have_attribute("aria-label", re.compile(re.escape(word)))


def picture(element: Locator) -> str:
    return element.locator(".panels").inner_html()


def epoch(element: Locator) -> str:
    return element.locator(".frame").inner_text()
