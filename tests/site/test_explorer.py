"""The page on which recorded runs are explored: those of the site's own build."""

from __future__ import annotations

import re

import numpy as np
import pytest
from built_site import Site, Visitor
from explorer_guest import PAGE, choose, drawn, epoch, expect_shown, explorer, picture, shown
from playwright.sync_api import expect

from microgrand.signals import SIGNALS

pytestmark = pytest.mark.usefixtures("page_to_explore")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390), ("light", 320)])
def test_choosing_by_mouse(site: Site, visit: Visitor, scheme: str, width: int) -> None:
    with visit(color_scheme=scheme, viewport={"width": width, "height": 844}) as v:
        asked: list[str] = []
        v.page.on("request", lambda request: asked.append(request.url))
        element = explorer(v.page, site)
        ours = [url.partition(f"/{PAGE}/")[2] for url in asked if url.endswith(".json")]
        assert [name for name in ours if name] == [
            "index.json",
            "penalties/A-published.json",
            "penalties/Z-published.json",
            "penalties/A-published/weight.json",
            "penalties/Z-published/weight.json",
        ]
        assert "weight in layer 1, A: θ², as published beside Z: 0, as published" in shown(element)
        pictures = [picture(element)]
        for name, label, words in (
            ("case", "E: |θ|, as published", "E: |θ|"),
            ("compared with", "A: θ², as published", "beside A: θ²"),
            ("signal", "weight gradient", "weight gradient in layer 1"),
            ("compared with", "nothing", "as published: its"),
        ):
            choose(element, name, label)
            expect_shown(element, words)
            pictures.append(picture(element))
        element.get_by_label("layer", exact=True).fill("3")
        expect_shown(element, "weight gradient in layer 4")
        pictures.append(picture(element))
        element.get_by_label("logarithmic").check()
        pictures.append(picture(element))
        element.get_by_label("epoch", exact=True).fill("0")
        pictures.append(picture(element))
        assert len(set(pictures)) == len(pictures)
        assert v.page.evaluate("document.documentElement.scrollWidth") == width
        assert v.complaints == []
        assert v.strangers == []


def test_every_lesson_offers_what_it_has(site: Site, visit: Visitor) -> None:
    signals = {
        "Penalties": list(SIGNALS),
        "Normalisation": ["weight gradient", "input gradient", "weight", "weight minus gradient"],
        "Shrinkage": ["weight"],
        "Noise": ["weight"],
        "Curve fitting": ["prediction", "density of the weights"],
    }
    with visit() as v:
        element = explorer(v.page, site)
        for lesson, names in signals.items():
            choose(element, "lesson", lesson)
            expect(element.get_by_label("signal").locator("option")).to_have_text(names)
            for signal in names:
                choose(element, "signal", signal)
                expect_shown(element, f"{signal} in ")
                assert element.locator(".panel").count() >= 3
                assert element.locator(".wide").count() == 1
        assert v.complaints == []


def test_strengths_stand_on_a_slider(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site, "?lesson=curve")
        choose(element, "case", "weight decay in the loss")
        strength = element.get_by_label("strength", exact=True)
        expect_shown(element, "λ = 1e-05 beside no regularisation")
        before = picture(element)
        strength.focus()
        v.page.keyboard.press("End")
        expect_shown(element, "λ = 1 beside")
        assert strength.get_attribute("aria-valuetext") == "λ = 1"
        assert picture(element) != before
        element.get_by_label("compared with").select_option("decoupled-1")
        expect_shown(element, "beside weight decay beside Adam, λ = 1")
        choose(element, "case", "no regularisation")
        expect(strength).to_be_hidden()
        assert v.complaints == []


def test_bars_and_outline_each_sum_to_a_hundred(site: Site, visit: Visitor) -> None:
    """Also where the two runs are counted in bins of different width."""
    with visit() as v:
        element = explorer(v.page, site, "?case=A-published&with=E-corrected")
        for signal in SIGNALS:
            choose(element, "signal", signal)
            expect_shown(element, f"{signal} in layer")
            element.evaluate(
                """element => {  // half the width for the bars
                  for (const { distribution } of element.runs[0].layers) {
                    distribution.limits = distribution.limits.map((limit) => limit / 2);
                  }
                  element.show(element.runs);
                }"""
            )
            for layer in range(6):
                element.get_by_label("layer", exact=True).fill(str(layer))
                expect_shown(element, f"{signal} in layer {layer + 1}")
                sums, widths = element.evaluate(
                    """element => {
                      const [bars, line] = element.player.data.panels[0].series;
                      const sum = (row) => row.reduce((a, b) => a + b, 0);
                      return [
                        [...bars.y.map(sum), ...line.y.map((row) => sum(row) / 2)],
                        [bars.edges[1] - bars.edges[0], line.x[1] - line.x[0]],
                      ];
                    }"""
                )
                assert len(sums) > 2
                np.testing.assert_allclose(sums, 100)
                np.testing.assert_allclose(widths[0], widths[1])


def test_the_epoch_by_keyboard(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        slider = element.get_by_label("epoch", exact=True)
        last = int(slider.get_attribute("max") or 0)
        assert last >= 2
        assert slider.input_value() == str(last)  # the end of the training comes first
        v.page.keyboard.press("ArrowLeft")  # nothing has the focus
        v.page.keyboard.press("Shift+ArrowLeft")  # selects text
        assert epoch(element) == f"epoch {last - 1}"
        slider.focus()
        for key, number in (("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("End", last)):
            v.page.keyboard.press(key)
            assert epoch(element) == f"epoch {number}"
            expect(element.locator("th").first).to_have_text(f"epoch {number}")
        layer = element.get_by_label("layer", exact=True)
        layer.focus()
        v.page.keyboard.press("ArrowRight")  # a slider of its own
        expect_shown(element, "layer 2")
        assert epoch(element) == f"epoch {last}"
        for reached in ("lesson", "case", "compared with", "signal", "layer", "logarithmic"):
            element.get_by_label(reached, exact=True).focus()
            expect(element.get_by_label(reached, exact=True)).to_be_focused()
        v.page.keyboard.press("Tab")
        expect(element.get_by_role("button", name="play")).to_be_focused()
        v.page.keyboard.press("Space")
        expect(element.get_by_role("button", name="pause")).to_be_visible()
        assert v.complaints == []


def test_the_epoch_stays_when_something_else_is_chosen(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        element.get_by_label("epoch", exact=True).fill("1")
        for name, label in (
            ("case", "C: θ, as published"),
            ("signal", "moment"),
            ("lesson", "Shrinkage"),
            ("lesson", "Penalties"),
        ):
            before = shown(element)
            choose(element, name, label)
            expect(element.locator("microgrand-player")).not_to_have_attribute("aria-label", before)
            assert epoch(element) == "epoch 1", label


def test_which_runs_these_are(site: Site, visit: Visitor) -> None:
    with visit() as v:
        element = explorer(v.page, site)
        about = element.locator("details")
        expect(about.locator("dl").first).to_be_hidden()
        about.locator("summary").click()
        first = about.locator("dl").first
        expect(first).to_be_visible()
        text = first.inner_text()
        assert "microgrand run penalties --preset quick" in text
        assert re.search(r"\b[0-9a-f]{64}\b", text)  # the checksum of the data
        assert f"numpy {np.__version__}" in text
        assert about.locator("dl").count() == 2
        choose(element, "compared with", "nothing")
        expect(about.locator("dl")).to_have_count(1)


def test_which_runs_these_are_follows_the_recording(site: Site, visit: Visitor) -> None:
    """Though its cases have the same names, and the layer that was wished stays in the address."""
    with visit() as v:
        v.page.goto(site.url("explorer") + "?lesson=penalties&layer=6")
        element = drawn(v.page)
        about = element.locator("details.about")
        expect(about).to_contain_text("--epochs 50")
        for title, epochs in (("Penalties (150 epochs)", 150), ("Noise", 100), ("Penalties", 50)):
            choose(element, "lesson", title)
            expect(about).to_contain_text(f"--epochs {epochs}")
            v.page.wait_for_url("**&layer=6*")
        expect_shown(element, "layer 6")


@pytest.mark.parametrize(
    "update",
    [
        "element.player.show(i % element.epochs.length)",
        "element.wished.layer = 1 + (i % 6); element.show(element.runs, element.told)",
    ],
    ids=["epoch", "layer"],
)
def test_an_update_takes_five_milliseconds(site: Site, visit: Visitor, update: str) -> None:
    """Of the page's own thread: the machine may be busy with other things."""
    with visit() as v:
        element = explorer(v.page, site)
        developer = v.page.context.new_cdp_session(v.page)
        developer.send("Performance.enable", {"timeDomain": "threadTicks"})

        def seconds() -> float:
            metrics = developer.send("Performance.getMetrics")["metrics"]
            return float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))

        def burst() -> float:
            start = seconds()
            element.evaluate(f"element => {{ for (let i = 0; i < 30; i++) {{ {update}; }} }}")
            return (seconds() - start) / 30

        assert 0 < min(burst() for _ in range(3)) <= 0.005  # a busy machine's clock runs fast


def test_nothing_moves_by_itself(site: Site, visit: Visitor) -> None:
    with visit(reduced_motion="no-preference") as v:
        element = explorer(v.page, site)
        before = epoch(element)
        v.page.wait_for_timeout(900)
        assert epoch(element) == before
        expect(element.get_by_role("button", name="play")).to_be_visible()
        element.get_by_role("button", name="play").click()
        expect(element.locator(".frame")).not_to_have_text(before)
