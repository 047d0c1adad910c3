"""The digits: all of them, in their order, on their scale."""

import numpy as np
from sklearn.datasets import load_digits as original

from microgrand.data.digits import load_digits


def test_the_digits_are_scikit_learns_in_their_order() -> None:
    digits = load_digits()
    assert digits.train.x.shape == (1437, 8, 8, 1)
    assert digits.test.x.shape == (360, 8, 8, 1)
    assert (digits.train.x.dtype, digits.train.y.dtype) == (np.float32, np.int64)
    images, labels = original(return_X_y=True)
    x = np.concatenate([digits.train.x, digits.test.x])
    np.testing.assert_array_equal(x.reshape(1797, 64) * 16, images)
    np.testing.assert_array_equal(np.concatenate([digits.train.y, digits.test.y]), labels)
    assert (x.min(), x.max()) == (0, 1)
    assert digits.classes == tuple("0123456789")


def test_they_are_the_same_on_every_machine() -> None:
    expected = "f5dbe3f2e5a2f7cb7552f4eae86551cafb675d90d104381e48a56a1cd29fa261"
    assert load_digits().checksum == expected


def test_the_neighbours_are_as_the_docstring_says() -> None:
    digits = load_digits()

    def accuracy(train: np.ndarray, test: np.ndarray) -> float:
        x = np.concatenate([digits.train.x, digits.test.x]).reshape(1797, 64)
        y = np.concatenate([digits.train.y, digits.test.y])
        squares = (x * x).sum(1)
        distances = squares[train] - 2 * x[test] @ x[train].T
        return float(np.mean(y[train][distances.argmin(1)] == y[test]))

    order = np.arange(1797)
    assert abs(accuracy(order[:1437], order[1437:]) - 0.956) < 0.003
    draws = [np.random.default_rng(seed).permutation(1797) for seed in range(5)]
    shuffled = np.mean([accuracy(draw[:1437], draw[1437:]) for draw in draws])
    assert abs(shuffled - 0.988) < 0.004
