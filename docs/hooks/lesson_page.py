"""Makes the page of an executed lesson look like every other page of the book.

mkdocs-jupyter writes a notebook with its own style sheets (0.6 MB a page), scripts, copy buttons
and colours. Here all that goes; the cells stay, with the classes that assets/book.css and
Material know.
"""

from __future__ import annotations

import math
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from microgrand.programs import cells

log = get_plugin_logger("lessons")

STYLE_OR_SCRIPT = re.compile(r"<(style|script)\b[^>]*>.*?</\1>", re.DOTALL)
TOOLBAR = re.compile(
    r'<div class="celltoolbar">.*?(?=<div class="CodeMirror)'
    r'|<div class="zeroclipboard-container">.*?</clipboard-copy>\s*</div>'
    r"|<div [^>]*clipboard-copy-txt[^>]*>.*?</div>"
    r'|<div class="jp-Collapser.*?</div>',
    re.DOTALL,
)
CODE = re.compile(r'<div class="highlight-ipynb[^"]*"><pre>(.*?)</pre></div>', re.DOTALL)
PLAIN = re.compile(r'<div class="highlight"><pre>(.*?)</pre></div>', re.DOTALL)
NAME = re.compile(r'<span class="(?:n|w)">([^<]*)</span>')  # has the colour of code in general
CELL = r'<div class="jp-Cell jp-CodeCell[^"]*celltag_'
FOLDED_CODE = {  # by the cell's tag: what stands on the fold
    "collapse-input": "Code of this figure",
    "imports": "Imports",
    "settings": "Settings",
    "claims": "Code of the claims",
}
FOLDED = (  # the <div> to fold away, its class, and what stands on the fold
    (re.compile(rf"(?={CELL}solution)"), "solution", "Solution"),
    (re.compile(rf"(?={CELL}check)"), "check", "Check"),
    *(
        (
            re.compile(rf'{CELL}{tag}.*?(?=<div class="jp-Cell-inputWrapper)', re.DOTALL),
            "figure-code",
            summary,
        )
        for tag, summary in FOLDED_CODE.items()
    ),
)
BOX = """<div class="lesson-box">
<p>About {minutes} minutes to read, code and all. Symbols are explained under
<a href="{notation}">notation</a>, words with dots under them in the
<a href="{glossary}">glossary</a>.</p>
<p><strong>Run this yourself</strong></p>
<ul>
<li><code>microgrand run {name}</code> <span>as on this page</span></li>
<li><code>microgrand run {name} --preset quick</code> <span>in seconds</span></li>
<li><code>microgrand run {name} --epochs 20</code> <span>in your own way;
<code>--help</code> lists every setting</span></li>
<li><a href="{name}.ipynb" download="{name}.ipynb">Download this lesson, executed (.ipynb)</a></li>
</ul>
</div>
"""
READ_IN_A_MINUTE = {"words": 220, "lines": 30}
FOLDED_AWAY = ("solution", "check", *FOLDED_CODE, "hide-input")


def end_of_div(html: str, start: int) -> int:
    """Where the <div> that opens at `start` has closed."""
    depth = 0
    for tag in re.compile(r"<div\b|</div>").finditer(html, start):
        depth += 1 if tag[0] == "<div" else -1
        if depth == 0:
            return tag.end()
    raise ValueError("a <div> of the notebook is never closed")


def folded(html: str, where: re.Pattern[str], kind: str, summary: str) -> str:
    """Fold a <div> away until the reader opens it: a solution, the code of a figure."""
    parts, position = [], 0
    for match in where.finditer(html):
        if match.end() < position:  # the template nests two <div> of the same class
            continue
        end = end_of_div(html, match.end())
        parts += [
            html[position : match.end()],
            f'<details class="{kind}"><summary>{summary}</summary>',
            html[match.end() : end],
            "</details>",
        ]
        position = end
    return "".join([*parts, html[position:]])


def of_tables(html: str) -> str:
    """Name the folded code of a cell after what it makes, where that is a table."""
    parts = re.split(r'(?=<div class="jp-Cell )', html)
    for number, part in enumerate(parts):
        if "<table" in part and "<figure" not in part:
            parts[number] = part.replace(">Code of this figure<", ">Code of this table<")
    return "".join(parts)


def minutes_to_read(source: str) -> int:
    """How long the prose and the open code of a lesson take, to the next five minutes."""
    words = lines = 0
    for cell in cells(source):
        if cell.is_prose:
            words += len(re.sub("^#", "", cell.body, flags=re.MULTILINE).split())
        elif not cell.has_tag(*FOLDED_AWAY):
            lines += sum(bool(line.strip()) for line in cell.body.splitlines())
    minutes = words / READ_IN_A_MINUTE["words"] + lines / READ_IN_A_MINUTE["lines"]
    return max(5, 5 * math.ceil(minutes / 5))


def box(page: Page, config: Any, files: Files) -> str:
    """What stands under a lesson's title: how long it takes, how to run it, how to keep it."""
    name = posixpath.basename(page.file.src_uri).removesuffix(".ipynb")
    source = Path(config.config_file_path).parent / "lessons" / f"{name}.py"
    places = {}
    for kind in ("notation", "glossary"):
        file = files.get_file_from_path(f"{kind}.md")
        places[kind] = file.url_relative_to(page.file) if file else ""
    return BOX.format(
        name=name, minutes=minutes_to_read(source.read_text(encoding="utf-8")), **places
    )


def without_notebook_styles(html: str) -> str:
    """Drop the styles and scripts around the notebook, not those inside a figure (<svg>)."""
    pieces = re.split(r"(<svg\b.*?</svg>)", html, flags=re.DOTALL)
    return "".join(p if p.startswith("<svg") else STYLE_OR_SCRIPT.sub("", p) for p in pieces)


def linked(html: str, page: Page, files: Files) -> str:
    """Links to other pages by their source (../derivations/dense.md), as everywhere in MkDocs."""

    def resolve(match: re.Match[str]) -> str:
        path, anchor = match[1], match[2] or ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), path))
        file = files.get_file_from_path(target)
        if file is None:
            log.warning("%s links to %s, which does not exist", page.file.src_uri, path)
            return match[0]
        return f'href="{file.url_relative_to(page.file)}{anchor}"'

    return re.sub(r'href="([^":#]+\.(?:md|ipynb))(#[^"]*)?"', resolve, html)


def on_page_content(html: str, page: Page, config: Any, files: Files) -> str | None:
    uri = page.file.src_uri
    if not (uri.startswith("lessons/") and uri.endswith(".ipynb")):
        return None
    html = TOOLBAR.sub("", without_notebook_styles(html))
    html = CODE.sub(
        r'<div class="language-python highlight"><pre><code>\1</code></pre></div>', html
    )
    html = PLAIN.sub(r'<div class="highlight"><pre><code>\1</code></pre></div>', html)
    html = NAME.sub(r"\1", html)
    html = html.replace('class="anchor-link"', 'class="headerlink"')  # as on other pages
    for where, kind, summary in FOLDED:
        html = folded(html, where, kind, summary)
    html = linked(of_tables(html), page, files)
    heading = html.find("</h1>")
    after = heading + len("</h1>") if heading >= 0 else 0
    return html[:after] + box(page, config, files) + html[after:]


@event_priority(-100)  # after mkdocs-jupyter, whose 0.27 adds a MathJax loader to every page
def on_post_page(output: str, page: Page, config: Any) -> str:
    return re.sub(r"<script data-mkdocs-jupyter-mathjax=.*?</script>", "", output, flags=re.DOTALL)
