"""What the page on the articles' claims says of learned masks."""

from __future__ import annotations

import numpy as np
import pytest
from test_claims_page import kept

from microgrand import verdicts
from microgrand.optimizers import Adam
from microgrand.penalties import PENALTIES
from microgrand.proximal import Projected
from microgrand.verdicts import Recording

BINS, STEPS = 20, 50  # of a histogram of masks; an epoch


@pytest.fixture(scope="module")
def recorded() -> Recording:
    found = kept("masks")
    assert len(found.seeds) == 5
    return found


def accuracy(recorded: Recording, case: str, epochs: slice = slice(-8, None)) -> np.ndarray:
    """Test accuracy in percent, a number a seed."""
    runs = [recorded.results[case, seed]["test"] for seed in recorded.seeds]
    return 100 * np.array([run[epochs].mean() for run in runs])


def histograms(recorded: Recording, case: str) -> np.ndarray:
    """Shares of all masks: (epoch, bin), mean over the seeds."""
    counts = np.mean([recorded.results[case, seed]["masks"] for seed in recorded.seeds], axis=0)
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


def test_twelve_penalties_are_alike_after_8_epochs_and_part_by_their_direction(
    recorded: Recording,
) -> None:
    cases = {letter: f"mask-{letter}" for letter in "ABCDEFGHIJKL"}
    early = {
        case: accuracy(recorded, case, slice(7, 9)).mean() for case in (*cases.values(), "D-code")
    }
    plain = early.pop("D-code")
    assert np.ptp([*early.values()]) < 2
    assert min(early.values()) > plain + 3
    last = slice(-5, None)
    ends = {letter: accuracy(recorded, case, last).mean() for letter, case in cases.items()}
    assert accuracy(recorded, "D-code").mean() > max(ends.values()) + 5
    for letter in "ACIJ":
        shut = histograms(recorded, cases[letter])[:, 0]
        assert shut[12] < 0.01
        assert shut[30] > 0.95
        at_12 = accuracy(recorded, cases[letter], slice(12, 13)).mean()
        assert at_12 == pytest.approx(27, abs=0.5)
    for letters, percent in {"ACIJK": 10, "B": 23, "L": 26, "DEFGH": 35}.items():
        for letter in letters:
            assert ends[letter] == pytest.approx(percent, abs=0.5)
    for letter in "DEFGH":
        assert accuracy(recorded, cases[letter], slice(7, 9)).mean() < ends[letter] - 5
    assert histograms(recorded, "mask-K")[18, 0] > 0.99


@pytest.mark.parametrize(
    ("letter", "name"), [("A", "l1"), ("B", "l2"), ("K", "log_shifted"), ("L", "negative_entropy")]
)
def test_where_the_masks_go_can_be_foreseen_without_network_and_images(
    recorded: Recording, letter: str, name: str
) -> None:
    """One number, moved by Adam with the slope of its penalty alone."""
    settings = recorded.settings
    optimizer = Projected(Adam(settings["learning_rate"], epsilon=1e-9), 0, 1)
    mask = np.ones(1)
    state = optimizer.init(mask)
    means = histograms(recorded, f"mask-{letter}") @ ((np.arange(BINS) + 0.5) / BINS)
    assert settings["train_images"] == STEPS * settings["batch_size"]
    for mean in means[1:]:
        for _ in range(STEPS):
            slope = PENALTIES[name].gradient(mask)
            optimizer.step(mask, settings["strength"] * slope, state)
        assert abs(mean - mask[0]) < 1 / BINS


def test_with_relu_kept_what_shuts_masks_hurts_and_what_does_not_does_not() -> None:
    recorded = kept("masks-and-relu")
    assert len(recorded.seeds) == 10
    shuts, leaves, plain = (accuracy(recorded, case) for case in ("relu-A", "relu-E", "D-code"))
    assert np.abs(leaves - plain).max() < 2
    assert sorted(leaves > plain) == [False] + 9 * [True]
    counts = np.array([recorded.results["relu-A", seed]["masks"][-1] for seed in recorded.seeds])
    shut, behind = counts[:, 0] / counts.sum(axis=1), plain - shuts
    most = np.argsort(shut)[-2:]
    others = np.setdiff1d(np.arange(10), most)
    assert np.all((shut[others] > 0.6) & (shut[others] < 0.77))
    assert np.all((behind[others] > 3) & (behind[others] < 8))
    assert np.all(behind[most] > 8)
    assert shuts.min() > 20  # all of them learn
    assert 0.64 < shut.min() < 0.67
    assert 0.89 < shut.max() < 0.92
    assert behind.mean() == pytest.approx(6.8, abs=0.05)

    (article,) = verdicts.articles([one for one in verdicts.recordings() if one.lesson == "noise"])
    (found,) = (one for one in article.judgements if one.name == "N7")
    assert found.verdict == "holds"
    assert found.findings[1].chance < 0.01


def test_the_two_recordings_share_their_first_runs_bit_for_bit(recorded: Recording) -> None:
    other = kept("masks-and-relu")
    shared = set(recorded.results) & set(other.results)
    assert len(shared) == 25
    for name in shared:
        for key, array in recorded.results[name].arrays.items():
            np.testing.assert_array_equal(array, other.results[name].arrays[key])
