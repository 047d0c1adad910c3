"""Where things stand on a page, on a desktop and on a phone."""

from __future__ import annotations

import pytest
from built_site import LESSONS, Site, Visitor

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
CUT = """() => [...document.querySelectorAll("article caption")].filter((caption) => {
  const text = document.createRange();
  text.selectNodeContents(caption);
  return text.getBoundingClientRect().right > innerWidth;
}).map((caption) => caption.textContent)"""


def test_a_command_in_a_table_is_not_broken_into_letters(site: Site, visit: Visitor) -> None:
    with visit(viewport=PHONE) as v:
        v.page.goto(site.url("explorer"))
        commands = v.page.locator("td > code.command")
        assert commands.count() > 0
        for command in commands.all():
            assert command.evaluate("(code) => code.clientWidth") > 250


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_caption_of_a_table_is_cut(site: Site, visit: Visitor, viewport: dict[str, int]) -> None:
    with visit(viewport=viewport) as v:
        for name in LESSONS:
            v.page.goto(site.url(f"lessons/{name}"))
            assert v.page.locator("article caption").count() > 0
            assert v.page.evaluate(CUT) == [], name
