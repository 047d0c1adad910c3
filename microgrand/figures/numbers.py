"""The numbers behind a still figure, as CSV, read from what was drawn."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch

HEADER = ("panel", "series", "kind", "x", "y")


def as_csv(figure: Figure) -> str:
    """A row for each point: its panel and series, what it is part of, and its place.

    Lines, points and the outlines of bands have points (x, y); bars have their left edge and their
    height; bars of a histogram that is drawn in one piece as well, and after them its right end.
    Guides across a whole panel and pictures are no data and are left out.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    for number, ax in enumerate(figure.axes, 1):
        panel = ax.get_title() or f"panel {number}"
        for place, (artist, kind, points) in enumerate(drawn(ax), 1):
            label = str(artist.get_label())
            series = label if label and label[0] != "_" else f"{kind} {place}"
            for x, y in np.asarray(points, float).reshape(-1, 2):
                table.writerow((panel, series, kind, f"{x:.6g}", f"{y:.6g}"))
    return text.getvalue()


def drawn(ax: Any) -> Iterator[tuple[Any, str, Any]]:
    """The artists of a panel that show data, what each is, and its points (n, 2)."""
    for line in ax.lines:
        if line.get_transform() == ax.transData:
            kind = "points" if line.get_linestyle() == "None" else "line"
            yield line, kind, line.get_xydata()
    for collection in ax.collections:
        if isinstance(collection, PathCollection):
            yield collection, "points", collection.get_offsets()
        elif isinstance(collection, LineCollection):
            for segment in collection.get_segments():
                yield collection, "line", segment
        else:
            for path in collection.get_paths():
                yield collection, "band", path.vertices
    for patch in ax.patches:
        if isinstance(patch, StepPatch):
            heights, edges, _ = patch.get_data()
            yield patch, "bars", np.column_stack([edges, [*heights, np.nan]])
        elif isinstance(patch, Rectangle) and patch.get_transform().contains_branch(ax.transData):
            yield patch, "bars", [(patch.get_x(), patch.get_height())]
