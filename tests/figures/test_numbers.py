"""The numbers of a figure are those that were drawn."""

import csv
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection

from microgrand.figures import new_figure
from microgrand.figures.numbers import HEADER, as_csv

numbers = st.floats(-1e6, 1e6, width=32)


def rows(figure: object) -> list[list[str]]:
    header, *found = csv.reader(io.StringIO(as_csv(figure)))  # type: ignore[arg-type]
    assert tuple(header) == HEADER
    return found


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=9))
def test_a_line_and_its_points_come_back(points: list[tuple[float, float]]) -> None:
    figure, (left, right) = new_figure(1, 2)
    left.plot(*zip(*points, strict=True), label="loss, log₁₀")
    left.set(title='so-called "left"')
    right.scatter(*zip(*points, strict=True))
    drawn = [(float(f"{x:.6g}"), float(f"{y:.6g}")) for x, y in points]
    found = rows(figure)
    line, scatter = found[: len(points)], found[len(points) :]
    assert [row[:3] for row in line] == [['so-called "left"', "loss, log₁₀", "line"]] * len(points)
    assert [row[:3] for row in scatter] == [["panel 2", "points 1", "points"]] * len(points)
    for part in (line, scatter):
        assert [(float(x), float(y)) for *_, x, y in part] == drawn


def test_bars_bands_and_segments_are_numbers_too() -> None:
    figure, ax = new_figure()
    ax.bar([0.5, 1.5], [3, 4], width=1)
    ax.stairs([5, 6], [0, 1, 2], label="steps")
    ax.fill_between([0, 1], [2, 2], [7, 8], label="band")
    ax.add_collection(LineCollection([[(0, 1), (2, 3)]], label="segments"))
    found = rows(figure)
    bars = [(float(x), y) for _, _, kind, x, y in found if kind == "bars"]
    assert bars == [(0, "3"), (1, "4"), (0, "5"), (1, "6"), (2, "nan")]
    assert {(0, 7), (1, 8), (0, 2), (1, 2)} <= {
        (float(x), float(y)) for _, series, _, x, y in found if series == "band"
    }
    assert [(x, y) for _, series, _, x, y in found if series == "segments"] == [
        ("0", "1"),
        ("2", "3"),
    ]


def test_guides_across_a_panel_are_no_data() -> None:
    figure, ax = new_figure()
    ax.axhline(3)
    ax.axvline(2)
    ax.axvspan(0, 1)
    ax.plot([0.0, 1.0], [np.nan, 1.0], "o", label="dots")
    assert [row[1:3] for row in rows(figure)] == [["dots", "points"]] * 2
