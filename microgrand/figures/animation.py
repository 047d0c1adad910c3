"""Animations: one description, drawn as a WebP by matplotlib and by the player in the page.

The WebP is for the terminal's user and for pages without scripts; the page's player reads the JSON
and can be paused and scrubbed. Both draw the same panels, series and frames.
"""

import io
import json
import math
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import StepPatch
from PIL import Image

from microgrand.figures.still import GREY, PALETTE, STYLE


@dataclass(frozen=True)
class Series:
    """What is drawn in a panel: `points`, a `line`, a `band` (y is low, high) or `bars`.

    y is (numbers,) where nothing moves, (frames, numbers) where it does; a band's y has a leading
    axis of two. x holds the places, or the edges of bars: one more than there are bars.
    """

    kind: str
    label: str
    x: np.ndarray
    y: np.ndarray

    def frame(self, number: int) -> np.ndarray:
        """What is drawn in that frame."""
        still = self.y.ndim == (2 if self.kind == "band" else 1)
        return self.y if still else self.y[..., number, :]

    def as_dict(self, y_limits: tuple[float, float]) -> dict[str, Any]:
        """The player's form, with four digits: more than a screen can show.

        Bars are many. They have whole heights, in units of a thousandth of the axis.
        """
        series: dict[str, Any] = {"kind": self.kind, "label": self.label}
        if self.kind == "bars":
            unit = (y_limits[1] - y_limits[0]) / 1000
            heights = np.rint(self.y / unit)
            return series | {"edges": rounded(self.x), "unit": unit, "y": rounded(heights)}
        series["x"] = rounded(self.x)
        if self.kind == "band":
            return series | {"low": rounded(self.y[0]), "high": rounded(self.y[1])}
        return series | {"y": rounded(self.y)}


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    series: tuple[Series, ...]
    x_label: str
    y_label: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]


@dataclass(frozen=True)
class Animation:
    """Panels side by side, all at the same frame; `alt` says in words what is to be seen."""

    title: str
    alt: str
    frames: tuple[str, ...]
    panels: tuple[Panel, ...]
    columns: int = 4
    frames_per_second: int = 8

    def as_json(self) -> str:
        """What the player in the page reads."""
        panels = [
            {
                "title": panel.title,
                "x_label": panel.x_label,
                "y_label": panel.y_label,
                "x_limits": panel.x_limits,
                "y_limits": panel.y_limits,
                "series": [series.as_dict(panel.y_limits) for series in panel.series],
            }
            for panel in self.panels
        ]
        return json.dumps(
            {
                "title": self.title,
                "alt": self.alt,
                "frames": self.frames,
                "fps": self.frames_per_second,
                "columns": self.columns,
                "panels": panels,
            },
            ensure_ascii=False,
            separators=(",", ":"),
            allow_nan=False,
        )

    def shape(self) -> str:
        """What takes room in the player, as JSON: it is left free until the data are there."""
        labels = dict.fromkeys(series.label for panel in self.panels for series in panel.series)
        shape = {
            "title": self.title,
            "labels": [*labels],
            "panels": len(self.panels),
            "columns": self.columns,
            "frame": max(self.frames, key=len),
        }
        return json.dumps(shape, ensure_ascii=False)

    def as_pictures(self, name: str) -> dict[str, bytes]:
        """NAME.webp, which moves, and NAME-still.webp, its last frame."""
        webp = self.as_webp()
        return {f"{name}.webp": webp, f"{name}-still.webp": last_frame(webp)}

    def as_webp(self) -> bytes:
        """A lossless animated WebP on white.

        The axes are drawn once; for each frame only what moves is drawn over them. Redrawing
        axes and text would take twenty times as long.
        """
        rows = -(-len(self.panels) // self.columns)
        labels = dict.fromkeys(
            series.label
            for panel in self.panels
            for series in panel.series
            if series.label != "data"
        )
        colours = dict(zip(labels, cycle(PALETTE)))
        with mpl.rc_context(STYLE):
            layout = ConstrainedLayoutEngine()
            figure = Figure(figsize=(9, 2.2 * rows + 0.4), dpi=100, layout=layout)
            figure.set_facecolor("white")
            canvas = FigureCanvasAgg(figure)
            grid = figure.subplots(rows, min(self.columns, len(self.panels)), squeeze=False)
            axes = grid.ravel()
            for panel, ax in zip(self.panels, axes, strict=False):
                ax.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label)
                ax.set(xlim=panel.x_limits, ylim=panel.y_limits)
            for ax in axes[len(self.panels) :]:
                ax.set_visible(False)
            label = figure.suptitle(max(self.frames, key=len))
            layout.execute(figure)
            figure.set_layout_engine("none")  # the places are found; they must not move again
            label.set_visible(False)
            canvas.draw()
            background = canvas.copy_from_bbox(figure.bbox)
            images = []
            for number, name in enumerate(self.frames):
                canvas.restore_region(background)
                for panel, ax in zip(self.panels, axes, strict=False):
                    for artist in drawn(panel, ax, number, colours):
                        ax.draw_artist(artist)
                        artist.remove()
                label.set(text=name, visible=True)
                figure.draw_artist(label)
                images.append(Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB"))
        # Few colours and full effort: a tenth of the bytes, and no difference to the eye.
        some = images[0], images[len(images) // 2], images[-1]
        sheet = Image.fromarray(np.concatenate([np.asarray(image) for image in some]))
        palette = sheet.quantize(48, dither=Image.Dither.NONE)
        images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        images = [image.convert("RGB") for image in images]
        buffer = io.BytesIO()
        images[0].save(
            buffer,
            "WEBP",
            save_all=True,
            append_images=images[1:],
            duration=1000 // self.frames_per_second,
            loop=0,
            lossless=True,
            quality=100,
            minimize_size=True,
        )
        return buffer.getvalue()


def last_frame(webp: bytes) -> bytes:
    """The picture that an animated WebP ends with, for readers who want nothing to move."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(webp)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        image.save(buffer, "WEBP", lossless=True, quality=100)
    return buffer.getvalue()


def drawn(panel: Panel, ax: Any, number: int, colours: dict[str, str]) -> list[Any]:
    """The artists of one frame of one panel; equal labels have equal colours, data are grey."""
    artists: list[Any] = []
    for series in panel.series:
        y = series.frame(number)
        colour = colours.get(series.label, GREY)
        if series.kind == "points":
            look = {"alpha": 0.5, "markersize": 2} if series.label == "data" else {"markersize": 4}
            artists += ax.plot(series.x, y, ".", color=colour, **look)
        elif series.kind == "line":
            artists += ax.plot(series.x, y, color=colour)
        elif series.kind == "band":
            artists.append(ax.fill_between(series.x, *y, color=colour, alpha=0.25, linewidth=0))
        elif series.kind == "bars":
            # as ax.stairs would, which takes five times as long to look for the limits of the axes
            bars = StepPatch(y, series.x, color=colour, alpha=0.8, linewidth=0)
            artists.append(ax.add_artist(bars))
        else:
            raise ValueError(f"unknown kind of series {series.kind!r}")
    return artists


def rounded(values: np.ndarray) -> list[Any]:
    """Numbers with four significant digits, as nested lists."""
    return [rounded(row) for row in values] if values.ndim > 1 else [*map(short, values)]


def short(value: float) -> float | None:
    """Four significant digits; whole numbers as integers, which JSON writes without a `.0`.

    None for what is no number, where training has diverged: the player leaves a gap there.
    """
    if not math.isfinite(value):
        return None
    number = float(f"{value:.4g}")
    return int(number) if number.is_integer() and abs(number) < 1e16 else number
