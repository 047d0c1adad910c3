"""How lessons are executed for the book: which, in which order, in how many processes."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from built_site import ROOT

sys.path.insert(0, str(ROOT / "docs" / "hooks"))

import execution


@pytest.mark.parametrize(
    ("cores", "jobs"), [(1, [1, 1, 1, 1]), (2, [1, 1, 1, 2]), (8, [2, 2, 4, 8]), (None, [1] * 4)]
)
def test_the_longest_come_first_and_no_core_is_idle_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int | None, jobs: list[int]
) -> None:
    lessons = [tmp_path / f"{name}.py" for name in "abcde"]
    for size, lesson in zip((2, 5, 9, 3, 4), lessons, strict=True):
        lesson.write_text("#" * size, "utf-8")
    executed: list[tuple[str, int]] = []

    async def execute(root: Path, lesson: Path, folder: Path, preset: str, jobs: int) -> None:
        executed.append((lesson.stem, jobs))
        await asyncio.sleep(0)

    monkeypatch.setattr(execution, "execute", execute)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    cache = tmp_path / "cache"
    done = cache / "c" / f"quick-{execution.fingerprint(tmp_path, lessons[2])}"
    execution.finished(done).parent.mkdir(parents=True)
    execution.finished(done).touch()
    with ThreadPoolExecutor() as threads:  # in this one a browser may have its event loop
        task = threads.submit(
            lambda: asyncio.run(execution.execute_all(tmp_path, cache, lessons, "quick"))
        )
        folders = task.result()
    assert executed == list(zip("beda", jobs, strict=True))
    assert [folder.parent.name for folder in folders] == list("abcde")
    assert folders[2] == done
