"""The normalisation lesson: what is left of a run, how it is made, and how it is told."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from running import ROOT, links, program, source

from microgrand import ops, records
from microgrand.data.catalog import load_once
from microgrand.tape import value_and_grad
from microgrand.training import Dataset

LESSON = "normalization"
TINY = ["--train-images", "20", "--test-images", "20", "--epochs", "1"]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The whole lesson, with two seeds and hardly any images: its module, after the last cell."""
    out = tmp_path_factory.mktemp(LESSON)
    return program(LESSON, out, "--seeds", "2", "--jobs", "1", *TINY, whole=True)


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return program(LESSON, tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="session")
def tiny(lesson: ModuleType) -> Any:
    return replace(lesson.settings, train_images=40, test_images=20, epochs=1)


# ------------------------------------------------------------------------------------- what is left


def test_every_figure_is_written_and_can_be_opened(started: ModuleType) -> None:
    out, text = started.session.out, source(LESSON)
    shown = set(re.findall(r'session\.show\(\s*figure,\s*"([a-z-]+)",', text))
    assert len(shown) == text.count("session.show(") >= 7
    expected = {f"{name}.{end}" for name in shown for end in ("svg", "png", "csv")}
    expected |= {"signals", "signals.webp", "signals-still.webp", "claims.json", "records"}
    assert {path.name for path in out.iterdir()} == expected
    for name in expected:
        if name.endswith((".png", ".webp")):
            with Image.open(out / name) as image:
                image.load()


def test_every_network_and_signal_can_be_chosen(started: ModuleType) -> None:
    files = list((started.session.out / "signals").iterdir())
    assert len(files) == (5 + 6) * 4
    for file in files:
        data = json.loads(file.read_text("utf-8"))
        assert [panel["title"] for panel in data["panels"]] == [f"layer {n}" for n in range(1, 7)]
        assert data["frames"] == ["epoch 0", "epoch 1"]


def test_each_animation_shows_the_signal_that_it_names(
    started: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last frame against the signals of the trained network, which the run gives again."""
    taken: list[dict[str, list[np.ndarray]]] = []
    shown = started.shown_signals

    def noting(*arguments: Any) -> Any:
        taken.append(shown(*arguments))
        return taken[-1]

    monkeypatch.setattr(started, "shown_signals", noting)
    started.run(started.settings, "correct-batch", 0)
    for signal in started.SHOWN:
        animation = started.moving_signals("correct-batch", signal)
        for panel, array in zip(animation.panels, taken[-1][signal], strict=True):
            bars = panel.series[0]
            inside = np.clip(array, bars.x[0], bars.x[-1])
            expected = np.histogram(inside.astype(np.float64), bars.x)[0] / array.size
            np.testing.assert_allclose(bars.frame(-1), 100 * expected, atol=100 * 3 / array.size)


def test_every_claim_is_judged(started: ModuleType) -> None:
    content = json.loads((started.session.out / "claims.json").read_text("utf-8"))
    assert [claim["name"] for claim in content["claims"]] == [f"Z{n}" for n in range(1, 10)]
    for claim in content["claims"]:
        assert claim["verdict"] in ("holds", "does not hold", "depends", "artefact"), claim
        for finding in claim["findings"]:
            assert len(finding["values"]) == 2


def test_runs_are_recorded_with_the_data_they_read(started: ModuleType) -> None:
    kept = sorted((started.session.out / "records").glob("*.json"))
    assert len(kept) == 2 * (5 + 6 + 2 + 3)
    for path in kept:
        record = records.load(path.with_suffix(""))
        assert record.manifest["data_sha256"] == load_once("patches").checksum
        assert record["accuracies"].shape == record["losses"].shape == (2, 2)
        assert record["tallies"].shape == (2, 4, 6, 3)
        assert np.all((record["tallies"][..., :2] >= 0) & (record["tallies"][..., :2] <= 1))
        assert ("histograms" in record.arrays) == (record.manifest["seed"] == 0)
        assert ("bent" in record.arrays) == record.manifest["case"].endswith("box-cox")
        assert record["moved"].shape == (6,)


def test_a_run_has_the_same_bits_again(started: ModuleType) -> None:
    for case in ("published-instance", "digit-batch"):
        again = started.run(started.settings, case, 1)
        record = started.results[case, 1]
        assert set(again) == set(record.arrays)
        for name, array in again.items():
            np.testing.assert_array_equal(array, record[name], err_msg=name)


# ----------------------------------------------------------------------------------- how it is made


def test_the_networks_differ_in_their_scheme_alone(lesson: ModuleType) -> None:
    sizes: dict[str, set[int]] = {}
    for case in (*CASES_PUBLISHED, *CASES_CORRECT):
        way, _, scheme = case.partition("-")
        network = lesson.network_of(scheme, way, lesson.settings, lesson.images)
        parameters = network.init((32, 32, 3), np.random.default_rng(0))
        kernels = [layer["kernel"] for layer in parameters.weights if "kernel" in layer]
        assert [k.shape[2:] for k in kernels] == [(3, 16), *[(16, 16)] * 4, (16, 10)]
        sizes.setdefault(scheme, set()).add(parameters.vector.size)
        first = lesson.network_of("none", "correct", lesson.settings, lesson.images)
        plain = first.init((32, 32, 3), np.random.default_rng(0)).vector
        np.testing.assert_array_equal(np.concatenate([k.ravel() for k in kernels]), plain)
    weights = 9 * (3 * 16 + 4 * 16 * 16 + 16 * 10)
    assert {scheme: size.pop() - weights for scheme, size in sizes.items()} == {
        "none": 0, "batch": 0, "layer": 0, "instance": 0, "group": 0, "box-cox": 5,
    }  # fmt: skip


CASES_PUBLISHED = [f"published-{s}" for s in ("none", "batch", "layer", "instance", "box-cox")]
CASES_CORRECT = [f"correct-{s}" for s in ("none", "batch", "layer", "instance", "group", "box-cox")]


def test_the_cases_are_those_that_are_checked_here(started: ModuleType) -> None:
    assert started.PUBLISHED == CASES_PUBLISHED
    assert started.CORRECT == CASES_CORRECT


def test_only_the_published_layer_and_instance_norm_predict_by_averages(
    lesson: ModuleType,
) -> None:
    for way in ("published", "correct"):
        for scheme in ("layer", "instance"):
            (layer,) = lesson.between(scheme, way, lesson.settings)
            assert layer.moving_average == (0.9 if way == "published" else None)
    (batch,) = lesson.between("batch", "correct", lesson.settings)
    assert batch.moving_average == 1.0


def test_means_given_back_are_those_of_each_map_and_nothing_else(lesson: ModuleType) -> None:
    (layer,) = lesson.between("given-back", "correct", lesson.settings)
    x = np.random.default_rng(0).normal(1, 0.3, (20, 8, 6, 4)) * np.arange(1, 5)
    y = layer({}, x)
    means, wanted = y.mean((1, 2)), x.mean((1, 2))
    np.testing.assert_allclose(means, (wanted - wanted.mean(0)) / wanted.std(0), rtol=1e-4)
    instance = (x - wanted[:, None, None]) / x.std((1, 2), keepdims=True)
    np.testing.assert_allclose(y - means[:, None, None], instance, atol=1e-6)
    assert layer({}, x.astype(np.float32)).dtype == np.float32


def test_a_seed_has_one_order_of_its_own_for_all_cases(lesson: ModuleType, tiny: Any) -> None:
    published, correct = (lesson.ask(tiny, way, 0) for way in ("published", "correct"))
    for one, other in zip(published.train, correct.train, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(published.train.y, lesson.ask(tiny, "correct", 1).train.y)
    plain = load_once("patches").first(40, 20)
    assert not np.array_equal(published.train.y, plain.train.y)
    by_image = {x.tobytes(): y for x, y in zip(*plain.train, strict=True)}
    assert len(by_image) == 40
    assert all(by_image.pop(x.tobytes()) == y for x, y in zip(*published.train, strict=True))
    np.testing.assert_array_equal(published.test.x, plain.test.x)


def test_a_digit_is_drawn_over_the_same_patches(lesson: ModuleType, tiny: Any) -> None:
    plain, asked = lesson.ask(tiny, "correct", 0), lesson.ask(tiny, "digit", 0)
    ink = asked.train.x - plain.train.x
    assert ink.min() > -1e-6  # only added
    for margin in (ink[:, :4], ink[:, 28:], ink[:, :, :4], ink[:, :, 28:]):
        assert not margin.any()
    np.testing.assert_allclose(ink[..., 0], ink[..., 1], atol=1e-6)  # as bright in each colour
    scans = load_once("digits")
    known = {x.tobytes(): y for x, y in zip(*scans.train, strict=True)}
    ink = np.round(ink[:, 4:28:3, 4:28:3, :1] / (4 * plain.train.x.std()) * 16) / 16
    found = [known[x.astype(np.float32).tobytes()] for x in ink]
    np.testing.assert_array_equal(found, asked.train.y)


def test_a_digit_fits_into_images_of_any_size(lesson: ModuleType) -> None:
    scans = load_once("digits").train
    for side, channels in ((8, 1), (9, 3), (28, 1), (96, 3)):
        half = Dataset(np.zeros((3, side, side, channels), np.float32), np.zeros(3, int))
        drawn = lesson.with_digits(half, scans, 2.0, np.random.default_rng(0))
        assert drawn.x.shape == half.x.shape
        assert not half.x.any()
        assert drawn.x.reshape(3, -1).max(-1).tolist() == [2.0] * 3


def test_the_tally_counts_what_a_histogram_shows(lesson: ModuleType) -> None:
    values = np.random.default_rng(0).normal(size=5000) ** 3
    values[:1000] = 0
    nonzero, visible, spread = lesson.tally(values)
    assert nonzero == 0.8
    assert spread == values.std()
    reach = np.abs(values).max()
    bars, _ = np.histogram(values, np.linspace(-reach, reach, lesson.BARS + 1))
    middle = bars[lesson.BARS // 2 - 1 : lesson.BARS // 2 + 1].sum()
    assert visible == pytest.approx(1 - middle / 5000, abs=1e-12)
    assert lesson.tally(np.zeros(7)) == (0, 0, 0)


def test_the_loss_counts_training_batches_and_nothing_else(lesson: ModuleType) -> None:
    counting = lesson.CountingLoss()
    scores = np.eye(4, dtype=np.float64)
    labels = np.array([0, 1, 2, 0])
    expected = ops.softmax_cross_entropy(scores, labels)
    assert counting(scores, labels) == expected
    assert counting.noted == []
    assert np.isnan(counting.accuracy())
    parameters = lesson.Parameters.from_weights([{"scores": scores}])
    value, _ = value_and_grad(lambda weights: counting(weights[0]["scores"], labels))(parameters)
    assert value == expected
    value_and_grad(lambda weights: counting(weights[0]["scores"][:1], labels[:1]))(parameters)
    assert counting.accuracy() == pytest.approx((3 + 1) / 5)
    assert np.isnan(counting.accuracy())


@pytest.mark.parametrize("epochs", [1, 2, 12, 26, 150])
def test_the_epochs_that_are_kept_run_from_first_to_last(lesson: ModuleType, epochs: int) -> None:
    kept = lesson.kept_epochs(epochs)
    assert (kept[0], kept[-1]) == (0, epochs)
    assert len(kept) == min(epochs + 1, 26)


def test_weight_minus_gradient_is_that(lesson: ModuleType) -> None:
    network = lesson.network_of("batch", "correct", lesson.settings, lesson.images)
    parameters = network.init((32, 32, 3), np.random.default_rng(0))
    batch = Dataset(lesson.images.train.x[:4], lesson.images.train.y[:4])
    signals = lesson.shown_signals(network, parameters, batch)
    assert tuple(signals) == lesson.SHOWN
    for weight, gradient, difference in zip(
        signals["weight"], signals["weight gradient"], signals["weight minus gradient"], strict=True
    ):
        np.testing.assert_array_equal(difference, weight - gradient)


def test_what_reaches_box_cox_is_what_relu_gave(lesson: ModuleType) -> None:
    network = lesson.network_of("box-cox", "correct", lesson.settings, lesson.images)
    parameters = network.init((32, 32, 3), np.random.default_rng(0))
    x = lesson.images.train.x[:4]
    bent = lesson.before_box_cox(network, parameters, x)
    assert bent.shape == (5, 4000)
    first = ops.relu(ops.conv2d(x, parameters.weights[0]["kernel"], None, 1, "same")).ravel()
    assert set(bent[0]) <= set(first)
    assert np.all(bent >= 0)


def test_the_discarded_numbers_know_the_class_and_nothing_but_the_class(
    started: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = replace(started.settings, train_images=300, test_images=200)
    assert 0.4 < started.discarded(more, 0) < 1
    images = started.ask(more, "correct", 0)
    labels = np.random.default_rng(0).integers(10, size=200)
    guessed = replace(images, test=Dataset(images.test.x, labels))
    monkeypatch.setattr(started, "ask", lambda *arguments: guessed)
    assert started.discarded(more, 0) < 0.25  # labels of chance: no way to know them


# ---------------------------------------------------------------------------------- how it is told


def test_every_derivation_the_lesson_needs_is_linked_and_there() -> None:
    found = set(links(LESSON))
    lessons = {"curve.ipynb", "penalties.ipynb#accuracy"}
    for link in found - lessons:  # as files stand: the site's generator makes addresses
        assert (ROOT / "docs" / "lessons" / link).resolve().is_file(), link
    pages = {Path(link).stem for link in found}
    assert pages >= {"normalize", "normalize_by", "box_cox", "scale_and_shift"}
