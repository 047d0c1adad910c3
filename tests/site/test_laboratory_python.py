"""The laboratory with Python in the browser, where the site was built with Pyodide and NumPy."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import laboratory_page
import pytest
from built_site import ROOT, Site, Visitor
from laboratory import Laboratory
from playwright.sync_api import Page, expect

FIRST_FRAME = 6  # seconds
LOADING = 300_000  # milliseconds that a busy machine is given


@pytest.fixture
def python(site: Site) -> Path:
    """Where the built site has Pyodide and NumPy."""
    found = laboratory_page.find_core(ROOT)
    if found is None:
        pytest.skip("no Pyodide in .cache/pyodide (make laboratory) or MICROGRAND_PYODIDE")
    if not found.numpy:
        pytest.skip("NumPy's wheel does not lie beside Pyodide, and no test uses the network")
    return site.folder / "laboratory" / "pyodide"


def busy() -> bool:
    """Whether the machine has more to do than it has cores: then no time means anything."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


def epoch(page: Page) -> int:
    return int(re.findall(r"epoch (\d+)", page.locator(".words").inner_text())[0])


@pytest.mark.usefixtures("python")
def test_python_trains_in_the_page(site: Site, visit: Visitor) -> None:
    with visit(reduced_motion="no-preference") as v:
        v.page.goto(site.url("laboratory"))
        start = time.perf_counter()
        v.page.get_by_role("button", name="Start the laboratory").click()
        expect(v.page.locator(".microgrand-laboratory .panel")).to_have_count(3, timeout=LOADING)
        seconds = time.perf_counter() - start
        # The page stays awake: a clock in it is never late by more than a tenth of a second.
        v.page.evaluate(
            """() => {
              window.late = [];
              let last = performance.now();
              setInterval(() => {
                const now = performance.now();
                late.push(now - last - 10);
                last = now;
              }, 10);
            }"""
        )
        expect(v.page.locator(".words")).to_contain_text(re.compile(r"epoch \d\d"))
        late = sorted(v.page.evaluate("late"))
        slow = seconds > FIRST_FRAME or late[len(late) * 99 // 100] > 100
        # A change acts without starting anew: proximal L1 makes exact zeros of most weights.
        expect(v.page.locator(".words")).to_contain_text("; 0% of the weights")
        reached = epoch(v.page)
        v.page.get_by_label("applied as").select_option("proximal")
        v.page.get_by_label("penalty").select_option("l1")
        v.page.get_by_label("strength λ").fill("0")
        v.page.get_by_label("learning rate").fill("-2")
        expect(v.page.locator(".words")).to_contain_text(re.compile(r"; [5-9]\d% of the weights"))
        assert epoch(v.page) > reached
        # Paused, it stands; then it goes epoch by epoch, and anew.
        v.page.get_by_role("button", name="pause").click()
        v.page.wait_for_timeout(500)
        stands = epoch(v.page)
        v.page.wait_for_timeout(500)
        assert epoch(v.page) == stands
        v.page.get_by_role("button", name="one epoch").click()
        expect(v.page.locator(".words")).to_contain_text(f"epoch {stands + 1}:")
        v.page.get_by_role("button", name="start anew").click()
        expect(v.page.locator(".words")).to_contain_text("epoch 0:")
        assert v.complaints == []
        assert v.strangers == []
        if slow and busy():
            pytest.skip("the machine has more to do than it has cores: its times mean nothing")
        assert not slow


@pytest.mark.usefixtures("python")
def test_the_browser_computes_what_the_terminal_computes(site: Site, visit: Visitor) -> None:
    """Up to the rounding of sums, which other processors take in another order."""
    asked = "penalty=half_l2&strength=0.001&dropout=0.2"
    ours = Laboratory(asked)
    with visit() as v:
        v.page.goto(site.url("laboratory") + "?" + asked)
        v.page.get_by_role("button", name="Start the laboratory").click()
        expect(v.page.locator(".words")).to_contain_text("epoch 0:", timeout=LOADING)
        for number in range(1, 4):
            v.page.get_by_role("button", name="one epoch").click()
            expect(v.page.locator(".words")).to_contain_text(f"epoch {number}:")
        while ours.epoch < 3:
            ours.step()
        shown = v.page.evaluate("document.querySelector('microgrand-laboratory').panels[0].panel")
        expected = json.loads(ours.frame())["panels"][0]
        assert shown["series"][0] == expected["series"][0]
        assert shown["series"][1]["y"] == pytest.approx(expected["series"][1]["y"], abs=5e-3)


@pytest.mark.parametrize("genuine", [True, False])
def test_numpy_from_the_distribution_is_held_against_its_checksum(
    site: Site, visit: Visitor, python: Path, genuine: bool
) -> None:
    (wheel,) = python.glob("numpy-*.whl")
    body = wheel.read_bytes() if genuine else b"PK"
    with visit() as v:
        v.page.context.route(
            "https://cdn.jsdelivr.net/**",
            lambda route: route.fulfill(body=body, headers={"access-control-allow-origin": "*"}),
        )
        v.page.goto(site.url("laboratory"))
        v.page.locator("microgrand-laboratory").evaluate(
            "(node, address) => node.setAttribute('distribution', address)",
            laboratory_page.DISTRIBUTION,
        )
        v.page.get_by_role("button", name="Start the laboratory").click()
        words = "epoch 0:" if genuine else "That did not work: NumPy could not be had"
        expect(v.page.locator(".words")).to_contain_text(words, timeout=LOADING)
        (asked,) = v.strangers
        assert re.search(r"cdn\.jsdelivr\.net/pyodide/v\d[\w.]+/full/numpy-[\w.-]+\.whl$", asked)
