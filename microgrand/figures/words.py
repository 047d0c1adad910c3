"""What a figure shows, in words: for readers who hear a page."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

MOST = 8  # lines of a panel that are told one by one


def in_words(figure: Figure) -> str:
    """The panels of a figure, their axes, and from where to where each labelled line goes.

    The numbers are the drawn ones, so that the words stay true of whatever was run.
    """
    panels = [panel_in_words(ax) for ax in figure.axes if ax.get_visible() and ax.axison]
    count = f"{len(panels)} panels. " if len(panels) > 1 else ""
    return count + " ".join(filter(None, panels))


def panel_in_words(ax: Any) -> str:
    """One pair of axes, as a sentence or a few."""
    told = [axis_in_words(ax.get_xlabel(), ax.get_xlim(), ax.get_xscale(), "x")]
    told += [axis_in_words(ax.get_ylabel(), ax.get_ylim(), ax.get_yscale(), "y")]
    lines = [line_in_words(line) for line in ax.get_lines() if line.get_label()[0] != "_"]
    lines = [line for line in lines if line]
    more = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
    title = f"{plain(ax.get_title())}: " if ax.get_title() else ""
    series = f" Lines: {'; '.join(lines[:MOST] + more)}." if lines else ""
    return f"{title}{', '.join(told)}.{series}"


def axis_in_words(label: str, limits: tuple[float, float], scale: str, otherwise: str) -> str:
    """`epoch from 0 to 60`."""
    logarithmic = " (logarithmic)" if scale == "log" else ""
    low, high = limits
    return f"{plain(label) or otherwise} from {low:.2g} to {high:.2g}{logarithmic}"


def line_in_words(line: Any) -> str:
    """`train from 0.31 to 0.002, lowest 0.001`, or nothing where there is no line."""
    y = np.asarray(line.get_ydata(), float)
    y = y[np.isfinite(y)]
    if not y.size:
        return ""
    words = f"{plain(line.get_label())} from {y[0]:.2g} to {y[-1]:.2g}"
    ends = {f"{y[0]:.2g}", f"{y[-1]:.2g}"}
    low, high = f"{y.min():.2g}", f"{y.max():.2g}"
    if low not in ends:
        words += f", lowest {low}"
    if high not in ends:
        words += f", highest {high}"
    return words


def plain(text: str) -> str:
    """A label without the marks of mathematics, on one line."""
    for mark in ("$", "\\", "{", "}", "mathdefault", "mathrm"):
        text = text.replace(mark, "")
    return " ".join(text.split())
