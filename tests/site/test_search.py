"""What a reader finds who searches."""

from __future__ import annotations

import json
import re

import pytest
import reference
import search_index
from built_site import ROOT, Site, Visitor
from playwright.sync_api import expect


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\(1/(1 - r)\)", "1/(1 − r)"),
        (r"$\sqrt{v} + \varepsilon$", "√(v) + ε"),
        (r"$\frac{a + b}{2}$", "(a + b)/2"),
        (r"$\theta_i^2$", "θ_i²"),
        (r"$e^{-\lambda t}$", "e^(− λt)"),
        (r"\(x^\top \bar y\)", "xᵀy\u0304"),
        (r"$a < b$", "a &lt; b"),
        (r"(\(x\)), “$y$”: $z$.", "(x), “y”: z."),
        (r"$\no such thing$", r"$\no such thing$"),
        ("<code>$HOME and $PATH</code>", "<code>$HOME and $PATH</code>"),
    ],
)
def test_a_formula_is_read_in_a_line(formula: str, text: str) -> None:
    assert search_index.without_tex(formula) == text


@pytest.fixture(scope="module")
def index(site: Site) -> list[dict[str, str]]:
    text = (site.folder / "search" / "search_index.json").read_text("utf-8")
    return list(json.loads(text)["docs"])


def test_no_result_shows_tex_or_imports(index: list[dict[str, str]]) -> None:
    for entry in index:
        shown = re.sub("<(pre|code)>.*?</\\1>", "", entry["title"] + entry["text"], flags=re.DOTALL)
        assert not re.search(r"\\[a-zA-Z(\[]|\$[^$ ]+\$", shown), entry["location"]
        if entry["location"].startswith("lessons/"):
            assert "import numpy" not in entry["text"]
            assert "Code of this figure" not in entry["text"]


def test_every_word_of_the_glossary_is_an_entry(index: list[dict[str, str]]) -> None:
    found = {entry["location"]: entry["title"] for entry in index}
    for word in reference.glossary(ROOT):
        assert found[f"glossary/#{reference.slug(word)}"] == word


def test_a_word_of_the_glossary_is_found_first(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url("proof"))
        v.page.keyboard.press("/")
        v.page.keyboard.type("soft threshold")
        found = v.page.locator(".md-search-result__item").first
        expect(found).to_contain_text("every weight comes nearer to zero by the same amount")
        found.locator("a[href*='#soft-threshold']").click()
        expect(v.page).to_have_url(re.compile("/glossary/.*#soft-threshold$"))


def test_what_is_found_on_the_same_page_is_shown_there(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url("glossary"))
        v.page.keyboard.press("/")
        v.page.keyboard.type("soft threshold")
        v.page.locator(".md-search-result__item a[href*='#soft-threshold']").first.click()
        expect(v.page).to_have_url(re.compile("/glossary/.*#soft-threshold$"))
        expect(v.page.locator("#__search")).not_to_be_checked()
        expect(v.page.locator("#soft-threshold")).to_be_in_viewport()


def test_a_link_from_the_search_marks_its_words_again(site: Site, visit: Visitor) -> None:
    with visit() as v:
        v.page.goto(site.url("glossary") + "?h=threshold")
        marks = v.page.locator("article mark")
        expect(marks.first).to_be_attached()
        assert {text.lower() for text in marks.all_text_contents()} <= {"threshold", "thresholds"}
