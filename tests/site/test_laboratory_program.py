"""The laboratory without a browser: the program, its settings, and what it shows."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

import laboratory
import numpy as np
import pytest
from built_site import ROOT
from hypothesis import example, given
from hypothesis import strategies as st
from laboratory import Laboratory, Settings

from microgrand.data.curve import Curve, make_curve
from microgrand.penalties import PENALTIES
from microgrand.training import train


def one_setting(item: Any) -> st.SearchStrategy[Any]:
    about = item.metadata
    if "options" in about:
        return st.sampled_from([*about["options"]])
    kind = st.integers if about["scale"] == "ones" else st.floats
    return kind(about["low"], about["high"])


all_settings = st.builds(Settings, **{item.name: one_setting(item) for item in fields(Settings)})

# ---------------------------------------------------------------------------------------- training

EXPERIMENTS = {
    "nothing": Settings(),
    "penalty and dropout": Settings(penalty="half_l2", strength=0.01, dropout=0.3),
    "proximal, noisy gradients": Settings(
        penalty="l1", applied="proximal", strength=0.1, noise="gradients"
    ),
    "noisy steps, another rate": Settings(noise="steps", std=1e-3, rate=5e-3, curve=3),
    "noisy inputs": Settings(noise="inputs", std=0.3),
}


@pytest.mark.parametrize("settings", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_with_settings_that_stay_it_is_the_librarys_training(settings: Any) -> None:
    """Bit for bit: the same order of batches, the same masks and noise, the same weights."""
    ours = Laboratory(settings.query(), seed=5)
    while ours.epoch < 3:
        ours.step()
    streams = [np.random.default_rng([5, stream]) for stream in range(4)]
    network = laboratory.network(settings)
    data = make_curve(Curve.draw(settings.curve), streams[0], laboratory.POINTS)
    parameters = network.init((1,), streams[1])
    in_loss = settings.applied == "loss"
    for epoch in train(
        network,
        parameters,
        data.train,
        data.test,
        optimizer=laboratory.optimizer(settings, streams[3]),
        epochs=3,
        batch_size=laboratory.BATCH,
        generator=streams[2],
        penalty=PENALTIES[settings.penalty if in_loss else "none"],
        strength=settings.strength,
    ):
        kept = ours.losses[epoch.number]
        assert kept == (epoch.number, float(epoch.train_loss), float(epoch.test_loss))
    np.testing.assert_array_equal(ours.parameters.vector, parameters.vector)


CHANGES = {
    "penalty": Settings(penalty="l1"),
    "proximal": Settings(penalty="l1", applied="proximal"),
    "dropout": Settings(dropout=0.5),
    "noise": Settings(noise="steps"),
    "rate": Settings(rate=1e-4),
}


def after(steps: int, changes: dict[int, Any]) -> np.ndarray:
    """The weights after some steps, with settings changed before some of them."""
    started = Laboratory()
    for step in range(steps):
        if step in changes:
            started.change(changes[step].query())
        started.step()
    return started.parameters.vector


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_a_change_acts_at_the_next_batch(changed: Any) -> None:
    np.testing.assert_array_equal(after(5, {}), after(5, {4: Settings()}))
    assert np.any(after(5, {}) != after(5, {4: changed}))
    np.testing.assert_array_equal(after(4, {}), after(4, {4: changed}))


def test_another_strength_acts_at_the_next_batch() -> None:
    """A proximal step takes rate · λ off each weight, and λ is what it is at that batch."""
    started, smallest = Laboratory(), 1e-6
    for strength in (smallest, 1.0):
        before = started.parameters.vector.copy()
        settings = Settings(penalty="l1", applied="proximal", strength=strength, rate=1e-2)
        started.change(settings.query())
        started.step()
        zeros = np.mean(started.parameters.vector == 0)
        assert (zeros > 0.05) == (strength == 1.0)
        # Adam's first steps are at most a rate long, and what is taken off another rate · λ.
        moved = np.abs(started.parameters.vector - before).max()
        assert moved <= 1e-2 * (1 + strength) * 1.01


def test_another_curve_starts_anew_and_nothing_else_does() -> None:
    started = Laboratory()
    for _ in range(12):
        started.step()
    started.change(Settings(strength=0.5, rate=0.1).query())
    assert (started.epoch, len(started.losses)) == (1, 2)
    started.change(Settings(curve=1).query())
    assert (started.epoch, len(started.losses)) == (0, 1)
    assert started.data.curve == Curve.draw(1)


def test_starting_anew_repeats_what_was() -> None:
    started = Laboratory("dropout=0.2&noise=steps")
    first = [started.step() for _ in range(12)], started.parameters.vector.copy()
    started.restart()
    assert [started.step() for _ in range(12)] == first[0]
    np.testing.assert_array_equal(started.parameters.vector, first[1])


# ---------------------------------------------------------------------------------------- settings


@given(settings=all_settings)
def test_settings_survive_the_address(settings: Any) -> None:
    assert Settings.from_query(settings.query()) == settings


@given(name=st.sampled_from([item.name for item in fields(Settings)] + ["h", ""]), value=st.text())
@example(name="strength", value="nan")
@example(name="strength", value="-1")
@example(name="dropout", value="1")
@example(name="curve", value="1e3")
@example(name="penalty", value="lpq")
@example(name="rate", value="inf")
def test_what_an_address_gets_wrong_is_passed_over(name: str, value: str) -> None:
    read = Settings.from_query(urlencode([(name, value), ("noise", "steps")]))
    for item in fields(Settings):
        one, about = getattr(read, item.name), item.metadata
        if item.name not in (name, "noise"):
            assert one == item.default
        elif "options" in about:
            assert one in about["options"]
        else:
            assert about["low"] <= one <= about["high"]
    assert read.noise == "steps"


def test_every_penalty_can_be_applied_both_ways() -> None:
    for name in laboratory.PENALTY:
        for applied in laboratory.APPLIED:
            assert Laboratory(Settings(penalty=name, applied=applied).query()).step() is False


# ------------------------------------------------------------------------------------ what is shown


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_a_frame_shows_prediction_weights_and_losses() -> None:
    started = Laboratory()
    while not started.step():
        pass
    frame = json.loads(started.frame(), parse_constant=refuse)
    prediction, weights, losses = frame["panels"]
    assert len(prediction["series"][1]["y"]) == len(laboratory.GRID)
    assert sum(weights["series"][0]["y"]) == pytest.approx(1, abs=1e-3)
    training, test = (series["y"] for series in losses["series"])
    assert training[-1] == round(float(np.log10(started.losses[1][1])), 3)
    assert test[0] == round(float(np.log10(started.losses[0][2])), 3)
    assert frame["words"].startswith("epoch 1: loss ")
    assert len(started.frame()) < 30_000  # ten times a second


def test_a_network_that_has_diverged_can_still_be_shown() -> None:
    started = Laboratory()
    started.parameters.vector[:] = np.nan
    started.losses.append((1, np.inf, np.nan))
    frame = json.loads(started.frame(), parse_constant=refuse)
    assert set(frame["panels"][0]["series"][1]["y"]) == {None}
    assert "loss inf in training" in frame["words"]


def test_a_long_training_is_thinned_and_keeps_its_last_epoch() -> None:
    started = Laboratory()
    started.losses = [(epoch, 0.1, 0.1) for epoch in range(10_001)]
    started.epoch = 10_000
    losses = started.show_losses()
    for series in losses["series"]:
        assert series["x"][-1] == 10_000
        assert len(series["x"]) == len(series["y"]) <= laboratory.SHOWN + 1
    assert losses["x_limits"][1] >= 10_000


def test_in_a_terminal_it_prints_the_losses() -> None:
    command = [sys.executable, "docs/laboratory.py", "penalty=l1&applied=proximal&strength=1", "2"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    first, *epochs = done.stdout.splitlines()
    assert first.startswith("penalty=l1&applied=proximal&strength=1.0&")
    assert [line.split(":")[0] for line in epochs] == ["epoch 1", "epoch 2"]
