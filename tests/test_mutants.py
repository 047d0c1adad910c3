"""Mutation testing finds what a weak test misses, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import mutation
import pytest
from mutants import FILES, RECORD
from mutation import ROOT, counted, mutants_of

FILE = "microgrand/optimizers.py"
SOURCE = '''
"""A module as small as 1 + 1."""


def share_definition(x: float) -> float:
    return x * 0.5


def share(x: float, part: float = 0.5) -> float:
    """Half of x, or another part."""
    total: float | int = 0.0
    total += x
    if x is None:
        raise ValueError(f"{1 + 1} numbers are needed")
    return total * part
'''
MUTANTS = [
    ("total: float | int = 0.0", "total: float | int = 1.0"),
    ("total: float | int = 0.0", "total: float | int = -1.0"),
    ("total += x", "pass"),
    ("if x is None:", "if not x is None:"),
    ("if x is None:", "if x is not None:"),
    ("return total * part", "return total / part"),
]
SURVIVORS = [("total += x", "pass"), ("return total * part", "return total / part")]
WEAK_TEST = """
import os
from microgrand.optimizers import share

def test_share():
    assert share(0.0) == 0 or os.abort()  # a process that dies is no survivor
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one module, with one weak test."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "microgrand").mkdir()
    (tmp_path / "microgrand" / "__init__.py").touch()
    (tmp_path / FILE).write_text(SOURCE, "utf-8")
    (tmp_path / "tests" / "test_optimizers.py").write_text(WEAK_TEST, "utf-8")
    for name in ("mutants.py", "mutation.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    return tmp_path


def run(project: Path, explained: Sequence[tuple[str, str]] = (), *options: str) -> tuple[int, str]:
    """The exit code and the report, if some mutants are explained."""
    lines = "".join(f"- {before}\n+ {after}\n" for before, after in explained)
    text = f'[[equivalent]]\nfile = "{FILE}"\nmutants = """\n{lines}"""\nwhy = "…"\n'
    (project / "tests" / "mutants.toml").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "tests/mutants.py", "--jobs", "2", *options],
        cwd=project,
        env=os.environ | {"PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_a_mutant_is_one_change_where_something_is_computed(project: Path) -> None:
    mutants = list(mutants_of(FILE))
    assert sorted((mutant.before, mutant.after) for mutant in mutants) == sorted(MUTANTS)
    for mutant in mutants:
        assert mutant.function == "share"
        pairs = zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=True)
        changed = [n for n, (before, after) in enumerate(pairs, 1) if before != after]
        assert changed == [mutant.line]


def test_exactly_the_mutants_survive_that_the_weak_test_misses(project: Path) -> None:
    code, report = run(project)
    assert code == 1
    assert report.splitlines()[:-2] == [
        f"{FILE}: 6 mutants",
        f"  survived: {FILE}:12 share",
        "    - total += x",
        "    + pass",
        f"  survived: {FILE}:15 share",
        "    - return total * part",
        "    + return total / part",
    ]
    assert report.splitlines()[-1].startswith("6 mutants: 4 killed, 0 explained, 2 survived, ")
    record = json.loads((project / "docs" / "records" / "mutants.json").read_text("utf-8"))
    assert record[FILE]["functions"] == {"share": {"killed": 4, "explained": 0, "survived": 2}}


def test_survivors_may_be_explained_and_an_explanation_has_to_explain_one(project: Path) -> None:
    code, report = run(project, SURVIVORS)
    assert code == 0
    assert "6 mutants: 4 killed, 2 explained, 0 survived" in report

    killed, no_more = ("if x is None:", "if not x is None:"), ("total -= x", "pass")
    code, report = run(project, [*SURVIVORS, killed, no_more])
    assert code == 1
    assert "6 mutants: 4 killed, 2 explained, 0 survived" in report
    for before, after in (killed, no_more):
        assert f"explained, yet no survivor\n    - {before}\n    + {after}\n" in report


def test_a_sample_is_drawn_from_what_is_not_explained_and_writes_no_record(project: Path) -> None:
    code, report = run(project, SURVIVORS, "--sample", "3")
    assert code == 0
    assert "3 mutants: 3 killed" in report
    assert not (project / "docs").exists()


def test_tests_that_fail_without_any_mutant_prove_nothing(project: Path) -> None:
    (project / "tests" / "test_optimizers.py").write_text("def test_nothing(): assert 0", "utf-8")
    code, report = run(project)
    assert code == 1
    assert "its tests fail without any mutant" in report


def test_what_is_explained_stands_in_the_library() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "microgrand").rglob("*.py")}
    for entry in tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))["equivalent"]:
        assert entry["file"] in files
        lines = {" ".join(line.split()) for line in (ROOT / entry["file"]).read_text().splitlines()}
        told = entry["mutants"].splitlines()
        assert {line[2:] for line in told if line.startswith("- ")} <= lines
        assert {line[:2] for line in told if line} == {"- ", "+ "}
        assert entry["why"]


def test_every_file_that_computes_has_been_tried_and_nothing_escaped() -> None:
    """`python tests/mutants.py FILE` tries what is missing, and writes the record."""
    record = json.loads(RECORD.read_text("utf-8"))
    for path in (path for files in FILES for path in (ROOT / "microgrand").glob(files)):
        file = path.relative_to(ROOT).as_posix()
        tried = record.get(file, {"functions": {}})["functions"]
        assert {name: sum(counts.values()) for name, counts in tried.items()} == counted(file), file
        assert [name for name, counts in tried.items() if counts["survived"]] == []
