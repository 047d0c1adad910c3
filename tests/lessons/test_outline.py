"""The shape that all lessons share: question, formula, derivation, code, experiment, verdict."""

import re

import pytest
from running import source

from microgrand import programs
from microgrand.programs import cells

LANDMARKS = [
    "The experiment",
    "What the article said, and what came out",
    "In short",
    "What can be learned from this",
    "Exercises",
    "Further reading",
]

each_lesson = pytest.mark.parametrize("name", programs.all_lessons())


def sections(name: str) -> dict[str, str]:
    """The text under each heading of the second level, in order; "" is what stands before."""
    parts = re.split(r"^# ## (.*)\n", source(name), flags=re.MULTILINE)
    return dict(zip(["", *parts[1::2]], parts[::2], strict=True))


@each_lesson
def test_it_begins_with_its_question(name: str) -> None:
    _, question = programs.title_and_question(programs.all_lessons()[name])
    assert question.endswith("?")
    assert re.findall(r"^# # ", source(name), re.MULTILINE) == ["# # "]
    assert f"`microgrand run {name}`" in sections(name)[""]


@each_lesson
def test_its_landmarks_stand_in_the_order_of_every_lesson(name: str) -> None:
    headings = list(sections(name))
    assert [heading for heading in headings if heading in LANDMARKS] == LANDMARKS
    assert headings[-5:] == LANDMARKS[1:]  # nothing comes between
    assert 3 <= headings.index("The experiment") < len(headings) - 6


@each_lesson
def test_formulas_and_derivations_come_before_the_experiment(name: str) -> None:
    before = source(name).partition("# ## The experiment\n")[0]
    assert before.count("$") >= 10
    assert "](../derivations/" in before


@each_lesson
def test_the_code_of_the_experiment_stands_under_its_heading(name: str) -> None:
    experiment = sections(name)["The experiment"]
    assert "\ndef run(settings: Settings, case: str, seed: int)" in experiment
    assert re.search(r"^results = session\.sweep\(\s*run,", experiment, re.MULTILINE)


@each_lesson
def test_what_came_out_is_shown_and_judged(name: str) -> None:
    found = sections(name)
    after = list(found).index("The experiment")
    between = "".join(list(found.values())[after:-5])
    assert len(re.findall(r"session\.(?:show|play|choose)\(|show_film\(", between)) >= 3
    assert "session.judge(claims, results)" in found["What the article said, and what came out"]
    assert found["What can be learned from this"].count("\n# - **") >= 3
    assert len(re.findall(r"^# (?:-|\d\.) \*\*.*\]\(#", found["In short"], re.MULTILINE)) >= 3


@each_lesson
def test_a_guess_has_one_right_answer_and_not_always_in_one_place(name: str) -> None:
    before, _, _ = source(name).partition("# ## What the article said, and what came out\n")
    guesses = re.findall(r'(?ms)^# <div class="guess">$(.*?)^# </div>$', before)
    assert len(guesses) >= 2
    places = []
    for guess in guesses:
        assert re.match(r"\n#\n# \*\*What do you expect\?\*\* .*\?\n", guess)
        options = guess.split('# <details class="option"><summary>')[1:]
        assert len(options) == 3
        (right,) = (place for place, option in enumerate(options) if "**Yes**" in option)
        places.append(right)
    assert len(set(places)) > 1


@each_lesson
def test_what_to_read_next_is_a_list_that_begins_with_the_article(name: str) -> None:
    entries = re.findall(r"^# - (.*)$", sections(name)["Further reading"], re.MULTILINE)
    assert len(entries) >= 5
    assert "the article" in entries[0]
    assert 'hide-input"]\nsession.end()' in sections(name)["Further reading"]


@each_lesson
def test_code_cells_are_code_and_prose_is_prose(name: str) -> None:
    for cell in cells(source(name)):
        lines = [line for line in cell.body.splitlines() if line.strip()]
        assert lines
        assert cell.is_prose == all(line.startswith("#") for line in lines)
