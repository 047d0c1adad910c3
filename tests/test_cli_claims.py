"""`microgrand claims`: the latest results are shown, damaged ones named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from calling import Command, is_one_clear_line

from microgrand import verdicts
from microgrand.records import RecordError


def kept(**changes: Any) -> dict[str, Any]:
    """What a lesson writes, as far as the command reads it."""
    finding = {
        "measure": "size", "bound": 1.0, "above": True, "values": [3.0, 4.0],
        "mean": 3.5, "low": 3.0, "high": 4.0, "supports": True, "chance": 0.1,
    }  # fmt: skip
    claim = {"name": "K1", "text": "It is large.", "findings": [finding], "verdict": "holds"}
    return {
        "lesson": "curve",
        "command": "microgrand run curve",
        "seeds": [0, 1],
        "claims": [claim],
    } | changes


def write(folder: Path, content: Any) -> Path:
    folder.mkdir(parents=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "claims.json").write_text(text)
    return folder / "claims.json"


def test_claims_shows_the_latest_results(microgrand: Command, tmp_path: Path) -> None:
    latest = write(tmp_path / "runs/curve/quick", kept(command="the latest"))
    earlier = write(tmp_path / "runs/curve/book", kept(command="an earlier one"))
    os.utime(earlier, (1e9, 1e9))
    for words in ("--runs runs", "curve --runs runs", "curve --runs runs/curve"):
        said = microgrand("claims", *words.split())
        assert said.code == 0
        assert f"{latest.relative_to(tmp_path)}: the latest, 2 seeds" in said.out
        assert "an earlier one" not in said.out
        for word in ("K1", "It is large.", "size: 3.5 [3, 4]", "holds"):
            assert word in said.out


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "3", "{}",
        kept(seeds=3), kept(seeds=None), kept(claims="K1"), kept(claims=[{}]),
        kept(claims=[kept()["claims"][0] | {"findings": [{"measure": "size"}]}]),
        kept(claims=[kept()["claims"][0] | {"findings": [{"measure": "size", "bound": "> 1"}]}]),
    ],
    ids=["empty", "cut off", "list", "number", "nothing", "seeds", "no seeds", "words",
         "no claim", "no finding", "no number"],
)  # fmt: skip
def test_damaged_results_are_one_line_that_says_what_to_do(
    microgrand: Command, tmp_path: Path, content: Any
) -> None:
    write(tmp_path / "runs/curve/quick", content)
    said = microgrand("claims", "--runs", "runs")
    is_one_clear_line(said, str(Path("runs/curve/quick/claims.json")), "delete it")


def test_claims_of_another_lesson_are_not_passed_off_as_those_asked_for(
    microgrand: Command, tmp_path: Path
) -> None:
    write(tmp_path / "runs/curve/quick", kept())
    assert microgrand("claims", "curve", "--runs", "runs/curve/quick").code == 0
    assert microgrand("claims", "--runs", "runs/curve/quick").code == 0
    said = microgrand("claims", "noise", "--runs", "runs/curve/quick")
    is_one_clear_line(said, "holds the claims of curve, not of noise")


def test_claims_are_judged_by_the_recorded_runs(microgrand: Command) -> None:
    some = [one for one in verdicts.recordings() if one.lesson == "noise"]
    (article,) = verdicts.articles(some)
    said = microgrand("claims", "noise")
    assert (said.code, said.err) == (0, "")
    assert {one.name for one in article.by} == {"noise", "masks", "masks-and-relu"}
    for one in article.by:
        assert f"{one.name}: {one.command}, {len(one.results)} runs" in said.out.splitlines()
    assert said.out.splitlines()[-1] == verdicts.count(article.judgements)
    assert all(one.name in said.out for one in article.judgements)


def test_recorded_runs_that_are_not_here_or_damaged_are_one_line(
    microgrand: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> None:
        raise RecordError("a.npz: damaged; run it again")

    for found, named in ((list, "no recorded runs are here"), (damaged, "a.npz: damaged")):
        monkeypatch.setattr(verdicts, "recordings", found)
        is_one_clear_line(microgrand("claims"), named)
