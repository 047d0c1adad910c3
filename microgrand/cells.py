"""The cells of a lesson's program: `# %%` opens one, with its tags, `# %% [markdown]` prose."""

import re
from typing import NamedTuple

OPENING = re.compile(r"^# %%(.*)\n", re.MULTILINE)


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
