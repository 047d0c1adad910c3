"""Builds the site once, quickly, serves it on a loopback port, and opens it in Chromium."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from built_site import LESSONS, ROOT, Site, Visit, Visitor, build
from calling import in_ci
from choosing_guest import choosing_guest
from explorer_guest import explorer_guest
from laboratory_guest import laboratory_guest
from playwright.sync_api import Browser, expect, sync_playwright

from microgrand import records

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

PATIENCE = 30_000  # milliseconds; a machine can be busy with other things


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests' output is read by people."""


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page drops what it was loading; that is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    handler = functools.partial(QuietHandler, directory=str(folder))
    with QuietServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        done = build(ROOT, folder, address)
        assert done.returncode == 0, done.stdout + done.stderr
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Site(folder, address)
        server.shutdown()
        thread.join()


def browser_path() -> str | None:
    candidates = [os.environ.get("MICROGRAND_BROWSER", ""), *BROWSERS]
    return next((found for name in candidates if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        advice = (
            "no Chromium or Chrome found: install one (Debian: apt-get install chromium), "
            "or name it in MICROGRAND_BROWSER"
        )
        if in_ci():
            pytest.fail(advice)
        pytest.skip(advice)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=path, args=flags)
        yield running
        running.close()


@pytest.fixture(scope="session")
def visit(browser: Browser, site: Site) -> Visitor:
    """`with visit(color_scheme="dark") as v:` opens a fresh context; v.page is Playwright's."""

    @contextmanager
    def open_context(**options: Any) -> Iterator[Visit]:
        options.setdefault("reduced_motion", "reduce")
        with browser.new_context(**options) as context:
            context.set_default_timeout(PATIENCE)
            yield Visit(context, site.address)

    return open_context


def copy(source: Path, target: Path, seed: int, change: float = 0.0) -> None:
    """A record again, as that of another seed, its accuracies changed."""
    record = records.load(source)
    arrays = dict(record.arrays)
    arrays["accuracy"] = arrays["accuracy"] + change
    records.save(target, arrays, record.manifest | {"seed": seed})


@pytest.fixture(scope="session")
def recorded(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like docs/records/: quick runs, two cases with two seeds."""
    folder = tmp_path_factory.mktemp("records")
    for lesson in LESSONS:
        executed = (ROOT / ".cache" / "site" / lesson).glob("quick-*/out/records")
        shutil.copytree(max(executed, key=lambda path: path.stat().st_mtime), folder / lesson)
    for case in ("Z-published", "A-published"):
        path = folder / "penalties" / f"{case}-seed-"
        copy(Path(f"{path}0"), Path(f"{path}1"), seed=1, change=0.25)
    return folder


@pytest.fixture(scope="module")
def page_to_explore(site: Site, recorded: Path) -> Iterator[Path]:
    """The folder of a page with the explorer and these runs."""
    with explorer_guest(site, recorded) as folder:
        yield folder


@pytest.fixture(scope="module")
def page_of_choices(site: Site) -> Iterator[None]:
    """A page with a figure in which the reader chooses."""
    with choosing_guest(site):
        yield


@pytest.fixture(scope="module")
def page_of_controls(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A page with the laboratory's controls."""
    with laboratory_guest(site, tmp_path_factory.mktemp("core")):
        yield
