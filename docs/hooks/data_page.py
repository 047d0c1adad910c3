"""Fills the page on data: the table of data sets, the photographs' credits, sheets of samples.

In docs/data.md, `<!-- data sets -->` and `<!-- photographs -->` become tables of what the package
knows, and data/NAME.webp are sheets of samples.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import Any

from markdown_tables import markdown_table
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from microgrand.data import catalog, photographs
from microgrand.figures import sheet

SAMPLES = 10
QUALITY = 85  # of WebP; 100 is the best
EITHER = "#767a80"  # a contrast of 4 with a light page and with a dark one
LINK = re.compile(r"https?://[^\s)]+")


def linked(text: str) -> str:
    """Addresses as links that show their site."""
    return LINK.sub(lambda match: f"[{match[0].split('/')[2]}]({match[0]})", text)


def data_sets() -> str:
    """A row for each data set by name."""
    rows = []
    for name, entry in catalog.CATALOG.items():
        sites = {file.url.rpartition("/")[0] for file in entry.files}
        origin = linked(" ".join(sites)) if sites else "installed with microgrand"
        rows.append((f"**{name}**", entry.about, entry.terms, origin))
    return markdown_table(("name", "what it is", "by whom, on which terms", "where from"), rows)


def table_of_photographs() -> str:
    """A row for each photograph that `patches` is cut from."""
    packages = {"skimage": "scikit-image", "sklearn": "scikit-learn"}
    rows = [
        (one.name, linked(one.credit), one.licence, linked(one.source), packages[one.package])
        for one in photographs.PHOTOGRAPHS
    ]
    return markdown_table(("class", "photograph", "licence", "source", "ships in"), rows)


@cache
def draw(name: str) -> bytes:
    """A sheet of samples as WebP."""
    images = catalog.load(name)
    figure = sheet.draw_sheet(*images.train, images.classes, SAMPLES)
    out = io.BytesIO()
    for label in figure.axes[0].get_yticklabels():
        label.set_color(EITHER)
    figure.savefig(out, format="webp", dpi=110, pil_kwargs={"quality": QUALITY})
    return out.getvalue()


def on_files(files: Files, config: Any) -> Files:
    for name in (name for name, entry in catalog.CATALOG.items() if not entry.files):
        files.append(File.generated(config, f"data/{name}.webp", content=draw(name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    if page.file.src_uri != "data.md":
        return markdown
    markdown = markdown.replace("<!-- data sets -->", data_sets())
    return markdown.replace("<!-- photographs -->", table_of_photographs())
