"""The exercises of the lessons: read from a lesson's own source, and a reader's answer checked.

An exercise is a markdown cell that begins with `**3. Title.**` and folds a hint into `<details>`,
a cell tagged `solution`, and a cell tagged `check`: assertions with messages on the names that the
reader is asked to define. The page of the lesson runs both, so both stay true. The command runs the
reader's file in place of the solution. Either has what the lesson imports and defines (functions,
classes, constants in capitals), and none of its results: nothing is trained first.
"""

import ast
import builtins
import contextlib
import io
import re
import sys
import textwrap
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from microgrand import programs
from microgrand.programs import Cell, cells
from microgrand.settings import INTERRUPTED, UserError, stop

HINT = re.compile(r'<details class="hint"><summary>Hint</summary>(.*?)</details>', re.DOTALL)
TITLE = re.compile(r"\*\*(\d+)\. (.*?)\.?\*\*")
DEFINITIONS = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Exercise:
    """What is asked, a hint, the code that answers it, and the code that checks an answer."""

    lesson: str
    number: int
    title: str
    text: str
    hint: str
    solution: str
    check: str


def cells_of(name: str) -> list[Cell]:
    """The cells of a lesson, without blank lines around them."""
    found = cells(programs.all_lessons()[name].read_text("utf-8"))
    return [cell._replace(body=cell.body.strip()) for cell in found]


def exercises(name: str) -> list[Exercise]:
    """All exercises of a lesson, in order.

    Raises:
        UserError: if there is no such lesson.
    """
    if name not in programs.all_lessons():
        names = ", ".join(programs.all_lessons())
        raise UserError(f"no lesson is called {name!r}; there are {names}")
    found, text, solution = [], "", ""
    for cell in cells_of(name):
        if cell.is_prose:
            text = re.sub("^# ?", "", cell.body, flags=re.MULTILINE)
            text = text[max(0, text.find("**1. ")) :]  # the first stands behind a heading
        elif cell.has_tag("solution"):
            solution = cell.body
        elif cell.has_tag("check"):
            title, hint = TITLE.match(text), HINT.search(text)
            assert title, f"{name}: a check without an exercise before it"
            assert hint, f"{name}: an exercise without a hint"
            told = title[2], HINT.sub("", text).strip(), hint[1].strip()
            found.append(Exercise(name, int(title[1]), *told, solution, cell.body))
    return found


def exercise(name: str, number: int) -> Exercise:
    """One exercise of a lesson.

    Raises:
        UserError: if there is no such lesson, or no such exercise in it.
    """
    known = exercises(name)
    if not 1 <= number <= len(known):
        raise UserError(f"{name} has no exercise {number}: there are 1 to {len(known)}")
    return known[number - 1]


def for_terminal(markdown: str) -> str:
    """Markdown in lines of 88 letters, formulas unbroken, with the words of its links alone."""
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown)
    whole = re.sub(r"\$[^$]*\$|`[^`]*`", lambda match: match[0].replace(" ", "\u00a0"), words)
    lines = (textwrap.fill(part, 88, break_on_hyphens=False) for part in whole.split("\n\n"))
    return "\n\n".join(lines).replace("\u00a0", " ")


def defines(node: ast.stmt) -> bool:
    """Whether a statement imports or defines, or gives a value to a name in capitals."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
            return len(name) > 1 and name.isupper()
    return isinstance(node, DEFINITIONS)


def given(name: str) -> dict[str, Any]:
    """What a lesson imports and defines without having run: nothing that rests on its results."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells_of(name):
        if cell.is_prose or cell.has_tag("solution", "check"):
            continue
        for node in ast.parse(cell.body).body:
            if defines(node):
                with contextlib.suppress(NameError):  # it stands on settings or on results
                    exec(compile(ast.Module([node], []), name, "exec"), space)
    return space


def asked(check: str, known: dict[str, Any]) -> list[str]:
    """The names a check uses and neither defines nor finds among the known: the reader's part."""
    inside = list(ast.walk(ast.parse(check)))
    names = sorted(
        (node for node in inside if isinstance(node, ast.Name)),
        key=lambda name: (name.lineno, name.col_offset),
    )
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in inside if isinstance(node, ast.arg)}
    own |= {node.asname or node.name for node in inside if isinstance(node, ast.alias)}
    own |= {node.name for node in inside if isinstance(node, ast.FunctionDef)}
    used = dict.fromkeys(node.id for node in names)
    return [name for name in used if not (name in own or name in known or hasattr(builtins, name))]


def in_a_line(error: BaseException) -> str:
    told = error.msg if isinstance(error, SyntaxError) else error  # its place is told before it
    return f"{type(error).__name__}: {told}".splitlines()[0]


def place(error: BaseException, path: Path) -> str:
    """The last line of the reader's file that an error came through; empty if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    return f"{path}, line {lines[-1]}" if lines else ""


def what_ended(
    code: str | bytes, name: str, space: dict[str, Any], path: Path
) -> BaseException | None:
    """Run a program: the error that ended it, None if it came to its end."""
    try:
        exec(compile(code, name, "exec"), space)
    except KeyboardInterrupt as error:
        stop(f"interrupted in {place(error, path) or 'the check'}", INTERRUPTED)
    except BaseException as error:  # a reader's program may end in any way
        return error
    return None


def what_is_wrong(exercise: Exercise, path: Path) -> str | None:
    """Run a reader's file, then the exercise's check: one line on what is wrong, None if all right.

    Both find what the lesson defines. Of the reader's names the check finds those that it asks for.

    Raises:
        UserError: if the file cannot be read, or is a notebook.
    """
    if path.suffix == ".ipynb":
        raise UserError(f"{path} is a notebook: put your answer into a .py file")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
    space = given(exercise.lesson)
    wanted = asked(exercise.check, space)
    own = space | {"__file__": str(path)}
    sys.path.insert(0, str(path.resolve().parent))  # as where Python runs the file itself
    ended = what_ended(source, str(path), own, path)
    if ended is not None:
        return f"{place(ended, path) or path}: {in_a_line(ended)}"
    if missing := [name for name in wanted if name not in own]:
        return f"{path} does not define {', '.join(missing)}"
    evidence = io.StringIO()  # what the check prints would give the answer away
    answer = {name: own[name] for name in wanted} | {"print": partial(print, file=evidence)}
    ended = what_ended(exercise.check, "the check", space | answer, path)
    if ended is not None:
        where = place(ended, path)
        if isinstance(ended, AssertionError) and not where:
            return str(ended).partition("\n")[0] or "an assertion without a message fails"
        in_it = f" ({where})" if where else ""
        return f"the check cannot use your answer: {in_a_line(ended)}{in_it}"
    print(evidence.getvalue(), end="")
    return None
