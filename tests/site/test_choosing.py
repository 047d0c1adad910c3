"""A figure in which the reader chooses: selects, the page's address, slow and failing data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import numpy as np
import pytest
from built_site import Site, Visitor, arrive, follow_link, guest
from playwright.sync_api import Locator, Page, Route, expect

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


@pytest.fixture(scope="module", autouse=True)
def page_of_choices(site: Site) -> Iterator[None]:
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


def test_the_data_of_a_combination_are_small(site: Site) -> None:
    files = sorted((site.folder / PAGE / "histograms").iterdir())
    assert len(files) == len(CASES) * len(SIGNALS)
    assert max(file.stat().st_size for file in files) <= 80_000


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_choosing_by_mouse(site: Site, visit: Visitor, scheme: str, width: int) -> None:
    with visit(color_scheme=scheme, viewport={"width": width, "height": 844}) as v:
        asked: list[str] = []
        v.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
        player = chooser(v.page, site)
        first = drawn(player), ticks(player)
        expect(player).to_have_attribute("aria-label", "weight of Z narrow.")
        player.get_by_role("slider").fill("7")
        case_of(player).select_option(label="ridge")
        expect(player).to_have_attribute("aria-label", "weight of A narrow.")
        expect(player.get_by_text("Case A")).to_be_visible()
        expect(player.locator(".frame")).to_have_text("epoch 7")
        assert player.get_by_role("slider").input_value() == "7"
        assert drawn(player) != first[0]
        assert ticks(player) != first[1]  # y is another
        signal_of(player).select_option("weight-gradient")
        expect(player).to_have_attribute("aria-label", "weight gradient of A narrow.")
        assert "−2e−4" in ticks(player)
        assert player.locator(".panel").count() == 6
        assert v.page.evaluate("document.documentElement.scrollWidth") == width
        # What was fetched is kept, and nothing was fetched before it was chosen.
        case_of(player).select_option("Z")
        signal_of(player).select_option("weight")
        expect(player).to_have_attribute("aria-label", "weight of Z narrow.")
        player.get_by_role("slider").fill("0")
        assert (drawn(player), ticks(player)) == first
        assert [name for name in asked if name.endswith(".json") and "weight" in name] == [
            "Z-weight.json",
            "A-weight.json",
            "A-weight-gradient.json",
            "Z-weight-gradient.json",
        ]
        assert v.complaints == []


def test_choosing_by_keyboard(site: Site, visit: Visitor) -> None:
    """In a select its own keys count; everywhere else in the figure they are the player's."""
    with visit() as v:
        player = chooser(v.page, site)
        slider, frame = player.get_by_role("slider"), player.locator(".frame")
        slider.fill("3")
        case_of(player).focus()
        for key, case in [("ArrowDown", "A"), ("End", "B"), ("Home", "Z"), ("ArrowRight", "A")]:
            v.page.keyboard.press(key)
            expect(player).to_have_attribute("aria-label", f"weight of {case} narrow.")
            expect(case_of(player)).to_have_value(case)
            expect(case_of(player)).to_be_focused()
            expect(frame).to_have_text("epoch 3")
        for reached in (signal_of(player), player.get_by_role("button"), slider):
            v.page.keyboard.press("Tab")
            expect(reached).to_be_focused()
        v.page.keyboard.press("ArrowRight")
        expect(frame).to_have_text("epoch 4")
        expect(case_of(player)).to_have_value("A")
        assert v.complaints == []


def test_switching_keeps_frame_and_motion(site: Site, visit: Visitor) -> None:
    with visit() as v:
        player = chooser(v.page, site)
        slider, frame = player.get_by_role("slider"), player.locator(".frame")
        slider.fill("40")
        case_of(player).select_option("B")  # has fewer frames
        expect(frame).to_have_text("epoch 20")
        assert slider.get_attribute("max") == slider.input_value() == "20"
        expect(player.get_by_role("button", name="play")).to_be_visible()  # it stands still
        slider.fill("0")
        player.get_by_role("combobox", name="speed").select_option("4")
        player.get_by_role("button", name="play").click()
        case_of(player).select_option("A")
        expect(player).to_have_attribute("aria-label", "weight of A narrow.")
        expect(player.get_by_role("button", name="pause")).to_be_visible()
        assert player.get_by_role("combobox", name="speed").input_value() == "4"
        before = frame.inner_text()
        expect(frame).not_to_have_text(before)
        assert v.complaints == []


def test_it_moves_by_itself_only_where_wanted(site: Site, visit: Visitor) -> None:
    for motion, name in (("reduce", "play"), ("no-preference", "pause")):
        with visit(reduced_motion=motion) as v:
            player = chooser(v.page, site)
            expect(player.get_by_role("button", name=name)).to_be_visible()
            case_of(player).select_option("A")
            expect(player).to_have_attribute("aria-label", "weight of A narrow.")
            expect(player.get_by_role("button", name=name)).to_be_visible()


def test_six_histograms_update_in_five_milliseconds(site: Site, visit: Visitor) -> None:
    with visit() as v:
        times = chooser(v.page, site).evaluate(
            """(player) => player.data.frames.map((_, frame) => {
              const start = performance.now();
              player.show(frame);
              return performance.now() - start;
            })"""
        )
        assert sorted(times)[len(times) // 2] <= 5


def test_what_cannot_be_fetched_leaves_the_old_picture(site: Site, visit: Visitor) -> None:
    with visit() as v:
        player = chooser(v.page, site)
        before, trouble = drawn(player), player.get_by_role("status")
        expect(trouble).to_be_empty()
        v.page.route("**/A-weight.json", lambda route: route.fulfill(status=404))
        v.page.route("**/B-weight.json", lambda route: route.fulfill(body="<html>"))
        for case in ("A", "B"):
            case_of(player).select_option(case)
            expect(trouble).to_have_text("Could not be fetched: this is still “none, weights”.")
            assert drawn(player) == before
            expect(player).to_have_attribute("aria-label", "weight of Z narrow.")
        player.get_by_role("button", name="play").click()  # it can still be played
        expect(player.locator(".frame")).not_to_have_text("epoch 0")
        case_of(player).select_option("Z")
        expect(trouble).to_be_empty()
        v.page.unroute("**/A-weight.json")
        case_of(player).select_option("A")  # and what failed can be tried again
        expect(player).to_have_attribute("aria-label", "weight of A narrow.")
        expect(trouble).to_be_empty()


def test_without_its_first_data_the_picture_shows_and_another_can_be_chosen(
    site: Site, visit: Visitor
) -> None:
    with visit() as v:
        v.page.route("**/A-weight.json", lambda route: route.abort())
        v.page.goto(site.url(PAGE) + "?histograms-case=A")
        player = v.page.locator("microgrand-player")
        player.scroll_into_view_if_needed()
        expect(player.get_by_role("status")).to_contain_text("this is still “none, weights”")
        expect(player.locator("img")).to_be_visible()
        places = [one.bounding_box() for one in (case_of(player), player.locator("img"))]
        assert places[0]
        assert places[1]
        assert places[0]["y"] < places[1]["y"]
        case_of(player).select_option("B")
        expect(player.locator(".panel")).to_have_count(6)
        expect(player.locator("img")).to_have_count(0)
        expect(player.get_by_role("status")).to_be_empty()


@pytest.mark.parametrize("first_to_arrive", [0, 1])
@pytest.mark.parametrize("arrives", [True, False])
def test_the_last_choice_is_shown_whatever_arrives_when(
    site: Site, visit: Visitor, first_to_arrive: int, arrives: bool
) -> None:
    with visit() as v:
        player = chooser(v.page, site)
        before = drawn(player)
        held: list[Route] = []
        v.page.route(re.compile("/[AB]-weight.json"), lambda route: held.append(route))
        case_of(player).select_option("A")
        case_of(player).select_option("B")
        expect(player).to_have_class(re.compile("waiting"))
        while len(held) < 2:
            v.page.wait_for_timeout(20)
        assert drawn(player) == before  # until something arrives
        overtaken, last = sorted(held, key=lambda route: route.request.url)

        def let_go(route: Route) -> None:
            with v.page.expect_event(
                "requestfinished" if arrives or route is last else "requestfailed"
            ):
                if arrives or route is last:
                    route.continue_()
                else:
                    route.abort()
            v.page.wait_for_timeout(100)

        for route in (last, overtaken) if first_to_arrive else (overtaken, last):
            let_go(route)
        expect(player).to_have_attribute("aria-label", "weight of B narrow.")
        expect(case_of(player)).to_have_value("B")
        expect(player.get_by_role("status")).to_be_empty()
        expect(player).not_to_have_class(re.compile("waiting"))


def test_the_address_can_be_shared(site: Site, visit: Visitor) -> None:
    with visit() as v:
        player = chooser(v.page, site, "?h=words")
        length = v.page.evaluate("history.length")
        case_of(player).select_option("A")
        signal_of(player).select_option("weight-gradient")
        address = v.page.url
        chosen = "?h=words&histograms-case=A&histograms-signal=weight-gradient"
        assert address == site.url(PAGE) + chosen
        assert v.page.evaluate("history.length") == length  # "back" leaves the page, as ever
        assert v.complaints == []
    with visit() as v:
        v.page.goto(address)
        player = v.page.locator("microgrand-player")
        expect(case_of(player)).to_be_in_viewport()  # without scrolling
        header, place = v.page.locator(".md-header").bounding_box(), player.bounding_box()
        assert header
        assert place
        assert place["y"] >= header["y"] + header["height"]
        expect(player).to_have_attribute("aria-label", "weight gradient of A narrow.")
        expect(case_of(player)).to_have_value("A")
        assert v.page.url == address
        assert v.complaints == []


def test_anchors_lead_where_they_did_and_keep_what_was_chosen(site: Site, visit: Visitor) -> None:
    with visit() as v:
        with v.page.expect_response("**/sitemap.xml"):
            player = chooser(v.page, site, "?histograms-case=B")
        v.page.wait_for_load_state("networkidle")
        for case in ("A", "B"):
            case_of(player).select_option(case)
            expect(player).to_have_attribute("aria-label", f"weight of {case} narrow.")
            v.page.get_by_role("link", name="below", exact=True).click()
            expect(v.page.locator("#below")).to_be_in_viewport()
            asked = f"?histograms-case={case}&histograms-signal=weight"
            assert v.page.url == site.url(PAGE) + asked + "#below"
            player.scroll_into_view_if_needed()
            expect(player).to_have_attribute("aria-label", f"weight of {case} narrow.")
        assert v.complaints == []


@pytest.mark.parametrize(
    "asked", ["?histograms-case=X", "?histograms-case=", "?case=A", "?histograms-case=A%00", "?%"]
)
def test_an_address_that_names_no_option_is_passed_over(
    site: Site, visit: Visitor, asked: str
) -> None:
    with visit() as v:
        player = chooser(v.page, site, f"{asked}&histograms-signal=weight-gradient")
        expect(player).to_have_attribute("aria-label", "weight gradient of Z narrow.")
        expect(case_of(player)).to_have_value("Z")
        assert v.complaints == []


def go_to_figure(page: Page, site: Site) -> Locator:
    """From a page of the book to the figure."""
    follow_link(page, site.url(PAGE))
    page.wait_for_url(f"**/{PAGE}/")
    player = page.locator("microgrand-player")
    player.scroll_into_view_if_needed()
    return player


def test_choosing_after_instant_navigation(site: Site, visit: Visitor) -> None:
    with visit() as v:
        arrive(v.page, site.url(NEIGHBOUR))
        for case in ("A", "B"):  # there and back, and there again
            player = go_to_figure(v.page, site)
            expect(player).to_have_attribute("aria-label", "weight of Z narrow.")
            case_of(player).select_option(case)
            expect(player).to_have_attribute("aria-label", f"weight of {case} narrow.")
            assert f"histograms-case={case}" in v.page.url
            v.page.go_back()
            v.page.wait_for_url(f"**/{NEIGHBOUR}/")
            expect(player).to_have_count(0)
        v.page.go_forward()
        player.scroll_into_view_if_needed()
        expect(player).to_have_attribute("aria-label", "weight of B narrow.")  # as it was left
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        assert v.complaints == []


def test_without_scripts_the_first_picture_shows(site: Site, visit: Visitor) -> None:
    with visit(java_script_enabled=False) as v:
        v.page.goto(site.url(PAGE))
        picture = v.page.locator("microgrand-player img")
        expect(picture).to_be_visible()
        assert picture.get_attribute("alt") == "weight of Z narrow."
        expect(v.page.locator("select")).to_have_count(0)
        answer = v.page.request.get(urljoin(v.page.url, picture.get_attribute("src") or ""))
        assert answer.body()[8:12] == b"WEBP"
