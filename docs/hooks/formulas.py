"""Renders every formula while the book is built, so that a page shows it with scripts off.

One that KaTeX does not understand fails the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from katex import FORMULA, as_html
from line_breaks import unbroken
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.pages import Page

# Tags, with what is between them where it is blank; or a text. Code, drawings, and what a program
# printed may hold a dollar that is one.
PIECE = re.compile(
    r"(?:<(?P<kept>script|style|textarea|pre|code|option|svg)\b.*?</(?P=kept)>"
    r"|<!--.*?-->|<[^>]*>|\s+(?=<))+|(?P<text>[^<]+)",
    re.DOTALL,
)
TOUCHED = re.compile(
    rf"(?P<before>[(\[“]*)(?:{FORMULA.pattern})(?P<after>[)\]”’.,;:!?-]*)", re.DOTALL
)
# Markdown wraps a formula; without that the brackets around it stand in the same text.
WRAPPED = re.compile(r'<span class="arithmatex">(\\\(.+?\\\))</span>', re.DOTALL)


def with_formulas(text: str) -> str:
    """A text of a page with its formulas rendered, each on one line with the brackets around it."""
    parts, position = [], 0
    for match in TOUCHED.finditer(text):
        formula, display = as_html(match)
        done = f"{match['before']}{formula}{match['after']}"
        if not display and (match["before"] or match["after"]):
            done = f'<span class="unbroken">{done}</span>'
        parts += [unbroken(text[position : match.start()]), done]
        position = match.end()
    return "".join([*parts, unbroken(text[position:])])


def pieces(page: str) -> Iterator[str]:
    """The page, piece by piece, with the formulas of its text rendered."""
    position = page.index("<body")
    yield page[:position]
    while position < len(page):
        match = PIECE.match(page, position)
        if match is None:
            raise ValueError(f"a tag is never closed: {page[position : position + 80]}")
        yield with_formulas(match[0]) if match["text"] else match[0]
        position = match.end()


@event_priority(-100)  # after everything that writes text
def on_post_page(output: str, page: Page, config: Any) -> str:
    try:
        return "".join(pieces(WRAPPED.sub(r"\1", output)))
    except ValueError as error:
        raise PluginError(f"{page.file.src_uri}: a formula is not understood: {error}") from None
