"""A figure in which the reader chooses: by mouse, by keyboard, and while it moves."""

from __future__ import annotations

import pytest
from built_site import Site, Visitor
from choosing_guest import case_of, chooser, drawn, signal_of, ticks
from playwright.sync_api import expect

pytestmark = pytest.mark.usefixtures("page_of_choices")


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
