"""The command line, as its user meets it: what it says, where, and with which exit code."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import Command, in_a_process, is_one_clear_line

from microgrand import __version__ as microgrand_version
from microgrand import programs
from microgrand.op import registry
from microgrand.steps_and_measures import DEFINED
from microgrand.verify import Check

# -------------------------------------------------------------------------------------- what works


def test_alone_it_prints_its_help(tmp_path: Path) -> None:
    alone = in_a_process(tmp_path)
    assert alone == in_a_process(tmp_path, "--help")
    assert (alone.code, alone.err) == (0, "")
    for command in ("list", "run", "exercise", "verify", "claims", "data"):
        assert f"\n  {command} " in alone.out


def test_the_version_names_all_that_results_depend_on(microgrand: Command) -> None:
    said = microgrand("--version")
    assert said.code == 0
    for words in (f"microgrand {microgrand_version}", f"numpy {np.__version__}", "python 3."):
        assert words in said.out


def test_list_names_every_lesson_with_its_title_and_question(microgrand: Command) -> None:
    said = microgrand("list")
    assert said.code == 0
    for name, path in programs.all_lessons().items():
        title, question = programs.title_and_question(path)
        assert [name, *title.split()] in [line.split() for line in said.out.splitlines()]
        assert question in said.out
    assert "Curve fitting" in said.out


@pytest.mark.parametrize("words", ["run", "verify", "claims", "list", "data"])
def test_every_command_has_help(microgrand: Command, words: str) -> None:
    said = microgrand(words, "--help")
    assert said.code == 0
    assert "Usage: microgrand" in said.out
    assert "--help" in said.out


def test_help_of_a_lesson_names_every_setting_with_the_presets_values(tmp_path: Path) -> None:
    said = in_a_process(tmp_path, "run", "curve", "--help")
    assert said.code == 0
    text = " ".join(said.out.split())
    assert "Usage: microgrand run curve" in text
    # As the issue and the article have them.
    for flag in (
        "--preset", "--seeds", "--jobs", "--out", "--epochs", "--sweep-epochs", "--curve-seed",
        "--points", "--noise", "--batch-size", "--learning-rate", "--strengths", "--rates",
        "--samples",
    ):  # fmt: skip
        assert f"{flag} " in text
    for value in ("227", "1000", "10000", "100", "0.1", "0.001", "64", "1e-05"):
        assert re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w.])", text), value
    assert list(tmp_path.iterdir()) == []


def test_verify_prints_a_row_for_each_argument(microgrand: Command) -> None:
    said = microgrand("verify", "dense", "tanh", "--examples", "3")
    assert said.code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.out.splitlines()]
    found = [(row[0], row[1], row[-1]) for row in rows if row[3:]]
    arguments = [("dense", "x"), ("dense", "kernel"), ("dense", "bias"), ("tanh", "x")]
    assert found == [*((*names, "ok") for names in arguments), ("the worst", "", "")]
    summary = "4 gradients, 0 steps and measures, on 3 random examples each: all as defined"
    assert said.out.splitlines()[-1] == summary


def test_verify_of_everything_ends_with_the_mutants(microgrand: Command) -> None:
    gradients = sum(len(op.gradients) for op in registry.values())
    *_, summary, mutants = microgrand("verify", "--examples", "1").out.splitlines()
    assert summary.startswith(f"{gradients} gradients, {len(DEFINED)} steps and measures, on 1 ")
    assert mutants.endswith(" 0 escaped")


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_verify_prints_json_of_everything(microgrand: Command) -> None:
    said = microgrand("verify", "--json", "--examples", "2", "--seed", "5")
    assert said.code == 0
    checks = strict(said.out)
    named = [(check["op"], check["argument"]) for check in checks]
    of_ops = [(name, argument) for name in registry for argument in registry[name].gradients]
    assert named == [*of_ops, *((name, "") for name in DEFINED)]
    for check in checks:
        assert set(check) == {field.name for field in fields(Check)} | {"passed"}
        assert check["passed"] is True
        assert check["examples"] == 2
        assert 0 <= check["value"] <= 1e-12
        if check["argument"]:
            assert 0 <= check["gradient"] <= 1e-7
        else:
            assert check["gradient"] is check["difference"] is None


def twice(cotangent: Any, output: Any, x: Any) -> Any:
    return 2 * cotangent * (1 - output**2)


def wrong_shape(cotangent: Any, output: Any, x: Any) -> Any:
    return np.zeros(7)


@pytest.mark.parametrize("wrong", [twice, wrong_shape])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_verify_ends_with_1_where_a_gradient_is_wrong(
    microgrand: Command, monkeypatch: pytest.MonkeyPatch, wrong: Any, flags: list[str]
) -> None:
    monkeypatch.setitem(registry, "tanh", replace(registry["tanh"], gradients={"x": wrong}))
    said = microgrand("verify", "tanh", "relu", "--examples", "3", *flags)
    assert said.code == 1
    assert said.err == ""
    if flags:
        assert [check["passed"] for check in strict(said.out)] == [False, True]
    else:
        assert (
            "2 gradients, 0 steps and measures, on 3 random examples each: 1 of 2 failed"
            in said.out
        )


# ------------------------------------------------------------------------------------ what is wrong


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--bogus", ["--bogus"]),
        ("bogus", ["bogus"]),
        ("run", ["microgrand run --help"]),
        ("data show", ["microgrand data show --help"]),
        ("run bogus", ["bogus"]),
        ("run curve --bogus 1", ["--bogus"]),
        ("run curve more", ["more"]),
        ("run curve --epochs", ["--epochs"]),
        ("run curve --epochs many", ["--epochs"]),
        ("run curve --epochs 1.5", ["--epochs"]),
        ("run curve --noise loud", ["--noise"]),
        ("run curve --rates 0.1 --rates x", ["--rates"]),
        ("run curve --epochs 0", ["--epochs 0", "1 or more"]),
        ("run curve --learning-rate 0", ["--learning-rate 0", "from 1e-06 to 1"]),
        ("run curve --learning-rate 2", ["--learning-rate 2", "from 1e-06 to 1"]),
        ("run curve --noise nan", ["--noise nan"]),
        ("run curve --noise inf", ["--noise inf"]),
        ("run curve --noise -0.5", ["--noise -0.5", "from 0 to 1000"]),
        ("run curve --rates 0.5 --rates 1.5", ["--rates 1.5", "from 0 to 1"]),
        ("run curve --strengths 0.5 --strengths -1", ["--strengths -1", "0 or more"]),
        ("run penalties --epsilon 0", ["--epsilon 0", "1e-30 or more"]),
        ("run normalization --groups 3", ["--groups 3", "16 channels"]),
        ("run curve --preset tiny", ["--preset tiny", "quick, book, article"]),
        ("run curve --jobs 0", ["--jobs 0"]),
        ("run curve --seeds 0", ["--seeds 0"]),
        ("run curve --seeds -1", ["--seeds -1"]),
        ("run curve --seeds 99999999999999999999", ["--seeds 9", "from 1 to 100000"]),
        ("run curve --points 999999999999999", ["memory"]),
        ("run curve --points 99999999999999999999", ["--points 1e+20", "1e+15 at most"]),
        (f"run curve --out {__file__}", ["--out", __file__]),
        (f"run curve --out {__file__}/below", ["--out", __file__]),
        ("verify bogus", ["bogus", "relu", "adamw", "gini"]),
        ("verify tanh bogus", ["bogus"]),
        ("verify --examples 0", ["--examples 0"]),
        ("verify --examples x", ["--examples"]),
        ("verify --examples 1 --seed -1", ["--seed -1"]),
        ("claims bogus", ["bogus", "curve"]),
        ("claims --runs runs", ["curve", "microgrand run"]),
        ("claims curve --runs nowhere", ["nowhere", "microgrand run"]),
        ("list more", ["more"]),
        ("exercise curve --hint", ["which exercise?", "microgrand exercise curve"]),
        ("exercise curve --solution", ["which exercise?"]),
        ("data bogus", ["bogus"]),
        ("data fetch bogus --folder .", ["bogus", "digits, patches, mnist"]),
        ("data show bogus", ["bogus", "digits, patches, mnist"]),
        ("data show mnist --folder .", ["microgrand data fetch mnist", "path"]),
        ("data show .", ["holds no MNIST"]),
        ("data show digits --samples 0", ["--samples 0", "from 1 to 100"]),
        (f"data show digits --out {__file__}", ["--out", __file__]),
        ("data show digits --out sheet.pdf", ["--out sheet.pdf", ".png or .svg"]),
        (f"data show digits --out {__file__}/below.svg", ["--out", __file__]),
        (f"data show {__file__}", [__file__, "neither a .npz nor a tar"]),
        (f"data show mnist --folder {'a' * 300}", ["aaa", "File name too long"]),
        (f"claims --runs {'a' * 300}", ["aaa", "File name too long"]),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing_behind(
    microgrand: Command, tmp_path: Path, words: str, named: list[str]
) -> None:
    is_one_clear_line(said := microgrand(*words.split()), *named)
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_cases_that_do_not_exist_are_named_and_nothing_is_left_behind(
    microgrand: Command, tmp_path: Path
) -> None:
    said = microgrand("run", "curve", "--preset", "quick", "--cases", "bogus")
    is_one_clear_line(said, "--cases bogus", "plain, coupled, decoupled, dropout")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", ["run curve --epochs 0 --preset quick", f"run curve --out {__file__}/below", "bogus"]
)
def test_in_a_process_of_its_own_it_is_the_same(tmp_path: Path, words: str) -> None:
    is_one_clear_line(said := in_a_process(tmp_path, *words.split()))
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "word"), [("PYTHONIOENCODING", "latin-1", "?"), ("PYTHONUTF8", "1", "λ")]
)
def test_what_a_terminal_has_no_letter_for_is_a_question_mark(
    tmp_path: Path, name: str, value: str, word: str
) -> None:
    command = [sys.executable, "-m", "microgrand.cli", "run", "shrinkage", "--help"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, env=os.environ | {name: value}, check=True
    )
    assert f"{word}, the strength of every penalty".encode() in done.stdout


def still_there(group: int) -> bool:
    """Whether a group of processes has one that runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_that_is_told_to_end_takes_its_workers_along(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "microgrand.cli", "run", "curve", "--preset", "quick"]
    with subprocess.Popen(
        [*command, "--jobs", "2", "--sweep-epochs", "99999", "--out", "here"],
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (tmp_path / "here/records/plain-seed-0.json").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.endswith("microgrand: interrupted; finished runs are kept, start again to go on\n")
    assert "Traceback" not in err
    deadline = time.monotonic() + 20
    while still_there(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not still_there(process.pid)


def test_an_interrupted_run_says_that_it_can_go_on_and_ends_with_130(
    microgrand: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, **keywords: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runpy.run_path", interrupted)
    said = microgrand("run", "curve")
    assert said.code == 130
    assert "start again to go on" in said.out + said.err
    assert "Traceback" not in said.err
