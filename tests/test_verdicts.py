"""Recorded runs: what is read, how lessons judge them, and that luck is allowed for."""

import itertools
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microgrand import records, verdicts
from microgrand.claims import NotRun, Verdict
from microgrand.programs import all_lessons
from microgrand.settings import chosen_among
from microgrand.verdicts import (
    Recording,
    Runs,
    claims_of,
    count,
    evidence_cells,
    judge,
    recording,
    recordings,
)

LESSON = """# %% [markdown]
# # A lesson
#
# Is it large?

# %% tags=["evidence"]
from microgrand.claims import Claim, Evidence

# %%
raise RuntimeError("this cell is not for judging")

# %% tags=["collapse-input", "evidence"]
def size(case: str):
    return lambda r, seed: float(r[case, seed]["size"]) / settings.unit


claims = [
    Claim("A1", "a is large.", (Evidence("size of a", size("a"), above=1),)),
    Claim("A2", "b is large.", (Evidence("size of b", size("b"), above=1),)),
    Claim("A3", "There are seeds.", (Evidence("seeds", lambda r, s: len(session.seeds), above=2),)),
]

# %%
session.judge(claims, results)
"""

Keep = Callable[..., Path]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Keeps a run of one number."""

    def save(name: str, case: str, seed: int, size: float, **changes: Any) -> Path:
        manifest = {
            "lesson": "small", "case": case, "seed": seed, "command": "run small",
            "settings": {"unit": 2.0}, "finished": "2030-01-01",
        } | changes  # fmt: skip
        place = tmp_path / "records" / name / f"{case}-seed-{seed}"
        records.save(place, {"size": np.array(size)}, manifest)
        return place

    return save


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "small.py"
    path.write_text(LESSON, "utf-8")
    monkeypatch.setattr("microgrand.programs.all_lessons", lambda: {"small": path})
    return tmp_path / "records"


def test_a_recording_knows_its_cases_and_the_seeds_that_all_of_them_have(
    keep: Keep, folder: Path
) -> None:
    for case, seed in (("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 2)):
        keep("first", case, seed, 3.0)
    recorded = recording(folder / "first")
    assert recorded is not None
    assert (recorded.name, recorded.lesson, recorded.command) == ("first", "small", "run small")
    assert (recorded.cases, recorded.seeds) == (["a", "b"], (0, 2))
    assert recorded.settings == {"unit": 2.0}
    with pytest.raises(NotRun):
        recorded.results["c", 0]


@pytest.mark.parametrize("folder", sorted(verdicts.RECORDS.glob("*/")), ids=lambda path: path.name)
def test_the_command_asks_for_every_case_and_seed_that_is_kept(folder: Path) -> None:
    """Also where the runs were made on several days, with more cases each time."""
    recorded = recording(folder)
    assert recorded is not None
    words = shlex.split(recorded.command)
    flags = list(itertools.pairwise(words))
    asked = [value for flag, value in flags if flag == "--cases"]
    assert chosen_among(recorded.cases, asked) == recorded.cases
    assert [str(len(recorded.seeds))] == [value for flag, value in flags if flag == "--seeds"]


def test_runs_of_different_settings_are_not_one_recording(keep: Keep, folder: Path) -> None:
    keep("first", "a", 0, 3.0)
    keep("first", "a", 1, 3.0, settings={"unit": 1.0})
    with pytest.raises(ValueError, match="different settings"):
        recording(folder / "first")


def test_an_empty_folder_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert recording(tmp_path / "empty") is None
    assert recordings(tmp_path) == []
    assert verdicts.articles([]) == []


def test_only_the_cells_of_evidence_are_run_on_lines_of_their_own(keep: Keep, folder: Path) -> None:
    path = folder.parent / "small.py"
    cells = list(evidence_cells(path))
    assert len(cells) == 2
    line = LESSON[: LESSON.index("def size")].count("\n")
    assert cells[1].split("\n")[line].startswith("def size")


def test_each_claim_is_judged_by_the_first_recording_that_has_what_it_needs(
    keep: Keep, folder: Path
) -> None:
    for seed in range(3):
        keep("first", "a", seed, 10.0 + seed)
        keep("second", "a", seed, 20.0 + seed)
        keep("second", "b", seed, 0.1 + 0.01 * seed)
    [article] = verdicts.articles(recordings(folder))
    assert [one.name for one in article.by] == ["first", "second", "first"]
    assert [one.verdict for one in article.judgements] == [
        Verdict.HOLDS, Verdict.DOES_NOT_HOLD, Verdict.HOLDS,
    ]  # fmt: skip
    assert article.judgements[0].findings[0].values == (5.0, 5.5, 6.0)


def test_a_recording_with_more_seeds_comes_first(keep: Keep, folder: Path) -> None:
    keep("first", "a", 0, 100.0)
    for seed in range(3):
        keep("second", "a", seed, 10.0 + seed)
    [article] = verdicts.articles(recordings(folder))
    assert [one.name for one in article.by] == ["second"] * 3
    assert article.judgements[0].findings[0].values == (5.0, 5.5, 6.0)


def test_what_no_recording_has_is_not_judged(keep: Keep, folder: Path) -> None:
    for seed in range(3):
        keep("first", "a", seed, 10.0 + seed)
    [article] = verdicts.articles(recordings(folder))
    assert article.judgements[1].verdict is Verdict.NOT_JUDGED
    assert count(article.judgements) == "Of 3 claims, 2 hold, 1 could not be judged."


def test_a_claim_that_is_kept_by_a_hair_is_open_among_many(keep: Keep, folder: Path) -> None:
    for seed, size in enumerate((2.1, 2.6, 2.4)):  # t = 2.5 for a bound of 2: one of eight by luck
        keep("first", "a", seed, size)
        keep("first", "b", seed, 9.0 + seed)
    [article] = verdicts.articles(recordings(folder))
    finding = article.judgements[0].findings[0]
    assert finding.low > 1
    assert finding.supports is None
    assert article.judgements[0].verdict is Verdict.DEPENDS
    assert article.judgements[0].reason == "open"
    assert "1 depends (1 open)" in count(article.judgements)


@pytest.mark.parametrize("name", sorted(all_lessons()))
def test_every_lesson_can_be_judged_by_records_alone(name: str) -> None:
    """Its cells of evidence run without the rest of the lesson, where no case has been run."""
    path = all_lessons()[name]
    settings: dict[str, Any] = {
        "curve_seed": 227,
        "points": 100,
        "noise": 0.1,
        "epochs": 4,
        "sweep_epochs": 4,
    }
    settings |= {"strengths": [1e-3], "rates": [0.5], "longer": 1.0, "letters": "A"}
    settings |= {"relu_letters": "A"}
    manifest = {"lesson": name, "case": "none-at-all", "seed": 0, "settings": settings}
    recorded = Recording(name, Runs({("none-at-all", 0): records.Record({}, manifest)}))
    claims = claims_of(path, recorded)
    assert (
        len(claims)
        == {"curve": 9, "noise": 7, "normalization": 9, "penalties": 10, "shrinkage": 7}[name]
    )
    article = judge(name, [recorded])
    asked = [one for one in article.judgements if one.name != "S4"]  # S4 needs a pencil, mostly
    assert {one.verdict for one in asked} == {Verdict.NOT_JUDGED}


def test_a_damaged_record_is_said_to_be_one(keep: Keep, folder: Path) -> None:
    place = keep("first", "a", 0, 3.0)
    manifest = json.loads(place.with_suffix(".json").read_text())
    place.with_suffix(".json").write_text(json.dumps(manifest | {"arrays_sha256": "0"}))
    with pytest.raises(records.RecordError, match="damaged"):
        recording(folder / "first")
