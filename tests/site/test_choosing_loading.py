"""What a figure of choices loads: by the address, slowly, after navigation, or not at all."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from built_site import Site, Visitor, arrive, follow_link
from choosing_guest import CASES, NEIGHBOUR, PAGE, SIGNALS, case_of, chooser, drawn, signal_of
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = pytest.mark.usefixtures("page_of_choices")


def test_the_data_of_a_combination_are_small(site: Site) -> None:
    files = sorted((site.folder / PAGE / "histograms").iterdir())
    assert len(files) == len(CASES) * len(SIGNALS)
    assert max(file.stat().st_size for file in files) <= 80_000


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
        address = site.url(PAGE) + "?h=words&histograms-case=A&histograms-signal=weight-gradient"
        v.page.wait_for_url(address)
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
