"""The curve lesson as its reader runs it: an installed copy, an empty folder, started twice."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from running import ROOT, Started, install, links, source, start
from running import program as lesson_program
from scipy.stats import gaussian_kde

from microgrand import records
from microgrand.sweep import sweep

SOURCE = source("curve")
CASES = ("plain", "coupled", "decoupled", "dropout")
ANIMATIONS = {"decay-predictions", "decay-density", "dropout-predictions", "dropout-density"}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and the lessons as a wheel lays them out, without a checkout."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def first(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Started:
    return start("curve", installed, tmp_path_factory.mktemp("reader"), "--jobs", "2")


@pytest.fixture(scope="session")
def before(first: Started) -> dict[str, tuple[bytes, int]]:
    return first.state()


@pytest.fixture(scope="session")
def second(installed: Path, first: Started, before: dict[str, Any]) -> Started:
    """Started again in the same folder, with one more seed and by one process."""
    assert before
    return start("curve", installed, first.folder, "--seeds", "2", "--jobs", "1")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The lesson up to its experiments, as a module."""
    return lesson_program("curve", tmp_path_factory.mktemp("program"))


# ------------------------------------------------------------------------------------- what is left


def test_every_figure_and_animation_is_written_and_can_be_opened(first: Started) -> None:
    shown = set(re.findall(r'session\.(?:show|play)\(.*?\n    "([a-z-]+)",\n', SOURCE, re.DOTALL))
    assert len(shown) >= 12
    assert shown > ANIMATIONS
    expected = {f"{name}.{end}" for name in shown - ANIMATIONS for end in ("svg", "png", "csv")}
    expected |= {f"{name}{end}" for name in ANIMATIONS for end in (".webp", "-still.webp", ".json")}
    assert {path.name for path in first.results.iterdir()} == expected | {"claims.json", "records"}
    for name in expected:
        if name.endswith((".png", ".webp")):
            with Image.open(first.results / name) as image:
                image.load()
    for name in ANIMATIONS:
        data = json.loads((first.results / f"{name}.json").read_text("utf-8"))
        assert len(data["panels"]) == (8 if name.startswith("decay") else 10)
        assert data["frames"] == [f"epoch {epoch}" for epoch in range(5)]


def test_every_run_is_recorded_with_where_it_comes_from(first: Started) -> None:
    names = {path.stem for path in (first.results / "records").iterdir()}
    assert names == {f"{case}-seed-0" for case in CASES}
    for name in names:
        record = records.load(first.results / "records" / name)
        assert record.manifest["commit"] is None  # there is no checkout
        assert record.manifest["command"] == "microgrand run curve --preset quick --seeds 1"
        assert record.manifest["settings"]["points"] == 1000
        models = {"plain": 1, "dropout": 10}.get(record.manifest["case"], 8)
        epochs = 6 if models == 1 else 4
        assert record["losses"].shape == (epochs + 1, 2, models)
        assert len(record.manifest["data_sha256"]) == 64
    kept = [records.load(first.results / "records" / name).manifest for name in names]
    data = {manifest["data_sha256"] for manifest in kept}
    assert len(data) == 1  # one seed, one set of data, whatever the case


def test_the_reader_is_told_what_happens_and_where_everything_went(first: Started) -> None:
    for case in CASES:
        assert re.search(rf"^curve: {case}, seed 0 done \(\d of 4\)$", first.out, re.MULTILINE)
    last = first.out.splitlines()[-3:]
    place = Path("runs/curve/quick")
    assert last[0].endswith(f"figures: {place}")
    assert last[1] == f"records: {place / 'records'}"
    assert re.fullmatch(r"done in \d+ s: microgrand run curve --preset quick .*", last[2])


def test_a_second_start_does_only_what_is_new(
    before: dict[str, tuple[bytes, int]], second: Started
) -> None:
    after = second.state()
    assert {name: after[name] for name in before} == before
    assert "seed 0 done" not in second.out
    assert "seed 1 done (4 of 4)" in second.out
    assert len(after) == 2 * len(before)


def test_records_have_the_same_bits_for_one_process_and_for_two(
    program: ModuleType, first: Started, tmp_path: Path
) -> None:
    """Two processes wrote the first records; here is one, without the lesson around it."""
    sweep(program.run, CASES, [0], program.settings, tmp_path, lesson="curve", source="")
    for case in CASES:
        name = f"{case}-seed-0.npz"
        assert (tmp_path / name).read_bytes() == (first.results / "records" / name).read_bytes()


def test_every_claim_is_judged_once_there_are_two_seeds(second: Started) -> None:
    claims = json.loads((second.results / "claims.json").read_text("utf-8"))["claims"]
    assert [claim["name"] for claim in claims] == [f"K{number}" for number in range(1, 10)]
    for claim in claims:
        assert claim["verdict"] in ("holds", "does not hold", "depends", "artefact")
        assert claim["text"] in " ".join(SOURCE.split())
        assert claim["findings"]
        for finding in claim["findings"]:
            assert len(finding["values"]) == 2


# ----------------------------------------------------------------------------------- how it is made


def test_the_density_is_a_gaussian_kernel_estimate(program: ModuleType) -> None:
    theta = np.random.default_rng(0).uniform(-0.2, 0.1, (2, 400))
    at = np.linspace(-0.3, 0.3, 121)
    found = program.density(theta, at, bandwidth=0.01)
    for row, weights in zip(found, theta, strict=True):
        kernel = gaussian_kde(weights, bw_method=0.01 / weights.std(ddof=1))
        np.testing.assert_allclose(row, kernel(at), atol=0.01 * kernel(at).max())


@pytest.mark.parametrize("epochs", [1, 4, 26, 50, 100])
def test_the_epochs_that_are_kept_are_spread_from_first_to_last(
    program: ModuleType, epochs: int
) -> None:
    kept = program.kept_epochs(epochs)
    assert (kept[0], kept[-1]) == (0, epochs)
    assert len(kept) == min(epochs + 1, 26)
    assert np.ptp(np.diff(kept)) <= 1


def test_the_network_and_its_start_are_the_articles(program: ModuleType) -> None:
    parameters = program.network().init((1,), np.random.default_rng(0))
    kernels = [layer["kernel"] for layer in parameters.weights if "kernel" in layer]
    assert [kernel.shape for kernel in kernels] == [(1, 64), *[(64, 64)] * 3, (64, 1)]
    for kernel in kernels:
        bound = 1 / np.sqrt(kernel.shape[0])
        assert 0.9 * bound < np.abs(kernel).max() <= bound


def test_models_of_a_stack_differ_in_their_strength_alone(program: ModuleType) -> None:
    """The coupled case with one strength is that model of the stack."""
    small = replace(program.settings, points=200, sweep_epochs=2, strengths=(1e-4, 0.1))
    together = program.run(small, "coupled", 3)
    alone = program.run(replace(small, strengths=(0.1,)), "coupled", 3)
    np.testing.assert_allclose(together["losses"][..., 1], alone["losses"][..., 0], rtol=1e-5)
    assert not np.allclose(together["losses"][..., 0], alone["losses"][..., 0], rtol=1e-5)


# ---------------------------------------------------------------------------------- how it is told


def test_every_derivation_the_lesson_needs_is_linked_and_there() -> None:
    found = links("curve")
    assert found
    for link in found:  # as files stand: the site's generator makes addresses of them
        assert (ROOT / "docs" / "lessons" / link.partition("#")[0]).resolve().is_file(), link
    pages = {Path(link).stem for link in found}
    assert pages >= {"dense", "leaky_relu", "mean_squared_error", "half_l2", "l2", "dropout"}
