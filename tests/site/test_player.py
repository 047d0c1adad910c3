"""The moving figures: mouse, keyboard, reduced motion, and what shows where they cannot run."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from built_site import LESSON, Site, Visitor, arrive, first_player, follow_link
from playwright.sync_api import expect


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
            v.page.keyboard.press("Home")
            v.page.keyboard.press("ArrowRight")
            v.page.keyboard.press("ArrowRight")
            v.page.keyboard.press("ArrowLeft")
            assert slider.input_value() == "1"
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


def test_a_film_rests_at_its_end_and_stops_where_motion_is_no_longer_wanted(
    site: Site, visit: Visitor
) -> None:
    with visit(reduced_motion="no-preference") as v:
        first_player(v.page, site)
        player = v.page.locator("microgrand-player").first
        v.page.evaluate(
            """() => {
              const player = document.querySelector("microgrand-player");
              const last = player.data.frames.length - 1;
              player.frame = last - 1;
              window.shown = [];
              player.addEventListener("frame", () => shown.push([player.frame, performance.now()]));
            }"""
        )
        v.page.wait_for_function("shown.length >= 4")
        moments = v.page.evaluate("shown.slice(0, 4)")
        last = int(player.get_by_role("slider").get_attribute("max") or 0)
        assert [frame for frame, _ in moments] == [last, 0, 1, 2]
        rest, step = moments[1][1] - moments[0][1], moments[2][1] - moments[1][1]
        assert rest > 1000 > step
        v.page.emulate_media(reduced_motion="reduce")
        expect(player.get_by_role("button", name="play")).to_be_visible()


def test_what_has_gaps_or_no_extent_is_drawn_as_far_as_it_goes(site: Site, visit: Visitor) -> None:
    with visit() as v:
        first_player(v.page, site)
        drawn = v.page.evaluate(
            """async () => {
              const { Panel } = await import(new URL("../../assets/panel.js", location));
              const x = [0, 1, 2, 3, 4];
              const [high, low] = [[2, 2, null, 2, 2], [1, 1, null, 1, 1]];
              const band = { kind: "band", label: "", x, high, low };
              const line = { kind: "line", label: "", x, y: [0, 0, 0, 0, 0] };
              const [four, two, none] = [[0, 4], [0, 2], [null, null]];
              return [[four, two, band], [four, [0, 0], line], [[3, 3], none, line]].map(
                ([x_limits, y_limits, series]) => {
                  const panel = new Panel({ x_limits, y_limits, series: [series] }, () => "c0");
                  panel.draw(200);
                  panel.show(0);
                  return [panel.paths[0].getAttribute("d"), panel.node.outerHTML];
                },
              );
            }"""
        )
        (band, _), *flat = drawn
        assert [part.count("L") for part in band.split("M")[1:]] == [3, 3]  # two boxes
        assert band.count("Z") == 2
        for _, markup in flat:
            assert "NaN" not in markup
            assert "Infinity" not in markup


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


def test_where_motion_is_reduced_the_home_page_shows_how_it_ends(
    site: Site, visit: Visitor
) -> None:
    with visit(reduced_motion="reduce") as v:
        v.page.goto(site.url(""))
        slider = v.page.locator("microgrand-player").first.get_by_role("slider")
        assert slider.input_value() == slider.get_attribute("max")
        slider.focus()
        v.page.keyboard.press("Home")  # from then on it is the reader's
        assert slider.input_value() == "0"


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
        arrive(v.page, site.url(""))
        v.page.get_by_role("link", name="Lessons").first.click()
        v.page.wait_for_url(f"**/{LESSON}/")
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        v.page.get_by_role("heading", name="Curve fitting", level=1).wait_for()
        v.page.locator("microgrand-player").first.scroll_into_view_if_needed()
        v.page.locator("microgrand-player .controls").first.wait_for()
        expect(v.page.locator("article .katex").first).to_be_visible()
        assert v.page.evaluate("window.same"), "the page was loaded anew"
        assert v.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_does_not_grow_while_it_is_read(site: Site, visit: Visitor, width: int) -> None:
    with visit(viewport={"width": width, "height": 800}) as v:
        v.page.goto(site.url(LESSON))
        players = v.page.locator("microgrand-player")
        expect(players.first.locator(".room")).to_be_attached()
        before = players.evaluate_all("(all) => all.map((one) => one.offsetHeight)")
        for player in players.all():
            player.scroll_into_view_if_needed()
            player.locator(".controls").wait_for()
            expect(player.locator(".room")).to_have_count(0)
        after = players.evaluate_all("(all) => all.map((one) => one.offsetHeight)")
        assert after == pytest.approx(before, abs=12)


@pytest.mark.parametrize("width", [390, 460])
def test_on_a_phone_nothing_moves_but_the_figure(site: Site, visit: Visitor, width: int) -> None:
    """Labels of frames differ in length; the controls stay as they are."""
    with visit(viewport={"width": width, "height": 900}) as v:
        v.page.goto(site.url("lessons/shrinkage"))
        player = v.page.locator("microgrand-player").first
        player.scroll_into_view_if_needed()
        expect(player.locator(".panels svg").first).to_be_visible()
        slider, sizes = player.get_by_role("slider"), set()
        slider.focus()
        v.page.keyboard.press("Home")
        for _ in range(int(slider.get_attribute("max") or 0) + 1):
            bar, controls = slider.bounding_box(), player.locator(".controls").bounding_box()
            assert bar
            assert controls
            sizes.add((bar["width"], controls["height"]))
            v.page.keyboard.press("ArrowRight")
        assert len(sizes) == 1


def test_without_its_data_a_player_takes_no_room_for_them(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.route("**/*.json", lambda route: route.abort())
        v.page.goto(site.url(LESSON))
        player = v.page.locator("microgrand-player").first
        player.scroll_into_view_if_needed()
        expect(player.locator("img")).to_be_visible()
        expect(player.locator(".room")).to_be_hidden()


def test_numbers_are_saved_under_the_name_of_what_is_shown(site: Site, visit: Visitor) -> None:
    with visit() as v:
        arrive(v.page, site.url(""))  # instant navigation makes addresses absolute
        follow_link(v.page, site.url("lessons/noise"))
        figure = v.page.locator("#fig-weights")
        figure.scroll_into_view_if_needed()
        figure.locator(".controls").wait_for()
        figure.locator("details.made summary").click()
        figure.get_by_label("noise", exact=True).select_option("D-text")
        expect(figure.locator(".player-title")).to_contain_text("σ of the text")
        with v.page.expect_download() as download:
            figure.get_by_role("link", name="Download its numbers (CSV)").click()
        assert download.value.suggested_filename == "weights-D-text.csv"
        v.page.route("**/*.json", lambda route: route.abort())
        figure.get_by_label("noise", exact=True).select_option("weights")
        expect(figure.locator(".trouble")).not_to_be_empty()
        with v.page.expect_download() as download:
            figure.get_by_role("link", name="Download its numbers (CSV)").click()
        assert download.value.suggested_filename == "weights-D-text.csv"  # it is still shown


def test_a_single_panel_has_one_title_and_starts_have_colours(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url("lessons/shrinkage"))
        figure = v.page.locator("#fig-weights-l1")
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".player-title")).to_contain_text("L1")
        expect(figure.locator("svg.panel .title")).to_have_text("")
        v.page.goto(site.url("lessons/noise"))
        figure = v.page.locator("#fig-saddle")
        figure.scroll_into_view_if_needed()
        figure.locator(".controls").wait_for()
        points = figure.locator("svg.panel").first.locator(".series.points")
        inks = points.evaluate_all("(all) => all.map((one) => getComputedStyle(one).stroke)")
        assert len(set(inks)) == 4
