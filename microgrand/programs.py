"""The lessons' programs: where they are, what they are called, and the cells they are made of.

In a program `# %%` opens a cell, with its tags, and `# %% [markdown]` one of prose.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = Path(__file__).parent
ORDER = ("curve", "shrinkage", "penalties", "normalization", "noise")  # best read so

OPENING = re.compile(r"^# %%(.*)\n", re.MULTILINE)


def folder() -> Path:
    """Where the lessons are: in the package once installed, beside it in a checkout."""
    inside = PACKAGE / "lessons"
    return inside if inside.is_dir() else PACKAGE.parent / "lessons"


def all_lessons() -> dict[str, Path]:
    """Every lesson by name, in the order in which they are best read; others after them.

    A file without a cell of prose, such as a reader's answers, is none.
    """
    files = sorted(folder().glob("[!_]*.py"))
    found = {path.stem: path for path in files if "# %% [markdown]" in path.read_text("utf-8")}
    return {name: found[name] for name in [*filter(found.get, ORDER), *found]}


def title_and_question(path: Path) -> tuple[str, str]:
    """A lesson's heading, and the first line of text under it."""
    lines = [line.removeprefix("#").strip() for line in path.read_text("utf-8").splitlines()]
    heading = next(i for i, line in enumerate(lines) if line.startswith("# "))
    text = next((line for line in lines[heading + 1 :] if line), "")
    return lines[heading].removeprefix("# "), text


class Cell(NamedTuple):
    """The rest of the line that opens a cell, what stands below it, and how many lines above."""

    header: str
    body: str
    above: int

    @property
    def is_prose(self) -> bool:
        return "[markdown]" in self.header

    def has_tag(self, *tags: str) -> bool:
        """Whether it has one of the tags."""
        return any(f'"{tag}"' in self.header for tag in tags)


def cells(text: str) -> list[Cell]:
    """All cells of a program in the percent format."""
    opened = [*OPENING.finditer(text)]
    ends = [*(match.start() for match in opened[1:]), len(text)]
    return [
        Cell(match[1], text[match.end() : end], text.count("\n", 0, match.end()))
        for match, end in zip(opened, ends, strict=False)  # a text without cells still has an end
    ]


def code_until(text: str, words: str) -> str:
    """The code of a program down to the last cell that has the words, without its prose.

    What is trained in that cell depends on nothing that comes later.
    """
    code = [cell.body for cell in cells(text) if not cell.is_prose]
    last = max((number for number, body in enumerate(code) if words in body), default=len(code))
    return "\n".join(code[: last + 1])


def program_of(run: Callable[..., Any], lesson: Path) -> str:
    """The code that the results of `run` rest on: that of its file, down to the sweep.

    A cell of a notebook is no file; there it is `run` itself, and the lesson for all else.
    """
    code = getattr(run, "__code__", None)
    if code and Path(code.co_filename).is_file():
        text = Path(code.co_filename).read_text("utf-8")
        return code_until(text, "session.sweep(") or text
    try:
        changed = inspect.getsource(run)
    except (OSError, TypeError):  # written nowhere
        changed = ""
    return code_until(lesson.read_text("utf-8"), "session.sweep(") + changed
