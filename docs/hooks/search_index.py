"""What the search finds: prose and words, with formulas as one would say them in a line.

Material makes an entry of each section. A lesson's code, its drawings and the sources in the API
reference are left out, for their imports and ticks would be found before the prose. Formulas, which
Material keeps in TeX, become plain text. Each word of the glossary gets an entry of its own.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from katex import FORMULA, as_html
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from reference import glossary, slug

from microgrand.typography import RAISED

LEFT_OUT = re.compile(  # none of these has another of its kind inside, which Material would not see
    r'(<div class="language-python highlight">\s*<pre|<svg'
    r'|<details class="(?:mkdocstrings-source|figure-code|made)")(?=[ >])'
)
CODE = re.compile(r"(<pre>.*?</pre>|<code>.*?</code>)", re.DOTALL)
EXPONENTS = RAISED | str.maketrans("⊤", "ᵀ")
ACCENTS = str.maketrans("ˉ^~", "\u0304\u0302\u0303")  # they stand on the letter before them
RELATIONS = {*"=<>≤≥≠≈∼→←∈+−⋅×"}


def grouped(part: str) -> str:
    """Brackets around what would fall apart in a line."""
    part = part.strip()
    return f"({part})" if len(part) > 1 and re.search(r"[^\w.∂\u0302-\u0304]", part) else part


def power(exponent: str) -> str:
    return (
        exponent.translate(EXPONENTS) if exponent in [*"0123456789⊤"] else f"^{grouped(exponent)}"
    )


def in_a_line(node: ElementTree.Element) -> str:
    """MathML as plain text: 1/(1 − r), √(v), θ²."""
    kind = node.tag.rpartition("}")[2]
    parts = [in_a_line(child) for child in node]
    match kind:
        case "annotation":  # the TeX
            return ""
        case "mspace":
            return " "
        case "mo":
            sign = (node.text or "").strip("\u2061").replace("∣", "|")  # U+2061 cannot be seen
            return f" {sign} " if sign in RELATIONS else sign
        case "msqrt":
            return f"√({''.join(parts)})"
        case "mfrac":
            return "/".join(map(grouped, parts))
        case "msup":
            return parts[0] + power(parts[1])
        case "msub" | "munder":
            return f"{parts[0]}_{grouped(parts[1])}"
        case "msubsup" | "munderover":
            return f"{parts[0]}_{grouped(parts[1])}{power(parts[2])}"
        case "mover":
            return parts[0] + parts[1].translate(ACCENTS)
        case "mtr":
            return "".join(parts) + "; "
    return (node.text or "") + "".join(parts)


def as_text(match: re.Match[str]) -> str:
    """A formula of the index in plain text, or as it was if it is none."""
    try:
        made, _ = as_html(match)
    except ValueError:
        return match[0]
    math = ElementTree.fromstring(re.findall(r"<math.*?</math>", made, re.DOTALL)[0])
    return html.escape(" ".join(in_a_line(math).split()), quote=False)


def without_tex(text: str) -> str:
    """The text of an entry; what is code stays, it may hold a dollar that is one."""
    parts = CODE.split(text)
    parts[::2] = [FORMULA.sub(as_text, part) for part in parts[::2]]
    return "".join(parts)


def entries(docs: list[dict[str, str]], terms: dict[str, str]) -> list[dict[str, str]]:
    """The entries of the search: Material's, read aloud, and the glossary word by word."""
    made = []
    for entry in docs:
        told = "" if entry["location"].startswith("glossary/#") else without_tex(entry["text"])
        made.append(entry | {"title": without_tex(entry["title"]), "text": told})
    for term, definition in terms.items():
        place = f"glossary/#{slug(term)}"
        made.append({"location": place, "title": term, "text": html.escape(definition)})
    return made


@event_priority(-50)  # after a lesson's page has been made
def on_page_content(content: str, page: Page, config: Any, files: Files) -> None:
    """Have Material read the page now, while lessons still train; it would do so at the end."""
    if page.file.src_uri.startswith(("lessons/", "api/")):
        content = LEFT_OUT.sub(r'\1 data-search-exclude="true"', content)
    page.content = content  # as the search sees it; MkDocs puts the page's own there after this
    config.plugins["material/search"].search_index.add_entry_from_context(page)
    page.meta["search"] = {"exclude": True}  # it has been read


@event_priority(-100)  # after Material has written its index
def on_post_build(config: Any) -> None:
    path = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(path.read_text("utf-8"))
    index["docs"] = entries(index["docs"], glossary(Path(config.config_file_path).parent))
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), "utf-8")
