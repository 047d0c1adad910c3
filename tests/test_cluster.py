"""The same sweep on a cluster: two worker processes, one of them killed in the middle."""

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster

from microgrand.settings import UserError
from microgrand.sweep import Results, sweep

CASES, SEEDS = ("a", "b", "c"), range(4)


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        yield local


def sweep_into(folder: Path, **where: Any) -> Results:
    """Twelve runs of a walk of its own, each a fifth of a second long."""

    @dataclass(frozen=True)
    class Settings:  # in here, so that a worker is sent it and need not import this file
        steps: int = 100

    def run(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
        time.sleep(0.2)
        generator = np.random.default_rng([ord(case), seed])
        return {
            "walk": generator.normal(size=settings.steps).cumsum(),
            "process": os.getpid() * np.ones(1),
        }

    return sweep(run, CASES, SEEDS, Settings(), folder, lesson="walk", source="0", **where)


def test_a_cluster_leaves_the_same_records_though_a_worker_is_killed(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    here = sweep_into(tmp_path / "here")
    address = cluster.scheduler_address
    with Client(address, set_as_default=False) as client:
        victim = next(iter(client.run(os.getpid).values()))

    def killing(runs: Iterable[Any], total: int) -> Iterator[Any]:
        for number, one in enumerate(runs):
            if number == 3:  # of twelve
                os.kill(victim, signal.SIGKILL)
            yield one

    there = sweep_into(tmp_path / "there", cluster=address, progress=killing)
    assert list(there) == list(here)
    assert os.getpid() not in {int(record["process"][0]) for record in there.values()}
    for name in here:
        assert there[name]["walk"].tobytes() == here[name]["walk"].tobytes()
        assert there[name].manifest["key"] == here[name].manifest["key"]
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)


def test_what_is_there_is_not_run_again_and_needs_no_cluster(tmp_path: Path) -> None:
    sweep_into(tmp_path)
    sweep_into(tmp_path, cluster="tcp://127.0.0.1:9")  # nobody there, and nobody asked


def test_a_cluster_that_does_not_answer_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in ("nonsense://x", "tcp://127.0.0.1:9"):
        with pytest.raises(UserError, match=f"--cluster {address}: no Dask scheduler answers"):
            sweep_into(tmp_path, cluster=address)
    assert not list(tmp_path.glob("*.npz"))


def test_without_dask_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)  # importing it fails
    with pytest.raises(UserError, match=r"pip install 'microgrand\[cluster\]'"):
        sweep_into(tmp_path, cluster="tcp://127.0.0.1:9")
