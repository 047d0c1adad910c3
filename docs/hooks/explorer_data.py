"""What the explorer shows of recorded runs: curves, histograms and statistics, ready for JSON.

Each lesson keeps arrays of its own kind, so each has a function here that yields its views. A view
is one case at one strength: curves over the epochs (the mean over the seeds and their range), and
signals, whose histograms and statistics are those of the first seed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from explorer_words import assigned

from microgrand.figures.animation import short
from microgrand.records import Record
from microgrand.signals import SIGNALS, STATISTICS
from microgrand.verdicts import Recording

NOT_ZERO = "not exactly zero, %"


@dataclass(frozen=True)
class View:
    """A case at one strength: its address, what it belongs to, what there is to see."""

    name: str
    case: str
    strength: str
    curves: list[dict[str, Any]]
    signals: list[dict[str, Any]]


def numbers(values: np.ndarray) -> list[Any]:
    """Nested lists of four significant digits; None stands for what is no number."""
    if values.ndim > 1:
        return [numbers(row) for row in values]
    return [short(value) if np.isfinite(value) else None for value in values.tolist()]


def curve(title: str, runs: Sequence[np.ndarray]) -> dict[str, Any]:
    """Something measured at every epoch: the mean over the seeds, and their range."""
    values = np.array(runs, np.float64)
    shown = {"title": title, "mean": numbers(values.mean(axis=0))}
    if len(values) > 1:
        shown |= {"low": numbers(values.min(axis=0)), "high": numbers(values.max(axis=0))}
    return shown


def percent(title: str, runs: Sequence[np.ndarray]) -> dict[str, Any]:
    """Shares over the epochs."""
    return curve(f"{title}, %", [100 * run for run in runs])


def kept_epochs(epochs: int, count: int) -> list[int]:
    """Which of the epochs 0 to `epochs` were kept, where `count` of them were."""
    return [round(epoch) for epoch in np.linspace(0, epochs, count)]


def ends(lesson: str, name: str) -> tuple[float, float]:
    """The ends of what a lesson's program lays out as `np.linspace(low, high, …)`."""
    call = assigned(lesson, name)
    assert isinstance(call, ast.Call)
    low, high = map(ast.literal_eval, call.args[:2])
    return low, high


def bars(limits: Sequence[float], counts: np.ndarray, epochs: Sequence[int]) -> dict[str, Any]:
    """A histogram an epoch (epochs, bins), whole counts or densities."""
    whole = np.issubdtype(counts.dtype, np.integer)
    rows = counts.tolist() if whole else numbers(counts)
    return {"kind": "bars", "limits": [*map(float, limits)], "epochs": list(epochs), "rows": rows}


def layer(
    name: str,
    epochs: Sequence[int],
    statistics: dict[str, np.ndarray],
    distribution: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A layer of a signal: statistics (epochs,) by name, and a histogram or a line."""
    kept = {title: numbers(np.asarray(values)) for title, values in statistics.items()}
    shown = {"name": name, "epochs": list(epochs), "statistics": kept}
    return shown if distribution is None else shown | {"distribution": distribution}


def signal(name: str, layers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "layers": list(layers)}


def of_penalties(recorded: Recording, case: str, runs: list[Record]) -> Iterator[View]:
    shown, last = runs[0], recorded.settings["epochs"]
    counts, ranges = shown["histograms"], shown["ranges"]
    kept = kept_epochs(last, len(counts))

    def look(place: int, number: int) -> dict[str, Any]:
        total = counts[:, place, number].sum(axis=-1).max()
        statistics = dict(zip(STATISTICS, shown["statistics"][:, place, number].T, strict=True))
        statistics[NOT_ZERO] = 100 * statistics.pop("nonzero") / total
        reach = ranges[place, number]
        histogram = bars((-reach, reach), counts[:, place, number], kept)
        return layer(f"layer {number + 1}", range(last + 1), statistics, histogram)

    curves = [
        percent("test accuracy", [run["accuracy"][1] for run in runs]),
        percent("training accuracy", [run["accuracy"][0] for run in runs]),
        percent("zero gradients", [run["silent"] for run in runs]),
    ]
    signals = [
        signal(name, [look(place, number) for number in range(counts.shape[2])])
        for place, name in enumerate(SIGNALS)
    ]
    yield View(case, case, f"λ = {recorded.settings['strength']:g}", curves, signals)


def of_normalization(recorded: Recording, case: str, runs: list[Record]) -> Iterator[View]:
    shown, last = runs[0], recorded.settings["epochs"]
    tallies = 1.0 * shown["tallies"]
    tallies[..., :2] *= 100
    kept = kept_epochs(last, len(tallies))
    names = NOT_ZERO, "outside the two middle bars, %", "std"

    def look(place: int, number: int) -> dict[str, Any]:
        histogram = None
        if "histograms" in shown.arrays:  # only of seed 0
            reach = shown["ranges"][place, number]
            histogram = bars((-reach, reach), shown["histograms"][:, place, number], kept)
        statistics = dict(zip(names, tallies[:, place, number].T, strict=True))
        return layer(f"layer {number + 1}", kept, statistics, histogram)

    curves = [
        percent("test accuracy", [run["accuracies"][:, 1] for run in runs]),
        percent("training accuracy", [run["accuracies"][:, 0] for run in runs]),
        curve("test loss", [run["losses"][:, 1] for run in runs]),
        curve("training loss", [run["losses"][:, 0] for run in runs]),
    ]
    signals = [
        signal(name, [look(place, number) for number in range(tallies.shape[2])])
        for place, name in enumerate(ast.literal_eval(assigned("normalization", "SHOWN")))
    ]
    yield View(case, case, "", curves, signals)


def of_shrinkage(recorded: Recording, case: str, runs: list[Record]) -> Iterator[View]:
    shown, settings = runs[0], recorded.settings
    name, _, number = case.partition("-strength-")
    strength = settings["strengths"][int(number)] if number else settings["strength"]
    epochs = range(len(shown["size"]))
    statistics = {
        "mean size": shown["size"],
        "exactly zero, %": 100 * shown["zero"],
        "smaller than 0.001, %": 100 * shown["near"],
        "rate of the middle weight": shown["gain"][:, 1],
    }
    histogram = bars(ends("shrinkage", "EDGES"), shown["histograms"], epochs)
    curves = [
        percent("test accuracy", [run["accuracy"] for run in runs]),
        curve("test loss", [run["losses"][:, 1] for run in runs]),
        curve("training loss", [run["losses"][:, 0] for run in runs]),
        curve("the penalty", [run["penalty"] for run in runs]),
    ]
    signals = [signal("weight", [layer("all layers", epochs, statistics, histogram)])]
    yield View(case, name, f"λ = {strength:g}", curves, signals)


def of_noise(recorded: Recording, case: str, runs: list[Record]) -> Iterator[View]:
    shown, settings = runs[0], recorded.settings
    epochs, edges = range(len(shown["weights"])), ends("noise", "weight_edges")
    signals = [
        signal(
            "weight",
            [
                layer(
                    f"layer {number + 1}",
                    epochs,
                    {"std": shown["spread"][:, number]},
                    bars(edges, shown["weights"][:, number], epochs),
                )
                for number in range(shown["weights"].shape[1])
            ],
        )
    ]
    if shown["gradient"].size:
        signals.append(
            signal(
                "weight gradient",
                [
                    layer(
                        f"layer {number + 1}",
                        epochs,
                        {"std": spread, NOT_ZERO: 100 * (1 - flat)},
                    )
                    for number, (spread, flat) in enumerate(
                        zip(shown["gradient"].T, shown["flat"].T, strict=True)
                    )
                ],
            )
        )
    if shown["masks"].size:
        signals.append(
            signal("mask", [layer("all layers", epochs, {}, bars((0, 1), shown["masks"], epochs))])
        )
    curves = [
        percent("test accuracy", [run["test"] for run in runs]),
        percent("training accuracy", [run["train"] for run in runs]),
        curve("training loss", [run["loss"] for run in runs]),
    ]
    if shown["sampled"].size:
        curves.append(percent("test, weights sampled", [run["sampled"] for run in runs]))
    letter, _, level = case.partition("-")
    if level in ("text", "code"):
        yield View(case, letter, f"σ = {settings[f'{level}_std']:g}", curves, signals)
    elif level == "far":
        yield View(case, letter, "σ as far as the article's", curves, signals)
    else:
        weighed = letter in ("mask", "relu")
        yield View(case, case, f"λ = {settings['strength']:g}" * weighed, curves, signals)


def of_curve(recorded: Recording, case: str, runs: list[Record]) -> Iterator[View]:
    """The models of a stack apart: one for each strength of the decay, or rate of dropout."""
    shown, settings = runs[0], recorded.settings
    last = len(shown["losses"]) - 1
    kept = kept_epochs(last, len(shown["predictions"]))
    symbol, values = {
        "dropout": ("p", settings["rates"]),
        "plain": ("", [0.0]),
    }.get(case, ("λ", settings["strengths"]))
    points = shown["predictions"].shape[-1]
    last_shown = (points - 1) // 2 * 2  # every other one is
    for model, value in enumerate(values):
        grid = 0.0, 4 * np.pi * last_shown / (points - 1)
        lines = {"prediction": (grid, shown["predictions"][:, model, ::2])}
        if "densities" in shown.arrays:
            lines["density of the weights"] = (
                ends("curve", "theta_coarse"),
                shown["densities"][:, model],
            )
        signals = []
        for name, (limits, rows) in lines.items():
            line = {"kind": "line", "limits": limits, "epochs": kept, "rows": numbers(rows)}
            signals.append(signal(name, [layer("all layers", kept, {}, line)]))
        if shown["signals"].size:
            for place, name in enumerate(SIGNALS):
                spreads = shown["signals"][:, place].T
                layers = [
                    layer(f"layer {number + 1}", range(last + 1), {"std": spread})
                    for number, spread in enumerate(spreads)
                ]
                signals.append(signal(name, layers))
        curves = [
            curve("test loss", [run["losses"][:, 1, model] for run in runs]),
            curve("training loss", [run["losses"][:, 0, model] for run in runs]),
        ]
        name = f"{case}-{value:.2g}" if symbol else case
        strength = f"{symbol} = {value:.2g}" if symbol else ""
        yield View(name, case, strength, curves, signals)


VIEWS: dict[str, Callable[[Recording, str, list[Record]], Iterator[View]]] = {
    "penalties": of_penalties,
    "normalization": of_normalization,
    "shrinkage": of_shrinkage,
    "noise": of_noise,
    "curve": of_curve,
}


def views(recorded: Recording) -> Iterator[tuple[View, list[Record]]]:
    """All that can be seen of a recording, and the runs that each view rests on, a seed each."""
    for case in recorded.cases:
        seeds = sorted(seed for known, seed in recorded.results if known == case)
        runs = [recorded.results[case, seed] for seed in seeds]
        for view in VIEWS[recorded.lesson](recorded, case, runs):
            yield view, runs
