"""What the tests of the site stand on: a build, its pages, and a visit to them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

ROOT = Path(__file__).parents[2]
LESSON = "lessons/curve"
LESSONS = ("penalties", "normalization", "shrinkage", "noise", "curve")  # as the explorer has them

Visitor = Callable[..., Any]


class Site:
    """The built folder and the address it is served at."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address

    @property
    def pages(self) -> list[str]:
        """The path of every page, '' for the home page."""
        found = sorted(self.folder.rglob("index.html"))
        return [path.parent.relative_to(self.folder).as_posix().strip(".") for path in found]

    def url(self, page: str) -> str:
        return self.address + (page.rstrip("/") + "/" if page else "")


def build(root: Path, out: Path, address: str = "") -> subprocess.CompletedProcess[str]:
    """`mkdocs build --strict` with the quick preset, of the checkout at `root` into `out`."""
    environment = os.environ | {"MICROGRAND_PRESET": "quick", "NO_MKDOCS_2_WARNING": "1"}
    if address:  # instant navigation works only where the sitemap says the site is
        environment["SITE_URL"] = address
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,  # a build that never ends should fail its test, not the machine
    )


class Visit:
    """A page in the browser, with all it complained of and all it asked other hosts for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.page.on("console", lambda m: self.complain(m.type, m.text))
        self.page.on("pageerror", lambda error: self.complain("error", str(error)))
        self.page.on("request", lambda request: self.ask(request.url, address))

    def complain(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {text}")

    def ask(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.strangers.append(f"{self.page.url}: {url}")


#: axe sees no text in a heading that is a formula, though MathML is read out; empty headings are
#: looked for in the HTML instead.
LEFT_OUT = {"empty-table-header": {"enabled": False}}


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now, by its default rules but one."""
    options = {"resultTypes": ["violations"], "rules": LEFT_OUT}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{page.url}: {rule['id']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


def first_player(page: Page, site: Site) -> None:
    """Open the lesson at its first moving figure."""
    page.goto(site.url(LESSON))
    page.locator("microgrand-player").first.scroll_into_view_if_needed()
    page.locator("microgrand-player .controls").first.wait_for()


@contextmanager
def guest(site: Site, path: str, neighbour: str, content: str) -> Iterator[Path]:
    """A page with content of its own in the frame of one of the book's, while it is needed."""
    folder = site.folder / path
    folder.mkdir(exist_ok=True)
    text = (site.folder / neighbour / "index.html").read_text("utf-8")
    before, rest = re.split(r"(?<=</h1>)", text, maxsplit=1)
    after = rest[rest.index("</article>") :]
    (folder / "index.html").write_text(before + content + after, "utf-8")
    sitemap = site.folder / "sitemap.xml"  # instant navigation goes where it leads
    known = sitemap.read_text("utf-8")
    ours = f"<url><loc>{site.url(path)}</loc></url></urlset>"
    sitemap.write_text(known.replace("</urlset>", ours), "utf-8")
    yield folder
    sitemap.write_text(known, "utf-8")
    shutil.rmtree(folder)


def arrive(page: Page, address: str) -> None:
    """Open a page, ready for instant navigation: `window.same` is lost when one is loaded anew."""
    with page.expect_response("**/sitemap.xml"):  # before that, links load pages anew
        page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.same = true")


def follow_link(page: Page, address: str) -> None:
    """Go on to an address, as a link in the text would lead there."""
    page.evaluate(
        """(address) => {
          const link = Object.assign(document.createElement("a"), {href: address});
          link.textContent = "to the guest";
          document.querySelector("article h1").after(link);
        }""",
        address,
    )
    page.get_by_role("link", name="to the guest").click()


def with_plain_spaces(text: str) -> str:
    """A page as it was written: its spaces that do not break are ordinary ones."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
