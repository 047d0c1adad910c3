"""The lesson on noise: its runs, what it says of them, and how it is told."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from running import ROOT, Started, install, links, program, source, start

from microgrand import records
from microgrand.claims import bootstrap_interval
from microgrand.data.catalog import load_once
from microgrand.layers import Conv2D, Mask, NoisyWeights, ReLU, Sequential, Shake
from microgrand.penalties import PENALTIES
from microgrand.settings import UserError

LESSON = "noise"
TRAINED = ["A", "B", "C-text", "D-text", "C-code", "D-code", "C-far", "annealed", "input"]
TRAINED += ["weights", "even", "shake", "zero-plain", "zero-step", "zero-gradient"]
TRAINED += [*(f"mask-{letter}" for letter in "AEL"), "relu-E"]
PLAYED = {"saddle", "masks"}


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """The lesson, once, with two seeds: one is not enough for a verdict."""
    place, folder = (tmp_path_factory.mktemp(name) for name in ("noise", "reader"))
    return start(LESSON, install(place), folder, "--seeds", "2", "--jobs", "1")


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return program(LESSON, tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="session")
def runs(lesson: ModuleType) -> dict[str, dict[str, np.ndarray]]:
    """Some cases with a seed, smaller still."""
    wanted = ("A", "C-code", "D-code", "C-text", "zero-plain", "zero-step", "mask-A", "relu-E")
    return {case: lesson.run(lesson.settings, case, 3) for case in wanted}


# ------------------------------------------------------------------------------------- what is left


def test_every_figure_is_written_and_can_be_opened(ran: Started) -> None:
    text = source(LESSON)
    shown = set(re.findall(r'session\.show\(.*?\n    "([a-z-]+)",\n', text, re.DOTALL))
    assert len(shown) >= 8
    expected = {f"{name}.{end}" for name in shown - PLAYED for end in ("svg", "png", "csv")}
    expected |= {f"{name}{end}" for name in PLAYED for end in (".webp", "-still.webp", ".json")}
    expected |= {"weights.webp", "weights-still.webp", "weights", "claims.json", "records"}
    assert {path.name for path in ran.results.iterdir()} == expected
    for path in ran.results.iterdir():
        if path.suffix in (".png", ".webp"):
            with Image.open(path) as image:
                image.load()


def test_the_saddle_is_left_by_those_who_are_beside_it_or_shaken(ran: Started) -> None:
    """The last frame of the animation: plain descent has stayed where it started on the ridge."""
    saddle = json.loads((ran.results / "saddle.json").read_text("utf-8"))
    for panel in saddle["panels"]:
        trails = panel["series"][-4:]  # one for each start
        first, last = (np.array([trail["y"][frame] for trail in trails]) for frame in (0, -1))
        assert np.all(np.sum(first < 9, axis=1) == 1)  # what is not yet reached is out of sight
        assert np.all(last < 9)
        ends = np.abs(last[:, -1])
        noisy = "sampled" in panel["title"]
        assert np.all(ends[:2] > 0.5) == noisy
        assert ends[3] > 0.9


def test_the_weights_of_every_noise_can_be_chosen(ran: Started, lesson: ModuleType) -> None:
    files = {path.stem for path in (ran.results / "weights").iterdir()}
    assert files == {"C-code", "C-far", "D-text", "D-code", "weights"}
    drawn = json.loads((ran.results / "weights" / "C-far.json").read_text("utf-8"))
    assert [panel["title"] for panel in drawn["panels"]] == [f"layer {i}" for i in range(1, 7)]
    for panel in drawn["panels"]:
        plain, noisy = panel["series"]
        assert plain["y"][0] == noisy["y"][0]
        assert plain["y"][-1] != noisy["y"][-1]


def test_every_run_is_recorded_with_where_it_comes_from(ran: Started) -> None:
    expected = {f"{case}-seed-{seed}" for case in TRAINED for seed in (0, 1)}
    assert {path.stem for path in (ran.results / "records").iterdir()} == expected
    for name in ("A-seed-0", "mask-L-seed-1"):
        record = records.load(ran.results / "records" / name)
        assert record.manifest["data_sha256"] == load_once("patches").checksum
        epochs = 4 if name[0] == "A" else 3  # with what there is before the first
        assert record["test"].shape == record["train"].shape == record["loss"].shape == (epochs,)
        assert record["weights"].shape == (epochs, 6, 50)


def test_the_claims_are_the_articles_and_all_are_judged(ran: Started) -> None:
    claims = json.loads((ran.results / "claims.json").read_text("utf-8"))["claims"]
    assert [claim["name"] for claim in claims] == [f"N{number}" for number in range(1, 8)]
    for claim in claims:
        assert claim["verdict"] != "not judged"
        assert claim["text"] in " ".join(source(LESSON).split())
        for finding in claim["findings"]:
            assert len(finding["values"]) == 2
    same = next(f for f in claims[0]["findings"] if f["measure"] == "training accuracy, E − D")
    assert same["values"] == [0, 0]
    assert same["supports"] is False


# ----------------------------------------------------------------------------------- how it is made


def test_images_are_shuffled_once_in_whole_batches_and_made_smaller(lesson: ModuleType) -> None:
    train, test = lesson.prepare(lesson.settings)
    again, _ = lesson.prepare(lesson.settings)
    np.testing.assert_array_equal(train.x, again.x)
    assert train.x.shape == (40, 12, 12, 3)
    assert test.x.shape == (20, 12, 12, 3)
    assert sorted(train.y) == sorted(load_once("patches").train.y[:40])
    assert list(train.y[:10]) != list(range(10))
    with pytest.raises(UserError, match="do not fill a batch of 50"):
        lesson.prepare(replace(lesson.settings, batch_size=50))


@pytest.mark.parametrize(("crop", "shrink", "side"), [(24, 2, 12), (99, 1, 32), (7, 3, 2)])
def test_the_middle_is_kept_and_squares_are_averaged(
    lesson: ModuleType, crop: int, shrink: int, side: int
) -> None:
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    found = lesson.smaller(x, crop, shrink)
    assert found.shape == (2, side, side, 3)
    assert found.dtype == np.float32
    first = (32 - side * shrink) // 2
    for row in range(side):
        for column in range(side):
            down, right = first + row * shrink, first + column * shrink
            square = x[:, down : down + shrink, right : right + shrink]
            np.testing.assert_allclose(found[:, row, column], square.mean((1, 2)), atol=1e-6)
    with pytest.raises(UserError, match="--shrink 16 leaves nothing of 9 pixels"):
        lesson.smaller(x, 9, 16)


def test_the_networks_are_the_articles(lesson: ModuleType) -> None:
    cases = lesson.all_cases(lesson.settings, (96, 96, 3), 10, 2500)
    assert list(cases) == TRAINED

    def layers(case: str, kind: type) -> list:
        return [layer for layer in cases[case].network.layers if isinstance(layer, kind)]

    assert [layer.stride for layer in layers("A", Conv2D)] == [2, 2, 2, 2, 1, 1]
    assert [layer.filters for layer in layers("shake", Conv2D)] == [16, 32, 32, 32, 32, 10]
    assert [layer.forward for layer in layers("even", Shake)] == ["even"] * 4
    assert len(layers("shake", Shake)) == 4
    assert len(layers("mask-A", Mask)) == len(layers("relu-E", Mask)) == 5
    assert len(layers("mask-A", ReLU)) == 1  # behind the last convolution alone
    assert len(layers("relu-E", ReLU)) == 6
    assert len(layers("weights", NoisyWeights)) == 6
    assert cases["C-far"].step_std == pytest.approx(2 * lesson.settings.code_std)  # √(10 000/2 500)
    assert "C-far" not in lesson.all_cases(lesson.settings, (96, 96, 3), 10, 10_000)
    for case in ("even", "shake"):
        cases[case].network.init((12, 12, 3), np.random.default_rng(0))  # shapes fit


@pytest.mark.parametrize("positions", [1, 10])
def test_the_network_of_masks_is_linear_up_to_its_last_layer(
    lesson: ModuleType, positions: int
) -> None:
    masked = lesson.masked(lesson.image_shape, 10, Mask(positions), relu=False)
    assert lesson_linear(lesson, masked) < 1e-12
    with_relu = lesson.masked(lesson.image_shape, 10, Mask(positions), relu=True)
    assert lesson_linear(lesson, with_relu) > 0.1


def lesson_linear(lesson: ModuleType, network: Sequential) -> float:
    """How far f(2x − 3y) is from 2f(x) − 3f(y), in float64, before the last ReLU."""
    generator = np.random.default_rng(0)
    parameters = network.init(lesson.image_shape, generator, np.float64)
    inside = parameters.only("mask") == 1
    parameters.vector[inside] = generator.uniform(0, 1, inside.sum())
    x, y = generator.normal(size=(2, 20, *lesson.image_shape))
    *before, _, _ = network.layers

    def apply(images: np.ndarray) -> np.ndarray:
        return Sequential(tuple(before))(parameters.weights[:-2], images)

    together, apart = apply(2 * x - 3 * y), 2 * apply(x) - 3 * apply(y)
    return float(np.abs(together - apart).max() / np.abs(together).max())


def test_the_twelve_are_rows_of_the_table_with_the_articles_sign(lesson: ModuleType) -> None:
    assert "".join(lesson.TWELVE) == "ABCDEFGHIJKL"
    w = np.array([0.05, 0.3, 0.7, 1.0])
    coded = {
        "A": np.sign(w),
        "B": 2 * w,
        "C": w / np.sqrt(w**2 + 1e-5),
        "D": -2 * w / (1 + w**2),
        "E": -(1 - np.tanh(w) ** 2),
        "F": -(1 - np.tanh(w**2) ** 2) * 2 * w,
        "I": np.cos(w),
        "K": 2 / (w + 1e-5),
        "L": np.log(w**2) + 2,
    }
    coded |= {"G": coded["E"], "H": coded["F"], "J": coded["I"]}
    for letter, (penalty, sign) in lesson.TWELVE.items():
        assert penalty.name in PENALTIES
        np.testing.assert_allclose(sign * penalty.gradient(w), coded[letter], rtol=1e-9)


def test_cases_of_a_seed_start_alike_and_part_by_their_noise(runs: dict) -> None:
    for case in ("C-code", "D-code", "C-text"):
        np.testing.assert_array_equal(runs[case]["weights"][0], runs["A"]["weights"][0])
        assert runs[case]["loss"][0] == runs["A"]["loss"][0]
        assert runs[case]["loss"][2] != runs["A"]["loss"][2]
    moved = {
        case: np.abs(runs[case]["spread"][:3] - runs["A"]["spread"][:3]).max()
        for case in ("C-text", "C-code")
    }
    assert moved["C-text"] < moved["C-code"]
    assert not runs["zero-plain"]["spread"].any()  # all weights zero, for ever
    assert runs["zero-step"]["spread"][-1].min() > 0
    assert runs["A"]["flat"].shape == runs["A"]["gradient"].shape == (4, 6)
    assert runs["D-code"]["sampled"].shape == runs["relu-E"]["test"].shape == (4,)  # the long run


def test_masks_stay_between_their_walls_and_start_at_one(runs: dict) -> None:
    for case, copies in (("mask-A", 10), ("relu-E", 1)):
        counts = runs[case]["masks"]
        numbers = 16 * (144 + 4 * 36) * copies  # maps of 12×12 and 6×6
        np.testing.assert_array_equal(counts.sum(axis=1), numbers)  # none outside [0, 1]
        assert counts[0, -1] == numbers


def test_published_adam_and_wrong_settings(lesson: ModuleType, tmp_path: Path) -> None:
    published = replace(lesson.settings, adam="published")
    one = lesson.run(published, "A", 0)
    assert not np.array_equal(one["loss"], lesson.run(lesson.settings, "A", 0)["loss"])
    installed = install(tmp_path / "installed")
    for flags, message in (
        (("--adam", "wrong"), "--adam wrong is unknown"),
        (("--letters", "AZ"), "some of A to L"),
        (("--letters", "A", "--relu-letters", "B"), "some of those"),
        (("--batch-size", "1000"), "do not fill a batch of 1000"),
    ):
        with pytest.raises(AssertionError, match=message):
            start(LESSON, installed, tmp_path, *flags)


# ---------------------------------------------------------------------------------- how it is told


def test_the_articles_numbers_are_ten_repeats_and_say_what_the_text_says() -> None:
    text = source(LESSON)
    found = {}
    for name in ("ARTICLE_TEST", "ARTICLE_TRAIN"):
        body = re.search(rf"^{name} = (\{{.*?^\}})", text, re.DOTALL | re.MULTILINE)
        assert body
        found[name] = ast.literal_eval(body[1])
        assert all(len(repeats) == 10 for repeats in found[name].values())
    means = {case: np.mean(repeats) for case, repeats in found["ARTICLE_TEST"].items()}
    assert max(means, key=lambda case: means[case]) == "E"  # as the article says
    d, e = (np.array(found["ARTICLE_TRAIN"][case]) for case in "DE")
    assert 1.5 < e.mean() - d.mean() < 2.5  # "two points above"
    low, _ = bootstrap_interval(tuple(e - d.mean()))
    assert low > 0


def test_every_derivation_the_lesson_needs_is_linked_and_there() -> None:
    found = links(LESSON)
    for link in found:  # as files stand: the site's generator makes addresses of them
        path = link.partition("#")[0]
        place = ROOT / "docs" / "lessons" / path
        inside = (ROOT / "lessons" / path).with_suffix(".py")  # another lesson
        assert place.resolve().is_file() or inside.resolve().is_file(), link
    pages = {Path(link.partition("#")[0]).stem for link in found}
    assert pages >= {"conv2d", "relu", "dropout", "add_noise", "shake_shake", "clipped_mask"}
    assert pages >= {"softmax_cross_entropy", "global_average_pool", "negative_entropy"}
