"""Where things stand on a page, on a desktop and on a phone."""

from __future__ import annotations

import re

import pytest
from built_site import LESSONS, Site, Visitor

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
CUT = """() => [...document.querySelectorAll("article caption")].filter((caption) => {
  const text = document.createRange();
  text.selectNodeContents(caption);
  return text.getBoundingClientRect().right > innerWidth;
}).map((caption) => caption.textContent)"""


ALONE = """() => [...document.querySelectorAll("article .headerlink")].filter((mark) => {
  const text = document.createRange();
  text.setStart(mark.parentElement, 0);
  text.setEndBefore(mark);
  const lines = [...text.getClientRects()];
  return lines.length && mark.getBoundingClientRect().top > Math.max(...lines.map((l) => l.bottom));
}).map((mark) => mark.parentElement.textContent)"""
TAPPED = "article :is(summary, .md-code__button, table.claims th > a)"
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


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


def test_the_mark_of_a_heading_never_stands_in_a_line_by_itself(site: Site, visit: Visitor) -> None:
    with visit(viewport=PHONE) as v:
        for name in LESSONS:
            v.page.goto(site.url(f"lessons/{name}"))
            assert v.page.evaluate(ALONE) == [], name


@pytest.mark.parametrize("path", ["lessons/curve", "claims", "derivations/l1"])
def test_what_is_tapped_is_large_enough(site: Site, visit: Visitor, path: str) -> None:
    with visit(viewport=PHONE, has_touch=True) as v:
        v.page.goto(site.url(path))
        v.page.wait_for_timeout(300)
        boxes = [one.bounding_box() for one in v.page.locator(TAPPED).all() if one.is_visible()]
        assert boxes
        assert all(box and min(box["width"], box["height"]) >= 24 for box in boxes)


def test_the_claims_of_an_article_stand_in_one_line(site: Site, visit: Visitor) -> None:
    with visit(viewport=DESKTOP) as v:
        v.page.goto(site.url("claims"))
        for line in v.page.locator("dl.overview dd").all():
            tops = line.evaluate("(dd) => [...dd.children].map((chip) => chip.offsetTop)")
            assert len(set(tops)) == 1


def test_the_text_does_not_move_when_its_fonts_come(site: Site, visit: Visitor) -> None:
    with visit(viewport=PHONE) as v:
        v.page.add_init_script(SHIFTS)
        v.page.goto(site.url("lessons/shrinkage"))
        v.page.wait_for_load_state("networkidle")
        assert v.page.evaluate("window.shifted") < 0.05
        fonts = v.page.locator("link[rel=preload][as=font]")
        assert fonts.count() == 2
        for font in fonts.all():
            assert v.page.request.get(str(font.evaluate("(link) => link.href"))).ok


def test_chinese_is_marked_as_chinese(site: Site) -> None:
    for path in site.pages:
        text = (site.folder / path / "index.html").read_text("utf-8")
        article = text[text.index("<article") : text.index("</article>")]
        for before in re.findall("(.{0,20})[\u4e00-\u9fff]+", article):
            assert before.endswith('<span lang="zh">'), path
