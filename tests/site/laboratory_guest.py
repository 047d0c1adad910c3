"""A page with the laboratory, and a stand-in for its worker, whose part the test plays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import laboratory_page
from built_site import Site, guest
from laboratory import Laboratory, Settings
from playwright.sync_api import Page, expect

PAGE = "derivations/laboratory"  # beside a page of the book, whose frame it takes
NEIGHBOUR = "derivations/dense"
STAND_IN = """
window.workers = [];
const Genuine = window.Worker; // the search has one too
window.Worker = function (address, options) {
  if (!String(address).endsWith("laboratory-worker.js")) return new Genuine(address, options);
  this.sent = [];
  this.postMessage = (message) => this.sent.push(message);
  this.terminate = () => (this.gone = true);
  window.workers.push(this);
};
"""


@contextmanager
def laboratory_guest(site: Site, folder: Path) -> Iterator[None]:
    """A page with the laboratory's markup, whether or not the site was built with Pyodide."""
    python = laboratory_page.Core(folder, [], numpy=True)
    markup = laboratory_page.element(python, Settings).replace("../assets", "../../assets")
    anchor = '<p><a href="#below">below</a></p><h2 id="below">Below</h2>'
    with guest(site, PAGE, NEIGHBOUR, markup + anchor):
        yield


def opened(page: Page, site: Site, asked: str = "") -> None:
    page.add_init_script(STAND_IN)
    page.goto(site.url(PAGE) + asked)
    expect(page.get_by_role("button", name="Start the laboratory")).to_be_visible()


def tell(page: Page, message: Any) -> None:
    """What the worker would tell."""
    page.evaluate("(data) => workers.at(-1).onmessage({data})", message)


def sent(page: Page) -> list[dict[str, Any]]:
    """What the worker was sent, and forgotten."""
    orders: list[dict[str, Any]] = page.evaluate("workers.at(-1).sent.splice(0)")
    return orders


def frame_of(laboratory: Any) -> dict[str, Any]:
    return {"frame": json.loads(laboratory.frame())}


def after_epochs(count: int) -> Any:
    laboratory = Laboratory()
    while laboratory.epoch < count:
        laboratory.step()
    return laboratory


def started(page: Page, site: Site, asked: str = "") -> None:
    opened(page, site, asked)
    page.get_by_role("button", name="Start the laboratory").click()
    tell(page, frame_of(Laboratory()))
    sent(page)
