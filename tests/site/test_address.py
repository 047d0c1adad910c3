"""What is chosen stands in the page's address, and "back" leads to it again."""

from __future__ import annotations

import re

import laboratory_guest
import pytest
from built_site import Site, Visitor
from choosing_guest import PAGE, case_of, chooser
from explorer_guest import choose, drawn, expect_shown, explorer, shown
from playwright.sync_api import Page, expect


def follow_anchor(page: Page) -> None:
    page.get_by_role("link", name="below", exact=True).click()
    page.wait_for_url("**#below")


@pytest.mark.usefixtures("page_of_choices")
def test_a_figure_shows_again_what_was_chosen_before_an_anchor(site: Site, visit: Visitor) -> None:
    with visit() as v:
        player = chooser(v.page, site)
        follow_anchor(v.page)
        for case in ("A", "B"):
            case_of(player).select_option(case)
            expect(player).to_have_attribute("aria-label", f"weight of {case} narrow.")
        v.page.wait_for_url(re.compile("case=B.*#below"))
        v.page.go_back()
        expect(case_of(player)).to_have_value("Z")  # as at first
        player.scroll_into_view_if_needed()
        expect(player).to_have_attribute("aria-label", "weight of Z narrow.")
        assert v.page.url == site.url(PAGE)
        v.page.go_forward()
        expect(case_of(player)).to_have_value("B")
        player.scroll_into_view_if_needed()
        expect(player).to_have_attribute("aria-label", "weight of B narrow.")
        assert v.complaints == []


@pytest.mark.usefixtures("page_of_choices")
def test_an_address_is_written_rarely_and_before_it_is_needed(site: Site, visit: Visitor) -> None:
    with visit() as v:
        player = chooser(v.page, site)
        v.page.evaluate(
            """() => {
              window.writings = 0;
              const replace = history.replaceState;
              history.replaceState = function (state, title, address) {
                if (address) window.writings += 1;
                return replace.apply(this, arguments);
              };
            }"""
        )
        v.page.evaluate(
            """() => {
              const select = document.querySelector("microgrand-player select");
              for (let i = 0; i < 150; i++) {
                select.selectedIndex = i % 3;
                select.dispatchEvent(new Event("change", { bubbles: true }));
              }
            }"""
        )
        case = case_of(player).input_value()
        link = v.page.get_by_role("link", name="below", exact=True)
        link.evaluate("(link) => link.click()")  # at once
        v.page.wait_for_url(f"**?histograms-case={case}&histograms-signal=weight#below")
        assert v.page.evaluate("window.writings") <= 4
        assert v.complaints == []


@pytest.mark.usefixtures("page_to_explore")
def test_the_explorer_shows_again_what_was_chosen_before_an_anchor(
    site: Site, visit: Visitor
) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        first = shown(element)
        v.page.evaluate("location.hash = 'below'")
        choose(element, "case", "H: −tanh θ, as published")
        choose(element, "signal", "input gradient")
        expect_shown(element, "H: ", "input gradient")
        v.page.wait_for_url(re.compile("case=H-published.*signal=input.*#below"))
        v.page.go_back()
        expect_shown(element, first)
        assert "case=" not in v.page.url
        v.page.go_forward()
        expect_shown(element, "H: ", "input gradient")
        assert v.complaints == []


def test_links_of_the_explorer_page_lead_to_what_they_name(site: Site, visit: Visitor) -> None:
    with visit() as v:
        with v.page.expect_response("**/sitemap.xml"):
            v.page.goto(site.url("explorer"))
        element = drawn(v.page)
        v.page.wait_for_load_state("networkidle")
        for words, found in (
            ("The weight gradient in layer 6", "weight gradient in layer 6"),
            ("the same with one weight nudged", "one weight nudged"),
            ("Case A of the penalties beside case Z", "weight in layer 1, A: "),
        ):
            v.page.get_by_role("link", name=words).click()
            expect_shown(element, found)
            expect(element.get_by_label("case", exact=True)).to_be_in_viewport()
        v.page.go_back()
        expect_shown(element, "one weight nudged")
        assert v.complaints == []


@pytest.mark.usefixtures("page_of_controls")
def test_the_laboratory_sets_again_what_was_set_before_an_anchor(
    site: Site, visit: Visitor
) -> None:
    with visit() as v:
        laboratory_guest.started(v.page, site)
        penalty = v.page.get_by_label("penalty")
        penalty.select_option("l1")
        v.page.wait_for_url("**penalty=l1**")
        follow_anchor(v.page)
        penalty.select_option("l4")
        v.page.wait_for_url("**penalty=l4**")
        for go, wanted in ((v.page.go_back, "l1"), (v.page.go_forward, "l4")):
            go()
            expect(penalty).to_have_value(wanted)
        assert v.complaints == []
