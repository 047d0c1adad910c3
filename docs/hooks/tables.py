"""Tables: how a page's program writes one in Markdown, and a last touch to all that are rendered.

A heading that says nothing becomes an ordinary cell, so that no reader is told of a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mkdocs.structure.pages import Page

EMPTY = re.compile(r"<th(?: (?:scope|style)=\"[^\"]*\")*>\s*</th>")


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[Any]], words: int = 99) -> str:
    """A table in Markdown; columns beyond the first so many hold numbers."""
    rule = ["---" if column < words else "--:" for column in range(len(header))]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in (header, rule, *rows))


def on_post_page(output: str, page: Page, config: Any) -> str:
    return EMPTY.sub("<td></td>", output)
