"""The shrinkage lesson as its reader runs it, and what its own functions mean."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from running import ROOT, links, source
from running import program as lesson_program

from microgrand import records
from microgrand.penalties import PENALTIES
from microgrand.settings import UserError
from microgrand.tape import Parameters

SOURCE = source("shrinkage")
CASES = ["none", "l1", "l2", "l3", "l4", "dead-zone", "column-maximum"]
CASES += ["l1-proximal", "l0-proximal"]
SWEEP = [f"{case}-strength-{i}" for i in range(3) for case in ("l1", "l1-proximal")]
FILMS = {f"weights-{case}" for case in CASES} | {"weights-side-by-side"}


def microgrand(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`microgrand run shrinkage`, in a folder of its own, every warning an error."""
    return subprocess.run(
        [sys.executable, "-m", "microgrand.cli", "run", "shrinkage", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the quick preset leaves behind."""
    folder = tmp_path_factory.mktemp("reader")
    done = microgrand(folder, "--preset", "quick", "--seeds", "2", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "shrinkage" / "quick"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The lesson up to its experiments, as a module."""
    return lesson_program("shrinkage", tmp_path_factory.mktemp("program"))


# ------------------------------------------------------------------------------------- what is left


def test_every_figure_and_film_is_written_and_can_be_opened(results: Path) -> None:
    shown = set(re.findall(r'session\.show\(\n    .*?\n    "([a-z-]+)",\n', SOURCE, re.DOTALL))
    assert shown == {
        *("images", "penalties", "speed", "gain", "negative-loss", "losses"),
        *("magnitudes", "strengths"),
    }
    expected = {f"{name}.{end}" for name in shown for end in ("svg", "png", "csv")}
    expected |= {f"{name}{end}" for name in FILMS for end in (".webp", "-still.webp", ".json")}
    assert {path.name for path in results.iterdir()} == expected | {"claims.json", "records"}
    for name in expected:
        if name.endswith((".png", ".webp")):
            with Image.open(results / name) as image:
                image.load()
    for name in FILMS:
        film = json.loads((results / f"{name}.json").read_text("utf-8"))
        assert len(film["panels"]) == (9 if name == "weights-side-by-side" else 1)
        assert len(film["frames"]) == 5
        told = (
            r"epoch \d" if len(film["panels"]) == 9 else r"epoch \d: loss .+, accuracy [01]\.\d{3}"
        )
        assert all(re.fullmatch(told, frame) for frame in film["frames"])
        bars = film["panels"][0]["series"][0]
        assert len(bars["edges"]) == 101


def test_every_run_keeps_what_it_counted(results: Path) -> None:
    cases = [*CASES, *SWEEP, "column-maximum-strength-2"]
    names = {path.stem for path in (results / "records").iterdir()}
    assert names == {f"{case}-seed-{seed}" for case in cases for seed in (0, 1)}
    for name in names:
        record = records.load(results / "records" / name)
        assert len(record.manifest["data_sha256"]) == 64
        assert record["losses"].shape == (5, 2)
        np.testing.assert_allclose(record["histograms"].sum(axis=1) * 0.02, 1)  # an area of 1
        assert (record["zero"] <= record["near"]).all()
        assert ((record["gain"] > 0) & (record["gain"] < 1.01)).all()
        assert (record["penalty"] == 0).all() == name.startswith("none")
        dense, rows, bits = record["bytes"].sum(axis=0)
        count = 36 + 288 + 1152 + 256 + 160  # weights
        kept = round((1 - float(record["zero"][-1])) * count)
        assert dense == 4 * count
        assert rows == 8 * kept + 4 * sum(r + 1 for r in (9, 36, 72, 16, 16))
        assert bits == 4 * kept + count // 8 + 1  # 36 bits take 5 bytes
        assert (record["bytes_cut"] <= record["bytes"]).all()


def test_cases_of_one_seed_start_alike_and_seeds_do_not(results: Path) -> None:
    def start(case: str, seed: int) -> Any:
        return records.load(results / "records" / f"{case}-seed-{seed}")["histograms"][0]

    for case in CASES:
        np.testing.assert_array_equal(start(case, 0), start("none", 0))
    assert (start("none", 0) != start("none", 1)).any()


def test_only_proximal_steps_leave_exact_zeros(results: Path) -> None:
    for case in (*CASES, *SWEEP):
        zeros = records.load(results / "records" / f"{case}-seed-0")["zero"]
        assert zeros[0] == 0
        if "proximal" not in case:
            assert zeros[-1] == 0
    for case in ("l0-proximal", "l1-proximal-strength-2"):
        assert records.load(results / "records" / f"{case}-seed-0")["zero"][-1] > 0.01


def test_every_claim_is_judged_once_there_are_two_seeds(results: Path) -> None:
    claims = json.loads((results / "claims.json").read_text("utf-8"))["claims"]
    assert [claim["name"] for claim in claims] == [f"S{number}" for number in range(1, 8)]
    for claim in claims:
        assert claim["verdict"] in ("holds", "does not hold", "depends", "artefact")
        assert claim["text"] in SOURCE
        assert len(claim["findings"]) >= 2
        assert all(len(finding["values"]) == 2 for finding in claim["findings"])


def test_what_is_no_data_set_is_one_line_and_code_2(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "small.npz",
        x_train=np.zeros((4, 7, 9), np.uint8),
        y_train=np.arange(4),
        x_test=np.zeros((4, 7, 9), np.uint8),
        y_test=np.arange(4),
    )
    for data, words in (("nowhere", "nowhere: neither a data set"), ("small.npz", "8×8 or more")):
        done = microgrand(tmp_path, "--preset", "quick", "--data", data)
        assert done.returncode == 2
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_reader_s_own_colour_images_are_learned(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    halves: dict[str, Any] = {
        f"{name}_{half}": values
        for half in ("train", "test")
        for name, values in (
            ("x", generator.integers(256, size=(40, 32, 32, 3)).astype(np.uint8)),
            ("y", np.arange(40) % 4),
        )
    }
    np.savez(tmp_path / "own.npz", **halves)
    done = microgrand(tmp_path, "--preset", "quick", "--data", "own.npz", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "each of 32×32×3 numbers from 0 to 1, in 4 classes" in done.stdout


# ----------------------------------------------------------------------------------- how it is made


def kernels_of(program: ModuleType, shape: tuple[int, ...], filters: int = 32) -> list[Any]:
    settings = replace(program.settings, filters=filters)
    network = program.network(settings, shape, 10)
    parameters = network.init(shape, np.random.default_rng(0))
    assert network(parameters.weights, np.zeros((2, *shape), np.float32)).shape == (2, 10)
    for layer in parameters.weights:
        if "bias" in layer:
            assert not layer["bias"].any()
    return [layer["kernel"] for layer in parameters.weights if "kernel" in layer]


def test_at_28_pixels_the_network_is_the_articles(program: ModuleType) -> None:
    kernels = kernels_of(program, (28, 28, 1))
    convolutions = [(3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 128)]
    assert [kernel.shape for kernel in kernels] == [*convolutions, (3200, 128), (128, 10)]
    joined = np.concatenate([kernel.ravel() for kernel in kernels])
    assert np.isclose(joined.std(), 0.25, rtol=0.01)
    assert abs(joined.mean()) < 0.002


@pytest.mark.parametrize(
    ("side", "rows"),
    [(8, 1), (9, 1), (10, 1), (11, 1), (12, 1), (13, 1), (14, 1), (16, 4), (32, 36)],
)
def test_the_network_fits_images_of_any_side(program: ModuleType, side: int, rows: int) -> None:
    kernels = kernels_of(program, (side, side + 3, 3), filters=2)
    assert kernels[0].shape == (3, 3, 3, 2)
    assert kernels[3].shape[0] >= rows * 8


def test_images_below_8_pixels_are_refused(program: ModuleType) -> None:
    with pytest.raises(UserError, match="needs images of 8×8 or more"):
        program.network(program.settings, (28, 7, 1), 10)


def test_a_penalty_of_kernels_takes_axis_0_as_the_rows_and_spares_biases(
    program: ModuleType,
) -> None:
    shapes: Any = [{"kernel": (3, 3, 2, 2), "bias": (2,)}, {}, {"kernel": (4, 3), "bias": (3,)}]
    size = 36 + 2 + 12 + 3
    parameters = Parameters(np.random.default_rng(0).normal(size=size), shapes)
    row = program.of_kernels(PENALTIES["column_max_dead_zone"], parameters)
    value, slopes = 0.0, parameters.like(np.zeros(size))
    for layer, pull in zip(parameters.weights, slopes.weights, strict=True):
        for place in np.ndindex(layer["kernel"].shape[1:]) if layer else ():
            column = layer["kernel"][:, *place]
            largest = int(np.argmax(np.abs(column)))
            value += abs(column[largest]) - 0.25
            pull["kernel"][largest, *place] = np.sign(column[largest])
    assert np.isclose(row.value(parameters.vector), value)
    np.testing.assert_array_equal(row.gradient(parameters.vector), slopes.vector)
    assert row.gradient(parameters.vector.astype(np.float32)).dtype == np.float32
    columns = 3 * 2 * 2 + 3
    assert np.isclose(row.value(np.zeros(size)), -0.25 * columns)


@given(density=st.floats(0, 1), rows=st.integers(1, 40), columns=st.integers(1, 40))
@example(density=0.0, rows=1, columns=1)
@example(density=1.0, rows=3, columns=9)
def test_a_kernel_is_weighed_by_the_formulas(
    program: ModuleType, density: float, rows: int, columns: int
) -> None:
    generator = np.random.default_rng(0)
    kernel = (generator.random((rows, columns)) < density).astype(np.float32)
    kept = int(kernel.sum())
    ((dense, in_rows, bits),) = program.weigh([{"kernel": kernel}, {}])
    assert dense == 4 * rows * columns
    assert in_rows == 8 * kept + 4 * (rows + 1)
    assert bits == 4 * kept + -(-rows * columns // 8)


def test_evenness_is_the_second_over_the_largest_of_three(program: ModuleType) -> None:
    kernel = np.zeros((3, 3, 1, 1))
    kernel[:, 0] = np.reshape([1, -4, 2], (3, 1, 1))  # ½
    kernel[:, 1] = 3  # 1
    assert np.isclose(program.evenness([{"kernel": kernel}, {"kernel": np.ones((5, 2))}]), 0.5)


def test_the_gain_is_what_adadelta_multiplies_a_gradient_by(program: ModuleType) -> None:
    optimizer, vector = program.Adadelta(), np.zeros(5)
    state = optimizer.init(vector)
    slopes = np.array([1e-5, 1e-3, 0.1, -1.0, 7.0])
    optimizer.step(vector, slopes, state)
    gains = -vector / slopes  # of the step before d took it up
    state["steps squared"][:] = 0
    found = program.gain(optimizer, state, np.ones(5, bool))
    np.testing.assert_allclose(found[1], np.median(gains), rtol=1e-6)


def test_the_two_crossings_are_where_algebra_has_them(program: ModuleType) -> None:
    assert np.isclose(program.values_cross, 1)
    assert np.isclose(program.slopes_cross, 0.5)


def test_the_subgradient_acts_on_kernels_alone_and_with_its_strength(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    train = program.train

    def noting(network: Any, parameters: Any, *sets: Any, **options: Any) -> Any:
        asked.update(options, kernels=parameters.only("kernel"))
        return train(network, parameters, *sets, **options)

    monkeypatch.setattr(program, "train", noting)
    program.run(replace(program.settings, epochs=1, strength=1e-4), "l1", 0)
    assert (asked["penalty"], asked["strength"]) == (PENALTIES["l1"], 1e-4)
    np.testing.assert_array_equal(asked["mask"], asked["kernels"])


# ---------------------------------------------------------------------------------- how it is told


def test_every_derivation_the_lesson_needs_is_linked_and_there() -> None:
    found = links("shrinkage")
    for link in found:
        page, _, anchor = link.partition("#")
        file = (ROOT / "docs" / "lessons" / page).resolve()
        assert file.is_file(), link
        headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
        assert not anchor or anchor in {line.lower().replace(" ", "-") for line in headings}
    assert {Path(link.partition("#")[0]).stem for link in found} >= {
        *("conv2d", "max_pool", "relu", "flatten", "dense", "softmax_cross_entropy"),
        *("l0", "l1", "l2", "l3", "l4", "dead_zone_l1", "column_max_dead_zone"),
    }
