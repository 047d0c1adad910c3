"""For everyone: scripts off, keyboard alone, less motion, a screen reader's rules, paper."""

from __future__ import annotations

import re

import pytest
from built_site import LESSON, Site, Visitor, violations
from playwright.sync_api import Page, expect

LESSONS = ("curve", "shrinkage", "penalties", "normalization", "noise")
MEGABYTE = 1_000_000
FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const sees = element.matches("input.md-option") ? element.nextElementSibling : element;
  const box = sees.getBoundingClientRect();
  const style = getComputedStyle(sees);
  const shown = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  element.tabbed = (element.tabbed ?? 0) + 1;
  return {
    name: `${element.tagName}.${element.className} ${element.textContent.trim().slice(0, 40)}`,
    tag: element.tagName,
    type: element.getAttribute("type"),
    text: element.textContent.trim(),
    shown, outlined,
    again: element.tabbed > 1,
  };
}"""


# -------------------------------------------------------------------------------------- the weight


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_light(site: Site, visit: Visitor, name: str) -> None:
    """All that a browser fetches, uncompressed, before an animation is scrolled to."""
    with visit() as v:
        sizes: dict[str, int] = {}
        v.page.on("response", lambda r: sizes.update({r.url: int(r.headers["content-length"])}))
        v.page.goto(site.url(f"lessons/{name}"))
        v.page.wait_for_load_state("networkidle")
    assert sizes[site.url(f"lessons/{name}")] > 100_000
    assert sum(sizes.values()) <= 1.5 * MEGABYTE, sorted(sizes.items(), key=lambda s: -s[1])[:5]


def test_the_index_is_fetched_by_whoever_searches(site: Site, visit: Visitor) -> None:
    with visit() as v:
        asked: list[str] = []
        v.page.on("request", lambda request: asked.append(request.url))
        v.page.goto(site.url(LESSON))
        v.page.wait_for_load_state("networkidle")
        assert not any(url.endswith("search_index.json") for url in asked)
        v.page.keyboard.press("/")
        v.page.keyboard.type("dropout")
        expect(v.page.locator(".md-search-result__link").first).to_be_visible()
        assert sum(url.endswith("search_index.json") for url in asked) == 1
        assert violations(v.page) == []  # with the search open
        v.page.keyboard.press("ArrowDown")
        expect(v.page.locator(".md-search-result__link").first).to_be_focused()
        assert v.complaints == []


# ------------------------------------------------------------------------------------- scripts off


def prose(page: Page) -> str:
    """The text of a page without code, drawings and formulas."""
    text = re.sub(r"<(pre|code|svg|script|math)\b.*?</\1>", "", page.content(), flags=re.DOTALL)
    return re.sub(r"<[^>]*>", "", text[text.index("<article") :])


@pytest.mark.parametrize("path", [LESSON, "derivations/softmax_cross_entropy"])
def test_without_scripts_formulas_and_figures_show(site: Site, visit: Visitor, path: str) -> None:
    with visit(java_script_enabled=False) as v:
        v.page.goto(site.url(path))
        formula = v.page.locator("article .katex").first
        expect(formula.locator(".katex-html")).to_be_visible()
        assert formula.locator("math").count() == 1
        assert not re.search(r"\$|\\\(|\\\[|\\frac", prose(v.page))
        for drawing in v.page.locator("figure > svg").all():
            expect(drawing).to_be_visible()
            assert drawing.get_attribute("aria-label")
        assert v.complaints == []


def test_without_scripts_folds_open_and_pages_turn(site: Site, visit: Visitor) -> None:
    with visit(java_script_enabled=False) as v:
        v.page.goto(site.url(LESSON))
        fold = v.page.locator("details.solution").first
        code = fold.locator(".highlight").first
        expect(code).to_be_hidden()
        fold.locator("summary").focus()
        v.page.keyboard.press("Enter")
        expect(code).to_be_visible()
        v.page.get_by_role("link", name="Derivations").first.click()
        v.page.wait_for_url("**/derivations/")
        expect(v.page.locator("h1")).to_be_visible()


def test_without_scripts_the_keyboard_opens_the_menu_of_a_phone(site: Site, visit: Visitor) -> None:
    with visit(java_script_enabled=False, viewport={"width": 390, "height": 844}) as v:
        v.page.goto(site.url(LESSON))
        link = v.page.locator(".md-sidebar--primary").get_by_role("link", name="Noise", exact=True)
        expect(link).not_to_be_in_viewport()
        v.page.locator("#__drawer").focus()
        v.page.keyboard.press("Space")
        expect(link).to_be_in_viewport()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_without_scripts_a_picture_moves_only_where_wanted(
    site: Site, visit: Visitor, motion: str
) -> None:
    with visit(java_script_enabled=False, reduced_motion=motion) as v:
        v.page.goto(site.url(LESSON))
        picture = v.page.locator("microgrand-player img").first
        picture.scroll_into_view_if_needed()
        v.page.wait_for_load_state("networkidle")
        seen = set()
        for _ in range(6):
            seen.add(picture.screenshot())
            v.page.wait_for_timeout(150)
        assert (len(seen) == 1) is (motion == "reduce")


# ----------------------------------------------------------------------------------------- keyboard


def test_the_first_key_skips_to_the_text(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url(LESSON))
        v.page.keyboard.press("Tab")
        skip = v.page.locator(".md-skip")
        expect(skip).to_be_focused()
        expect(skip).to_be_visible()
        v.page.keyboard.press("Enter")
        v.page.wait_for_timeout(500)  # nobody is faster; the page goes there in steps of its own
        v.page.keyboard.press("Tab")
        assert v.page.evaluate("document.querySelector('article').contains(document.activeElement)")


def test_every_control_is_reached_by_tab_and_seen(site: Site, visit: Visitor) -> None:
    """Through a whole lesson: nothing traps the focus, and it can always be seen."""
    with visit(viewport={"width": 1280, "height": 844}) as v:
        v.page.goto(site.url("lessons/penalties"))
        player = v.page.locator("microgrand-player").first
        player.scroll_into_view_if_needed()
        player.locator(".controls").wait_for()
        v.page.evaluate("window.scrollTo(0, 0)")
        reached = []
        for _ in range(600):
            v.page.keyboard.press("Tab")
            focused = v.page.evaluate(FOCUSED)
            if focused is None or focused["again"]:
                break
            reached.append(focused)
        else:
            pytest.fail("the end of the page is never reached")
        unseen = [one["name"] for one in reached if not (one["shown"] and one["outlined"])]
        assert unseen == []
        tags = [one["tag"] for one in reached]
        assert tags.count("SELECT") >= 3  # case, signal, speed
        assert "range" in [one["type"] for one in reached]
        assert tags.count("SUMMARY") == v.page.locator("summary").count()
        links = {one["text"] for one in reached if one["tag"] == "A"}
        assert {"Derivations", "Download this lesson, executed (.ipynb)"} <= links
        scrolling = v.page.evaluate(
            """[...document.querySelectorAll("article *")].filter((element) =>
              element.scrollWidth > element.clientWidth && element.checkVisibility() &&
              ["auto", "scroll"].includes(getComputedStyle(element).overflowX) &&
              !element.tabbed).map((element) => element.outerHTML.slice(0, 100))"""
        )
        assert scrolling == []  # all that scrolls had the focus


def test_what_is_wide_is_scrolled_by_keyboard(site: Site, visit: Visitor) -> None:
    with visit(viewport={"width": 390, "height": 844}) as v:
        v.page.goto(site.url(LESSON))
        wide = v.page.locator(".microgrand-figure[tabindex='0']:has(> svg)").first
        wide.focus()  # waits until it can be reached
        v.page.keyboard.press("ArrowRight")
        v.page.wait_for_timeout(300)
        assert wide.evaluate("(figure) => figure.scrollLeft") > 0


def test_the_menu_of_a_phone_opens_by_keyboard(site: Site, visit: Visitor) -> None:
    with visit(viewport={"width": 390, "height": 844}) as v:
        v.page.goto(site.url(LESSON))
        link = v.page.locator(".md-nav--primary").get_by_role("link", name="Noise", exact=True)
        expect(link).not_to_be_in_viewport()
        v.page.get_by_title("Menu").focus()
        v.page.keyboard.press("Enter")
        expect(v.page.locator(".md-sidebar--primary")).to_be_in_viewport()
        assert violations(v.page) == []


# -------------------------------------------------------------------------------------------- paper


def test_thumbnails_are_not_turned_dark_on_paper(site: Site, visit: Visitor) -> None:
    with visit(color_scheme="dark") as v:
        v.page.goto(site.url(""))
        shown = "getComputedStyle(document.querySelector('.thumbnail')).filter"
        assert "invert" in v.page.evaluate(shown)
        v.page.emulate_media(media="print", color_scheme="dark")
        assert v.page.evaluate(shown) == "none"


def test_a_lesson_prints(site: Site, visit: Visitor) -> None:
    """Light, without controls, every figure there; what is folded stays out."""
    with visit(color_scheme="dark") as v:
        v.page.goto(site.url(LESSON))
        v.page.locator("details.figure-code summary").first.click()
        v.page.emulate_media(media="print", color_scheme="dark")
        around = ".md-header", ".md-sidebar--primary", ".md-footer"
        for hidden in (*around, ".lesson-box [download]"):
            expect(v.page.locator(hidden)).to_have_count(1)
            expect(v.page.locator(hidden)).to_be_hidden()
        expect(v.page.locator("details.solution summary").first).to_be_hidden()
        expect(v.page.locator("details.figure-code summary").first).to_be_visible()
        for figure in v.page.locator("figure").all():
            figure.scroll_into_view_if_needed()  # its picture is loaded only now
            expect(figure.locator("svg, picture").first).to_be_visible()
        ground, ink = v.page.evaluate(
            """[getComputedStyle(document.body).backgroundColor,
                getComputedStyle(document.querySelector("article p")).color]"""
        )
        light, dark = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ground, ink))
        assert light > 700
        assert dark < 150
        assert (
            v.page.locator("figure > svg").first.evaluate("(e) => getComputedStyle(e).filter")
            == "none"
        )
        assert v.page.pdf(format="A4").startswith(b"%PDF")


def test_on_paper_a_figure_shows_how_it_ends_and_folds_stay_folded(
    site: Site, visit: Visitor
) -> None:
    with visit(reduced_motion="no-preference") as v:
        v.page.goto(site.url(LESSON))
        v.page.wait_for_load_state("networkidle")
        seen = v.page.locator("microgrand-player").first
        seen.scroll_into_view_if_needed()
        expect(seen.get_by_role("button", name="pause")).to_be_visible()
        v.page.evaluate(
            """addEventListener("beforeprint", () => {
              const atTheEnd = ({ data, frame }) => data && frame === data.frames.length - 1;
              window.onPaper = [...document.querySelectorAll("microgrand-player")].map(atTheEnd);
            })"""
        )
        assert v.page.pdf(format="A4").startswith(b"%PDF")
        printed = v.page.evaluate(
            """[...document.querySelectorAll("microgrand-player img")].map((picture) =>
              picture.currentSrc.endsWith("-still.webp"))"""
        )
        moving = v.page.evaluate("onPaper.filter((last) => last !== undefined)")
        assert moving
        assert all([*moving, *printed])
        expect(seen.get_by_role("button", name="pause")).to_be_visible()  # it goes on
        v.page.emulate_media(media="print")
        v.page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        for folded in ("details.hint summary", ".guess"):
            assert v.page.locator(folded).first.is_hidden()
