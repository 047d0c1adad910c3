"""Figures in words: what is heard is what is drawn."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest

from microgrand.figures import new_figure
from microgrand.figures.words import MOST, figure_in_words


@pytest.fixture(autouse=True)
def default_style() -> Iterator[None]:
    with mpl.rc_context():
        yield


def test_panels_axes_and_lines_are_told() -> None:
    figure, (left, right) = new_figure(1, 2)
    left.plot([0, 10], [0.5, 0.25], label="train")
    left.plot([0, 5, 10], [0.5, 0.1, 0.3], label="test\nset")
    left.axhline(0.4)  # has no name
    left.set(title="Loss", xlabel="epoch", ylabel="loss", xlim=(0, 10), ylim=(0, 1))
    right.set(xlabel=r"$\lambda$", xscale="log", xlim=(0.01, 100), ylim=(-1, 1))
    assert figure_in_words(figure) == (
        "2 panels. Loss: epoch from 0 to 10, loss from 0 to 1. "
        "Lines: train from 0.5 to 0.25; test set from 0.5 to 0.3, lowest 0.1. "
        "lambda from 0.01 to 1e+02 (logarithmic), y from −1 to 1."
    )


def test_what_is_missing_or_hidden_is_not_told() -> None:
    figure, axes = new_figure(1, 3)
    axes[0].plot([0, 1, 2, 3], [np.nan, 1, 3, 2], label="gap")
    axes[0].plot([0, 1], [np.nan, np.nan], label="nothing")
    axes[1].set(visible=False)
    axes[2].axis("off")
    axes[2].text(0, 0, "input $x$")
    axes[2].text(0, 1, "output")
    told = figure_in_words(figure)
    assert "gap from 1 to 2, highest 3" in told
    assert "nothing" not in told
    assert told.endswith("A drawing with the words input x, output.")
    empty, ax = new_figure()
    ax.axis("off")
    assert figure_in_words(empty) == ""


def test_many_lines_are_counted() -> None:
    figure, ax = new_figure()
    for number in range(MOST + 3):
        ax.plot([0, 1], [number, number], label=f"case {number}")
    told = figure_in_words(figure)
    assert f"case {MOST - 1}" in told
    assert f"case {MOST}" not in told
    assert "; and 3 more." in told


def test_where_panels_are_many_half_as_many_lines_are_told() -> None:
    figure, axes = new_figure(2, 2)
    for number in range(MOST):
        axes[0, 0].plot([0, 1], [number, number], label=f"case {number}")
    assert f"; and {MOST - MOST // 2} more." in figure_in_words(figure)
