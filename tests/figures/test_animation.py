"""Animations: the JSON is what the player reads, the WebP shows the same frames in true colours."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from microgrand.figures import Animation, Panel, Series
from microgrand.figures.animation import last_frame, rounded

EDGES = np.array([0.0, 0.5, 1.0])
ASSETS = Path(__file__).parents[2] / "docs" / "assets"


def bars(label: str, *heights: float) -> Series:
    """Two wide bars, one height a frame."""
    return Series("bars", label, EDGES, np.array([[height] * 2 for height in heights]))


def panel(*series: Series, title: str = "") -> Panel:
    return Panel(title, series, "x", "y", (0, 1), (0, 1))


def animation(*panels: Panel, frames: int = 3, **options: Any) -> Animation:
    names = tuple(f"frame {number}" for number in range(frames))
    return Animation("title", "What is to be seen.", names, panels, **options)


X = np.array([0.0, 0.5, 1.0])
STILL, MOVING = np.array([0.1, 0.5, 0.2]), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5], [1, 0, 1]])
EVERYTHING = animation(
    panel(
        Series("points", "data", X, STILL),
        Series("line", "moving", X, MOVING),
        Series("line", "start", X, STILL),
        Series("band", "moving", X, np.array([MOVING - 0.1, MOVING + 0.1])),
        Series("band", "start", X, np.array([STILL - 0.1, STILL + 0.1])),
        title="all",
    ),
    panel(bars("bars", 0.2, 0.6, 0.9), Series("bars", "still bars", EDGES, np.ones(2))),
)


def pictures(moving: Animation) -> list[np.ndarray]:
    with Image.open(io.BytesIO(moving.as_webp())) as image:
        frames = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(np.array(image.convert("RGB")).astype(int))
    return frames


def test_the_last_frame_is_a_picture_of_its_own() -> None:
    with Image.open(io.BytesIO(last_frame(EVERYTHING.as_webp()))) as image:
        assert image.format == "WEBP"
        assert getattr(image, "n_frames", 1) == 1
        np.testing.assert_array_equal(np.array(image.convert("RGB")), pictures(EVERYTHING)[-1])


# -------------------------------------------------------------------------------------------- JSON


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_shape_says_what_takes_room() -> None:
    assert strict(EVERYTHING.shape()) == {
        "title": "title",
        "labels": ["data", "moving", "start", "bars", "still bars"],
        "panels": 2,
        "columns": 4,
        "frame": "frame 0",
    }


def test_only_points_that_are_data_are_grey() -> None:
    def colours(label: str) -> set[tuple[int, ...]]:
        picture = pictures(animation(panel(Series("points", label, X, STILL)), frames=1))[0]
        return {tuple(colour) for colour in picture.reshape(-1, 3) if np.ptp(colour) > 60}

    assert not colours("data")
    assert colours("a start")


def test_the_json_has_what_the_player_reads() -> None:
    data = strict(EVERYTHING.as_json())
    assert data["title"] == "title"
    assert data["alt"] == "What is to be seen."
    assert data["frames"] == ["frame 0", "frame 1", "frame 2"]
    assert (data["fps"], data["columns"]) == (8, 4)
    first, second = data["panels"]
    assert [first[name] for name in ("title", "x_label", "y_label")] == ["all", "x", "y"]
    assert first["x_limits"] == first["y_limits"] == [0, 1]
    points, line, start, band, still_band = first["series"]
    assert points == {"kind": "points", "label": "data", "x": X.tolist(), "y": STILL.tolist()}
    assert line == {"kind": "line", "label": "moving", "x": X.tolist(), "y": MOVING.tolist()}
    assert start["y"] == STILL.tolist()  # one row: the player keeps it in every frame
    np.testing.assert_allclose(band["low"], MOVING - 0.1)
    np.testing.assert_allclose(band["high"], MOVING + 0.1)
    np.testing.assert_allclose(still_band["high"], STILL + 0.1)
    assert [series["kind"] for series in second["series"]] == ["bars", "bars"]
    assert second["series"][0]["edges"] == EDGES.tolist()
    assert second["series"][0]["unit"] == 0.001  # of an axis from 0 to 1
    assert second["series"][0]["y"] == [[200] * 2, [600] * 2, [900] * 2]


def test_every_field_is_one_that_the_player_knows() -> None:
    program = "".join(
        (ASSETS / name).read_text("utf-8") for name in ("player.js", "panel.js", "stage.js")
    )
    data = strict(EVERYTHING.as_json())
    series = [one for panel in data["panels"] for one in panel["series"]]
    names = {*data, *data["panels"][0], *(name for one in series for name in one)}
    assert {name for name in names if name not in program} == set()
    for kind in {one["kind"] for one in series}:  # each has a shape
        assert f"\n  {kind}: (series" in program or f"\n  {kind}(series" in program


@given(value=st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_have_four_digits(value: float) -> None:
    (short,) = rounded(np.array([value], np.float32))
    assert abs(short - value) <= 0.5001e-3 * abs(value)
    digits = repr(short).split("e")[0].replace(".", "").strip("-0")
    assert len(digits) <= 4


@given(value=st.integers(-9999, 9999), kind=st.sampled_from([np.int64, np.float32, np.float64]))
def test_whole_numbers_are_written_as_such(value: int, kind: type) -> None:
    assert json.dumps(rounded(np.array([value], kind))) == f"[{value}]"


@pytest.mark.parametrize("limits", [(0, 1), (0.0, 3e-7), (-2, 60_000)])
def test_bars_are_as_high_as_they_are_to_a_thousandth_of_the_axis(
    limits: tuple[float, float],
) -> None:
    heights = np.random.default_rng(0).uniform(*limits, (3, 2))
    series = Panel("", (Series("bars", "a", EDGES, heights),), "x", "y", (0, 1), limits)
    (drawn,) = strict(animation(series).as_json())["panels"][0]["series"]
    distance = np.abs(np.multiply(drawn["y"], drawn["unit"]) - heights)
    assert distance.max() <= 0.501e-3 * (limits[1] - limits[0])
    assert all(isinstance(height, int) for row in drawn["y"] for height in row)


@pytest.mark.parametrize("counts", [5_000, 1_000_000])
@pytest.mark.parametrize("density", [False, True])
def test_six_histograms_over_fifty_epochs_are_small(counts: int, density: bool) -> None:
    generator = np.random.default_rng(0)
    edges = np.linspace(-3, 3, 51)
    values = generator.normal(size=counts)
    heights = np.stack(
        [np.histogram(values * (1 + epoch / 50), edges, density=density)[0] for epoch in range(51)]
    )
    bars = Series("bars", "weights", edges, heights)
    one = Panel("layer", (bars,), "x", "y", (-3, 3), (0, float(heights.max())))
    assert len(animation(*[one] * 6, frames=51).as_json().encode()) <= 80_000


def test_rounding_keeps_the_nesting() -> None:
    assert rounded(np.array([[[1.23456, 2]], [[3, 4e-9]]])) == [[[1.235, 2]], [[3, 4e-9]]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_where_training_has_diverged_the_player_leaves_a_gap(value: float) -> None:
    line = Series("line", "a", X, np.array([0, value, 1]))
    assert json.loads(animation(panel(line)).as_json())["panels"][0]["series"][0]["y"] == [
        0,
        None,
        1,
    ]


# -------------------------------------------------------------------------------------------- WebP


@pytest.mark.parametrize("rate", [4, 8, 10])
def test_the_webp_has_every_frame_for_as_long_as_it_should(rate: int) -> None:
    content = replace(EVERYTHING, frames_per_second=rate).as_webp()
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "WEBP"
        assert image.n_frames == 3  # type: ignore[attr-defined]
        assert image.info["loop"] == 0  # for ever
        for number in range(3):
            image.seek(number)
            image.load()
            assert image.info["duration"] == 1000 // rate


def test_frames_differ_where_something_moves_and_nowhere_else() -> None:
    still = panel(Series("bars", "still", EDGES, np.full(2, 0.7)), Series("points", "data", X, X))
    frames = pictures(animation(still, panel(bars("moving", 0.2, 0.6, 0.9)), columns=2))
    assert len(frames) == 3
    height, width, _ = frames[0].shape
    left, right = np.s_[height // 6 :, : width // 2], np.s_[height // 6 :, width // 2 :]
    for one, other in pairwise(frames):
        assert np.array_equal(one[left], other[left])  # below the frame's name
        assert not np.array_equal(one[right], other[right])
        assert not np.array_equal(one[: height // 6], other[: height // 6])


def colour_at(frame: np.ndarray, column: int, columns: int) -> tuple[int, ...]:
    """The commonest colour in the middle of a panel."""
    height, width, _ = frame.shape
    middle = int(width * (column + 0.55) / columns)
    patch = frame[height // 2 : height // 2 + 30, middle - 15 : middle + 15].reshape(-1, 3)
    colours, counts = np.unique(patch, axis=0, return_counts=True)
    return tuple(colours[counts.argmax()].tolist())


def test_equal_labels_have_equal_colours_in_all_panels() -> None:
    full = [bars(label, 1.0, 1.0, 1.0) for label in ("a", "b", "b", "a")]
    last = pictures(animation(*map(panel, full), columns=4))[-1]
    a, b, also_b, also_a = (colour_at(last, column, 4) for column in range(4))
    assert a == also_a
    assert b == also_b
    assert np.abs(np.subtract(a, b)).max() > 50


def test_a_colour_that_fades_from_the_last_frame_is_true_in_the_first() -> None:
    """The blue of a bar must not turn grey because the last frame has no blue."""
    lasting, fading = (
        pictures(animation(panel(bars("a", 1.0, 1.0, end))))[0] for end in (1.0, 0.0)
    )
    distance = np.subtract(colour_at(lasting, 0, 1), colour_at(fading, 0, 1))
    assert np.abs(distance).max() <= 12
    red, _, blue = colour_at(fading, 0, 1)
    assert blue - red > 80


def test_the_background_is_white() -> None:
    frame = pictures(EVERYTHING)[0]
    assert frame[0, 0].min() >= 250


@pytest.mark.parametrize(("panels", "columns"), [(1, 4), (5, 4), (3, 2), (10, 5)])
def test_any_number_of_panels_is_laid_out_in_its_columns(panels: int, columns: int) -> None:
    many = [panel(bars("a", 1.0, 0.9), title=str(number)) for number in range(panels)]
    frames = pictures(animation(*many, frames=2, columns=columns))
    assert len(frames) == 2
    rows = -(-panels // columns)
    filled = np.abs(frames[0] - frames[1]).sum(axis=2)[40:]  # what moved: the top of each bar
    height, width = filled.shape
    across = min(columns, panels)
    moved = [
        filled[
            row * height // rows : (row + 1) * height // rows,
            column * width // across : (column + 1) * width // across,
        ].any()
        for row in range(rows)
        for column in range(across)
    ]
    assert moved == [True] * panels + [False] * (rows * across - panels)


def test_each_panel_has_limits_of_its_own() -> None:
    """The same bars, once over the whole width and once over its right half."""
    moving = bars("a", 0.9, 0.2)
    wide = replace(panel(moving), x_limits=(-1, 1))
    content = animation(panel(moving), wide, frames=2, columns=2)
    limits = [one["x_limits"] for one in strict(content.as_json())["panels"]]
    assert limits == [[0, 1], [-1, 1]]
    high, low = pictures(content)
    moved = (np.abs(high - low).sum(axis=2) > 50)[40:].any(axis=0)  # which columns of pixels
    half = len(moved) // 2
    assert moved[:half].sum() == pytest.approx(2 * moved[half:].sum(), rel=0.1)


def test_an_unknown_kind_of_series_is_refused() -> None:
    with pytest.raises(ValueError, match="'pie'"):
        animation(panel(Series("pie", "a", X, STILL))).as_webp()


def test_drawing_leaves_the_style_of_others_alone() -> None:
    before = dict(mpl.rcParams)
    EVERYTHING.as_webp()
    assert dict(mpl.rcParams) == before
