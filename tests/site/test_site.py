"""The built pages, as a browser sees them."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import nbformat
import pytest
from built_site import LESSON, LESSONS, ROOT, Site, Visitor, build, first_player, violations
from playwright.sync_api import Page, expect

from microgrand.data.catalog import CATALOG
from microgrand.data.photographs import PHOTOGRAPHS


class Links(HTMLParser):
    """Every href, src, srcset (of one address each) and id of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (
                name in ("href", "src", "srcset")
                and value is not None
                and (tag, value) != ("a", "")
            ):
                self.targets.append(value)
            elif name in ("id", "name") and value:
                self.ids.add(value)


def scroll_through(page: Page) -> None:
    """Down the whole page, so that all that loads when seen is loaded."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for y in range(0, height, 700):
        page.evaluate(f"window.scrollTo(0, {y})")
        page.wait_for_timeout(20)
    page.wait_for_load_state("networkidle")


@dataclass
class Tour:
    """What a reader met who opened every page and scrolled through it."""

    complaints: list[str]
    strangers: list[str]
    wrong_formulas: list[str]
    too_wide: list[str]
    barriers: list[str]


@pytest.fixture(
    scope="session", params=[("light", 1280), ("dark", 390)], ids=["light", "dark phone"]
)
def tour(site: Site, visit: Visitor, request: pytest.FixtureRequest) -> Tour:
    scheme, width = request.param
    with visit(color_scheme=scheme, viewport={"width": width, "height": 844}) as v:
        seen = Tour(v.complaints, v.strangers, [], [], [])
        for path in site.pages:
            v.page.goto(site.url(path))
            scroll_through(v.page)
            wrong = v.page.locator(".katex-error").all_text_contents()
            seen.wrong_formulas += [f"{path}: {formula}" for formula in wrong]
            if v.page.evaluate("document.documentElement.scrollWidth") > width:
                seen.too_wide.append(path)
            # Pages of the library are all made alike; a few of them will do in the dark.
            if scheme == "light" or "/" not in path or path.startswith("lessons") or "l1" in path:
                v.page.evaluate(
                    "for (const fold of document.querySelectorAll('details')) fold.open = true"
                )
                seen.barriers += violations(v.page)
    return seen


def test_no_page_complains(tour: Tour) -> None:
    assert tour.complaints == []


def test_no_page_asks_another_host(tour: Tour) -> None:
    assert tour.strangers == []


def test_every_formula_is_understood(tour: Tour) -> None:
    assert tour.wrong_formulas == []


def test_no_page_scrolls_sideways(tour: Tour) -> None:
    assert tour.too_wide == []


def test_axe_finds_nothing_wrong(tour: Tour) -> None:
    assert tour.barriers == []


def test_no_heading_of_a_table_is_empty(site: Site) -> None:
    empty = re.compile(r"<th\b[^>]*>(?:\s|<!--.*?-->)*</th>", re.DOTALL)
    pages = {path: (site.folder / path / "index.html").read_text("utf-8") for path in site.pages}
    assert [path for path, text in pages.items() if empty.search(text)] == []


def test_no_link_is_broken(site: Site) -> None:
    pages = {site.url(path): site.folder / path / "index.html" for path in site.pages}
    read = {url: Links(file.read_text(encoding="utf-8")) for url, file in pages.items()}
    broken = []
    for url, links in read.items():
        for target in links.targets:
            where, anchor = urldefrag(urljoin(url, target))
            if not where.startswith(site.address):
                continue
            where = where.split("?")[0]
            file = site.folder / unquote(where.removeprefix(site.address))
            file = file / "index.html" if file.is_dir() else file
            known = read.get(where.removesuffix("index.html"))
            if not file.is_file():
                broken.append(f"{url}: {target}")
            elif anchor and known and unquote(anchor) not in known.ids | {"__top"}:
                broken.append(f"{url}: {target} (no such anchor)")
    assert broken == []


def test_pages_have_no_unexpanded_markup(site: Site) -> None:
    """No placeholder, no unresolved cross-reference and no notebook style sheet is left."""
    for path in site.pages:
        text = (site.folder / path / "index.html").read_text(encoding="utf-8")
        prose = re.sub(r"<(pre|code|script|svg)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert not re.search(
            r"<!-- (op|test|steps|mutants)|\]\[microgrand|jp-cell-editor", prose
        ), path
        assert len(text) < 1_000_000, path


def test_a_lesson_shows_its_code_once(site: Site, visit: Visitor) -> None:
    """mkdocs-jupyter would add a hidden copy of each cell and its own buttons."""
    with visit() as v:
        v.page.goto(site.url(LESSON))
        cells = v.page.locator(".jp-CodeCell .highlight code")
        first = next(text for text in cells.all_text_contents() if len(text) > 80)
        page = v.page.locator("article").text_content() or ""
        assert page.count(first.strip()) == 1
        assert v.page.locator("clipboard-copy, .celltoolbar, .clipboard-copy-txt").count() == 0


@pytest.mark.parametrize("path", [LESSON, "derivations/dense", "proof"])
def test_formulas_are_rendered(site: Site, visit: Visitor, path: str) -> None:
    with visit() as v:
        v.page.goto(site.url(path))
        expect(v.page.locator("article .katex").first).to_be_visible()
        assert v.page.locator(".katex-error").count() == 0
        prose = v.page.evaluate(
            """() => {
              const copy = document.querySelector("article").cloneNode(true);
              for (const node of copy.querySelectorAll("pre, code, svg, .katex")) node.remove();
              return copy.textContent;
            }"""
        )
        assert not re.search(r"\$|\\\(|\\\[|\\frac", prose)


def test_notebook_can_be_downloaded(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url(LESSON))
        with v.page.expect_download() as download:
            v.page.get_by_role("link", name=re.compile("ipynb")).click()
        notebook = nbformat.read(download.value.path(), as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert any(cell.outputs for cell in code)


@pytest.mark.parametrize("kind", ["solution", "figure-code"])
def test_solutions_and_the_code_of_figures_are_folded(
    site: Site, visit: Visitor, kind: str
) -> None:
    with visit() as v:
        v.page.goto(site.url(LESSON))
        fold = v.page.locator(f"details.{kind}").first
        code = fold.locator(".highlight").first
        expect(code).to_be_hidden()
        fold.locator("summary").click()
        expect(code).to_be_visible()


@pytest.mark.parametrize("lesson", LESSONS)
def test_imports_settings_and_the_code_of_the_claims_are_folded(site: Site, lesson: str) -> None:
    html = (site.folder / "lessons" / lesson / "index.html").read_text("utf-8")
    for summary in ("Imports", "Settings", "Code of the claims"):
        assert html.count(f'<details class="figure-code"><summary>{summary}</summary>') == 1


def test_a_line_of_100_characters_fits_on_a_desktop(site: Site, visit: Visitor) -> None:
    with visit(viewport={"width": 1280, "height": 900}) as v:
        v.page.goto(site.url(LESSON))
        cut = v.page.evaluate(
            """() => [...document.querySelectorAll(".jp-CodeCell pre > code")]
              .filter((code) => code.checkVisibility() && code.scrollWidth > code.clientWidth)
              .map((code) => code.textContent.split("\\n").map((line) => line.length))
              .map((lengths) => Math.max(...lengths))"""
        )
        assert all(longest > 100 for longest in cut)


def test_the_home_page_moves(site: Site, visit: Visitor) -> None:
    """Its player reads the data of the lesson's folder."""
    with visit(reduced_motion="reduce") as v:
        v.page.goto(site.url(""))
        expect(v.page.locator("microgrand-player .series").first).to_be_attached()


def test_the_reader_can_switch_to_dark(site: Site, visit: Visitor) -> None:
    with visit(color_scheme="light") as v:
        first_player(v.page, site)

        def colours() -> list[str]:
            ground = v.page.evaluate("getComputedStyle(document.body).backgroundColor")
            line = v.page.locator("microgrand-player .series").first
            return [
                ground,
                line.evaluate("(e) => getComputedStyle(e).stroke + getComputedStyle(e).fill"),
            ]

        light = colours()
        v.page.get_by_title("Switch to dark mode").click()
        v.page.wait_for_timeout(300)
        assert all(a != b for a, b in zip(light, colours(), strict=True))


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A checkout with the machinery of the site and no lesson yet."""
    root = tmp_path / "book"
    for part in ("docs", "microgrand", "tests"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", root)
    (root / "lessons").mkdir()
    return root


def test_a_failing_cell_fails_the_build(small_book: Path, tmp_path: Path) -> None:
    """At once: the lesson before it would take a minute."""
    broken, slow = "sum_of_weights = 1 / 0", "import time\n\ntime.sleep(60)\nsession.show(figure)"
    for name, code in (("broken", broken), ("slow", slow)):
        text = f"# %% [markdown]\n# # {name}\n\n# %%\n{code}\n"
        (small_book / "lessons" / f"{name}.py").write_text(text)
    (small_book / "pages").mkdir()
    (small_book / "mkdocs.yml").write_text(
        "{site_name: small, docs_dir: pages, hooks: [docs/hooks/execution.py], plugins: "
        "[{mkdocs-jupyter: {include: ['*.ipynb'], execute: false, cache: false}}]}"
    )
    begun = time.monotonic()
    done = build(small_book, tmp_path / "out")
    assert done.returncode != 0
    assert "broken.py" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert time.monotonic() - begun < 45


def test_an_op_without_a_page_fails_the_build(small_book: Path, tmp_path: Path) -> None:
    (small_book / "docs" / "derivations" / "dense.md").unlink()
    done = build(small_book, tmp_path / "out")
    assert done.returncode != 0
    assert "docs/derivations/NAME.md for: dense" in done.stderr


def test_the_page_on_data_credits_every_photograph(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url("data/"))
        text = v.page.locator("article").inner_text()
        for one in PHOTOGRAPHS:
            assert one.licence in text
            assert one.credit.split(" (")[0] in text
        for name in CATALOG:
            assert v.page.get_by_role("cell", name=name, exact=True).count() == 1
        pictures = v.page.locator("article img")
        assert pictures.count() == 2
        for picture in pictures.all():
            assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 500
            assert picture.get_attribute("alt")
