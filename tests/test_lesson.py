"""What a lesson needs around it: some of its cases, progress, what is shown, saved and kept."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from microgrand.claims import Claim, Evidence
from microgrand.figures import Animation, Panel, Series, new_figure
from microgrand.lesson import Session, open_session
from microgrand.settings import Preset, UserError

LINE = Series("line", "height", np.arange(3.0), np.array([[0.0, 1, 2], [2, 1, 0]]))
MOVING = Animation(
    "title", "A line tips.", ("first", "second"), (Panel("", (LINE,), "x", "y", (0, 2), (0, 2)),)
)
CLAIM = Claim("K1", "It is large.", (Evidence("size", lambda r, seed: 3.0 + seed, above=1),))


@dataclass(frozen=True)
class Settings:
    """A lesson without settings."""


PRESETS = {"quick": Preset(Settings(), seeds=1)}
CHOSEN = {"preset": "quick", "out": "out", "jobs": 1}

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture
def session() -> Session:
    return open_session("curve", PRESETS, dict(CHOSEN))


@pytest.fixture
def page(session: Session) -> Session:
    """The same session in a notebook."""
    return replace(session, notebook=True)


def one_number(settings: Settings, case: str, seed: int) -> dict[str, np.ndarray]:
    return {"number": np.array(seed)}


# ------------------------------------------------------------------------------- some of the cases


def test_chosen_cases_are_run_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = CHOSEN | {"seeds": 2, "cases": ("l[12]", "none")}
    session = open_session("curve", PRESETS, chosen)
    with pytest.raises(SystemExit) as end:
        session.sweep(one_number, ["none", "l1", "l2", "l3"])
    assert end.value.code == 0
    names = {path.stem for path in Path("out/records").glob("*.json")}
    assert names == {f"{case}-seed-{seed}" for case in ("none", "l1", "l2") for seed in (0, 1)}
    assert "--cases 'l[12]' --cases none" in capsys.readouterr().out


def test_what_fits_no_case_is_refused_before_a_run() -> None:
    session = open_session("curve", PRESETS, CHOSEN | {"cases": ("none", "l?")})
    with pytest.raises(UserError, match=r"--cases l\? fits none of none, dropout"):
        session.sweep(one_number, ["none", "dropout"])
    assert not Path("out").exists()


# --------------------------------------------------------------------------------------- progress


RUNS = [("plain", 0), ("plain", 1)]


def test_in_a_log_each_finished_run_is_a_line(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(session.progress(iter(RUNS), 2)) == RUNS
    assert capsys.readouterr().out.splitlines() == [
        "curve: plain, seed 0 done (1 of 2)",
        "curve: plain, seed 1 done (2 of 2)",
    ]


def test_on_a_terminal_there_is_a_bar(
    session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(session.progress(iter(RUNS), 2)) == RUNS
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "curve" in shown.err
    assert "0/2" in shown.err
    assert list(session.progress(iter([]), 0)) == []
    assert capsys.readouterr().err == ""  # nothing was to be done


def test_a_notebook_shows_no_progress(page: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(page.progress(iter(RUNS), 2)) == RUNS
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


# -------------------------------------------------------------------------- shown, saved and kept


def test_in_a_terminal_figures_and_animations_are_files(session: Session) -> None:
    figure, ax = new_figure()
    ax.plot([0, 1])
    assert session.show(figure, "still", "A line.") is None
    assert session.play(MOVING, "moving", "A line that tips.") is None
    names = {path.name for path in session.out.iterdir() if path.is_file()}
    assert names == {
        *("still.svg", "still.png", "still.csv"),
        *("moving.webp", "moving-still.webp", "moving.json"),
    }
    for name in ("still.png", "moving.webp", "moving-still.webp"):
        with Image.open(session.out / name) as image:
            image.verify()
    assert json.loads((session.out / "moving.json").read_text("utf-8"))["alt"] == "A line tips."


def test_where_there_is_no_room_a_figure_is_one_line_and_no_file(
    session: Session, fill_the_disk: Callable[[], None]
) -> None:
    figure, _ = new_figure()
    session.write("figure.csv", b"earlier")
    fill_the_disk()
    for show in (
        lambda: session.show(figure, "figure", ""),
        lambda: session.play(MOVING, "moving", ""),
    ):
        with pytest.raises(UserError, match=r"--out out cannot be written to \(No space left"):
            show()
    assert [path.name for path in Path("out").iterdir()] == ["figure.csv"]
    assert Path("out/figure.csv").read_bytes() == b"earlier"


def test_on_a_page_figures_animations_and_tables_are_markup(page: Session) -> None:
    figure, _ = new_figure()
    assert "<svg" in str(page.show(figure, "still", "A line."))
    assert 'src="moving.json"' in str(page.play(MOVING, "moving", "A line that tips."))
    assert "<table" in str(page.table(["a"], [["1"]], "Numbers."))
    assert "<table" in str(page.judge([CLAIM], {}))
    # The player's data and a figure's numbers are files; a still figure is in the page.
    assert {path.name for path in page.out.iterdir() if path.is_file()} == {
        "moving.webp",
        "moving-still.webp",
        "moving.json",
        "still.csv",
        "claims.json",
    }


CHOICES = {"case": {"Z": "none", "A": "ridge"}, "signal": {"weight gradient": "weight gradients"}}


def draw(case: str, signal: str) -> Animation:
    return replace(MOVING, alt=f"{case} and {signal}")


def test_each_combination_that_can_be_chosen_is_a_file(session: Session) -> None:
    assert session.choose(draw, CHOICES, "chosen", "Lines.") is None
    assert session.saved == ["chosen"]
    alts = {
        path.relative_to(session.out).as_posix(): json.loads(path.read_text("utf-8"))["alt"]
        for path in session.out.rglob("*.json")
    }
    assert alts == {
        "chosen/Z-weight-gradient.json": "Z and weight gradient",
        "chosen/A-weight-gradient.json": "A and weight gradient",
    }
    assert (session.out / "chosen.webp").read_bytes() == MOVING.as_webp()


@pytest.mark.parametrize("site", [True, False])
def test_on_a_page_the_reader_chooses(
    page: Session, monkeypatch: pytest.MonkeyPatch, site: bool
) -> None:
    monkeypatch.setenv("MICROGRAND_SITE", "1" if site else "")
    markup = str(page.choose(draw, CHOICES, "chosen", "Lines."))
    assert 'src="chosen/Z-weight-gradient.json"' in markup
    assert 'alt="Z and weight gradient"' in markup
    assert ('<img src="chosen.webp"' in markup) is site
    assert ('<img src="data:image/webp;base64,' in markup) is not site
    assert "<select" in markup
    page.choose(draw, CHOICES, "chosen", "Lines.")  # a cell can run twice


def test_what_cannot_be_told_apart_is_refused_before_anything_is_drawn(session: Session) -> None:
    def never(*chosen: str) -> Animation:
        raise AssertionError("drawn")

    with pytest.raises(ValueError, match="differ"):
        session.choose(never, {"case": {"a": "", "A": ""}}, "chosen", "Lines.")
    assert not (session.out / "chosen").exists()


def no_constants(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
@pytest.mark.parametrize(
    "value", [lambda r, seed: 3.0 + seed, lambda r, seed: float("nan")], ids=["number", "nan"]
)
def test_judgements_are_kept_as_json_that_any_reader_takes(
    session: Session, seeds: tuple[int, ...], value: Callable[[Any, int], float]
) -> None:
    session = replace(session, seeds=seeds)
    claim = replace(CLAIM, evidence=(replace(CLAIM.evidence[0], values=value),))
    session.judge([claim], {})
    text = (session.out / "claims.json").read_text("utf-8")
    kept = json.loads(text, parse_constant=no_constants)
    assert kept["seeds"] == list(seeds)
    assert (kept["lesson"], kept["preset"], kept["command"]) == ("curve", "quick", session.command)
    assert kept["versions"]["numpy"] == np.__version__
    assert [claim["name"] for claim in kept["claims"]] == ["K1"]


def test_the_verdicts_are_printed(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    replace(session, seeds=(0, 1)).judge([CLAIM], {})
    shown = capsys.readouterr().out
    for word in ("K1", "It is large.", "size: 3.5 [3, 4]", "> 1", "holds"):
        assert word in shown


@dataclass
class Finished:
    """As much of a record as `about` looks at."""

    manifest: dict[str, Any] = field(default_factory=dict)


def test_what_results_rest_on_is_said(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    versions = {"numpy": "2.0", "microgrand": "9.9"}
    results: Any = {
        ("a", seed): Finished(
            {"versions": versions, "seconds": 2.0, "finished": day, "commit": "0123abc"}
        )
        for seed, day in enumerate(["2030-01-02", "2030-01-01"])
    }
    session.about(results)
    shown = " ".join(capsys.readouterr().out.split())
    for word in (session.command, "2, 4 s in all", "2030-01-02", "numpy 2.0", "0123abc"):
        assert word in shown


def test_the_end_says_where_everything_went(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.play(MOVING, "moving", "A line that tips.")
    session.end()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 figures: out" or lines[0] == "1 figure: out"
    assert lines[1] == f"records: {Path('out/records')}"
    assert session.command in lines[2]


def test_a_figure_of_the_site_tells_how_it_was_made(
    page: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure, ax = new_figure()
    ax.plot([0, 1], label="line")
    assert "<a " not in str(page.show(figure, "still", "A line."))  # no site, no file beside it
    monkeypatch.setenv("MICROGRAND_SITE", "1")
    page.sweep(one_number, ["none"])
    shown = str(page.show(figure, "still", "A line."))
    for word in (page.command, "preset quick", "seed 0", "1 runs", "numpy", 'href="still.csv"'):
        assert word in shown
    assert (page.out / "still.csv").read_text().endswith("line,line,0,0\npanel 1,line,line,1,1\n")
    assert 'href="moving.json"' in str(page.play(MOVING, "moving", "A line that tips."))
