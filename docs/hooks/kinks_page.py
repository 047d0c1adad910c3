"""Fills the page on kinks from the table in the package, and links to it from the derivations.

In docs/kinks.md, `<!-- kinks -->` becomes the table and `<!-- answers -->` what each library was
asked. A derivation page of an op in the table gets a line under its heading "Kinks and edges".
"""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from markdown_tables import markdown_table
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from microgrand.kinks import ASKED, KINKS, Kink

HEADING = "## Kinks and edges\n"


def number(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    text = "∞" if np.isinf(value) else f"{abs(value):.4g}"
    return f"−{text}" if value < 0 else text


def slope(value: Any) -> str:
    """A gradient as text: one number if all are equal, else all of them, in reading order."""
    if value is None:
        return "none"
    entries = [number(entry) for entry in np.ravel(value).astype(float)]
    return entries[0] if len(set(entries)) == 1 else f"({', '.join(entries)})"


def table() -> str:
    rows = []
    for kink in KINKS:
        sides = ", ".join("–" if side is None else number(side) for side in kink.slopes)
        others = [slope(answer.slope) for answer in kink.answers.values()]
        ours = f"**{slope(kink.chosen)}**"
        rows.append([f"[{kink.op}](#{kink.op})", kink.where, sides, ours, *others])
    return markdown_table(["operation", "where", "left, right", "ours", *ASKED], rows)


def paragraph(kink: Kink) -> str:
    asked = []
    for name, answer in kink.answers.items():
        said = "no slope" if answer.slope is None else f"the slope {slope(answer.slope)}"
        asked.append(f"- {name}: `{answer.expression}` has {said}.")
    return "\n".join([f"**{kink.where}.** {kink.why}", "", *asked, ""])


def answers() -> str:
    """A section for each op: why, and the expression that each library was given."""
    parts = []
    for name, rows in groupby(KINKS, key=lambda kink: kink.op):
        parts += [f"### {name} {{ #{name} }}", "", *(paragraph(kink) for kink in rows)]
        parts += [f"[How its gradient is derived](derivations/{name}.md#kinks-and-edges)", ""]
    versions = ", ".join(f"{library} {version}" for library, version in ASKED.items())
    return "\n".join([f"Asked were {versions}.", "", *parts])


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    place = PurePosixPath(page.file.src_uri)
    if place.name == "kinks.md":
        markdown = markdown.replace("<!-- kinks -->", table())
        return markdown.replace("<!-- answers -->", answers())
    if place.parts[0] == "derivations" and place.stem in {kink.op for kink in KINKS}:
        if HEADING not in markdown:
            raise PluginError(f"{place}: there is no heading “Kinks and edges” to link from")
        link = f"What other libraries choose here stands in [a table](../kinks.md#{place.stem})."
        return markdown.replace(HEADING, f"{HEADING}\n{link}\n", 1)
    return markdown
