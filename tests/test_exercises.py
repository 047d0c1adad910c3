"""The exercises: every solution is right by its own check, and every check can fail."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from calling import Command

from microgrand import programs
from microgrand.exercises import Exercise, asked, exercises, for_terminal, given, what_is_wrong

EVERY = [one for name in programs.all_lessons() for one in exercises(name)]
NAMES = [f"{one.lesson}-{one.number}" for one in EVERY]
FIRST = next(one for one in EVERY if (one.lesson, one.number) == ("penalties", 2))  # ratio(t)


def answer(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return path


# --------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_the_solution_is_right(one: Exercise, microgrand: Command, tmp_path: Path) -> None:
    path = answer(tmp_path, one.solution)
    code, out, _ = microgrand("exercise", one.lesson, str(one.number), path.name)
    assert (code, out.splitlines()[-1]) == (0, "right")


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_a_wrong_answer_is_not(one: Exercise, microgrand: Command, tmp_path: Path) -> None:
    names = asked(one.check, given(one.lesson))
    assert names
    for wrong in ("0", "lambda *_: 0", "1e3", "lambda *_: 1e3"):
        path = answer(tmp_path, "\n".join(f"{name} = {wrong}" for name in names))
        code, out, _ = microgrand("exercise", one.lesson, str(one.number), path.name)
        assert code == 1
        assert out.startswith("not yet: ")
        assert len(out.splitlines()) == 1


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_the_text_says_what_to_define(one: Exercise) -> None:
    for name in asked(one.check, given(one.lesson)):
        assert f"`{name}`" in one.text or f"`{name}(" in one.text, name


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_it_is_whole(one: Exercise) -> None:
    assert one.text.startswith(f"**{one.number}. {one.title}")
    assert 20 < len(one.hint) < len(one.text) + 400
    assert "<" not in one.text.replace("<=", "")  # the hint is cut out whole
    asserts = [node for node in ast.walk(ast.parse(one.check)) if isinstance(node, ast.Assert)]
    assert asserts
    assert all(node.msg for node in asserts)
    assert not [node for node in ast.walk(ast.parse(one.solution)) if isinstance(node, ast.Assert)]


@pytest.mark.parametrize("name", programs.all_lessons())
def test_a_lesson_has_at_least_five_and_counts_them(name: str) -> None:
    numbers = [one.number for one in exercises(name)]
    assert len(numbers) >= 5
    assert numbers == list(range(1, len(numbers) + 1))
    text = programs.all_lessons()[name].read_text("utf-8")
    assert f"# microgrand exercise {name} 1 mine.py\n" in text
    for tag in ("solution", "check"):
        assert text.count(f'# %% tags=["{tag}"]\n') == len(numbers)


# --------------------------------------------------------------------------------- what is said


def test_a_lesson_alone_lists_its_exercises(microgrand: Command) -> None:
    code, out, _ = microgrand("exercise", "penalties")
    assert code == 0
    assert out.splitlines()[:2] == ["1  Sixty thousand", "2  A correction that stands still"]
    assert len(out.splitlines()) == 7


def test_an_exercise_is_printed_with_a_hint_if_wanted(microgrand: Command) -> None:
    code, out, _ = microgrand("exercise", "penalties", "2")
    assert code == 0
    assert out.startswith("**2. A correction that stands still.** For a constant gradient")
    assert "microgrand exercise penalties 2 FILE" in out
    assert "one learning rate" not in out
    code, out, _ = microgrand("exercise", "penalties", "2", "--hint")
    assert code == 0
    assert "\n\nHint: Adam divides" in out


def test_a_printed_solution_is_a_program_that_is_right(microgrand: Command, tmp_path: Path) -> None:
    code, out, _ = microgrand("exercise", "penalties", "2", "--solution")
    assert code == 0
    assert what_is_wrong(FIRST, answer(tmp_path, out)) is None


def test_links_and_long_lines_become_words() -> None:
    told = for_terminal("See [this page](../there.md) and " + 30 * "word " + "\n\nMore.")
    assert told.startswith("See this page and word")
    assert told.endswith("word\n\nMore.")
    assert max(map(len, told.splitlines())) <= 88


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "mine.py does not define ratio"),
        ("x = 1\nratio = 1 / 0", "mine.py, line 2: ZeroDivisionError: division by zero"),
        ("ratio = (", "mine.py, line 1: SyntaxError: '(' was never closed\n"),
        ("import sys\nsys.exit(3)", "mine.py, line 2: SystemExit: 3"),
        ("def ratio(t):\n    return q", "the check cannot use your answer: NameError: name 'q'"),
        ("raise ValueError('one\\ntwo')", "mine.py, line 1: ValueError: one"),
        ("class End(BaseException): ...\nraise End('here')", "mine.py, line 2: End: here"),
        ("def ratio(t):\n    exit(0)", "the check cannot use your answer: SystemExit: 0"),
        ("ratio = results", "mine.py, line 1: NameError: name 'results' is not defined"),
        ("def ratio(t):\n    return 2.0", "at t = 1 the two optimisers"),
    ],
)
def test_one_line_says_what_is_wrong(
    text: str, said: str, microgrand: Command, tmp_path: Path
) -> None:
    answer(tmp_path, text)
    code, out, _ = microgrand("exercise", "penalties", "2", "mine.py")
    assert code == 1
    assert out.startswith(f"not yet: {said}")
    assert len(out.splitlines()) == 1


def test_a_file_that_is_no_text_is_told(microgrand: Command, tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"x = 1\0"):
        (tmp_path / "mine.py").write_bytes(content)
        code, out, _ = microgrand("exercise", "penalties", "2", "mine.py")
        assert code == 1
        assert out.startswith("not yet: mine.py")
        assert len(out.splitlines()) == 1


def test_a_file_may_import_its_neighbour(microgrand: Command, tmp_path: Path) -> None:
    text = "import math\n" + FIRST.solution.replace("np.", "math.")
    (tmp_path / "elsewhere_of_exercises.py").write_text(text, "utf-8")
    answer(tmp_path, "from elsewhere_of_exercises import ratio")
    assert microgrand("exercise", "penalties", "2", "mine.py")[0] == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("curvy",), "no lesson is called 'curvy'; there are curve, "),
        (("curve", "7"), "curve has no exercise 7: there are 1 to 6"),
        (("curve", "0"), "curve has no exercise 0"),
        (("curve", "one"), "valid integer"),
        (("curve", "1", "nowhere.py"), "nowhere.py cannot be read (No such file or directory)"),
        (("curve", "1", "."), ". cannot be read (Is a directory)"),
        (("curve", "1", "mine.ipynb"), "mine.ipynb is a notebook: put your answer into a .py file"),
    ],
)
def test_what_the_user_can_mend_is_one_clear_line(
    words: tuple[str, ...], named: str, microgrand: Command
) -> None:
    code, out, err = microgrand("exercise", *words)
    assert (code, out) == (2, "")
    assert err.startswith("microgrand: ")
    assert named in err
    assert len(err.splitlines()) == 1


def test_a_reader_s_own_names_stand_in_nobody_s_way(microgrand: Command, tmp_path: Path) -> None:
    """The check of curve 2 uses `some` and `np`; the lesson has a `network`."""
    own = """
import numpy
def some(y): return y.mean()
def network(y, strength): return some(y) / (1 + strength / 2)
np = None
collapsed = network
assert __file__.endswith("mine.py")
"""
    code, out, _ = microgrand("exercise", "curve", "2", answer(tmp_path, own).name)
    assert (code, out.splitlines()[-1]) == (0, "right")


def test_an_answer_that_changes_its_argument_is_not_right(
    microgrand: Command, tmp_path: Path
) -> None:
    own = "def collapsed(y, strength):\n    y /= 1 + strength / 2\n    return y.mean()\n"
    code, out, _ = microgrand("exercise", "curve", "2", answer(tmp_path, own).name)
    assert (code, out) == (1, "not yet: `collapsed` changes the data that it is given\n")


def test_what_a_reader_prints_is_seen_and_what_the_check_prints_is_not(
    microgrand: Command, tmp_path: Path
) -> None:
    own = "def collapsed(y, strength):\n    print('tried', strength)\n    return y.mean()\n"
    code, out, _ = microgrand("exercise", "curve", "2", answer(tmp_path, own).name)
    assert code == 1
    first, second, wrong = out.splitlines()
    assert (first, second) == ("tried 0.0", "tried 0.1")
    assert wrong == "not yet: for λ = 0.1 another constant costs less"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("return y.meen()", "AttributeError: 'numpy.ndarray' object has no attribute 'meen'"),
        ("assert y is None", "AssertionError: "),
    ],
)
def test_an_error_inside_a_reader_s_function_has_a_line(
    line: str, told: str, microgrand: Command, tmp_path: Path
) -> None:
    own = f"def collapsed(y, strength):\n    {line}\n"
    code, out, _ = microgrand("exercise", "curve", "2", answer(tmp_path, own).name)
    assert code == 1
    assert out == f"not yet: the check cannot use your answer: {told} (mine.py, line 2)\n"


def test_the_hint_comes_with_a_wrong_answer_if_wanted(microgrand: Command, tmp_path: Path) -> None:
    name = answer(tmp_path, "collapsed = 0").name
    code, out, _ = microgrand("exercise", "curve", "2", name, "--hint")
    assert code == 1
    assert out.startswith("not yet: ")
    assert "\nHint: " in out


@pytest.mark.parametrize("inside", ["", "collapsed = lambda y, strength: "])
def test_an_endless_answer_that_is_stopped_says_where(
    inside: str, microgrand: Command, tmp_path: Path
) -> None:
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # in the background, too
    own = f"import signal; {heard}\n{inside}signal.raise_signal(signal.SIGINT)\n"
    code, _, err = microgrand("exercise", "curve", "2", answer(tmp_path, own).name)
    assert (code, err) == (130, "microgrand: interrupted in mine.py, line 2\n")


def test_it_works_in_a_shell_without_warnings(tmp_path: Path) -> None:
    answer(tmp_path, FIRST.solution)
    command = [sys.executable, "-W", "error", "-m", "microgrand.cli"]
    done = subprocess.run(
        [*command, "exercise", "penalties", "2", "mine.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("t = 1000: 0.40\nright\n")


# ----------------------------------------------------------------------------- what a file is given


def test_a_file_is_given_definitions_and_no_results() -> None:
    space = given("shrinkage")
    assert {"np", "network", "weigh", "Settings", "NEAR", "ROWS", "load_once"} <= set(space)
    assert not {"results", "session", "settings", "images", "EPOCHS", "trained"} & set(space)


def test_a_check_asks_for_what_it_neither_defines_nor_finds() -> None:
    check = """
from math import pi as π
def near(a, b): return abs(a - b) < known
for i in range(3):
    assert near(wanted(i, π), other), [j for j in known]
"""
    assert asked(check, {"known": 1}) == ["wanted", "other"]
