"""Keeps together what should not be torn by the end of a line: 10 000, 95 %, p = 0.5."""

from __future__ import annotations

import re

from microgrand.typography import NARROW

WIDE = "\N{NO-BREAK SPACE}"
NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?: \d{3})+(?![\w])")
PERCENT = re.compile(r"(?<=\d) (?=%)")
# Both sides are short: a long word may go to the next line.
RELATION = re.compile(r"(?<!\S)(\S{1,6}) ([=≠≤≥≈×]|&lt;|&gt;) (?=\S{1,8}(?!\S))")


def unbroken(text: str) -> str:
    """A text of a page with spaces that do not break inside numbers and short relations."""
    text = NUMBER.sub(lambda match: match[0].replace(" ", NARROW), text)
    text = PERCENT.sub(NARROW, text)
    return RELATION.sub(rf"\1{WIDE}\2{WIDE}", text)
