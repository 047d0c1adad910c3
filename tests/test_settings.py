"""Settings: what a flag may be, what it says when it is wrong, and the help that names it."""

import math
import re
import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand.settings import (
    Preset,
    UserError,
    check_ranges,
    command_of,
    parse,
    setting,
    with_changes,
)


@dataclass(frozen=True)
class Settings:
    count: int = setting(10, "how many things", low=1)
    share: float = setting(0.5, "a part of the whole", low=0, high=1)
    learning_rates: tuple[float, ...] = setting((0.1, 0.2), "the rates", low=1e-6, high=1)
    sizes: tuple[int, ...] = setting((3, 4), "whole numbers")


PRESETS = {
    "quick": Preset(Settings(count=2, learning_rates=(0.7,)), seeds=1),
    "book": Preset(Settings(), seeds=3),
    "article": Preset(Settings(count=987), seeds=11),
}


def parsed(words: str) -> dict[str, Any]:
    return parse("lesson", "What is asked?", PRESETS, shlex.split(words))


# ---------------------------------------------------------------------------------------- ranges


@given(
    value=st.floats() | st.sampled_from([0.0, 1.0, math.nextafter(0, -1), math.nextafter(1, 2)]),
    at=st.integers(0, 2),
    name=st.sampled_from(["share", "learning_rates"]),
)
def test_a_number_is_taken_if_and_only_if_it_is_in_its_range(
    value: float, at: int, name: str
) -> None:
    low = {"share": 0, "learning_rates": 1e-6}[name]
    several = (*[0.3] * at, value, *[0.4] * (2 - at))
    change: Any = value if name == "share" else several
    if low <= value <= 1:
        assert getattr(with_changes(Settings(), {name: change}), name) == change
    else:  # nan too
        with pytest.raises(UserError, match=f"^--{name.replace('_', '-')} .* is out of range"):
            with_changes(Settings(), {name: change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "--count 0 is out of range: it must be 1 or more"),
        ({"share": -0.25}, "--share -0.25 is out of range: it must be from 0 to 1"),
        ({"share": 1.5}, "--share 1.5 is out of range: it must be from 0 to 1"),
        ({"share": math.nan}, "--share nan is out of range: it must be finite, and 1e+15 at most"),
        (
            {"learning_rates": (0.1, 2.0)},
            "--learning-rates 2 is out of range: it must be from 1e-06 to 1",
        ),
    ],
)
def test_the_message_names_the_flag_the_value_and_the_range(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as refused:
        check_ranges(Settings(**change))
    assert str(refused.value) == message


def test_a_value_just_out_of_range_is_not_shown_as_one_inside() -> None:
    with pytest.raises(UserError) as refused:
        check_ranges(Settings(share=1 + 1e-9))
    assert not str(refused.value).startswith("--share 1 ")


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e16])
def test_what_is_not_finite_is_out_of_range_even_without_a_highest_value(value: float) -> None:
    """No training, figure or table can make anything of it."""

    @dataclass(frozen=True)
    class Noisy:
        noise: float = setting(0.1, "only bounded below", low=0)

    with pytest.raises(UserError, match=rf"^--noise {re.escape(str(value))} is out of range"):
        check_ranges(Noisy(value))


def test_what_is_not_changed_stays_and_the_original_is_left_alone() -> None:
    original = Settings(count=5)
    changed = with_changes(original, {"share": 0.25})
    assert changed == Settings(count=5, share=0.25)
    assert original == Settings(count=5)


# ------------------------------------------------------------------------------- the command line


def test_flags_become_values_of_their_types() -> None:
    words = (
        "--preset quick --seeds 4 --jobs 2 --out a/b --count 7 --share 0.25 "
        "--learning-rates 0.5 --learning-rates 1e-3 --sizes 9"
    )
    assert parsed(words) == {
        "preset": "quick",
        "seeds": 4,
        "jobs": 2,
        "out": Path("a/b"),
        "count": 7,
        "share": 0.25,
        "learning_rates": (0.5, 0.001),
        "sizes": (9,),
    }


def test_what_is_not_on_the_command_line_is_not_chosen() -> None:
    assert parsed("") == {}
    assert parsed("--count=7") == {"count": 7}


@given(
    seeds=st.integers(1, 1000),
    changes=st.fixed_dictionaries(
        {},
        optional={
            "count": st.integers(),
            "share": st.floats(),
            "learning_rates": st.lists(st.floats(), min_size=1).map(tuple),
            "cases": st.lists(st.text(min_size=1), min_size=1).map(tuple),
        },
    ),
)
@example(seeds=1, changes={"share": math.nan})
@example(seeds=1, changes={"cases": ("mask-*", "it's", "--count")})
def test_the_command_a_lesson_prints_asks_for_what_was_asked(
    seeds: int, changes: dict[str, Any]
) -> None:
    words = shlex.split(command_of("lesson", "quick", seeds, changes))
    assert words[:3] == ["microgrand", "run", "lesson"]
    read = parse("lesson", "What is asked?", PRESETS, words[3:])
    asked = {"preset": "quick", "seeds": seeds, **changes}
    assert repr(sorted(read.items())) == repr(sorted(asked.items()))  # as words: nan is not nan


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--bogus 1", "--bogus"),
        ("--count", "--count"),
        ("--count x", "--count"),
        ("--count 1.5", "--count"),
        ("--share x", "--share"),
        ("--learning-rates 0.1 --learning-rates x", "--learning-rates"),
        ("--sizes 0.5", "--sizes"),
        ("--seeds x", "--seeds"),
        ("--seeds 0", "--seeds 0"),
        ("--seeds -3", "--seeds -3"),
        ("--jobs 0", "--jobs 0"),
        ("more", "more"),
        ("--out ''", "--out is given nothing"),
        ("'' --seeds 3", "an argument is given nothing"),
        ("--seeds 2 --cluster ''", "--cluster is given nothing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_that_names_it(words: str, named: str) -> None:
    with pytest.raises(UserError) as refused:
        parsed(words)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_help_names_every_setting_with_its_values_in_the_presets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    with pytest.raises(SystemExit) as ended:
        parsed("--count 3 --help")
    assert not ended.value.code
    text = " ".join(capsys.readouterr().out.split())
    assert "Usage: microgrand run lesson" in text
    assert "What is asked?" in text
    flags = ["preset", "seeds", "jobs", "out", *(item.name for item in fields(Settings))]
    places = [text.index(f"--{name.replace('_', '-')} ") for name in flags]
    about = [text[start:end] for start, end in zip(places, [*places[1:], None], strict=True)]
    wanted = {
        "preset": ["quick", "book", "article"],
        "seeds": ["1", "3", "11"],
        "count": ["how many things", "2", "10", "987"],
        "share": ["a part of the whole", "0.5"],
        "learning_rates": ["the rates", "0.7", "0.1", "0.2", "repeat"],
        "sizes": ["whole numbers", "3", "4", "repeat"],
    }
    for name, words in wanted.items():
        for word in words:
            whole_word = rf"(?<![\d.]){re.escape(word)}(?!\d)"
            assert re.search(whole_word, about[flags.index(name)]), (name, word)
