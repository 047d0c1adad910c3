"""The sheet of samples: every class has its row, and a file is whole or not there."""

from typing import Any

import numpy as np
import pytest

from microgrand.figures.sheet import draw_sheet


def sheet(channels: int = 3) -> Any:
    images = np.zeros((5, 4, 6, channels), np.float32)
    images[[1, 3]] = 0.5
    return draw_sheet(images, np.array([0, 1, 0, 1, 1]), ("left", "right"), 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_for_each_class_with_its_name(channels: int) -> None:
    axes = sheet(channels).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["left", "right"]
    picture = np.asarray(axes.images[0].get_array())
    assert picture.shape == (12, 24, 4)
    black, grey, paper = [0, 0, 0, 1], [0.5, 0.5, 0.5, 1], [0, 0, 0, 0]
    assert np.all(picture[1:5, 1:7] == black)  # the first of the left
    assert np.all(picture[7:11, 1:7] == grey)
    assert np.all(picture[7:11, 17:23] == black)
    assert np.all(picture[1:5, 17:23] == paper)  # there is no third of the left
    assert np.all(picture[0] == paper)


@pytest.mark.parametrize(
    ("numbers", "greys", "other"),
    [([-9, -2.5, 0, 2.5, 9], [0, 0, 0.5, 1, 1], 0.6), ([0, 0.25, 1], [0, 0.25, 1], 0.5)],
)
def test_standardised_images_are_grey_at_their_mean_in_every_row(
    numbers: list[float], greys: list[float], other: float
) -> None:
    images = np.array([*numbers, 0.5], float).reshape(-1, 1, 1, 1)
    labels = np.array([0] * len(numbers) + [1])
    axes = draw_sheet(images, labels, ("these", "another"), len(numbers)).axes[0]
    picture = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(picture[1, 1::3, 0], greys)
    np.testing.assert_allclose(picture[4, 1, 0], other)  # its row alone would not tell


def test_a_sheet_of_towers_is_no_higher_than_can_be_drawn() -> None:
    images = np.zeros((20, 1050, 1, 1), np.float32)
    figure = draw_sheet(images, np.arange(20), tuple("abcdefghijklmnopqrst"), 1)
    assert 70 < figure.get_size_inches()[1] < 81


def test_of_many_classes_twenty_are_drawn_also_those_without_an_image() -> None:
    names = tuple(map(str, range(30)))
    axes = draw_sheet(np.ones((1, 4, 4, 1), np.float32), np.zeros(1, int), names, 2).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(names[:20])
