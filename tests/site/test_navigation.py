"""Finding one's way: tabs and columns, the API reference, commands, a page that does not exist."""

from __future__ import annotations

import html
import re
import time

import navigation
import pytest
from built_site import LESSON, ROOT, Site, Visitor, arrive, violations, with_plain_spaces
from mkdocs.exceptions import PluginError
from playwright.sync_api import Route, expect

PAGES = ("", "lessons/curve", "claims", "explorer", "laboratory", "derivations/l1", "proof", "api")


@pytest.mark.parametrize("width", [1280, 1000])
def test_from_page_to_page_the_text_stays_where_it_is(
    site: Site, visit: Visitor, width: int
) -> None:
    with visit(viewport={"width": width, "height": 900}) as v:
        places = set()
        for path in PAGES:
            v.page.goto(site.url(path))
            heading = v.page.locator("h1").bounding_box()
            assert heading
            places.add(heading["x"])
        assert len(places) == 1


def later(route: Route) -> None:
    time.sleep(0.1)
    route.continue_()


def test_back_leads_to_where_the_reader_was(site: Site, visit: Visitor) -> None:
    """At the foot of a long page, from a short one, though the answer takes its time."""
    with visit() as v:
        v.page.route("**/*", later)
        v.page.goto(site.url(LESSON))
        v.page.evaluate("scrollTo(0, document.body.scrollHeight - 2000)")
        v.page.wait_for_timeout(500)  # Material remembers it
        left = v.page.evaluate("scrollY")
        assert left > 5000
        v.page.evaluate(
            "document.querySelector('.md-tabs a[href*=explorer], a[href*=notation]').click()"
        )
        expect(v.page.locator("h1")).not_to_contain_text("Curve")
        v.page.go_back()
        expect(v.page.locator("h1")).to_contain_text("Curve")
        v.page.wait_for_function("(y) => Math.abs(scrollY - y) < 50", arg=left)
        v.page.wait_for_timeout(300)
        assert abs(v.page.evaluate("scrollY") - left) < 50


@pytest.mark.parametrize("width", [1280, 390])
def test_a_way_within_a_page_leaves_it_as_it_is(site: Site, visit: Visitor, width: int) -> None:
    """What is unfolded stays so, nothing is fetched anew, and the next page begins at its top."""
    with visit(viewport={"width": width, "height": 900}) as v:
        arrive(v.page, site.url(LESSON))
        fetched: list[str] = []
        v.page.on("request", lambda request: fetched.append(request.url))
        hint = v.page.locator("details.hint").first
        hint.evaluate("(fold) => (fold.open = true)")
        if width < 1000:
            v.page.locator("header label[for=__drawer]").press(" ")
            v.page.locator("label[for=__toc].md-nav__link").click()
        v.page.locator(".md-sidebar--primary, .md-sidebar--secondary").locator(
            ".md-nav--secondary a:visible"
        ).nth(3).click()
        v.page.wait_for_url("**#*")
        v.page.wait_for_function("scrollY > 1000 && !document.getElementById('__drawer').checked")
        v.page.wait_for_timeout(300)
        v.page.go_back()
        v.page.wait_for_function("scrollY === 0")
        expect(hint).to_have_attribute("open", "")
        assert [one for one in fetched if one.rstrip("/").endswith(LESSON)] == []
        v.page.evaluate("scrollTo(0, 400)")
        v.page.locator(".md-footer a").first.evaluate("(link) => link.click()")
        expect(hint).to_have_count(0)
        v.page.wait_for_function("scrollY === 0")


def test_the_tabs_are_few_and_each_leads_somewhere(site: Site, visit: Visitor) -> None:
    with visit(viewport={"width": 1280, "height": 900}) as v:
        v.page.goto(site.url("kinks"))
        tabs = v.page.locator(".md-tabs__link")
        names = [name.strip() for name in tabs.all_inner_texts()]
        assert names == ["Home", "Lessons", "Runs and verdicts", "Derivations", "Reference"]
        expect(v.page.locator(".md-tabs__item--active")).to_have_text("Derivations")
        column = v.page.locator(".md-sidebar--primary")
        for name in ("How gradients are proved", "ReLU", "L1, the lasso"):
            expect(column.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_the_api_reference_names_every_module_once(site: Site) -> None:
    page = with_plain_spaces((site.folder / "api" / "index.html").read_text("utf-8"))
    article = page[page.index("<article") : page.index("</article>")]
    found = navigation.modules(ROOT)
    assert len(found) > 50
    for name, path in found.items():
        line = html.escape(navigation.first_line(path), quote=False)
        entry = re.findall(rf'<a href="{re.escape(name)}/"><code>{name}</code></a>: (.*)', article)
        told = re.sub("<[^>]*>", "", entry[-1]).rstrip()
        assert told == re.sub("[`*]", "", line), name
        assert 1 <= len(entry) <= 2  # two are named in the text above, too
        assert (site.folder / "api" / name / "index.html").is_file()


def test_the_api_reference_begins_with_a_training(site: Site, visit: Visitor) -> None:
    """The program of README.md, which the tests run."""
    with visit() as v:
        v.page.goto(site.url("api"))
        program = v.page.locator("article pre code").inner_text()
    assert program.startswith("import numpy")
    assert program in (ROOT / "README.md").read_text("utf-8")


def test_a_module_without_a_purpose_fails_the_build() -> None:
    assert navigation.by_purpose(["microgrand.ops.dense"])["Operations and their gradients"]
    with pytest.raises(PluginError, match=r"microgrand\.cooking has no place"):
        navigation.by_purpose(["microgrand.ops.dense", "microgrand.cooking"])


def test_the_fields_of_a_record_are_in_the_reference(site: Site) -> None:
    page = (site.folder / "api" / "microgrand.training" / "index.html").read_text("utf-8")
    for field in ("Dataset.x", "Dataset.y", "Epoch.train_loss", "Epoch.parameters"):
        assert f'id="microgrand.training.{field}"' in page


def test_every_command_says_what_it_takes(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url("api/microgrand.cli"))
        article = v.page.locator("article")
        for command in ("list", "exercise", "verify", "claims", "run", "data fetch", "data show"):
            expect(article.locator("h2", has_text=f"microgrand {command}¶")).to_be_visible()
        expect(article).to_contain_text("--json")
        expect(article).not_to_contain_text("Annotated")


def test_a_page_that_does_not_exist_leads_on(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.address + "404.html")
        expect(v.page.locator("article a")).to_have_count(5)
        text = (site.folder / "404.html").read_text("utf-8")
        for link in re.findall('href="([^"]*)"', text[text.index("<article") :]):
            assert link.startswith("/")  # the page is shown at any depth
            assert v.page.request.get(site.address + link[1:]).ok
        assert violations(v.page) == []
