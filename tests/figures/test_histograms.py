"""Histograms over training: shares, edges and limits."""

import json

import numpy as np
import pytest

from microgrand.figures.histograms import histogram_animation

COUNTS = np.array([[[1, 3], [0, 0]], [[2, 2], [4, 0]]], np.uint32)  # frames, layers, bins


def draw(counts: np.ndarray = COUNTS) -> dict:
    animation = histogram_animation(
        counts, np.array([0.5, 2.0]), ["epoch 0", "epoch 1"],
        title="weights", alt="bars", x_label="weight",
    )  # fmt: skip
    return json.loads(animation.as_json())


def test_bars_are_shares_of_each_layer_in_percent() -> None:
    first, second = (
        np.multiply(panel["series"][0]["y"], panel["series"][0]["unit"])
        for panel in draw()["panels"]
    )
    np.testing.assert_allclose(first, [[25, 75], [50, 50]], atol=0.05)
    np.testing.assert_allclose(second, [[0, 0], [100, 0]], atol=0.06)  # none: no bars


def test_every_layer_has_its_own_range() -> None:
    first, second = draw()["panels"]
    assert first["series"][0]["edges"] == [-0.5, 0, 0.5]
    assert second["x_limits"] == [-2, 2]


def test_the_highest_bar_of_all_epochs_fills_the_panel() -> None:
    first, second = draw()["panels"]
    assert first["y_limits"] == pytest.approx([0, 1.05 * 75])
    assert second["y_limits"] == pytest.approx([0, 105])
    assert draw(0 * COUNTS)["panels"][0]["y_limits"][1] > 0
