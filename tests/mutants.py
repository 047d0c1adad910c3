"""Mutation testing: does a test notice when a forward or a gradient goes wrong?

    make mutants                                        # every mutant of all FILES
    python tests/mutants.py microgrand/ops/dense.py     # those of some files
    python tests/mutants.py --sample 50                 # so many, of changed files first

A mutant is the library with one small change (see `mutation.py`). Each is loaded in a process of
its own and held first against the definitions, as `microgrand verify` does, then against the tests
of its file. One that passes has **survived**: either a test is missing, or the mutant computes the
same and stands, with the reason, in `mutants.toml`.

The exit code is 1 if a mutant survives unexplained, or one that is explained does not survive.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

# Loaded once: every mutant's process is a fork of this one and does not pay for them again.
import autograd.numpy  # noqa: F401
import hypothesis.extra.numpy  # noqa: F401
import joblib
import pytest
import scipy.optimize
import scipy.stats  # noqa: F401
from hypothesis import HealthCheck, Phase, settings
from mutation import ROOT, Mutant, mutants_of

EXPLANATIONS = ROOT / "tests" / "mutants.toml"
RECORD = ROOT / "docs" / "records" / "mutants.json"
FILES = {  # what is mutated, and which tests are to notice
    "ops/*.py": "ops/test_{name}.py",
    "penalties/*.py": "test_penalties*.py",
    "measures.py": "test_measures.py",
    "noise.py": "test_noisy.py",
    "optimizers.py": "test_optimizers*.py",
    "proximal.py": "test_proximal*.py",
    "tape.py": "test_tape.py",
}
FOR_EVERY_OP = ("test_op.py", "test_op_properties.py")

EXAMPLES, SEED = 20, 0  # of each gradient, against its definition
CPU_SECONDS, MEMORY = 60, 8 << 30  # what a mutant may take; one that takes more is noticed by that
DEADLINE = 600  # seconds by the clock: for one that waits for ever
PYTEST = (
    *("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
    "--hypothesis-profile=mutants",
)
settings.register_profile(  # the same examples each time, whatever else the machine does
    "mutants",
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.generate),  # one that fails need not be made simple
)
VERDICTS = ("killed", "explained", "survived")

# ------------------------------------------------------------------------ in a mutant's own process


class Changed(SourceFileLoader):
    """Stands where Python looks for a module, and loads the mutant in place of the file."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(module_of(mutant.file), str(ROOT / mutant.file))
        self.source = mutant.source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> Any:
        return compile(self.source, self.path, "exec")


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def ops_of(file: str) -> list[str]:
    """The registered ops whose forward stands in a file; all of a package for its `__init__`."""
    if Path(file).parent.name not in ("ops", "penalties"):
        return []
    for room in ("microgrand.ops", "microgrand.penalties"):
        import_module(room)
    registry, module = import_module("microgrand.op").registry, f"{module_of(file)}."
    return [name for name, op in registry.items() if f"{op.forward.__module__}.".startswith(module)]


def tests_of(file: str, ops: Sequence[str]) -> list[str]:
    """What pytest is to run for a file: its own tests, and of those for every op its ops'."""
    pattern = next(FILES[files] for files in FILES if fnmatch(file, f"microgrand/{files}"))
    own = sorted((ROOT / "tests").glob(pattern.format(name=Path(file).stem)))
    general = [ROOT / "tests" / test for test in FOR_EVERY_OP] if ops else []
    chosen = " or ".join([*(test.stem for test in own), *ops])
    return [*map(str, own), *map(str, general), "-k", chosen]


def judge(mutant: Mutant) -> None:
    """End with exit code 0 if nothing notices the mutant, with another if something does."""
    for limit, amount in ((resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_AS, MEMORY)):
        try:
            resource.setrlimit(limit, (amount, amount))
        except (ValueError, OSError):  # not every system knows every limit
            continue
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.meta_path.insert(0, Changed(mutant))
    ops = ops_of(mutant.file)
    if ops:
        registry = import_module("microgrand.op").registry
        verify = import_module("microgrand.verify").verify
        checks = verify([registry[name] for name in ops], EXAMPLES, SEED)
        if not all(check.passed for check in checks):
            raise SystemExit(1)
    raise SystemExit(int(pytest.main([*PYTEST, *tests_of(mutant.file, ops)])))


# ------------------------------------------------------------------------------------ all of them


def judged(mutants: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant, and whether it survives, as they end; a few processes at a time."""
    context = multiprocessing.get_context("fork")
    waiting, running = [*reversed(mutants)], dict[Any, Any]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                mutant = waiting.pop()
                process = context.Process(target=judge, args=[mutant])
                process.start()
                running[process.sentinel] = process, mutant, time.monotonic() + DEADLINE
            for sentinel in wait([*running], timeout=1):
                process, mutant, _ = running.pop(sentinel)
                process.join()
                yield mutant, process.exitcode == 0
            for process, _, deadline in running.values():
                if time.monotonic() > deadline:
                    process.kill()
    finally:
        for process, *_ in running.values():
            process.kill()


def explanations(file: str) -> dict[tuple[str, str], str]:
    """Why mutants of a file compute the same, by their line before and after."""
    known, before = {}, ""
    for entry in tomllib.loads(EXPLANATIONS.read_text("utf-8"))["equivalent"]:
        for sign, line in re.findall("^([-+]) (.*)", entry["mutants"], re.MULTILINE):
            if entry["file"] == file and sign == "+":
                known[before, line] = entry["why"]
            before = before if sign == "+" else line
    return known


def changed_files() -> set[str]:
    """The files that differ from the main branch, as far as git can tell."""
    git = ["git", "-C", str(ROOT), "diff", "--name-only", "--relative", "--merge-base"]
    for main in ("main", "origin/main"):
        try:
            told = subprocess.run([*git, main, "--"], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return set(told.stdout.split())
    return set()


def sample(mutants: dict[str, list[Mutant]], size: int) -> dict[str, list[Mutant]]:
    """So many unexplained mutants, the same ones each time; those of changed files come first."""
    changed, every = changed_files(), list[Mutant]()
    for file, some in mutants.items():
        known = explanations(file)
        every += [mutant for mutant in some if mutant.change not in known]
    random.Random(SEED).shuffle(every)
    every.sort(key=lambda mutant: mutant.file not in changed)  # keeps the order within each part
    drawn = every[:size]
    return {file: [mutant for mutant in drawn if mutant.file == file] for file in mutants}


def write_record(file: str, counts: dict[str, dict[str, int]]) -> None:
    """Keep what became of the mutants of each function of a file, for the derivation pages."""
    kept = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    date = time.strftime("%Y-%m-%d", time.gmtime())
    kept[file] = {"date": date, "seed": SEED, "functions": counts}
    kept = {name: kept[name] for name in sorted(kept) if (ROOT / name).exists()}
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def examine(file: str, mutants: list[Mutant], whole: bool, jobs: int) -> Counter[str]:
    """Tell what becomes of mutants of a file: how many of them were killed, and which were not.

    If they are the whole of them, the record is written, and explanations are told that explain
    no survivor.
    """
    print(f"{file}: {len(mutants)} mutants", flush=True)
    start, known, explained = processor_seconds(), explanations(file), set[tuple[str, str]]()
    counts = {mutant.function: dict.fromkeys(VERDICTS, 0) for mutant in mutants}
    unchanged = Mutant(file, 0, "", "", "", (ROOT / file).read_text("utf-8"))
    for mutant, alive in judged([unchanged, *mutants], jobs):
        if mutant is unchanged:
            if not alive:
                raise SystemExit(f"{file}: its tests fail without any mutant")
            continue
        verdict = "killed"
        if alive:
            verdict = "explained" if mutant.change in known else "survived"
            explained.add(mutant.change)
        counts[mutant.function][verdict] += 1
        if verdict == "survived":
            print(mutant, flush=True)
    total = sum(map(Counter[str], counts.values()), Counter[str]())
    if whole:
        write_record(file, counts)
        for before, after in known.keys() - explained:
            total["stale"] += 1
            print(f"  explained, yet no survivor\n    - {before}\n    + {after}")
    print(f"  {told(total)}, {processor_seconds() - start:.0f} s", flush=True)
    return total


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)


def processor_seconds() -> float:
    """What the processes that have ended took."""
    return os.times().children_user + os.times().children_system


def main() -> int:
    parser = argparse.ArgumentParser(description="mutation testing of forwards and gradients")
    parser.add_argument("files", nargs="*", help="relative to the project; default: all of them")
    parser.add_argument("--sample", type=int, help="so many of them, changed files first")
    parser.add_argument("--jobs", type=int, default=joblib.cpu_count())
    chosen = parser.parse_args()
    if chosen.jobs < 1 or (chosen.sample or 0) < 0:
        parser.error("--jobs must be 1 or more, --sample 0 or more")
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))

    found = [path for files in FILES for path in sorted((ROOT / "microgrand").glob(files))]
    files = [path.relative_to(ROOT).as_posix() for path in found]
    if unknown := set(chosen.files) - {*files}:
        parser.error(f"not among the files that are mutated: {', '.join(unknown)}")
    mutants = {file: list(mutants_of(file)) for file in chosen.files or files}
    if chosen.sample is not None:
        mutants = sample(mutants, chosen.sample)
    total = Counter[str]()
    try:
        for file, some in mutants.items():
            total += examine(file, some, chosen.sample is None, chosen.jobs) if some else Counter()
    except KeyboardInterrupt:
        print("stopped")
        return 130
    print(f"{total.total() - total['stale']} mutants: {told(total)}, {processor_seconds():.0f} s")
    return int(bool(total["survived"] or total["stale"]))


if __name__ == "__main__":
    raise SystemExit(main())
