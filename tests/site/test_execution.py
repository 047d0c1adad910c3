"""How lessons are executed for the book: which, in which order, in how many processes."""

from __future__ import annotations

import asyncio
import atexit
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import execution
import joblib
import pytest
from caches import fingerprint
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page


@pytest.mark.parametrize(
    ("cores", "jobs"), [(1, [1, 1, 1, 1]), (2, [1, 1, 1, 2]), (8, [2, 2, 4, 8])]
)
def test_lessons_that_draw_most_come_first_and_no_core_is_idle_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int, jobs: list[int]
) -> None:
    lessons = [tmp_path / f"{name}.py" for name in "abcde"]
    for figures, lesson in zip((2, 5, 9, 3, 4), lessons, strict=True):
        lesson.write_text("session.show(figure)\n" * figures, "utf-8")
    executed: list[tuple[str, int]] = []

    async def execute(root: Path, lesson: Path, folder: Path, preset: str, jobs: int) -> None:
        executed.append((lesson.stem, jobs))
        await asyncio.sleep(0)

    monkeypatch.setattr(execution, "execute", execute)
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    cache = tmp_path / "cache"
    done = cache / "c" / f"quick-{fingerprint(tmp_path, lessons[2], Path(execution.__file__))}"
    execution.notebook_of(done).parent.mkdir(parents=True)
    execution.notebook_of(done).touch()
    begun = execution.begin_all(tmp_path, cache, lessons, "quick")
    for one in begun.values():
        one.result(timeout=10)
    assert executed == list(zip("beda", jobs, strict=True))
    assert [folder.parent.name for folder in begun] == list("cbeda")
    assert done in begun


def test_a_page_waits_for_its_lesson_and_a_failed_build_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, end, ended = Event(), asyncio.Event(), Event()

    async def execute(*_: Any) -> None:
        began.set()
        try:
            await end.wait()
        finally:
            ended.set()

    monkeypatch.setattr(execution, "execute", execute)
    lesson = tmp_path / "a.py"
    lesson.write_text("# %%\n", "utf-8")
    begun = execution.begin_all(tmp_path, tmp_path / "cache", [lesson], "quick")
    monkeypatch.setattr(execution, "executing", begun)
    (folder,) = begun
    other, own = (
        Page(None, File(path.name, str(path.parent), str(tmp_path), False), MkDocsConfig())
        for path in (tmp_path / "a.md", execution.notebook_of(folder))
    )
    none = Files([])
    assert execution.on_pre_page(other, None, none) is other
    assert began.wait(10)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(execution.on_pre_page, own, None, none)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.1)
        execution.on_build_error(error=ValueError())
        with pytest.raises(CancelledError):
            waiting.result(timeout=10)
    assert ended.wait(10)


def test_a_kernel_that_only_starts_is_ended_and_nothing_of_it_is_left_to_the_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = Event()
    clients: list[Any] = []
    at_exit: list[Any] = []

    async def start_for_ever(client: Any) -> None:
        clients.append(client)
        starting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(execution.NotebookClient, "async_start_new_kernel_client", start_for_ever)
    monkeypatch.setattr(atexit, "register", at_exit.append)
    monkeypatch.setattr(atexit, "unregister", at_exit.remove)
    lesson = tmp_path / "a.py"
    lesson.write_text("# %%\n", "utf-8")
    execution.begin_all(tmp_path, tmp_path / "cache", [lesson], "quick")
    assert starting.wait(30)
    assert clients[0]._cleanup_kernel in at_exit
    kernel = clients[0].km.provisioner.process
    assert kernel.poll() is None
    execution.on_shutdown()
    assert kernel.poll() is not None
    assert clients[0]._cleanup_kernel not in at_exit


def test_an_earlier_state_hands_on_its_records_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def run(client: Any, env: dict[str, str]) -> None:
        seen.extend(path.name for path in (Path(env["MICROGRAND_OUT"]) / "records").iterdir())

    monkeypatch.setattr(execution.NotebookClient, "async_execute", run)
    lesson = tmp_path / "a.py"
    lesson.write_text("# %%\nx = 1\n", "utf-8")
    old, new = (tmp_path / "cache" / "a" / f"quick-{state}" for state in ("old", "new"))
    (old / "out" / "records").mkdir(parents=True)
    (old / "out" / "records" / "case-seed-0.json").touch()
    with ThreadPoolExecutor() as threads:
        threads.submit(
            lambda: asyncio.run(execution.execute(tmp_path, lesson, new, "quick", 1))
        ).result()
    assert seen == ["case-seed-0.json"]
    assert execution.notebook_of(new).is_file()
    assert not old.exists()
