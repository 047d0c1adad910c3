"""How a lesson is opened: presets and what is chosen beside them, a notebook, what is refused."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import pytest

from microgrand.lesson import begin, in_notebook, open_session
from microgrand.programs import all_lessons
from microgrand.settings import GO_ON, Preset, UserError, setting


@dataclass(frozen=True)
class Settings:
    count: int = setting(10, "how many", low=1)
    rates: tuple[float, ...] = setting((0.1, 0.2), "rates", low=0)


PRESETS = {"quick": Preset(Settings(count=2), seeds=1), "book": Preset(Settings(), seeds=3)}

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_a_session_has_the_presets_settings_and_seeds_unless_told_otherwise() -> None:
    session = open_session("curve", PRESETS, {})
    assert (session.preset, session.settings, session.seeds) == ("book", Settings(), (0, 1, 2))
    assert session.out == Path("runs/curve/book")
    assert session.jobs >= 1
    chosen = {"preset": "quick", "seeds": 2, "jobs": 7, "out": Path("there"), "rates": (0.5, 0.6)}
    session = open_session("curve", PRESETS, dict(chosen))
    assert session.settings == Settings(count=2, rates=(0.5, 0.6))
    assert (session.seeds, session.jobs, session.out) == ((0, 1), 7, Path("there"))


def test_the_command_gives_the_same_results_again(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"preset": "quick", "seeds": 2, "rates": (0.123456789, 1e-7), "count": 4}
    session = open_session("curve", PRESETS, chosen)
    program, run, name, *flags = session.command.split()
    assert (program, run, name) == ("microgrand", "run", "curve")
    monkeypatch.setattr(sys, "argv", ["", *flags])
    again = begin("curve", PRESETS)
    assert (again.settings, again.seeds) == (session.settings, session.seeds)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"preset": "tiny"}, "--preset tiny is unknown: choose one of quick, book"),
        ({"count": 0, "out": "new"}, "--count 0 is out of range"),
        ({"out": "file"}, "--out file cannot be written to"),
        ({"out": "file/below"}, "--out file/below cannot be written to"),
        ({"out": "held"}, "--out held"),
        ({"out": 300 * "x"}, f"--out {300 * 'x'} cannot be written to (File name too long)"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    empty_folder: Path, chosen: dict[str, Any], message: str
) -> None:
    (empty_folder / "file").write_text("in the way")
    (empty_folder / "held").mkdir()
    (empty_folder / "held" / "records").write_text("in the way of the records")
    before = sorted(empty_folder.rglob("*"))
    with pytest.raises(UserError) as refused:
        open_session("curve", PRESETS, dict(chosen))
    assert str(refused.value).startswith(message)
    assert sorted(empty_folder.rglob("*")) == before


def pretend_to_be_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(kernel="a kernel")
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_to_import_jupyter_makes_no_notebook() -> None:
    import ipykernel.zmqshell  # noqa: F401

    assert not in_notebook()


def test_a_notebook_takes_preset_folder_and_jobs_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend_to_be_a_kernel(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["kernel", "--no-flag-of-ours"])
    monkeypatch.delenv("MICROGRAND_PRESET", raising=False)
    monkeypatch.delenv("MICROGRAND_JOBS", raising=False)
    monkeypatch.setenv("MICROGRAND_OUT", "elsewhere")
    session = begin("curve", PRESETS)
    assert (session.preset, session.out, session.notebook) == ("book", Path("elsewhere"), True)
    assert session.jobs == joblib.cpu_count()
    monkeypatch.setenv("MICROGRAND_PRESET", "quick")
    monkeypatch.setenv("MICROGRAND_JOBS", "7")
    session = begin("curve", PRESETS)
    assert (session.preset, session.jobs) == ("quick", 7)


def test_a_number_of_processes_that_is_none_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend_to_be_a_kernel(monkeypatch)
    monkeypatch.setenv("MICROGRAND_JOBS", "two")
    with pytest.raises(SystemExit) as stopped:
        begin("curve", PRESETS)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        "microgrand: MICROGRAND_JOBS=two is no number of processes\n"
    )


def test_other_settings_have_a_folder_of_their_own() -> None:
    def out(**chosen: Any) -> Path:
        return open_session("curve", PRESETS, {"preset": "quick", **chosen}).out

    places = [out(), out(count=3), out(count=4), out(rates=(0.5,))]
    assert places[0] == Path("runs/curve/quick")
    assert len(set(places)) == 4
    assert all(place.name.startswith("quick-") for place in places[1:])
    assert out(count=3, seeds=2, jobs=7, cases=("a",)) == places[1]  # no settings


def test_a_lesson_run_as_a_file_tells_in_one_line_what_its_user_can_mend(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    shutil.copy(all_lessons()["curve"], mine)
    for words, told in ((["--cases", "nonsense"], "fits none of"), (["--seeds", "0"], "range")):
        command = [sys.executable, str(mine), "--preset", "quick", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith("microgrand: --")
        assert len(done.stderr.splitlines()) == 1
        assert told in done.stderr
    program = mine.read_text("utf-8")
    for happens, code, told in (
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),  # a program's own error
        ("open('not/there')", 2, "microgrand: not/there: No such file or directory"),
        (
            "raise MemoryError",
            2,
            "microgrand: there is not enough memory for that: ask for fewer or smaller",
        ),
        ("raise KeyboardInterrupt", 130, f"microgrand: interrupted; {GO_ON}"),
    ):
        mine.write_text(program.replace("results = session.sweep(", f"{happens} #"), "utf-8")
        done = subprocess.run([sys.executable, mine], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == code
        assert done.stderr.endswith(f"{told}\n")
        assert ("Traceback" in done.stderr) == (code == 1)


def test_a_folder_of_other_settings_is_refused_but_in_a_notebook(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = empty_folder / "here" / "records" / "plain-seed-0.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"settings": {"count": 2, "rates": [0.1, 0.2]}, "command": "that"}')
    chosen = {"preset": "quick", "out": Path("here")}
    for name, content in {"a": b"", "b": b"[]", "c": b"{}", "d": b"[" * 100_000}.items():
        (record.parent / f"{name}.json").write_bytes(content)  # no record at all
    assert open_session("curve", PRESETS, dict(chosen)).settings == Settings(count=2)
    with pytest.raises(
        UserError, match=r"plain-seed-0\.json is of other settings \(that\): choose"
    ):
        open_session("curve", PRESETS, {**chosen, "count": 3})
    pretend_to_be_a_kernel(monkeypatch)
    assert open_session("curve", PRESETS, {**chosen, "count": 3}).settings == Settings(count=3)
