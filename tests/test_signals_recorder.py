"""What a recorder keeps of signals: histograms over a common range, and statistics."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from microgrand.signals import SIGNALS, STATISTICS, Recorder, summarise

SCALED = arrays(np.float64, (3, 40), elements=st.floats(-1, 1, width=32))


@given(SCALED, st.lists(st.integers(-20, 20), min_size=3, max_size=3))
@example(np.zeros((3, 40)), [0, 0, 0])
@example(np.ones((3, 40)), [0, -1, -5])
@example(np.full((3, 40), -1.0), [0, -6, -20])
def test_recorded_histograms_are_those_of_the_common_range(
    values: np.ndarray, powers: list[int]
) -> None:
    recorder = Recorder(bins=10)
    epochs = values * 2.0 ** np.array(powers)[:, None]
    for row in epochs:
        recorder.add({"weight": [row]})
    kept = recorder.arrays()
    reach = kept["ranges"][0, 0]
    edges = np.linspace(-reach, reach, 11)
    for row, histogram in zip(epochs, kept["histograms"][:, 0, 0], strict=True):
        expected = np.histogram(np.clip(row, -reach, np.nextafter(reach, 0)), edges)[0]
        np.testing.assert_array_equal(histogram, expected)
    nonzero = epochs[epochs != 0]
    assert np.sum((nonzero >= -reach) & (nonzero < reach)) >= 0.99 * nonzero.size
    assert np.log2(reach) == round(np.log2(reach))
    largest = max(np.frexp(np.abs(row).max())[1] if row.any() else -126 for row in epochs)
    held = np.sum((nonzero >= -reach / 2) & (nonzero < reach / 2))
    assert held < 0.99 * nonzero.size or np.log2(reach) == largest - Recorder.DOUBLINGS


def test_the_common_range_leaves_a_few_outliers_outside() -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.add({"weight": [np.append(np.linspace(-0.9, 0.9, 999), 7.0)]})
    kept = recorder.arrays()
    assert kept["ranges"].tolist() == [[1.0]]
    assert kept["histograms"][0, 0, 0].sum() == 1000
    assert kept["histograms"][0, 0, 0, -1] == 1  # the outlier


def test_recorded_statistics_are_those_of_summaries() -> None:
    recorder, generator = Recorder(), np.random.default_rng(0)
    epochs = [
        {name: [generator.normal(size=30), generator.normal(size=(2, 3))] for name in SIGNALS}
        for _ in range(4)
    ]
    for signals in epochs:
        recorder.add(signals)
    kept = recorder.arrays()
    assert kept["statistics"].shape == (4, 6, 2, 5)
    assert kept["histograms"].shape == (4, 6, 2, 50)
    for (epoch, signal, layer), _ in np.ndenumerate(kept["statistics"][..., 0]):
        array = epochs[epoch][SIGNALS[signal]][layer]
        summary = summarise(array, 1, 1.0)
        expected = [getattr(summary, name) for name in STATISTICS]
        assert kept["statistics"][epoch, signal, layer].tolist() == expected


def test_further_signals_are_recorded_behind_the_known_ones() -> None:
    recorder = Recorder()
    small, large = np.full(3, 0.1), np.full(3, 10.0)
    for _ in range(2):
        recorder.add({"of our own": [large], "weight": [small], "activation": [small]})
    assert recorder.names == ("activation", "weight", "of our own")
    kept = recorder.arrays()
    assert kept["statistics"].shape == (2, 3, 1, 5)
    np.testing.assert_allclose(kept["statistics"][..., 0, 0], [[0.1, 0.1, 10.0]] * 2)


def test_a_diverged_epoch_is_recorded_as_such() -> None:
    recorder = Recorder(bins=4)
    recorder.add({"weight": [np.array([1.0, -1.0, 0.5])]})
    recorder.add({"weight": [np.array([np.nan, np.inf, 0.5])]})
    kept = recorder.arrays()
    assert np.isnan(kept["statistics"][1, 0, 0, 0])
    assert kept["histograms"][1, 0, 0].sum() == 1  # what is a number


def test_diverged_epochs_do_not_narrow_the_common_range() -> None:
    """The range is of what is a number, however much else there is."""
    numbers = np.random.default_rng(0).normal(size=1000)
    calm, diverged = Recorder(), Recorder()
    for recorder in (calm, diverged):
        recorder.add({"weight": [numbers]})
    for _ in range(90):
        diverged.add({"weight": [np.full(1000, np.nan)]})
    assert diverged.arrays()["ranges"] == calm.arrays()["ranges"]


@pytest.mark.parametrize("size", [1e-320, 1e300])
def test_numbers_of_any_size_are_counted(size: float) -> None:
    recorder = Recorder(bins=4)
    with np.errstate(over="ignore"):  # of the moments
        recorder.add({"weight": [np.array([size, -size])]})
    assert recorder.arrays()["histograms"].sum() == 2


@pytest.mark.parametrize("bins", [5, 1, 0, -2])
def test_bins_that_leave_no_edge_at_zero_are_refused(bins: int) -> None:
    with pytest.raises(ValueError, match=f"an even number of bins, an edge at zero, not {bins}"):
        Recorder(bins)
