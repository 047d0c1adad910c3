"""Leads the words of a page to the pages that explain them.

The first use of a word of docs/glossary.md in a page's prose becomes a link that tells its
definition on hover. A work in a list, "Authors (year), *Title*", leads to its place in
docs/bibliography.md, and one that is missing there fails a strict build. Lessons are HTML from a
notebook and other pages from Markdown; here both are the same. Code, formulas, headings, tables,
figures and links are left as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

log = get_plugin_logger("reference")

PAGES = re.compile(r"(lessons|derivations)/|(proof|kinks|data|glossary|notation)\.md$")
ENTRY = re.compile(r"^((?:[^\s:#].*\n)+):   ((?:.+\n(?:    .+\n)*))", re.MULTILINE)
WORK = re.compile(
    r"(<li[^>]*>\s*(?:<p>)?)([^<()]+\((?:[^<()]+, )?(\d{4})\))"
    r"(?=,\s+(?:<a [^>]*>)?<em>([^<]+)</em>)"
)
CITED = re.compile(r"(?<=\()([^\W\d][^()<>]*?), (\d{4})(?=\))")
TAG = re.compile(r"(<!--.*?-->|<[^>]+>)", re.DOTALL)
MATH = re.compile(r"(\$\$.*?\$\$|\$[^$]+\$|\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
QUIET = {
    *("a", "abbr", "button", "code", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("pre", "script", "style", "summary", "svg", "table"),
}
PROSE = {"p", "li", "dd"}


def slug(words: str) -> str:
    """A word as an anchor: small letters and digits without accents, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))


def glossary(root: Path) -> dict[str, str]:
    """Every word of the glossary and its definition, as plain text."""
    text = (root / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = {}
    for terms, definition in ENTRY.findall(text):
        for term in terms.strip().splitlines():
            found[term.strip()] = " ".join(definition.split())
    return found


def family_name(authors: str) -> str:
    """The family name of a work's first author."""
    first = re.split(r",| & | &amp; | and | et al", authors.partition("(")[0])[0]
    return first.split()[-1]


def anchor_of_work(authors: str, year: str, title: str) -> str:
    """The anchor of a work: its first author's family name, its year, its title's first word."""
    return slug(f"{family_name(authors)} {year} {title.split()[0]}")


def bibliography(root: Path) -> list[str]:
    """The anchors of all works, in the order of the page."""
    text = (root / "docs" / "bibliography.md").read_text(encoding="utf-8")
    entries = re.findall(r"^- ([^*\n]*?(\d{4})\)), \*([^*]+)\*", text, re.MULTILINE)
    return [anchor_of_work(*entry) for entry in entries]


def pieces(html: str) -> Iterator[tuple[str, bool]]:
    """The page cut into tags and texts, and whether each is text of the prose."""
    quiet, depth, paragraphs = "", 0, 0
    for piece in TAG.split(html):
        name = re.match(r"</?([a-zA-Z][\w-]*)", piece)
        if name is None:
            yield piece, not quiet and paragraphs > 0 and not piece.startswith("<")
            continue
        step = -1 if piece.startswith("</") else 1
        if quiet:
            depth += step * (name[1] == quiet)
            quiet = quiet if depth else ""
        elif step > 0 and (name[1] in QUIET or re.search(r'class="[^"]*(arithmatex|katex)', piece)):
            quiet, depth = name[1], 1
        else:
            paragraphs += step * (name[1] in PROSE)
        yield piece, False


def with_terms(html: str, terms: dict[str, str], place: str) -> str:
    """The first use of each word becomes a link to its definition at `place`."""
    longest_first = sorted(terms, key=len, reverse=True)
    known = {term.lower(): term for term in terms}
    words = "|".join(re.sub("y$", "(?:y|ies)", re.escape(term)) for term in longest_first)
    pattern = re.compile(rf"(?<![\w/.-])({words})(?:e?s)?(?![\w/-])", re.IGNORECASE)
    used = set()

    def link(match: re.Match[str]) -> str:
        term = known[re.sub("ies$", "y", match[1].lower())]
        if term in used:
            return match[0]
        used.add(term)
        told = escape(terms[term])
        return f'<a class="term" href="{place}#{slug(term)}" title="{told}">{match[0]}</a>'

    parts = []
    for piece, is_prose in pieces(html):
        texts = MATH.split(piece) if is_prose else [piece]
        for number, text in enumerate(texts):
            parts.append(pattern.sub(link, text) if is_prose and number % 2 == 0 else text)
    return "".join(parts)


def with_works(html: str, works: list[str], place: str, where: str) -> str:
    """Works in lists, and those cited as (Author, year), become links to the bibliography."""

    def link(match: re.Match[str]) -> str:
        anchor = anchor_of_work(match[2], match[3], match[4])
        if anchor not in works:
            log.warning("%s cites %s, which is not in the bibliography", where, match[2])
            return match[0]
        return f'{match[1]}<a class="work" href="{place}#{anchor}">{match[2]}</a>'

    def link_cited(match: re.Match[str]) -> str:
        start = slug(f"{family_name(match[1])} {match[2]}") + "-"
        fitting = [anchor for anchor in works if anchor.startswith(start)]
        if len(fitting) != 1:  # an author of two works in a year, or no work at all
            return match[0]
        return f'<a class="work" href="{place}#{fitting[0]}">{match[0]}</a>'

    parts = pieces(WORK.sub(link, html))
    return "".join(CITED.sub(link_cited, text) if prose else text for text, prose in parts)


def on_page_content(html: str, page: Page, config: Any, files: Files) -> str | None:
    uri, root = page.file.src_uri, Path(config.config_file_path).parent
    if uri == "bibliography.md":
        return WORK.sub(
            lambda m: m[0].replace("<li>", f'<li id="{anchor_of_work(m[2], m[3], m[4])}">', 1), html
        )
    if not PAGES.match(uri):
        return None
    places = [files.get_file_from_path(name) for name in ("glossary.md", "bibliography.md")]
    to_glossary, to_works = (file.url_relative_to(page.file) for file in places if file)
    terms = {term: told for term, told in glossary(root).items() if slug(term) != slug(page.title)}
    html = with_works(html, bibliography(root), to_works, uri)
    if uri == "glossary.md":
        return re.sub(r"<dt>(.*?)</dt>", lambda m: f'<dt id="{slug(m[1])}">{m[1]}</dt>', html)
    return with_terms(html, terms, to_glossary)
