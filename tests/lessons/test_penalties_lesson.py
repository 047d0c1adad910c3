"""The lesson on penalties: its runs, what it says of them, and how it is told."""

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
from microgrand.data.catalog import load_once
from microgrand.penalties import PENALTIES
from microgrand.signals import SIGNALS, STATISTICS

LESSON = "penalties"
LETTERS = "ZABCDEFGHIJ"
CASES = [
    *(f"{letter}-published" for letter in LETTERS),
    *(f"{letter}-corrected" for letter in "ZABCEHIJ"),
    "Z-frozen",
    "Z-unshuffled",
    "Z-nudged",
    "Z-shaken",
    "E-shaken",
    "Z-read",
]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """The lesson, once, with two seeds: one is not enough for a verdict."""
    place, folder = (tmp_path_factory.mktemp(name) for name in ("penalties", "reader"))
    return start(LESSON, install(place), folder, "--seeds", "2", "--jobs", "1")


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return program(LESSON, tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="session")
def runs(lesson: ModuleType) -> dict[str, dict[str, np.ndarray]]:
    """Some cases with a seed, smaller still."""
    small = replace(lesson.settings, train_images=40, test_images=20, epochs=1)
    wanted = [f"{x}-published" for x in "ZDEFH"]
    wanted += ["Z-nudged", "Z-shaken", "Z-read", "Z-corrected"]
    return {case: lesson.run(small, case, 3) for case in wanted}


# ------------------------------------------------------------------------------------- what is left


def test_every_figure_is_written_and_can_be_opened(ran: Started) -> None:
    text = source(LESSON)
    still = set(re.findall(r'session\.show\(.*?\n    "([a-z-]+)",\n', text, re.DOTALL))
    assert len(still) >= 11
    expected = {f"{name}.{end}" for name in still for end in ("svg", "png", "csv")}
    expected |= {"histograms.webp", "histograms-still.webp", "histograms", "claims.json", "records"}
    expected |= {"alone.webp", "alone-still.webp", "alone.json"}
    assert {path.name for path in ran.results.iterdir()} == expected
    for path in ran.results.iterdir():
        if path.suffix in (".png", ".webp"):
            with Image.open(path) as image:
                image.load()


def test_there_is_a_histogram_for_every_program_case_and_signal(ran: Started) -> None:
    folder = ran.results / "histograms"
    assert len(list(folder.iterdir())) == 2 * 11 * 6
    for name in ("published-Z-input-gradient", "corrected-F-weight"):
        figure = json.loads((folder / f"{name}.json").read_text("utf-8"))
        assert [panel["title"] for panel in figure["panels"]] == [f"layer {i}" for i in range(1, 7)]
        assert len(figure["frames"]) == 3
        assert re.fullmatch(r"epoch 0: train \d+%, test \d+%", figure["frames"][0])
    # As mathematics F is E; only the title knows.
    both = [json.loads((folder / f"corrected-{x}-weight.json").read_text("utf-8")) for x in "EF"]
    assert both[0]["panels"] == both[1]["panels"]
    assert both[0]["title"] != both[1]["title"]


def test_every_run_is_recorded_with_where_it_comes_from(ran: Started) -> None:
    expected = {f"{case}-seed-{seed}" for case in CASES for seed in (0, 1)}
    assert {path.stem for path in (ran.results / "records").iterdir()} == expected
    images = load_once("patches")
    for name in ("G-published-seed-0", "Z-read-seed-1"):
        record = records.load(ran.results / "records" / name)
        assert record.manifest["data_sha256"] == images.checksum
        assert record["statistics"].shape == (3, len(SIGNALS), 6, len(STATISTICS))
        assert record["histograms"].shape == (3, len(SIGNALS), 6, 50)
        assert record["accuracy"].shape == (2, 3)


def test_the_claims_are_the_articles_and_all_are_judged(ran: Started) -> None:
    claims = json.loads((ran.results / "claims.json").read_text("utf-8"))["claims"]
    assert [claim["name"] for claim in claims] == [f"P{number}" for number in range(1, 11)]
    for claim in claims:
        assert claim["verdict"] != "not judged"
        assert claim["text"] in " ".join(source(LESSON).split())
        for finding in claim["findings"]:
            assert len(finding["values"]) == 2


# ----------------------------------------------------------------------------------- how it is made


def test_a_case_as_coded_and_as_meant_is_a_row_of_the_table(lesson: ModuleType) -> None:
    assert "".join(lesson.CASES) == LETTERS
    for case in lesson.CASES.values():
        assert {case.coded[0], case.meant[0]} <= set(PENALTIES)
    letters = [letter for family in lesson.FAMILIES for letter in family]
    assert sorted(letters) == sorted(LETTERS)
    assert set(lesson.SAME) | set(lesson.DISTINCT) == set(LETTERS)


@pytest.mark.parametrize("letter", LETTERS)
def test_the_pull_of_every_case_is_the_programs(lesson: ModuleType, letter: str) -> None:
    t, e = np.array([-0.3, -0.05, 1e-4, 0.05, 0.2]), 1e-7
    root = np.sqrt(t**2)
    published = {
        "Z": 0 * t,
        "A": 2 * t,
        "B": 0.5 * (np.sign(t) + t / np.sqrt(t**2 + e)),
        "C": np.ones_like(t),
        "D": t / np.sqrt(t**2 + e),
        "E": np.sign(t),
        "F": np.abs(t) * np.sign(t) / np.sqrt(t**2 + e),
        "G": (t**2 / (root + e) - root) / (t**2 + e),
        "H": -(1 - np.tanh(t) ** 2),
        "I": -(1 - np.tanh(t**2) ** 2) * 2 * t,
        "J": -2 * t / (1 + t**2),
    }
    np.testing.assert_allclose(lesson.pull(letter, t), published[letter], rtol=1e-6)


def test_what_is_meant_differs_from_what_is_coded_by_the_epsilon_alone(lesson: ModuleType) -> None:
    theta = np.linspace(-0.3, 0.3, 61) + 0.01
    theta = theta[np.abs(theta) > 0.009]
    for letter, case in lesson.CASES.items():
        name, factor = case.meant
        meant = factor * PENALTIES[name].gradient(theta)
        halved = 2 if letter == "B" else 1  # the code of B has a factor of one half
        gap = np.abs(halved * lesson.pull(letter, theta) - meant)
        assert gap.max() < 2e-3


def test_d_and_f_train_to_the_same_bits(runs: dict) -> None:
    for name in ("weights", "path", "statistics", "histograms", "accuracy"):
        np.testing.assert_array_equal(runs["D-published"][name], runs["F-published"][name])
    assert np.any(runs["D-published"]["weights"] != runs["E-published"]["weights"])


def test_runs_of_a_seed_start_from_the_same_weights_nudged_or_not(runs: dict) -> None:
    start = runs["Z-published"]["path"][0]
    for case, run in runs.items():
        moved = run["path"][0] - start
        if case == "Z-shaken":
            assert np.std(moved) == pytest.approx(1e-4, rel=0.1)
        else:
            assert np.count_nonzero(moved) == (1 if case == "Z-nudged" else 0)
            assert np.abs(moved).max() <= 1.1e-7


def test_to_read_the_moment_in_the_programs_way_changes_the_run(runs: dict) -> None:
    assert np.any(runs["Z-read"]["weights"] != runs["Z-published"]["weights"])
    np.testing.assert_array_equal(
        runs["Z-read"]["statistics"][0, 0], runs["Z-published"]["statistics"][0, 0]
    )


def test_the_recorded_weight_gradient_holds_the_pull(lesson: ModuleType, runs: dict) -> None:
    """At the start the weights are the same, so gradients differ by the pulls: here those of H."""
    place = SIGNALS.index("weight gradient"), slice(None), STATISTICS.index("mean")
    apart = (
        runs["H-published"]["statistics"][0][place] - runs["Z-published"]["statistics"][0][place]
    )
    strength = 1e-4 * 20 / 64  # λN/P
    np.testing.assert_allclose(apart, -strength, rtol=0.02)


def test_weights_are_noted_at_the_start_and_at_the_end(lesson: ModuleType, runs: dict) -> None:
    for run in runs.values():
        assert run["path"].shape == (3, -(-run["weights"].size // 16))  # two steps in an epoch
        np.testing.assert_array_equal(run["path"][-1], run["weights"][::16])


@pytest.mark.parametrize(("epochs", "count"), [(1, 20), (2, 60), (10, 500), (150, 5000)])
def test_noted_steps_go_from_the_first_to_the_last(
    lesson: ModuleType, epochs: int, count: int
) -> None:
    noted = lesson.noted_steps(replace(lesson.settings, epochs=epochs), count)
    assert (noted[0], noted[-1]) == (1, epochs * -(-count // 20))
    assert list(noted) == sorted(set(noted))
    assert len(noted) <= 60


def test_the_same_seed_gives_the_same_bits(lesson: ModuleType, runs: dict) -> None:
    small = replace(lesson.settings, train_images=40, test_images=20, epochs=1)
    again = lesson.run(small, "Z-corrected", 3)
    for name, array in runs["Z-corrected"].items():
        np.testing.assert_array_equal(again[name], array)


# ---------------------------------------------------------------------------------- how it is told


def test_every_derivation_the_lesson_needs_is_linked_and_there() -> None:
    found = links(LESSON)
    for link in found:  # as files stand: the site's generator makes addresses of them
        assert (ROOT / "docs" / "lessons" / link.partition("#")[0]).resolve().is_file(), link
    rows = {"none", "l1", "l2", "l1_smoothed", "l1_half_smoothed", "linear", "sign"}
    rows |= {"sign_as_coded", "tanh_signed", "tanh_abs", "tanh_square", "log_square"}
    assert {Path(link.partition("#")[0]).stem for link in found} >= rows | {
        "conv2d",
        "softmax_cross_entropy",
    }
