"""A page with a figure in which the reader chooses, and what a reader finds in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest
from built_site import Site, guest
from playwright.sync_api import Locator, Page

from microgrand.figures import Animation, Panel, Series
from microgrand.lesson import open_session
from microgrand.settings import Preset

PAGE = "derivations/choosing"  # beside a page of the book, whose frame it takes
NEIGHBOUR = "derivations/dense"
CASES = {"Z": "none", "A": "ridge", "B": "lasso"}
SIGNALS = {
    "weight": "weights",
    "weight gradient": "gradients of the weights, which are many orders of magnitude smaller",
}
FRAMES = {"Z": 51, "A": 51, "B": 21}
WIDTHS = {"weight": 0.3, "weight gradient": 2e-4}


@dataclass(frozen=True)
class Settings:
    """A lesson without settings."""


def histograms(case: str, signal: str) -> Animation:
    """Six layers of fifty bars that narrow from epoch to epoch."""
    generator = np.random.default_rng([*CASES].index(case))
    width, frames = WIDTHS[signal], FRAMES[case]
    panels = []
    for layer in range(6):
        limit = width * (1 + layer)
        edges = np.linspace(-limit, limit, 51)
        values = generator.normal(size=2000) * limit / 3
        counts = [np.histogram(values * 0.98**epoch, edges)[0] for epoch in range(frames)]
        series = Series("bars", signal, edges, np.stack(counts))
        highest = 200 * (1 + [*CASES].index(case))
        panels.append(Panel(f"layer {layer}", (series,), signal, "", (-limit, limit), (0, highest)))
    names = tuple(f"epoch {epoch}" for epoch in range(frames))
    return Animation(f"Case {case}", f"{signal} of {case} narrow.", names, tuple(panels), columns=3)


@contextmanager
def choosing_guest(site: Site) -> Iterator[None]:
    """A page like any other of the book, with a figure as a lesson would make it."""
    folder = site.folder / PAGE
    chosen = {"preset": "quick", "out": folder, "jobs": 1}
    session = open_session("choosing", {"quick": Preset(Settings(), seeds=1)}, chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROGRAND_SITE", "1")
        figure = replace(session, notebook=True).choose(
            histograms, {"case": CASES, "signal": SIGNALS}, "histograms", "Six layers."
        )
    above = '<p style="height: 150vh"><a href="#below">below</a></p>'
    below = '<h2 id="below">Below</h2><p style="height: 150vh"></p>'
    with guest(site, PAGE, NEIGHBOUR, f"{above}{figure}{below}"):
        yield


def chooser(page: Page, site: Site, asked: str = "") -> Locator:
    """Open the page at its figure."""
    page.goto(site.url(PAGE) + asked)
    player = page.locator("microgrand-player")
    player.scroll_into_view_if_needed()
    player.locator(".panel").first.wait_for()
    return player


def case_of(player: Locator) -> Locator:
    return player.get_by_role("combobox", name="case", exact=True)


def signal_of(player: Locator) -> Locator:
    return player.get_by_role("combobox", name="signal", exact=True)


def drawn(player: Locator) -> str:
    return player.locator(".panels").inner_html()


def ticks(player: Locator) -> list[str]:
    return player.locator(".panel").first.locator(".tick").all_text_contents()
