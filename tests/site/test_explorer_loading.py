"""What the explorer loads: by its address, slowly, after instant navigation, or not at all."""

from __future__ import annotations

import re

import pytest
from built_site import Site, Visitor, arrive, follow_link
from explorer_guest import NEIGHBOUR, PAGE, choose, drawn, expect_shown, explorer, picture, shown
from playwright.sync_api import Route, expect

either_file = pytest.mark.parametrize("file", ["C-published.json", "C-published/weight.json"])
pytestmark = pytest.mark.usefixtures("page_to_explore")


def test_an_address_can_be_shared(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        assert v.page.url == site.url(PAGE)  # nothing is chosen yet
        length = v.page.evaluate("history.length")
        choose(element, "case", "H: −tanh θ, as published")
        expect_shown(element, "H: ")
        choose(element, "signal", "input gradient")
        element.get_by_label("layer", exact=True).fill("4")
        element.get_by_label("logarithmic").check()
        element.get_by_label("epoch", exact=True).fill("1")
        v.page.wait_for_url(re.compile("epoch=1"))
        for part in ("lesson=penalties", "case=H-published", "with=Z-published", "powers=1",
                     "signal=input\\+gradient", "layer=5"):  # fmt: skip
            assert re.search(part, v.page.url), part
        assert v.page.evaluate("history.length") == length
        address, look = v.page.url, picture(element)
        numbers_shown = element.locator("table").inner_text()
    with visit() as v:
        v.page.goto(address)
        element = drawn(v.page)
        assert picture(element) == look
        assert element.locator("table").inner_text() == numbers_shown
        choose(element, "lesson", "Curve fitting")
        choose(element, "case", "dropout")
        element.get_by_label("strength", exact=True).fill("3")
        v.page.wait_for_url(re.compile("case=dropout-0.33"))
        v.page.reload()
        expect_shown(drawn(v.page), "dropout, p = 0.33")


@pytest.mark.parametrize(
    "asked",
    ["?lesson=none", "?case=X", "?layer=99", "?layer=-1", "?layer=NaN", "?epoch=-3", "?epoch=1e9",
     "?with=X", "?signal=%00", "?%", "?lesson=noise&case=A-published"],
)  # fmt: skip
def test_an_address_that_asks_for_what_is_not_there(site: Site, visit: Visitor, asked: str) -> None:
    with visit() as v:
        element = explorer(v.page, site, asked)
        assert "beside" in shown(element)
        assert element.locator(".wide").count() == 1
        assert v.complaints == []


def test_without_scripts_a_sentence_says_what_would_be_here(site: Site, visit: Visitor) -> None:
    with visit(java_script_enabled=False) as v:
        v.page.goto(site.url(PAGE))
        expect(v.page.get_by_text("Here would be a picture of the recorded runs")).to_be_visible()


def test_without_its_index_the_sentence_stays(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.route("**/index.json", lambda route: route.abort())
        v.page.goto(site.url(PAGE))
        v.page.wait_for_load_state("networkidle")
        expect(v.page.get_by_text("Here would be a picture of the recorded runs")).to_be_visible()


@either_file
def test_what_cannot_be_fetched_leaves_what_was_shown(
    site: Site, visit: Visitor, file: str
) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        before, status = picture(element), element.locator(".trouble")

        def refuse(route: Route) -> None:
            route.abort()

        v.page.route(f"**/{file}", refuse)
        choose(element, "case", "C: θ, as published")
        expect(status).to_contain_text("Could not be fetched")
        assert picture(element) == before
        v.page.unroute(f"**/{file}", refuse)
        choose(element, "case", "A: θ², as published")
        expect(status).to_be_empty()
        choose(element, "case", "C: θ, as published")
        expect_shown(element, "C: θ, as published")


@either_file
def test_a_slow_answer_does_not_overtake_a_later_choice(
    site: Site, visit: Visitor, file: str
) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        held: list[Route] = []
        v.page.route(f"**/{file}", lambda route: held.append(route))
        choose(element, "case", "C: θ, as published")
        expect(element.locator("microgrand-player")).to_have_class(re.compile("waiting"))
        choose(element, "case", "H: −tanh θ, as published")
        expect_shown(element, "H: ")
        held[0].continue_()
        v.page.wait_for_timeout(300)
        assert "H: " in shown(element)
        expect(element.locator("microgrand-player")).not_to_have_class(re.compile("waiting"))


def test_a_choice_taken_back_at_once_leaves_nothing_dimmed(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        v.page.route("**/C-published.json", lambda route: None)  # it never answers
        there, back = ("C: θ, as published", "A: θ², as published")
        v.page.evaluate(
            """([there, back]) => {
              const select = document.querySelector("microgrand-explorer").case;
              for (const words of [there, back]) {
                [...select.options].find(({ text }) => text === words).selected = true;
                select.dispatchEvent(new Event("input", { bubbles: true }));
              }
            }""",
            [there, back],
        )
        v.page.wait_for_timeout(400)
        expect_shown(element, "A: ")
        expect(element.locator("microgrand-player")).not_to_have_class(re.compile("waiting"))


def test_a_link_keeps_its_signal_where_something_is_chosen_while_it_loads(
    site: Site, visit: Visitor
) -> None:
    with visit() as v:
        held: list[Route] = []
        v.page.route("**/H-published.json", lambda route: held.append(route))
        v.page.goto(site.url(PAGE) + "?case=H-published&signal=input+gradient&layer=3")
        v.page.get_by_label("logarithmic").check()
        v.page.wait_for_url(re.compile("powers=1"))
        assert "signal=input+gradient&layer=3" in v.page.url
        v.page.wait_for_timeout(100)
        held[0].continue_()
        element = drawn(v.page)
        expect_shown(element, "H: ")
        assert shown(element).startswith("input gradient in layer 3")


def test_a_wish_outlives_what_does_not_have_it(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        choose(element, "signal", "moment")
        element.get_by_label("layer", exact=True).fill("4")
        expect_shown(element, "moment in layer 5")
        choose(element, "lesson", "Shrinkage")
        expect(element.get_by_label("signal", exact=True)).not_to_have_value("moment")
        element.get_by_label("logarithmic").check()
        choose(element, "lesson", "Penalties")
        expect_shown(element, "moment in layer 5")


def test_after_instant_navigation(site: Site, visit: Visitor) -> None:
    with visit() as v:
        arrive(v.page, site.url(NEIGHBOUR))
        follow_link(v.page, site.url(PAGE))
        v.page.wait_for_url(f"**/{PAGE}/")
        element = drawn(v.page)
        choose(element, "case", "C: θ, as published")
        expect_shown(element, "C: ")
        v.page.go_back()  # before the address is written: it is another page's now
        v.page.wait_for_url(f"**/{NEIGHBOUR}/")
        v.page.wait_for_timeout(600)
        assert "case=" not in v.page.url
        v.page.go_forward()
        drawn(v.page)
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        assert v.complaints == []
