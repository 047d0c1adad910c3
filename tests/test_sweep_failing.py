"""Sweeps in which something goes wrong: what is told, and that what is finished is kept."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_sweep import Counter, Settings, do, run

from microgrand.settings import UserError


def run_unless_deep(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """Fails for the case `deep`, once the case `wide` is kept."""
    if case == "deep":
        while not Path(settings.wait_for).exists():
            time.sleep(0.01)
        raise FloatingPointError(f"{case} {seed} diverged")
    return run(settings, case, seed)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_fails_raises_its_own_error_and_the_finished_ones_are_kept(
    tmp_path: Path, jobs: int
) -> None:
    settings = Settings(wait_for=str(tmp_path / "wide-seed-2.json"))
    with pytest.raises(FloatingPointError, match=r"^deep 2 diverged$"):
        do(tmp_path, run=run_unless_deep, seeds=[2], settings=settings, jobs=jobs)
    assert {path.name for path in tmp_path.iterdir()} == {"wide-seed-2.npz", "wide-seed-2.json"}
    counter = Counter()
    do(tmp_path, counter, seeds=[2], settings=settings, jobs=jobs)
    assert counter.done == [("deep", 2)]


def run_and_be_killed(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    """As the system does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def test_a_worker_that_is_killed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^a worker was killed, .* --jobs; finished runs are kept"):
        do(tmp_path, run=run_and_be_killed, jobs=2)


def test_two_at_once_in_one_folder_are_not_mixed(tmp_path: Path) -> None:
    def another(runs: Iterable[Any], total: int) -> Iterable[Any]:
        yield from runs
        do(tmp_path, seeds=[0])  # of other settings

    with pytest.raises(UserError, match=r"wide-seed-0\.json is another's by now.* its own --out"):
        do(tmp_path, another, seeds=[0], settings=Settings(size=20))


def test_no_room_is_one_line(tmp_path: Path, fill_the_disk: Callable[[], None]) -> None:
    fill_the_disk()
    with pytest.raises(UserError, match=r"be written to \(No space .*\); finished runs are kept"):
        do(tmp_path)
    assert not any(tmp_path.iterdir())
