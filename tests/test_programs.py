"""The lessons' programs: all are found, and in their cells nothing is lost."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from microgrand import programs
from microgrand.programs import (
    Cell,
    all_lessons,
    cells,
    code_until,
    program_of,
    title_and_question,
)

PROGRAM = """# not yet a cell
# %% [markdown]
# # A title
#
# Words with # %% in them.

# %%
x = 1
# %% tags=["evidence", "collapse-input"]
y = 2
"""


def test_a_program_falls_into_its_cells() -> None:
    assert cells(PROGRAM) == [
        Cell(" [markdown]", "# # A title\n#\n# Words with # %% in them.\n\n", 2),
        Cell("", "x = 1\n", 7),
        Cell(' tags=["evidence", "collapse-input"]', "y = 2\n", 9),
    ]
    assert cells("x = 1\n") == []


def test_a_cell_knows_what_it_is() -> None:
    prose, plain, tagged = cells(PROGRAM)
    assert [cell.is_prose for cell in (prose, plain, tagged)] == [True, False, False]
    assert tagged.has_tag("evidence")
    assert tagged.has_tag("solution", "collapse-input")
    assert not tagged.has_tag("collapse")
    assert not plain.has_tag("evidence")


def test_nothing_of_a_lesson_is_lost() -> None:
    for path in all_lessons().values():
        text = path.read_text("utf-8")
        assert "".join(f"# %%{cell.header}\n{cell.body}" for cell in cells(text)) == text
        for cell in cells(text):
            assert text.splitlines()[cell.above - 1] == f"# %%{cell.header}"


def test_what_is_trained_depends_on_the_code_before_it_alone() -> None:
    def program(before: str = "x = 1", prose: str = "Words.", after: str = "draw(x)") -> str:
        return f"# %%\n{before}\n# %% [markdown]\n# {prose}\n# %%\nfit(x)\n# %%\n{after}\n"

    known = code_until(program(), "fit(")
    assert known == "x = 1\n\nfit(x)\n"
    assert code_until(program(prose="fit( is a word"), "fit(") == known
    assert code_until(program(after="draw(2 * x)"), "fit(") == known
    assert code_until(program(before="x = 2"), "fit(") != known
    assert code_until(program(after="fit(2 * x)"), "fit(").endswith("fit(2 * x)\n")
    assert code_until(program(), "nowhere(").endswith("draw(x)\n")  # all of it, to be safe


def test_what_is_trained_depends_on_the_file_that_it_is_written_in(tmp_path: Path) -> None:
    """A copy of a lesson whose experiment is changed does not get the results of the lesson."""
    lesson = tmp_path / "lesson.py"
    lesson.write_text("# %%\ndef run():\n    return 1\n# %%\nsession.sweep(run)\n# %%\ndraw()\n")
    copy, plain = tmp_path / "mine.py", tmp_path / "plain.py"
    copy.write_text(lesson.read_text().replace("1", "2"))
    plain.write_text("def run():\n    return 3\n")
    names = {"session": SimpleNamespace(sweep=print), "draw": print}
    for number, path in enumerate((lesson, copy, plain), 1):
        program = program_of(runpy.run_path(str(path), names)["run"], lesson)
        assert f"return {number}" in program
        assert "draw" not in program


def test_in_a_notebook_the_experiment_counts_itself(tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.py"
    lesson.write_text("# %%\nsession.sweep(run)\n")
    shell = InteractiveShell()
    programs_seen = set()
    for source in ("def run(): return 1", "def run(): return 2", "run = print"):
        shell.run_cell(source)
        programs_seen.add(program_of(shell.user_ns["run"], lesson))
    assert len(programs_seen) == 3
    assert all(program.startswith("session.sweep(run)\n") for program in programs_seen)


def test_a_lesson_is_called_by_its_heading_and_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "lesson.py"
    path.write_text(
        "# %% [markdown]\n# # A *heading*\n#\n# What is asked?\n# More.\n#\n# ## Next\n"
    )
    assert title_and_question(path) == ("A *heading*", "What is asked?")


def test_lessons_are_found_inside_the_package_or_else_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PACKAGE", tmp_path / "package")
    for place in (tmp_path / "lessons", tmp_path / "package" / "lessons"):
        place.mkdir(parents=True)
        for name in ("b.py", "a.py", "_private.py", "notes.txt"):
            (place / name).write_text("# %% [markdown]\n# # A lesson\n")
        (place / "answers.py").write_text("count = 33\n")
        assert programs.all_lessons() == {"a": place / "a.py", "b": place / "b.py"}


def test_lessons_come_in_the_order_in_which_they_are_best_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PACKAGE", tmp_path)
    (tmp_path / "lessons").mkdir()
    for name in ("a", *sorted(programs.ORDER), "z"):
        (tmp_path / "lessons" / f"{name}.py").write_text("# %% [markdown]\n# # A lesson\n")
    assert list(programs.all_lessons()) == [*programs.ORDER, "a", "z"]
