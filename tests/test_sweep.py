"""Sweeps: the same bits however they are run, killed or repeated; only what is missing is done."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from autograd import grad
from threadpoolctl import threadpool_info

import microgrand
from microgrand.ops import mean_squared_error
from microgrand.records import checksum
from microgrand.sweep import Progress, Results, sweep

CASES, SEEDS = ("wide", "deep"), (2, 0, 1)
RUNS = [(case, seed) for case in CASES for seed in SEEDS]


@dataclass(frozen=True)
class Settings:
    size: int = 200
    strengths: tuple[float, ...] = (0.1, 1.0)
    pause: float = 0.0
    wait_for: str = ""


def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """Matrix products, whose bits depend on threads; and the state of the processor."""
    time.sleep(settings.pause)
    generator = np.random.default_rng([seed, len(case)])
    weights = generator.normal(size=(settings.size, settings.size)).astype(np.float32)
    threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        "product": np.linalg.matrix_power(weights, 3) * settings.strengths[0],
        "case": np.array(case),
        "threads": np.array(max(threads)),  # of any library that is loaded
        "subnormal": np.full(17, np.finfo(np.float32).tiny) / np.float32(4),
        "data_sha256": np.array(checksum(weights)),
    }


class Counter:
    """A progress that counts."""

    def __init__(self) -> None:
        self.totals: list[int] = []
        self.done: list[Any] = []

    def __call__(self, runs: Iterable[Any], total: int) -> Iterable[Any]:
        self.totals.append(total)
        for one in runs:
            self.done.append(one)
            yield one


def do(
    folder: Path, counter: Progress | None = None, settings: Any = None, **options: Any
) -> Results:
    arguments = {"run": run, "cases": CASES, "seeds": SEEDS, "lesson": "test", "source": "abc"}
    arguments |= {"settings": settings or Settings(), "folder": folder} | options
    return sweep(**arguments, progress=counter or Counter())  # type: ignore[arg-type]


def arrays_in(folder: Path) -> dict[str, bytes]:
    """The bytes of all arrays; there is nothing in the folder but runs that are whole."""
    names = {f"{case}-seed-{seed}" for case, seed in RUNS}
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{ending}" for name in names for ending in ("npz", "json")
    }
    return {name: (folder / f"{name}.npz").read_bytes() for name in names}


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep by one process."""
    folder = tmp_path_factory.mktemp("sweep")
    do(folder)
    return folder


# ------------------------------------------------------------------------------------ the same bits


def test_the_bits_are_the_same_for_any_number_of_jobs(undisturbed: Path, tmp_path: Path) -> None:
    counter = Counter()
    do(tmp_path, counter, jobs=2)
    assert sorted(counter.done) == sorted(RUNS)
    assert arrays_in(tmp_path) == arrays_in(undisturbed)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_run_has_one_blas_thread_and_no_subnormals(tmp_path: Path, jobs: int) -> None:
    for record in do(tmp_path, seeds=[0], jobs=jobs).values():
        assert record["threads"] == 1
        if sys.platform in ("linux", "darwin"):
            assert np.all(record["subnormal"] == 0)


def main(folder: str, jobs: int) -> None:
    """What the test below kills: a slow sweep that says how much is missing."""
    counter = Counter()
    do(Path(folder), counter, jobs=jobs, settings=Settings(pause=0.25))
    print(json.dumps([counter.totals, counter.done]))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_sweep_goes_on_where_it_was_and_ends_in_the_same_bits(
    undisturbed: Path, tmp_path: Path, jobs: int
) -> None:
    program = f"import test_sweep; test_sweep.main({str(tmp_path)!r}, {jobs})"
    command = [sys.executable, "-c", program]
    here = Path(__file__).parent
    with subprocess.Popen(command, cwd=here, start_new_session=True) as process:
        while not list(tmp_path.glob("*.json")):
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    assert 0 < len(kept) < len(RUNS)

    done = subprocess.run(command, cwd=here, check=True, capture_output=True, text=True)
    totals, again = json.loads(done.stdout)
    assert totals == [len(RUNS) - len(kept)]
    missing = [[case, seed] for case, seed in RUNS if f"{case}-seed-{seed}.json" not in kept]
    assert sorted(again) == sorted(missing)
    assert all((tmp_path / name).stat().st_mtime_ns == time for name, time in kept.items())
    for path in tmp_path.glob(".*"):
        path.unlink()  # a file that was being written when the process was killed
    assert arrays_in(tmp_path) == arrays_in(undisturbed)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_may_use_ops_wherever_it_is_sent(tmp_path: Path, jobs: int) -> None:
    """A lesson is no module to import: its functions travel whole, with the ops they name."""
    loss = mean_squared_error

    def gradient(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
        return {"gradient": grad(loss)(np.ones((4, 1)), np.zeros((4, 1)))}

    for record in do(tmp_path, run=gradient, seeds=[0], jobs=jobs).values():
        np.testing.assert_allclose(record["gradient"], 2 / 4)


# ------------------------------------------------------------------------- what is done once more


def test_a_sweep_that_is_complete_is_read_and_not_run(undisturbed: Path) -> None:
    def never(*arguments: Any) -> dict[str, np.ndarray]:
        raise AssertionError("this has run already")

    counter = Counter()
    results = do(undisturbed, counter, run=never, jobs=2, command="another", preset="another")
    assert counter.totals == [0]
    assert list(results) == RUNS


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": Settings(size=201)},
        {"settings": Settings(strengths=(0.2, 1.0))},
        {"source": "abd"},
        {"lesson": "another"},
    ],
    ids=["number", "tuple", "source", "lesson"],
)
def test_a_change_of_what_the_result_depends_on_runs_all_again(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    first, second = Counter(), Counter()
    do(tmp_path)
    do(tmp_path, first, **changes)
    do(tmp_path, second, **changes)
    assert first.totals == [len(RUNS)]
    assert second.totals == [0]


def test_more_seeds_and_cases_run_only_what_is_new(tmp_path: Path) -> None:
    counter = Counter()
    do(tmp_path, cases=["deep"], seeds=[0])
    results = do(tmp_path, counter)
    assert counter.totals == [5]
    assert ("deep", 0) not in counter.done
    assert list(results) == RUNS


def test_damaged_and_foreign_records_are_run_again(undisturbed: Path, tmp_path: Path) -> None:
    do(tmp_path)
    (tmp_path / "wide-seed-2.npz").write_bytes(b"damaged")
    (tmp_path / "wide-seed-0.json").unlink()
    (tmp_path / "wide-seed-1.json").write_text("damaged")
    for ending in ("npz", "json"):  # whole, but another run's
        shutil.copy(tmp_path / f"deep-seed-0.{ending}", tmp_path / f"deep-seed-1.{ending}")
    counter = Counter()
    do(tmp_path, counter)
    assert sorted(counter.done) == sorted([("wide", 2), ("wide", 0), ("wide", 1), ("deep", 1)])
    assert arrays_in(tmp_path) == arrays_in(undisturbed)


# ---------------------------------------------------------------------------- results and failures


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_the_order_of_cases_and_seeds(tmp_path: Path, jobs: int) -> None:
    do(tmp_path, cases=["deep"], seeds=[1])  # an earlier one must not come first
    results = do(tmp_path, jobs=jobs)
    assert list(results) == RUNS
    for (case, seed), record in results.items():
        assert record["case"] == record.manifest["case"] == case
        assert record.manifest["seed"] == seed


def test_the_manifest_says_where_the_result_comes_from(tmp_path: Path) -> None:
    start = time.time()
    settings = Settings(size=50, pause=0.05)
    results = do(tmp_path, settings=settings, command="microgrand run", preset="quick", jobs=2)
    elapsed = time.time() - start
    for (case, seed), record in results.items():
        file = json.loads((tmp_path / f"{case}-seed-{seed}.json").read_text("utf-8"))
        assert record.manifest == file
        weights = np.random.default_rng([seed, len(case)]).normal(size=(50, 50))
        expected = {
            "lesson": "test",
            "case": case,
            "seed": seed,
            "preset": "quick",
            "command": "microgrand run",
            "settings": {"size": 50, "strengths": [0.1, 1.0], "pause": 0.05, "wait_for": ""},
            "source": "abc",
            "data_sha256": checksum(weights.astype(np.float32)),
        }
        assert {name: file[name] for name in expected} == expected
        assert "data_sha256" not in record.arrays
        assert 0.05 <= file["seconds"] <= elapsed
        assert file["versions"]["numpy"] == np.__version__
        assert file["versions"]["microgrand"] == microgrand.__version__
        assert "commit" in file
        finished = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(start))
        assert file["finished"] >= finished
        assert file["finished"].endswith("+00:00")


def test_other_data_makes_other_runs(tmp_path: Path) -> None:
    first, again, other = Counter(), Counter(), Counter()
    do(tmp_path, first, data="a" * 64)
    do(tmp_path, again, data="a" * 64)
    do(tmp_path, other, data="b" * 64)
    assert first.totals == other.totals == [len(CASES) * len(SEEDS)]
    assert again.totals == [0]


def run_without_checksum(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    return {"seed": np.array(seed)}


def test_the_checksum_of_the_data_is_in_the_manifest(tmp_path: Path) -> None:
    results = do(tmp_path, run=run_without_checksum, data="a" * 64)
    assert {record.manifest["data_sha256"] for record in results.values()} == {"a" * 64}
