"""The laboratory in the browser: its controls and its address; the test plays the worker's part."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import laboratory_page
import pytest
from built_site import ROOT, Site, Visitor, arrive, follow_link
from laboratory import Laboratory, Settings
from laboratory_guest import (
    NEIGHBOUR,
    PAGE,
    STAND_IN,
    after_epochs,
    frame_of,
    opened,
    sent,
    started,
    tell,
)
from playwright.sync_api import expect


@pytest.mark.usefixtures("page_of_controls")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_nothing_is_fetched_before_the_click(
    site: Site, visit: Visitor, scheme: str, width: int
) -> None:
    with visit(color_scheme=scheme, viewport={"width": width, "height": 844}) as v:
        opened(v.page, site)
        assert v.page.evaluate("workers.length") == 0
        v.page.get_by_role("button", name="Start the laboratory").click()
        (start,) = sent(v.page)
        assert start["start"]["pyodide"] == site.url(PAGE) + "pyodide/"
        assert start["start"]["python"] == site.url(PAGE) + "python.zip"
        assert Settings.from_query(start["settings"]) == Settings()
        assert start["running"] is False  # motion is not wanted here: epoch by epoch
        tell(v.page, {"words": "Python is coming"})
        expect(v.page.get_by_text("Python is coming")).to_be_visible()
        tell(v.page, frame_of(Laboratory()))
        expect(v.page.locator(".microgrand-laboratory .panel")).to_have_count(3)
        expect(v.page.get_by_text("epoch 0: loss")).to_be_visible()
        expect(v.page.get_by_role("button", name="Start the laboratory")).to_have_count(0)
        expect(v.page.get_by_role("button", name="go on")).to_be_focused()
        assert v.page.evaluate("document.documentElement.scrollWidth") == width
        assert v.complaints == []
        assert v.strangers == []


@pytest.mark.usefixtures("page_of_controls")
def test_it_trains_by_itself_where_motion_is_welcome(site: Site, visit: Visitor) -> None:
    with visit(reduced_motion="no-preference") as v:
        opened(v.page, site)
        v.page.get_by_role("button", name="Start the laboratory").click()
        assert sent(v.page)[0]["running"] is True
        tell(v.page, frame_of(Laboratory()))
        words = v.page.locator(".words")
        expect(words).to_have_attribute("aria-live", "off")  # a screen reader is left in peace
        v.page.get_by_role("button", name="pause").click()
        assert sent(v.page) == [{"running": False}]
        tell(v.page, frame_of(Laboratory()))
        expect(words).to_have_attribute("aria-live", "polite")
        v.page.get_by_role("button", name="one epoch").click()
        v.page.get_by_role("button", name="start anew").click()
        v.page.get_by_role("button", name="go on").click()
        orders = [{"running": False}, {"step": True}, {"restart": True}, {"running": True}]
        assert sent(v.page) == orders
        v.page.emulate_media(reduced_motion="reduce")
        expect(v.page.get_by_role("button", name="go on")).to_be_visible()
        assert sent(v.page) == [{"running": False}]


@pytest.mark.usefixtures("page_of_controls")
def test_who_has_gone_on_reading_is_left_there(site: Site, visit: Visitor) -> None:
    with visit() as v:
        opened(v.page, site)
        v.page.get_by_role("button", name="Start the laboratory").click()
        v.page.locator("#below").click()
        tell(v.page, frame_of(Laboratory()))
        expect(v.page.get_by_role("button", name="go on")).to_be_visible()
        assert v.page.evaluate("document.activeElement === document.body")


@pytest.mark.usefixtures("page_of_controls")
def test_a_change_is_sent_at_once_and_stands_in_the_address(site: Site, visit: Visitor) -> None:
    with visit() as v:
        started(v.page, site, "?h=words")
        length = v.page.evaluate("history.length")
        v.page.get_by_label("penalty").select_option("l1")
        v.page.get_by_label("applied as").select_option("proximal")
        v.page.get_by_label("dropout p").fill("0.3")
        strength = v.page.get_by_label("strength λ")
        strength.focus()
        v.page.keyboard.press("ArrowRight")
        v.page.keyboard.press("ArrowRight")
        assert strength.get_attribute("aria-valuetext") == "0.0013"
        expected = Settings(penalty="l1", applied="proximal", dropout=0.3, strength=0.0013)
        assert Settings.from_query(sent(v.page)[-1]["settings"]) == expected
        v.page.wait_for_url(re.compile("strength=0.0013"))
        asked = urlsplit(v.page.url).query
        assert Settings.from_query(asked) == expected
        assert parse_qs(asked)["h"] == ["words"]
        assert v.page.evaluate("history.length") == length  # "back" leaves the page, as ever
        v.page.get_by_role("button", name="defaults").click()
        v.page.wait_for_function("workers[0].sent.length > 0")
        assert Settings.from_query(sent(v.page)[-1]["settings"]) == Settings()
        assert v.complaints == []
    with visit() as v:
        opened(v.page, site, "?" + asked)
        expect(v.page.get_by_label("penalty")).to_have_value("l1")
        expect(v.page.locator(".microgrand-laboratory .value").first).to_have_text("0.0013")
        v.page.get_by_role("button", name="Start the laboratory").click()
        assert Settings.from_query(sent(v.page)[0]["settings"]) == expected


@pytest.mark.usefixtures("page_of_controls")
@pytest.mark.parametrize(
    "asked",
    [
        *("penalty=lpq", "strength=7", "strength=-1", "strength=x", "curve=1.5", "curve=-1"),
        *("dropout=1", "%"),
    ],
)
def test_an_address_that_asks_for_the_impossible_is_passed_over(
    site: Site, visit: Visitor, asked: str
) -> None:
    with visit() as v:
        opened(v.page, site, f"?{asked}&noise=steps")
        v.page.get_by_role("button", name="Start the laboratory").click()
        assert Settings.from_query(sent(v.page)[0]["settings"]) == Settings(noise="steps")
        assert v.complaints == []


@pytest.mark.usefixtures("page_of_controls")
def test_what_is_no_seed_is_not_sent(site: Site, visit: Visitor) -> None:
    with visit() as v:
        started(v.page, site)
        seed = v.page.get_by_label("curve (seed)")
        for none in ("-3", "", "1.5"):  # emptied, before another is typed: the network stays
            seed.fill(none)
            seed.blur()
            assert sent(v.page) == []
            assert "curve=" not in v.page.url
        for words, curve in (("4", 4), ("1e2", 100)):
            seed.fill(words)
            assert sent(v.page) == []  # perhaps more figures follow
            seed.press("Enter")
            assert Settings.from_query(sent(v.page)[-1]["settings"]) == Settings(curve=curve)


@pytest.mark.usefixtures("page_of_controls")
def test_a_frame_is_drawn_before_the_screen_needs_it(site: Site, visit: Visitor) -> None:
    with visit() as v:
        started(v.page, site)
        panels = v.page.locator(".microgrand-laboratory .panels")
        before = panels.inner_html()
        frames = [frame_of(after_epochs(epochs)) for epochs in (1, 2, 30)]
        times = []
        for data in frames * 5:
            script = """(data) => {
              const start = performance.now();
              workers[0].onmessage({data});
              return performance.now() - start;
            }"""
            times.append(v.page.evaluate(script, data))
        assert panels.inner_html() != before
        expect(v.page.get_by_text("epoch 30: loss")).to_be_visible()
        ticks = v.page.locator(".microgrand-laboratory .panel").last.locator(".tick")
        assert "40" in ticks.all_text_contents()  # the axis of epochs has grown
        assert sorted(times)[len(times) // 2] <= 16  # milliseconds: sixty a second
        assert v.complaints == []


@pytest.mark.usefixtures("page_of_controls")
def test_panels_have_the_width_that_there_is(site: Site, visit: Visitor) -> None:
    """A phone is turned, a window made smaller."""
    with visit(viewport={"width": 1280, "height": 900}) as v:
        started(v.page, site)
        tell(v.page, frame_of(after_epochs(1)))
        panel = v.page.locator(".microgrand-laboratory .panel").first
        wide = panel.bounding_box()
        v.page.set_viewport_size({"width": 390, "height": 900})
        v.page.wait_for_function(
            """(wide) => {
              const panel = document.querySelector(".microgrand-laboratory .panel");
              return +panel.getAttribute("width") === panel.getBoundingClientRect().width;
            }"""
        )
        narrow = panel.bounding_box()
        assert wide
        assert narrow
        assert narrow["width"] != wide["width"]


@pytest.mark.usefixtures("page_of_controls")
def test_what_goes_wrong_is_said_and_can_be_tried_again(site: Site, visit: Visitor) -> None:
    with visit() as v:
        opened(v.page, site)
        start = v.page.get_by_role("button", name="Start the laboratory")
        start.click()
        expect(start).to_be_disabled()
        expect(start).to_be_focused()  # a keyboard's reader is where they were
        start.press("Enter")
        assert v.page.evaluate("workers.length") == 1  # once is enough
        tell(v.page, {"error": "404 for python.zip"})
        expect(v.page.get_by_text("That did not work: 404 for python.zip")).to_be_visible()
        assert v.page.evaluate("workers[0].gone")
        start.click()
        tell(v.page, frame_of(Laboratory()))
        expect(v.page.locator(".microgrand-laboratory .panel")).to_have_count(3)
        assert v.page.evaluate("workers.length") == 2
        # Later on, what has been learnt stays.
        tell(v.page, {"error": "Traceback (most recent call last):\n  …\nMemoryError: no room\n"})
        expect(v.page.locator(".words")).to_have_text("That did not work: MemoryError: no room")
        expect(v.page.get_by_role("button", name="go on")).to_be_visible()


@pytest.mark.usefixtures("page_of_controls")
def test_what_nobody_sees_is_not_trained(site: Site, visit: Visitor) -> None:
    with visit(reduced_motion="no-preference") as v:
        started(v.page, site)
        for hidden in (True, False):
            v.page.evaluate(
                """(hidden) => {
                  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                  document.dispatchEvent(new Event("visibilitychange"));
                }""",
                hidden,
            )
            assert sent(v.page) == [{"running": not hidden}]


@pytest.mark.usefixtures("page_of_controls")
def test_who_follows_a_link_comes_to_it_and_who_leaves_stops_it(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.add_init_script(STAND_IN)
        arrive(v.page, site.url(NEIGHBOUR))
        for _ in range(2):
            follow_link(v.page, site.url(PAGE))
            v.page.get_by_role("button", name="Start the laboratory").click()
            tell(v.page, frame_of(Laboratory()))
            expect(v.page.locator(".microgrand-laboratory .panel")).to_have_count(3)
            v.page.go_back()
            v.page.wait_for_url(f"**/{NEIGHBOUR}/")
            v.page.wait_for_function("workers.at(-1).gone")
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        assert v.complaints == []


def test_without_scripts_it_says_where_else_it_runs(site: Site, visit: Visitor) -> None:
    with visit(java_script_enabled=False) as v:
        v.page.goto(site.url("laboratory"))
        article = v.page.locator("article")
        expect(article).to_contain_text("the same program runs in a terminal", ignore_case=True)
        expect(article).to_contain_text("python docs/laboratory.py")
        expect(article).to_contain_text("class Laboratory")
        expect(v.page.locator("article button")).to_have_count(0)


def test_the_book_leads_to_the_laboratory_where_there_is_one(site: Site, visit: Visitor) -> None:
    here = laboratory_page.find_core(ROOT) is not None
    with visit(viewport={"width": 1280, "height": 844}) as v:
        v.page.goto(site.url("explorer"))
        column = v.page.locator(".md-sidebar--primary")
        expect(column.get_by_role("link", name="Laboratory")).to_have_count(int(here))
        v.page.goto(site.url(""))
        expect(v.page.locator("article").get_by_text("make laboratory")).to_have_count(
            int(not here)
        )
        v.page.get_by_role("link", name="laboratory").click()
        v.page.wait_for_url("**/laboratory/")
        for heading in ("What is set", "The program"):
            expect(v.page.get_by_role("heading", name=heading)).to_be_visible()
        expect(v.page.get_by_role("heading", name="Things to try")).to_have_count(int(here))
        expect(v.page.get_by_text("address of this page holds")).to_have_count(int(here))
