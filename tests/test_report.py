"""Results in the terminal: every word and number arrives as it is."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from microgrand.claims import Judgement
from microgrand.report import print_checks, print_claims, print_mutants, print_table
from microgrand.verify import Check


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[str, list[list[str]]]:
    """The text, and its rows of cells with wrapped lines joined."""
    text = capsys.readouterr().out
    rows: list[list[str]] = [[]]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        if not cells:
            rows.append([])
        elif not rows[-1] or all(cells[:1]):
            rows.append(cells)
        else:
            rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], cells, strict=True)]
    return text, [row for row in rows if row]


def claim(**changes: Any) -> dict[str, Any]:
    finding = {
        "measure": "size of θ", "bound": 1.0, "above": True, "values": [3.0, 4.0],
        "mean": 3.5, "low": 3.0, "high": 4.0, "supports": True, "chance": 0.01,
    }  # fmt: skip
    findings = changes.pop("findings", [{}])
    return {
        "name": "K1", "text": "It is large.", "verdict": "holds",
        "findings": [finding | change for change in findings],
    } | changes  # fmt: skip


def check(**changes: Any) -> Check:
    numbers: dict[str, Any] = {
        "op": "tanh", "argument": "x", "examples": 7, "value": 1e-16, "gradient": 2e-9,
        "difference": 3e-10, "difference_method": "complex step", "single": 4e-8, "seconds": 1.25,
    }  # fmt: skip
    return Check(**(numbers | changes))


def test_a_claim_is_a_row_with_what_was_said_measured_and_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    several = [{"supports": False}, {"measure": "b", "supports": None}]
    depends = claim(name="K2", verdict="depends", reason="wrong in part", findings=several)
    print_claims(map(Judgement.from_dict, [claim(), depends]))
    _, rows = printed(capsys)
    measured, partly = "size of θ: 3.5 [3, 4], > 1 expected", "depends, wrong in part"
    assert rows == [
        ["K1", "It is large.", f"✓ {measured}", "holds"],
        ["K2", "It is large.", f"✗ {measured} (✓) b: 3.5 [3, 4], > 1 expected", partly],
    ]


@pytest.mark.parametrize("edge", [math.inf, None])  # None: as claims.json keeps it
def test_one_seed_has_no_interval(capsys: pytest.CaptureFixture[str], edge: float | None) -> None:
    low = None if edge is None else -edge
    alone = {"values": [3.0], "mean": 3.0, "low": low, "high": edge, "supports": None}
    print_claims(map(Judgement.from_dict, [claim(findings=[alone], verdict="not judged")]))
    told, rows = printed(capsys)
    assert rows == [["K1", "It is large.", "? size of θ: 3, > 1 expected", "not judged"]]
    assert "one seed only (try --seeds 3)" in told


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_an_interval_that_is_no_number_is_shown_too(
    capsys: pytest.CaptureFixture[str], value: float | None
) -> None:
    print_claims(
        map(Judgement.from_dict, [claim(findings=[{"mean": value, "low": value, "high": value}])])
    )
    shown = "nan" if value is None else value
    assert f"{shown} [{shown}, {shown}]" in printed(capsys)[1][0][2]


@pytest.mark.parametrize("words", ["on [a, b]", "of [/b]", "[red]", "[link=x]y", "\\[a]"])
def test_square_brackets_are_text(capsys: pytest.CaptureFixture[str], words: str) -> None:
    print_claims(
        map(Judgement.from_dict, [claim(name=words, text=words, findings=[{"measure": words}])])
    )
    assert [words in cell for cell in printed(capsys)[1][0][:3]] == [True, True, True]
    print_table(["head", words], [[words, "1"]], words)
    text, rows = printed(capsys)
    assert rows == [[words, "1"]]
    assert text.count(words) == 3
    print_checks([check(failure=words)])
    assert printed(capsys)[1][0][-1] == words


def test_a_check_is_a_row_with_its_worst_errors(capsys: pytest.CaptureFixture[str]) -> None:
    by_differences = check(op="relu", difference_method="central differences", failure="bad")
    step = check(
        op="adam", argument="", value=0.0, gradient=None, difference=None, difference_method="",
        single=3e-6,
    )  # fmt: skip
    print_checks([check(), by_differences, step])
    text, rows = printed(capsys)
    assert rows == [
        ["tanh", "x", "1e-16", "2e-09", "3e-10*", "4e-08", "1.25", "ok"],
        ["relu", "x", "1e-16", "2e-09", "3e-10", "4e-08", "1.25", "bad"],
        ["adam", "", "0", "", "", "3e-06", "1.25", "ok"],
        ["the worst", "", "1e-16", "2e-09", "3e-10", "3e-06", "", ""],
    ]
    assert "* by complex step" in text
    told = "2 gradients, 1 steps and measures, on 7 random examples each: 1 of 3 failed"
    assert text.splitlines()[-1] == told


def test_mutants_are_told_in_a_checkout(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("microgrand.report.MUTANTS", tmp_path / "mutants.json")
    print_mutants()
    assert capsys.readouterr().out == ""
    counts = {"killed": 8, "explained": 1, "survived": 0}
    functions = {"functions": {"relu_forward": counts, "relu_gradient": counts | {"survived": 2}}}
    record = json.dumps(
        {"microgrand/ops/activation.py": functions, "microgrand/tape.py": functions}
    )
    (tmp_path / "mutants.json").write_text(record, "utf-8")
    print_mutants()
    (line,) = capsys.readouterr().out.splitlines()
    told = "32 noticed by a test, 4 compute the same, 4 escaped"
    assert line == f"40 mutants of what is held: {told}"


def test_a_table_has_its_header_rows_and_caption(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["λ", "spread"], [["0.1", "0.25"], ["1", "0"]], "The spread.")
    text, rows = printed(capsys)
    assert rows == [["0.1", "0.25"], ["1", "0"]]
    assert text.index("λ") < text.index("0.1") < text.index("The spread.")


def test_in_a_log_lines_have_a_hundred_characters_at_most(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")  # some window's, which a log has not
    print_claims(map(Judgement.from_dict, [claim(text="many words " * 30)]))
    text, rows = printed(capsys)
    assert 90 <= max(map(len, text.splitlines())) <= 100
    assert rows[0][1].split() == ["many", "words"] * 30
    assert "\x1b" not in text  # no colours
