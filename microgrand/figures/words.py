"""What a figure shows, in words: for readers who hear a page."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

MOST = 8  # lines of a panel that are told one by one; half of them where panels are many


def figure_in_words(figure: Figure) -> str:
    """The panels of a figure, their axes, and from where to where each labelled line goes.

    The numbers are the drawn ones, so that the words stay true of whatever was run.
    """
    visible = [ax for ax in figure.axes if ax.get_visible()]
    panels = [panel_in_words(ax, MOST if len(visible) < 4 else MOST // 2) for ax in visible]
    count = f"{len(panels)} panels. " if len(panels) > 1 else ""
    return count + " ".join(filter(None, panels))


def panel_in_words(ax: Any, most: int) -> str:
    """One pair of axes in a few sentences; of a drawing without axes, what is written in it."""
    if not ax.axison:
        written = [plain(text.get_text()) for text in ax.texts]
        return f"A drawing with the words {', '.join(written)}." if written else ""
    told = [axis_in_words(ax.get_xlabel(), ax.get_xlim(), ax.get_xscale(), "x")]
    told += [axis_in_words(ax.get_ylabel(), ax.get_ylim(), ax.get_yscale(), "y")]
    lines = [line_in_words(line) for line in ax.get_lines() if line.get_label()[0] != "_"]
    lines = [line for line in lines if line]
    more = [f"and {len(lines) - most} more"] if len(lines) > most else []
    title = f"{plain(ax.get_title())}: " if ax.get_title() else ""
    series = f" Lines: {'; '.join(lines[:most] + more)}." if lines else ""
    return f"{title}{', '.join(told)}.{series}"


def axis_in_words(label: str, limits: tuple[float, float], scale: str, otherwise: str) -> str:
    """`epoch from 0 to 60`."""
    logarithmic = " (logarithmic)" if scale == "log" else ""
    low, high = limits
    return f"{plain(label) or otherwise} from {number(low)} to {number(high)}{logarithmic}"


def line_in_words(line: Any) -> str:
    """`train from 0.31 to 0.002, lowest 0.001`, or nothing where there is no line."""
    y = np.asarray(line.get_ydata(), float)
    y = y[np.isfinite(y)]
    if not y.size:
        return ""
    first, last, low, high = (number(value) for value in (y[0], y[-1], y.min(), y.max()))
    words = f"{plain(line.get_label())} from {first} to {last}"
    if low not in (first, last):
        words += f", lowest {low}"
    if high not in (first, last):
        words += f", highest {high}"
    return words


def number(value: float) -> str:
    """Two digits, and a minus that is read as one."""
    return f"{value:.2g}".replace("-", "−")


def plain(text: str) -> str:
    """A label without the marks of mathematics, on one line."""
    for mark in ("$", "\\", "{", "}", "mathdefault", "mathrm"):
        text = text.replace(mark, "")
    return " ".join(text.split())
