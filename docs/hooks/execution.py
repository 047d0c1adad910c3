"""Executes every lesson and hands the finished notebooks to MkDocs.

A lesson runs once for each state of its source, of the package and of the main libraries; the
result is kept under .cache/site/. What an earlier state has trained is used again if it is the
same. A cell that fails fails the build. MICROGRAND_PRESET=quick makes a fast build.
"""

from __future__ import annotations

import asyncio
import atexit
import base64
import gc
import os
import re
import shutil
from concurrent.futures import Future, as_completed
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

import joblib
import jupytext
import nbformat
from caches import fingerprint, remove_earlier
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs_jupyter.plugin import NotebookFile
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from microgrand.programs import all_lessons

log = get_plugin_logger("lessons")

SECONDS = 900  # a lesson that takes longer is stopped and fails the build
FIGURES = {".json", ".webp", ".csv"}


async def execute(root: Path, lesson: Path, folder: Path, preset: str, jobs: int) -> None:
    """Run one lesson in so many processes; figures go to folder/out, the notebook comes last."""
    notebook = jupytext.read(lesson, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # jupytext draws them at random; a page should not change
    notebook.metadata["kernelspec"] = {
        "name": "python3", "language": "python", "display_name": "Python 3",
    }  # fmt: skip
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    for earlier in folder.parent.glob(f"{preset}-*/out/records"):
        if earlier.parent != out:
            shutil.copytree(earlier, out / "records", dirs_exist_ok=True)
    environment = os.environ | {
        "MICROGRAND_PRESET": preset,
        "MICROGRAND_OUT": str(out),
        "MICROGRAND_JOBS": str(jobs),
        "MICROGRAND_SITE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")])),
    }
    client = NotebookClient(
        notebook,
        timeout=None,
        record_timing=False,
        coalesce_streams=True,  # or what is printed stands in as many boxes as its messages were
        extra_arguments=["--IPKernelApp.log_level=40"],  # no warning that the kernel talks over TCP
        resources={"metadata": {"path": str(lesson.parent)}},
    )
    log.info("executing %s (preset %s)", lesson.name, preset)
    try:
        await asyncio.wait_for(client.async_execute(env=environment), SECONDS)
    except CellExecutionError as error:
        trace = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        raise PluginError(f"{lesson.name}: a cell failed\n{trace}") from None
    except TimeoutError:
        raise PluginError(f"{lesson.name} took longer than {SECONDS} s") from None
    finally:
        # If this was cancelled while the kernel started, nbclient would end it at exit, in the main
        # thread, which may wait for ever: its sockets are of this thread.
        atexit.unregister(client._cleanup_kernel)
        if client.km is not None:
            await client._async_cleanup_kernel()
    partial = folder / "notebook.partial"
    nbformat.write(notebook, partial)
    notebook_of(folder).parent.mkdir(exist_ok=True)
    partial.replace(notebook_of(folder))
    remove_earlier(folder, f"{preset}-*")


def notebook_of(folder: Path) -> Path:
    """The executed notebook in a lesson's folder; MkDocs wants it at its path inside the site."""
    return folder / "lessons" / f"{folder.parent.name}.ipynb"


@cache
def beside() -> asyncio.AbstractEventLoop:
    """An event loop beside MkDocs, which ends when MkDocs does."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    return loop


def figures(lesson: Path) -> int:
    """How many a lesson draws, still or moving."""
    return len(re.findall(r"session\.(?:show|play|choose)\(", lesson.read_text("utf-8")))


def begin_all(root: Path, kept: Path, lessons: list[Path], preset: str) -> dict[Path, Future[None]]:
    """The folder of each lesson, and its execution, which goes on beside the caller.

    As many are executed at once as there are cores. The last ones get more processes than one, so
    that no core is idle. These train, but cannot draw: lessons with many figures come first.
    A lesson that is there already is not executed.
    """
    cores = joblib.cpu_count()
    places = asyncio.Semaphore(cores)
    waiting: list[Path] = []

    async def once(lesson: Path, folder: Path) -> None:
        if folder in waiting:
            async with places:
                jobs = max(1, cores // len(waiting))
                waiting.remove(folder)
                await execute(root, lesson, folder, preset, jobs)

    folders = {}
    for lesson in sorted(lessons, key=figures, reverse=True):
        key = fingerprint(root, lesson, Path(__file__))
        folders[lesson] = folder = kept / lesson.stem / f"{preset}-{key}"
        if not notebook_of(folder).exists():
            waiting.append(folder)
    begin = asyncio.run_coroutine_threadsafe
    return {folder: begin(once(lesson, folder), beside()) for lesson, folder in folders.items()}


def downloadable(folder: Path) -> str:
    """The notebook with its fallback pictures inside, for it leaves the folder they lie in."""

    def inline(match: re.Match[str]) -> str:
        picture = folder / "out" / match[1]
        data = base64.b64encode(picture.read_bytes()).decode()
        return match[0].replace(match[1], f"data:image/webp;base64,{data}")

    text = notebook_of(folder).read_text(encoding="utf-8")
    return re.sub(r'<(?:img|source)[^<>]*?src(?:set)?=\\"([\w.-]+\.webp)\\"', inline, text)


def on_startup(**_: Any) -> None:
    """Look for garbage rarely: among the millions of small objects of a page hardly any is.

    With Python's own threshold of 700 objects, looking takes a fifth of MkDocs' time.
    """
    gc.set_threshold(100_000, 20, 20)


executing: dict[Path, Future[None]] = {}
"""The folder of each lesson, and its execution."""


def on_pre_build(config: Any) -> None:
    """Begin before all else: meanwhile the pages are made that need no executed lesson."""
    root = Path(config.config_file_path).parent
    lessons = [*all_lessons().values()]  # and not what a reader keeps beside them
    preset = os.environ.get("MICROGRAND_PRESET", "book")
    executing.clear()
    executing.update(begin_all(root, root / ".cache" / "site", lessons, preset))


@event_priority(-100)  # pages are made in the order of the files
def on_files(files: Files, config: Any) -> Files:
    for folder in executing:
        site = config.site_dir, config.use_directory_urls
        notebook = File(f"lessons/{folder.parent.name}.ipynb", str(folder), *site)
        files.append(NotebookFile(notebook, **config))
    return files


@event_priority(100)  # before mkdocs-jupyter reads the notebook
def on_pre_page(page: Page, config: Any, files: Files) -> Page:
    """Wait for a page's own lesson, unless another one fails."""
    by_notebook = {str(notebook_of(folder)): one for folder, one in executing.items()}
    own = by_notebook.get(str(page.file.abs_src_path))
    for execution in as_completed(executing.values()) if own else ():
        execution.result()
        if execution is own:
            break
    return page


def on_env(env: Any, config: Any, files: Files) -> None:
    """All lessons are executed: what they have written goes beside their pages."""
    for folder in executing:
        name = folder.parent.name
        content = downloadable(folder)
        files.append(File.generated(config, f"lessons/{name}/{name}.ipynb", content=content))
        for path in sorted((folder / "out").rglob("*")):
            if path.suffix in FIGURES and path.parent.name != "records":
                inside = f"lessons/{name}/{path.relative_to(folder / 'out').as_posix()}"
                files.append(File.generated(config, inside, abs_src_path=str(path)))


def end_all(**_: Any) -> None:
    """Where a page cannot be made, no lesson need go on. Returns when the last kernel is gone."""

    async def cancel_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(cancel_all(), beside()).result()


on_build_error = end_all
on_shutdown = end_all  # after Ctrl-C, too
