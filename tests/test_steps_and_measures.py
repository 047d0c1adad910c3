"""Steps and measures against their definitions; what is wrong on purpose fails."""

from dataclasses import replace
from inspect import isclass
from typing import Any

import numpy as np
import pytest

from microgrand import optimizers
from microgrand.measures import MEASURES
from microgrand.op import registry
from microgrand.optimizers import SGD, Adam, Momentum, Optimizer
from microgrand.penalties import PENALTIES
from microgrand.penalties.vector import l1_proximal
from microgrand.proximal import Proximal
from microgrand.steps_and_measures import DEFINED, defined, in_order, lowest, proximal_step, walk
from microgrand.verify import Check, verify


def check_with(name: str, **changes: Any) -> Check:
    """What `verify` says of an entry of which something has been replaced."""
    (found,) = verify([replace(DEFINED[name], **changes)], examples=60)
    return found


# --------------------------------------------------------------------------------- what is right


@pytest.mark.parametrize("name", DEFINED)
def test_what_is_computed_is_what_is_defined(name: str) -> None:
    (found,) = verify([DEFINED[name]], examples=100, seed=1)
    assert found.passed, found.failure
    assert found.value <= 1e-12
    assert found.single <= 1e-4


def test_no_optimiser_proximal_step_or_measure_is_forgotten() -> None:
    kinds = [kind for kind in vars(optimizers).values() if isclass(kind) and hasattr(kind, "step")]
    expected = [kind.__name__.lower() for kind in kinds if kind is not Optimizer]
    expected += ["ista", "projected"]
    expected += [f"{row.name}_proximal" for row in PENALTIES.values() if row.proximal is not None]
    expected += [measure.value.__name__ for measure in MEASURES.values()]
    assert list(DEFINED) == expected
    assert not DEFINED.keys() & registry.keys()


# --------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("sgd", lambda rate, decay: SGD(rate)),  # no decay
        ("sgd", lambda rate, decay: SGD(rate * (1 + 1e-10), decay)),
        ("momentum", lambda rate, beta, decay: Momentum(rate * (1 - beta), beta, decay)),
        ("adam", lambda *settings: Adam(*settings[:-1])),  # never as published
        (
            "adam",
            in_order(
                lambda rate, beta1, beta2, *rest, **more: Adam(rate, beta2, beta1, *rest, **more)
            ),
        ),
        ("ista", lambda rate, strength: Proximal(SGD(rate), PENALTIES["half_l2"], strength)),
        ("projected", lambda rate, bound: SGD(rate)),
    ],
)
def test_an_optimiser_that_does_otherwise_fails(name: str, make: Any) -> None:
    found = check_with(name, forward=walk(make))
    assert not found.passed
    assert "value" in found.failure


def test_an_optimiser_that_loses_digits_in_float32_fails() -> None:
    take = walk(SGD)

    def coarse(theta: np.ndarray, gradients: np.ndarray, *settings: Any) -> np.ndarray:
        short = theta.dtype == np.float32
        return take(theta.astype(np.float16) if short else theta, gradients, *settings)

    found = check_with("sgd", forward=coarse)
    assert not found.passed
    assert "single" in found.failure


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("l1", lambda theta, strength: l1_proximal(theta, strength / 2)),
        ("l1", lambda theta, strength: theta - strength * np.sign(theta)),  # a subgradient step
        ("l1", lambda theta, strength: theta * (np.abs(theta) > strength)),  # the other threshold
        ("l0", lambda theta, strength: theta * (np.abs(theta) > np.sqrt(strength))),
        ("l0", lambda theta, strength: theta * (np.abs(theta) > 2 * strength)),
        ("half_l2", lambda theta, strength: theta * (1 - strength)),
        ("half_l2", lambda theta, strength: theta / (1 + strength) * (1 + 1e-4)),
        ("l3", lambda theta, strength: 2 * theta / (1 + np.sqrt(1 + 6 * strength * np.abs(theta)))),
        ("linear", lambda theta, strength: np.maximum(theta - strength, 0)),
        ("group_l1", l1_proximal),
        ("dead_zone_l1", l1_proximal),
    ],
)
def test_a_proximal_step_that_is_not_the_best_point_fails(name: str, wrong: Any) -> None:
    row = replace(PENALTIES[name], proximal=wrong)
    inputs = DEFINED[f"{name}_proximal"].inputs
    (found,) = verify([defined("wrong", lowest(row), proximal_step(row), **inputs)], examples=60)
    assert not found.passed
    assert "value" in found.failure


@pytest.mark.parametrize("name", [measure.value.__name__ for measure in MEASURES.values()])
def test_a_measure_of_something_else_fails(name: str) -> None:
    right = DEFINED[name].forward
    signs_matter = check_with(name, forward=lambda numbers: right(np.maximum(numbers, 1e-3)))
    assert not signs_matter.passed
    found = check_with(name, forward=lambda numbers: right(numbers) * (1 + 1e-9))
    assert not found.passed
    assert "value" in found.failure
