"""A last touch to all tables: a heading that says nothing becomes an ordinary cell.

So no reader is told of a heading where there is none.
"""

from __future__ import annotations

import re
from typing import Any

from mkdocs.structure.pages import Page

EMPTY = re.compile(r"<th(?: (?:scope|style)=\"[^\"]*\")*>\s*</th>")


def on_post_page(output: str, page: Page, config: Any) -> str:
    return EMPTY.sub("<td></td>", output)
