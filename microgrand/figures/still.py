"""The look of still figures: quiet axes, colours that everyone can tell apart, light and dark.

What is ink in a figure is drawn in one marked colour, and `svg` turns that into the page's own
(`currentColor`): one picture serves light and dark pages alike.
"""

import io
import re
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

ENDINGS = (".png", ".svg")
INK = "#010203"  # stands for the page's ink; no other part of a figure has this colour
GREY = "#868b93"
# The first three are those of Okabe & Ito (2008), Color universal design.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#9b1b5a", "#6b4e00", "#2b98ea", "#9050e8")

STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": "medium",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 9,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.3,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "microgrand",
}


def new_figure(
    rows: int = 1, columns: int = 1, width: float = 8.0, height: float = 3.0, **options: Any
) -> tuple[Figure, Any]:
    """A figure and its axes (inches), options as for `Figure.subplots`, in the book's style.

    The style stays matplotlib's default from here on, for all that is drawn on the axes later.
    """
    mpl.rcParams.update(STYLE)
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def sequence(count: int) -> list[str]:
    """Colours for an ordered series, from dark to bright: strengths, rates, epochs.

    The brighter end of the colour map is left out: on paper it would fade, and in the dark too.
    """
    colours = mpl.colormaps["viridis"]
    return [mpl.colors.to_hex(colours(0.58 * i / max(count - 1, 1))) for i in range(count)]


def svg(figure: Figure) -> str:
    """The figure as an `<svg>` element whose ink is the page's, without a background."""
    text = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    markup = text.getvalue()
    return compact(markup[markup.index("<svg") :]).replace(INK, "currentColor")


#: What matplotlib writes into a tag and nobody sees, and what may stand in its place.
VERBOSE = (
    (re.compile(r'^<g id="[^"]*"'), "<g"),  # only shapes and clips are ever referred to
    (re.compile(r"(font-family: )[^;\"]*"), r"\1sans-serif"),  # a page puts its own
    (re.compile(r' transform="rotate\(-0 [^"]*"'), ""),
    (re.compile(r"(\d\d\.\d)\d+|(\d\.\d\d)\d+"), r"\1\2"),  # finer than a screen can show
    (re.compile(r"\s*\n\s*"), " "),
    (re.compile(r"(?<= d=\")[^\"]*"), lambda path: re.sub(r"\s*([A-Za-z])\s*", r"\1", path[0])),
)


def compact(markup: str) -> str:
    """The same drawing in half the bytes; what stands between tags is left as it is."""

    def short(tag: re.Match[str]) -> str:
        text = tag[0]
        for verbose, instead in VERBOSE:
            text = verbose.sub(instead, text)
        return text

    markup = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", markup, flags=re.DOTALL)
    return re.sub(r">\n\s*<", "><", re.sub(r"<[^>]+>", short, markup))


def picture(figure: Figure, ending: str) -> bytes:
    """The figure as a file on white, `.png` or `.svg`; the same figure gives the same bytes."""
    file, metadata = io.BytesIO(), {"Date": None} if ending == ".svg" else {}
    with mpl.rc_context(STYLE):
        figure.savefig(file, format=ending[1:], dpi=150, facecolor="white", metadata=metadata)
    figure.set_layout_engine("none")  # found once; finding it again takes half the time
    return file.getvalue()
