"""KaTeX in an engine of its own: a formula in TeX as MathML and HTML.

MathML is what screen readers and copying use, the HTML is what the eye sees.
"""

from __future__ import annotations

import atexit
import html
import re
from functools import cache
from pathlib import Path

from py_mini_racer import JSEvalException, MiniRacer

KATEX = Path(__file__).parents[1] / "assets" / "katex" / "katex.min.js"
FORMULA = re.compile(
    r"\$\$(?P<block>.+?)\$\$|\\\[(?P<bracketed>.+?)\\\]"
    r"|\\\((?P<parenthesised>.+?)\\\)|\$(?P<inline>.+?)\$",
    re.DOTALL,
)


@cache
def engine() -> MiniRacer:
    """KaTeX, ready to be called; starting it takes a tenth of a second."""
    context = MiniRacer()
    atexit.register(context.close)  # left open, it keeps Python from ending
    context.eval(KATEX.read_text(encoding="utf-8"))
    return context


@cache
def rendered(formula: str, display: bool) -> str:
    """A formula as MathML and HTML.

    Raises:
        ValueError: if KaTeX does not understand it, with its reason.
    """
    options = {"displayMode": display, "output": "htmlAndMathml", "strict": "error"}
    try:
        return str(engine().call("katex.renderToString", formula, options))
    except JSEvalException as error:
        raise ValueError(f"{formula}\n{error}") from None


def as_html(match: re.Match[str]) -> tuple[str, bool]:
    """A formula that was found, as MathML and HTML, and whether it has a line of its own.

    Raises:
        ValueError: if KaTeX does not understand it, with its reason.
    """
    display = match["block"] or match["bracketed"]
    formula = display or match["parenthesised"] or match["inline"]
    return rendered(html.unescape(formula).strip(), bool(display)), bool(display)
