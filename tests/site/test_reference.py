"""The pages that explain: every work that is cited, every word and symbol, once and for all."""

import re
from collections import Counter
from pathlib import Path

import pytest
import reference

ROOT = Path(__file__).parents[2]

WORKS = reference.bibliography(ROOT)
WORDS = reference.glossary(ROOT)
PAGES = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "derivations").glob("*.md")]
LESSONS = sorted((ROOT / "lessons").glob("[!_]*.py"))
LIBRARY = sorted((ROOT / "microgrand").rglob("*.py"))
BIBLIOGRAPHY = (ROOT / "docs" / "bibliography.md").read_text("utf-8")


def text_of(path: Path) -> str:
    text = path.read_text("utf-8")
    return re.sub(r"^ *# ?", "", text, flags=re.MULTILINE) if path in LESSONS else text


# -------------------------------------------------------------------------------- the bibliography


def test_every_work_stands_there_once() -> None:
    assert len(WORKS) == len(re.findall(r"^- ", BIBLIOGRAPHY, re.MULTILINE)) > 80
    assert max(Counter(WORKS).values()) == 1


def test_works_are_in_alphabetical_order() -> None:
    papers = WORKS[5:]  # after the articles
    names = [anchor.split("-")[0] for anchor in papers]
    assert names == sorted(names)


@pytest.mark.parametrize("path", [*LESSONS, *PAGES], ids=lambda path: path.stem)
def test_every_work_in_a_list_is_in_the_bibliography(path: Path) -> None:
    entries = re.findall(r"^- ([^*\n[]*?(\d{4})\)),\s+\[?\*([^*]+)\*", text_of(path), re.MULTILINE)
    if path in LESSONS:
        assert len(entries) >= 5
    for authors, year, title in entries:
        assert reference.anchor_of_work(authors, year, title) in WORKS, f"{authors} is missing"


@pytest.mark.parametrize("path", [*LESSONS, *PAGES, *LIBRARY], ids=lambda path: path.stem)
def test_every_author_and_year_in_a_text_is_in_the_bibliography(path: Path) -> None:
    text = " ".join(text_of(path).split())
    cited = re.findall(
        r"([A-ZŁ][\w'-]+)(?:(?:, [A-Z][\w'-]+)*,? (?:&|and) (?:[A-Z][\w'-]+|others)| et al\.)?"
        r",? \(?((?:18|19|20)\d\d)\)",
        text,
    )
    entries = re.findall(r"^- (.*?)(\d{4})\)", BIBLIOGRAPHY, re.MULTILINE)
    known = {
        (reference.slug(n), year) for who, year in entries for n in re.findall(r"[\w'-]+", who)
    }
    for name, year in cited:
        assert (reference.slug(name), year) in known, f"{name} ({year})"


def test_dois_and_arxiv_numbers_are_told_as_they_are_linked() -> None:
    links = re.findall(r"\[((?:doi|arXiv):[^]]+)\]\((\S+)\)\.$", BIBLIOGRAPHY, re.MULTILINE)
    assert len(links) > 50
    for told, link in links:
        kind, _, number = told.partition(":")
        place = {"doi": "https://doi.org/", "arXiv": "https://arxiv.org/abs/"}[kind]
        assert link.replace("%28", "(").replace("%29", ")") == place + number
        shape = {"doi": r"10\.\d{4,5}/\S+", "arXiv": r"\d{4}\.\d{4,5}|cs/\d{7}"}[kind]
        assert re.fullmatch(shape, number)


def test_other_pages_give_a_work_the_same_number_as_the_bibliography() -> None:
    numbers = set(re.findall(r"\[((?:doi|arXiv):[^]]+)\]", BIBLIOGRAPHY))
    for path in [*LESSONS, *PAGES]:
        for number in re.findall(r"\[((?:doi|arXiv):[^]]+)\]\(", text_of(path)):
            assert number in numbers, f"{path.name}: {number}"


@pytest.mark.parametrize(
    ("authors", "year", "title", "anchor"),
    [
        ("Ba, Kiros &amp; Hinton (2016)", "2016", "Layer normalization", "ba-2016-layer"),
        ("Jae Duk Seo (2019)", "2019", "Two Weird Ways", "seo-2019-two"),
        ("Candès, Wakin and Boyd (2008)", "2008", "Enhancing sparsity", "candes-2008-enhancing"),
        ("Shi et al. (2016)", "2016", "Is the", "shi-2016-is"),
        ("Xiaoxiaoyu (小小鱼, 2018)", "2018", "Weight", "xiaoxiaoyu-2018-weight"),
    ],
)
def test_a_work_is_known_by_author_year_and_title(
    authors: str, year: str, title: str, anchor: str
) -> None:
    assert reference.anchor_of_work(authors, year, title) == anchor
    html = f"<ul>\n<li>{authors}, <a href='x'><em>{title}</em></a>: read it.</li></ul>"
    found = reference.with_works(html, [anchor], "../b/", "here")
    assert f'<li><a class="work" href="../b/#{anchor}">{authors}</a>, <a href' in found


def test_a_work_cited_in_a_text_is_linked_where_there_is_but_one() -> None:
    works = ["natarajan-1995-sparse", "seo-2019-two", "seo-2019-regularization", "ba-2016-layer"]
    link = '<a class="work" href="../b/#{}">{}</a>'
    for cited, anchor in (
        ("Natarajan, 1995", works[0]),
        ("Ba, Kiros &amp; Hinton, 2016", works[3]),
    ):
        html = f"<p>It is hard ({cited}).</p>"
        expected = f"<p>It is hard ({link.format(anchor, cited)}).</p>"
        assert reference.with_works(html, works, "../b/", "here") == expected
    for html in ("<p>(Seo, 2019)</p>", "<p>(Nobody, 1999)</p>", "<h2>(Natarajan, 1995)</h2>"):
        assert reference.with_works(html, works, "../b/", "here") == html


def test_a_work_that_is_missing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    html = "<li>Nobody (1999), <em>Nothing</em>.</li>"
    assert reference.with_works(html, [], "../b/", "lessons/x.ipynb") == html
    assert "lessons/x.ipynb cites Nobody (1999)" in caplog.text


# ------------------------------------------------------------------------------------ the glossary


def test_words_are_told_once_in_a_sentence_or_three() -> None:
    source = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert len(WORDS) == len(re.findall(r"^:   ", source, re.MULTILINE)) >= 60
    assert len({reference.slug(word) for word in WORDS}) == len(WORDS)
    for word, told in WORDS.items():
        assert told.endswith("."), word
        assert 20 < len(told) < 260, word
        assert not set(told) & set("$*[]`<"), word  # it has to do as plain text


def test_words_are_in_alphabetical_order_under_each_heading() -> None:
    source = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    for part in source.split("\n## ")[1:]:
        words = [word.lower() for word in re.findall(r"^(\S.*)\n:   ", part, re.MULTILINE)]
        assert words == sorted(words)


LINK = '<a class="term" href="../g/#{}" title="{}">{}</a>'
TERMS = {"penalty": "A price.", "L1": 'Σ|θ| "size"', "weight decay": "Shrinking.", "weight": "W."}


def linked(html: str) -> str:
    return reference.with_terms(html, TERMS, "../g/")


def test_the_first_use_of_a_word_is_a_link_that_tells_it() -> None:
    link = LINK.format("penalty", "A price.", "penalties")
    assert linked("<p>Two penalties, one penalty.</p>") == f"<p>Two {link}, one penalty.</p>"
    quoted = LINK.format("l1", "Σ|θ| &quot;size&quot;", "L1")
    assert linked("<li>L1</li>") == f"<li>{quoted}</li>"


def test_of_two_words_at_a_place_the_longer_is_meant() -> None:
    first, second = (LINK.format(*x) for x in (
        ("weight-decay", "Shrinking.", "Weight decay"), ("weight", "W.", "weights")
    ))  # fmt: skip
    assert linked("<p>Weight decay, weights</p>") == f"<p>{first}, {second}</p>"


@pytest.mark.parametrize(
    "html",
    [
        "<h2>Penalty</h2>",
        "<p><code>penalty</code></p>",
        "<pre><code>penalty</code></pre>",
        '<p><a href="x">a penalty</a></p>',
        "<p>$penalty + L1$ and \\(penalty\\)</p>",
        "<p>$$\npenalty\n$$ \\[ L1 \\]</p>",
        '<p><span class="arithmatex">\\(penalty <span>L1</span> penalty\\)</span></p>',
        '<div class="arithmatex"><div>L1</div> penalty</div>',
        "<table><tr><td><p>penalty</p></td></tr></table>",
        "<svg><svg></svg><p>penalty</p></svg>",
        "<figure><p>penalty</p></figure>",
        "<div>penalty</div>",
        '<p title="penalty">L10, penalty_row, penaltys-x, a/penalty</p><!-- <p>penalty</p> -->',
        "<script>'<p>penalty</p>'</script>",
    ],
)
def test_what_is_no_prose_is_left_alone(html: str) -> None:
    assert linked(html) == html
    after = linked(html + "<p>a penalty</p>")
    assert after == html + "<p>a " + LINK.format("penalty", "A price.", "penalty") + "</p>"


# ------------------------------------------------------------------------------------ the notation


def test_symbols_of_the_lessons_are_on_the_page_of_notation() -> None:
    notation = (ROOT / "docs" / "notation.md").read_text("utf-8")
    for greek in ("theta", "lambda", "eta", "beta", "varepsilon", "sigma", "mu", "rho", "gamma"):
        assert f"\\{greek}" in notation
    # A letter of the Greek alphabet that three lessons use is no longer a page's own.
    used: Counter[str] = Counter()
    for path in LESSONS:
        formulas = " ".join(re.findall(r"\$[^$]+\$", text_of(path)))
        letters = "alpha|beta|gamma|delta|theta|lambda|eta|mu|rho|sigma|tau|phi|varepsilon|epsilon"
        used.update(set(re.findall(rf"\\({letters})(?![a-z])", formulas)))
    for letter, lessons in used.items():
        assert lessons < 3 or f"\\{letter}" in notation, letter
