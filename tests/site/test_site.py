"""The built pages, as a browser sees them."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import nbformat
import pytest
from built_site import ROOT, Site, Visitor, build
from playwright.sync_api import Page, expect

LESSON = "lessons/curve"


class Links(HTMLParser):
    """Every href, src and id of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None and (tag, value) != ("a", ""):
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_quiet_and_ask_no_other_host(site: Site, visit: Visitor, scheme: str) -> None:
    with visit(color_scheme=scheme) as v:
        for path in site.pages:
            v.page.goto(site.url(path))
            scroll_through(v.page)
        assert v.complaints == []
        assert v.strangers == []


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
        assert not re.search(r"<!-- (op|test):|\]\[microgrand|jp-cell-editor", prose), path
        assert len(text) < 1_000_000, path


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


def test_every_formula_of_the_site_is_understood(site: Site, visit: Visitor) -> None:
    with visit() as v:
        for path in site.pages:
            v.page.goto(site.url(path))
            v.page.wait_for_function("window.renderMathInElement !== undefined")
            wrong = v.page.locator(".katex-error").all_text_contents()
            assert wrong == [], path


def first_player(page: Page, site: Site) -> None:
    page.goto(site.url(LESSON))
    page.locator("microgrand-player").first.scroll_into_view_if_needed()
    page.locator("microgrand-player .controls").first.wait_for()


def test_player_by_mouse(site: Site, visit: Visitor) -> None:
    with visit() as v:
        first_player(v.page, site)
        player = v.page.locator("microgrand-player").first
        frame, slider = player.locator(".frame"), player.get_by_role("slider")
        start, drawn = frame.inner_text(), player.locator(".panels").inner_html()
        player.get_by_role("button", name="play").click()
        expect(frame).not_to_have_text(start)
        assert player.locator(".panels").inner_html() != drawn
        player.get_by_role("button", name="pause").click()
        stopped = frame.inner_text()
        v.page.wait_for_timeout(500)
        assert frame.inner_text() == stopped
        box = slider.bounding_box()
        assert box is not None
        v.page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
        assert slider.input_value() == slider.get_attribute("max")
        expect(frame).not_to_have_text(stopped)


def test_player_by_keyboard(site: Site, visit: Visitor) -> None:
    with visit() as v:
        first_player(v.page, site)
        player = v.page.locator("microgrand-player").first
        slider = player.get_by_role("slider")
        last = int(slider.get_attribute("max") or 0)
        slider.focus()
        for key, frame in [
            ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", last),
            ("ArrowRight", last), ("Home", 0), ("ArrowLeft", 0),
        ]:  # fmt: skip
            v.page.keyboard.press(key)
            assert slider.input_value() == str(frame), key
        assert slider.get_attribute("aria-valuetext") == player.locator(".frame").inner_text()
        for target in (slider, player.get_by_role("button")):
            target.focus()
            v.page.keyboard.press("Space")
            expect(player.get_by_role("button", name="pause")).to_be_visible()
            v.page.keyboard.press("Space")
            expect(player.get_by_role("button", name="play")).to_be_visible()


def test_player_moves_by_itself_only_where_wanted(site: Site, visit: Visitor) -> None:
    for motion, waits in (("reduce", True), ("no-preference", False)):
        with visit(reduced_motion=motion) as v:
            first_player(v.page, site)
            slider = v.page.locator("microgrand-player").first.get_by_role("slider")
            v.page.wait_for_timeout(1000)
            assert (slider.input_value() == "0") is waits, motion
            if not waits:  # it stops when it is scrolled out of sight
                v.page.evaluate("window.scrollTo(0, 0)")
                v.page.wait_for_timeout(400)
                before = slider.input_value()
                v.page.wait_for_timeout(600)
                assert slider.input_value() == before


def test_player_updates_in_five_milliseconds(site: Site, visit: Visitor) -> None:
    with visit() as v:
        first_player(v.page, site)
        times = v.page.locator("microgrand-player").first.evaluate(
            """(player) => player.data.frames.map((_, frame) => {
              const start = performance.now();
              player.show(frame);
              return performance.now() - start;
            })"""
        )
        assert sorted(times)[len(times) // 2] <= 5


def test_player_without_its_data_shows_the_picture(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.route("**/*.json", lambda route: route.abort())
        v.page.goto(site.url(LESSON))
        v.page.locator("microgrand-player").first.scroll_into_view_if_needed()
        expect(v.page.locator("microgrand-player img").first).to_be_visible()


def test_without_scripts_the_picture_shows(site: Site, visit: Visitor) -> None:
    with visit(java_script_enabled=False) as v:
        v.page.goto(site.url(LESSON))
        pictures = v.page.locator("microgrand-player img")
        assert pictures.count() >= 1
        for picture in pictures.all():
            expect(picture).to_be_visible()
            assert picture.get_attribute("alt")
            address = urljoin(v.page.url, picture.get_attribute("src") or "")
            answer = v.page.request.get(address)
            assert answer.ok
            assert answer.body()[8:12] == b"WEBP"


def test_player_after_instant_navigation(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url(""), wait_until="networkidle")
        v.page.evaluate("window.same = true")
        v.page.get_by_role("link", name="Lessons").first.click()
        v.page.wait_for_url(f"**/{LESSON}/")
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        v.page.locator("microgrand-player").first.scroll_into_view_if_needed()
        v.page.locator("microgrand-player .controls").first.wait_for()
        expect(v.page.locator("article .katex").first).to_be_visible()
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        assert v.complaints == []


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


def test_solutions_are_folded(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url(LESSON))
        solution = v.page.locator("details.solution").first
        code = solution.locator(".highlight").first
        expect(code).to_be_hidden()
        solution.locator("summary").click()
        expect(code).to_be_visible()


def test_a_phone_does_not_scroll_sideways(site: Site, visit: Visitor) -> None:
    with visit(viewport={"width": 390, "height": 844}, device_scale_factor=2) as v:
        for path in site.pages:
            v.page.goto(site.url(path))
            if path.startswith("lessons"):  # where figures are drawn when they are seen
                scroll_through(v.page)
            assert v.page.evaluate("document.documentElement.scrollWidth") <= 390, path


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
    lesson = small_book / "lessons" / "broken.py"
    lesson.write_text("# %% [markdown]\n# # Broken\n\n# %%\nsum_of_weights = 1 / 0\n")
    done = build(small_book, tmp_path / "out")
    assert done.returncode != 0
    assert "broken.py" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_an_op_without_a_page_fails_the_build(small_book: Path, tmp_path: Path) -> None:
    (small_book / "docs" / "derivations" / "dense.md").unlink()
    done = build(small_book, tmp_path / "out")
    assert done.returncode != 0
    assert "docs/derivations/NAME.md for: dense" in done.stderr
