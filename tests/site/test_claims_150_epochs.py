"""What the page on the articles' claims says of the seeds that trained for 150 epochs."""

from __future__ import annotations

import numpy as np
import pytest
from test_claims_page import kept, smooth

from microgrand import verdicts
from microgrand.claims import bootstrap_interval


def accuracies(name: str) -> dict[tuple[str, int], np.ndarray]:
    """Percent by case and seed: training and test, each by epoch."""
    recorded = kept(name)
    if recorded.lesson == "penalties":
        return {one: 100 * run["accuracy"] for one, run in recorded.results.items()}
    return {one: 100 * run["accuracies"].T for one, run in recorded.results.items()}


@pytest.mark.parametrize("name", ["penalties", "normalization"])
def test_it_begins_as_the_shorter_run_to_the_last_bit(name: str) -> None:
    shorter = accuracies(name)
    for (case, seed), percent in accuracies(f"{name}-150-epochs").items():
        assert seed == 0
        assert percent.shape == (2, 151)
        begun = shorter[case, seed]
        np.testing.assert_array_equal(percent[:, : begun.shape[1]], begun)


def test_the_plain_network_learns_by_heart_later_and_ends_first() -> None:
    percent = {case: run for (case, _), run in accuracies("normalization-150-epochs").items()}
    tested = {case: smooth(run[1]) for case, run in percent.items()}
    ends = {case: run[-1] for case, run in tested.items()}
    plain = "correct-none"
    others = {case for case in ends if case.startswith("correct-")} - {plain}
    assert len(others) == 5
    assert tested[plain].argmax() + 2 == 53
    assert smooth(percent[plain][0])[-1] == pytest.approx(85, abs=0.5)
    assert 1.5 < tested[plain].max() - ends[plain] < 2.5
    for case in others:
        assert 2.5 < tested[case].max() - ends[case] < 5
    assert ends[plain] == pytest.approx(50.1, abs=0.05)
    assert max(ends[case] for case in others) == ends["correct-batch"]
    assert ends["correct-batch"] == pytest.approx(49.6, abs=0.05)
    best = max(others, key=lambda case: tested[case].max())
    assert best == "correct-batch"
    assert 1.5 < tested[best].max() - tested[plain].max() < 2.5

    assert ends["published-none"] == pytest.approx(39.9, abs=0.05)
    assert 8.5 < ends["published-box-cox"] - ends["published-none"] < 9.5
    assert 5.5 < ends["published-batch"] - ends["published-none"] < 6.5
    known = {"batch": 92, "instance": 91, "layer": 89, "box-cox": 54, "none": 43}
    for scheme, told in known.items():  # the mean of five epochs around number 130
        assert smooth(percent[f"published-{scheme}"][0])[128] == pytest.approx(told, abs=0.5)


def test_of_our_seeds_it_is_the_kindest_to_the_plain_network() -> None:
    (judged,) = verdicts.articles(
        [one for one in verdicts.recordings() if one.name == "normalization"]
    )
    after_60 = next(one for one in judged.judgements if one.name == "Z7").findings[1].values
    assert max(after_60) == after_60[0]


def test_as_published_decay_is_level_and_the_lasso_behind() -> None:
    percent = {case: run for (case, _), run in accuracies("penalties-150-epochs").items()}
    ends = {case: smooth(run[1])[-1] for case, run in percent.items()}
    for letter in "AHZ":
        assert ends[f"{letter}-published"] == pytest.approx(45, abs=0.5)
    for letter in "BDEF":
        assert 3.5 < ends["Z-published"] - ends[f"{letter}-published"] < 8

    wind = percent["H-corrected"][1]
    assert wind[143] == pytest.approx(46, abs=0.5)
    assert wind[144] < 0.5 * wind[143]
    assert wind[-1] > wind[144] + 10


def test_with_five_seeds_l2_catches_up_and_no_more() -> None:
    runs = accuracies("penalties-l2-150-epochs")
    first = accuracies("penalties-150-epochs")
    for case in ("A-corrected", "Z-corrected"):
        np.testing.assert_array_equal(runs[case, 0], first[case, 0])
    a, z = ([runs[f"{letter}-corrected", seed] for seed in range(5)] for letter in "AZ")
    tested_a, tested_z = ([smooth(run[1]) for run in those] for those in (a, z))
    ahead = np.subtract(tested_a, tested_z)  # (seed, epoch − 2)

    assert ahead[:, 46].mean() == pytest.approx(-2.4, abs=0.05)  # the last mean within 50 epochs
    assert ahead[:, 96].mean() == pytest.approx(-1.3, abs=0.05)
    ends = ahead[:, -1]
    assert ends.mean() == pytest.approx(0.4, abs=0.05)
    low, high = bootstrap_interval(tuple(ends))
    assert (low, high) == (pytest.approx(-0.7, abs=0.05), pytest.approx(1.7, abs=0.05))
    assert sorted(ends > 0) == [False, False, True, True, True]
    assert ahead[0, 46] == pytest.approx(-1, abs=0.5)
    assert ends[0] == max(ends) == pytest.approx(3, abs=0.5)

    for those, low, high in ((z, 73, 84), (a, 63, 68)):
        trained = [smooth(run[0])[-1] for run in those]
        assert min(trained) == pytest.approx(low, abs=0.5)
        assert max(trained) == pytest.approx(high, abs=0.5)
    early = [one for one in tested_z if one.argmax() + 2 <= 108]
    assert len(early) == 4
    assert all(0.9 < one.max() - one[-1] < 2.6 for one in early)
    best_a = sorted(one.argmax() + 2 for one in tested_a)
    assert best_a[0] > 118
    assert best_a[2] > 140
    at_best = [one.max() - other.max() for one, other in zip(tested_a, tested_z, strict=True)]
    assert np.mean(at_best) == pytest.approx(-0.6, abs=0.05)
    low, high = bootstrap_interval(tuple(at_best))
    assert (low, high) == (pytest.approx(-2.0, abs=0.05), pytest.approx(1.0, abs=0.05))
