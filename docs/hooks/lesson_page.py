"""Makes the page of an executed lesson look like every other page of the book.

mkdocs-jupyter would write a notebook with its own style sheets (0.6 MB a page), scripts, copy
buttons and colours. Here lesson.html.j2 writes it, with what assets/lesson.css and Material know.
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
from mkdocs_jupyter import convert
from nbconvert import HTMLExporter
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from microgrand.programs import cells

log = get_plugin_logger("lessons")

SHELL = re.compile(r'<div class="highlight"><pre>(.*?)</pre></div>', re.DOTALL)  # in the prose
NAME = re.compile(r'<span class="(?:n|w)">([^<]*)</span>')  # has the colour of code in general
FOLDED_CODE = {  # by the cell's tag: what stands on the fold
    "collapse-input": "Code of this {}",  # figure or table
    "imports": "Imports",
    "settings": "Settings",
    "claims": "Code of the claims",
}
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


def highlighted(source: str) -> str:
    """Python code as HTML, with the classes that Material has colours for."""
    return NAME.sub(r"\1", highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def as_html(notebook: str, **_: Any) -> str:
    """The cells of a notebook as HTML, written by lesson.html.j2."""
    exporter = HTMLExporter(
        template_file="lesson.html.j2",
        extra_template_paths=[str(Path(__file__).parent)],
        filters={"highlighted": highlighted},
        exclude_output_prompt=True,
    )
    return str(exporter.from_filename(notebook, {"folded_code": FOLDED_CODE})[0])


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


def on_startup(**_: Any) -> None:
    """Let mkdocs-jupyter ask us for the HTML: its own has its styles whatever its template is."""
    convert.nb2html = as_html


def on_page_content(html: str, page: Page, config: Any, files: Files) -> str | None:
    uri = page.file.src_uri
    if not (uri.startswith("lessons/") and uri.endswith(".ipynb")):
        return None
    html = SHELL.sub(r'<div class="highlight"><pre><code>\1</code></pre></div>', html)
    html = html.replace('class="anchor-link"', 'class="headerlink"')  # as on other pages
    html = linked(html, page, files)
    heading = html.find("</h1>")
    after = heading + len("</h1>") if heading >= 0 else 0
    return html[:after] + box(page, config, files) + html[after:]


@event_priority(-100)  # after mkdocs-jupyter, whose 0.27 adds a MathJax loader to every page
def on_post_page(output: str, page: Page, config: Any) -> str:
    return re.sub(r"<script data-mkdocs-jupyter-mathjax=.*?</script>", "", output, flags=re.DOTALL)
