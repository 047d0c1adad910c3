"""What training does not begin with, and what a prediction is not."""

from typing import Any

import numpy as np
import pytest

from microgrand.layers import Conv2D, Dense, Flatten, LeakyReLU, Sequential
from microgrand.optimizers import Adam
from microgrand.penalties import PENALTIES
from microgrand.training import Dataset, predict, train

NETWORK = Sequential((Dense(8), LeakyReLU(), Dense(1)))
TRAIN, TEST = (Dataset(np.ones((count, 2)), np.ones((count, 1))) for count in (14, 9))


def run(**changes: Any) -> None:
    arguments: dict[str, Any] = {
        "parameters": NETWORK.init((2,), np.random.default_rng(0)),
        "train_set": TRAIN,
        "test_set": TEST,
        "optimizer": Adam(0.01),
        "epochs": 1,
        "batch_size": 4,
        "generator": np.random.default_rng(0),
    }
    next(train(NETWORK, **(arguments | changes)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": -1}, "there cannot be -1 epochs"),
        ({"batch_size": 0}, "one example or more, not 0"),
        ({"batch_size": -1}, "one example or more, not -1"),
        ({"train_set": Dataset(TRAIN.x, TRAIN.y[:-1])}, "14 .*and 13 .*no train"),
        ({"train_set": Dataset(TRAIN.x[:0], TRAIN.y[:0])}, "0 .*and 0 .*no train"),
        ({"train_set": Dataset(TRAIN.x, TRAIN.y.ravel())}, "do not fit"),  # says the loss
        ({"test_set": Dataset(TEST.x, TEST.y[:-1])}, "9 .*and 8 .*no test"),
        ({"test_set": Dataset(TEST.x, TEST.y[:1])}, "9 .*and 1 .*no test"),
        ({"test_set": Dataset(TEST.x[:0], TEST.y[:0])}, "0 .*and 0 .*no test"),
        (
            {"penalty": PENALTIES["group_l1"], "strength": 0.1},
            r"group_l1 is a penalty of a matrix: "
            r"put PENALTIES\['group_l1'\]\.function into the loss",
        ),
        ({"penalty": PENALTIES["l1"]}, "how strong is l1"),
        ({"penalty": PENALTIES["l1"], "strength": np.nan}, "finite number, not nan"),
        ({"penalty": PENALTIES["l1"], "strength": np.inf}, "finite number, not inf"),
        ({"strength": np.array([[0.1], [np.nan]])}, "finite number"),
        ({"mask": np.ones(1)}, r"shape \(33,\), not \(1,\)"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        run(**changes)


@pytest.mark.parametrize("count", [3, 2000])
def test_a_prediction_is_made_of_rows(count: int) -> None:
    images = np.ones((count, 4, 5, 1))
    maps, rows = (Sequential((Conv2D(2, (3, 3)), *end)) for end in ((), (Flatten(),)))
    weights = maps.init((4, 5, 1), np.random.default_rng(0)).weights
    for wrong in (maps, lambda weights, x: x[:, 0, 0, 0]):
        with pytest.raises(ValueError, match="examples, outputs"):
            predict(wrong, weights, images, 64)  # type: ignore[arg-type]
    assert predict(rows, [*weights, {}], images, 64).shape == (count, 40)
