"""Mutation testing: does a test notice when a forward or a gradient goes wrong?

    python tests/mutants.py                             # every mutant of ops, penalties, optimisers
    python tests/mutants.py --sample 100                # so many, drawn with seed 0
    python tests/mutants.py microgrand/ops/dense.py     # those of some files

A mutant is the library with one small change: a + for a -, a > for a >=, a 2 for a 3. cosmic-ray
makes them. Each is loaded in a process of its own and held first against the definitions, as
`microgrand verify` does, then against the tests of its file. One that passes has **survived**: either a
test is missing, or the mutant computes the same and stands, with the reason, in `mutants.toml`.

The exit code is 1 if a mutant survived that is not explained there.
"""

import argparse
import ast
import contextlib
import importlib
import multiprocessing
import os
import random
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

# Loaded once; every mutant's process is a fork of this one and does not pay for them again.
import autograd.numpy  # noqa: F401
import hypothesis.extra.numpy  # noqa: F401
import numpy as np
import pytest
import scipy.optimize
import scipy.stats  # noqa: F401
from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
PLACES = ("ops/*.py", "penalties/*.py", "optimizers.py", "proximal.py")
SECONDS = 120  # a mutant that takes longer is noticed by that
PYTEST = "-x -q -p no:cacheprovider -W ignore::pytest.PytestAssertRewriteWarning".split()
EXAMPLES = 20  # of each gradient, against its definition
SWAPS = {
    *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul", "FloorDiv_Div", "Mod_FloorDiv"),
    *("BitAnd_BitOr", "BitOr_BitAnd", "BitXor_BitOr"),
}
OTHERS = {
    *("AddNot", "NumberReplacer", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ZeroIterationForLoop"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceUnaryOperator_Delete_USub"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert"),
}
COMPARISONS = "ReplaceComparisonOperator_"


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    line: int
    function: str
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}\n    - {self.before}\n    + {self.after}"


def operators() -> Iterator[Any]:
    """The kinds of change that are tried."""
    for name in sorted(operator_names()):
        kind = name.removeprefix("core/")
        swap = kind.removeprefix("ReplaceBinaryOperator_")
        comparison = kind.startswith(COMPARISONS) and not kind.endswith(("_Is", "_IsNot"))
        if swap in SWAPS or kind in OTHERS or comparison:
            yield get_operator(name)()


def bodies(source: str) -> dict[int, str]:
    """The lines that compute, with the function they stand in: no definitions, no docstrings."""
    found: dict[int, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and not node.name.endswith("_definition"):
            for statement in node.body:
                told = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                if not told and not isinstance(statement, ast.AnnAssign | ast.Raise):
                    end = statement.end_lineno or statement.lineno
                    found |= dict.fromkeys(range(statement.lineno, end + 1), node.name)
    raised = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Raise)]
    for node in raised:  # what an error says is no computation
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            found.pop(line, None)
    return found


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    source = path.read_text("utf-8")
    lines, functions = source.splitlines(), bodies(source)
    for operator in operators():
        places = [
            start
            for node in nodes(get_ast(source))
            for start, _ in operator.mutation_positions(node)
        ]
        for occurrence, (line, _) in enumerate(places):
            if line not in functions:
                continue
            mutated = MutationVisitor.mutate_code(source, operator, occurrence)
            if mutated is None:
                continue
            changed = mutated.splitlines()[line - 1].strip()
            name, before = functions[line], lines[line - 1].strip()
            if changed != before:
                file = path.relative_to(ROOT).as_posix()
                yield Mutant(file, line, name, before, changed, mutated)


def nodes(tree: Any) -> Iterator[Any]:
    """A syntax tree's nodes in the order in which cosmic-ray counts them."""
    yield tree
    for child in getattr(tree, "children", ()):
        yield from nodes(child)


class Changed(SourceFileLoader):
    """Loads a mutant's source in place of the file's."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> Any:
        return compile(self.source, self.path, "exec")


class Finder:
    """Finds the mutant where Python looks for the module."""

    def __init__(self, mutant: Mutant) -> None:
        self.path = str(ROOT / mutant.file)
        self.module = module_of(mutant.file)
        self.loader = Changed(self.module, self.path, mutant.source)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self.module:
            return None
        return spec_from_file_location(name, self.path, loader=self.loader)


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tests_of(file: str) -> list[str]:
    """The test files of a file, by the names they bear."""
    path = Path(file)
    room = path.parent.name
    stem = room if room == "penalties" else path.stem
    pattern = f"ops/test_{stem}.py" if room == "ops" else f"test_{stem}*.py"
    found = sorted((ROOT / "tests").glob(pattern))
    if room == "penalties":
        found.append(ROOT / "tests" / "test_proximal.py")
    return [str(path) for path in found]


def is_wrong_by_definition(module: str) -> bool:
    """Whether an op of that module fails `microgrand verify`."""
    importlib.import_module("microgrand.ops")
    importlib.import_module("microgrand.penalties")
    registry = importlib.import_module("microgrand.op").registry
    verification = importlib.import_module("microgrand.verify")
    names = [
        name
        for name, op in registry.items()
        if module in {f.__module__ for f in (op.forward, *op.gradients.values())}
    ]
    return any(not check.passed for check in verification.verify(names, EXAMPLES, 0))


def survives(mutant: Mutant) -> bool:
    """Whether no check and no test of its file notices a mutant; run in a process of its own."""

    def too_long(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    sys.meta_path.insert(0, Finder(mutant))
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        with np.errstate(all="ignore"):
            try:
                if is_wrong_by_definition(module_of(mutant.file)):
                    return False
            except BaseException:
                return False
        return pytest.main([*PYTEST, *tests_of(mutant.file)]) == 0


def explained() -> dict[tuple[str, str, str], str]:
    """The mutants that compute the same: file, line before, line after; and why."""
    with open(ROOT / "tests" / "mutants.toml", "rb") as file:
        known = tomllib.load(file).get("equivalent", [])
    return {(one["file"], one["before"], one["after"]): one["why"] for one in known}


def main() -> int:
    parser = argparse.ArgumentParser(description="mutation testing of forwards and gradients")
    parser.add_argument("files", nargs="*", help="default: ops, penalties, optimisers")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    os.environ["CI"] = "true"  # the same examples each time
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))

    package = ROOT / "microgrand"
    paths = [ROOT / file for file in chosen.files]
    paths = paths or sorted(path for place in PLACES for path in package.glob(place))
    mutants = [mutant for path in paths for mutant in mutants_of(path)]
    if chosen.sample is not None and chosen.sample < len(mutants):
        mutants = random.Random(chosen.seed).sample(mutants, chosen.sample)
    start, known = time.perf_counter(), explained()
    print(f"{len(mutants)} mutants of {len(paths)} files", flush=True)

    counted = dict.fromkeys(("killed", "explained", "survived"), 0)
    context = multiprocessing.get_context("fork")
    with context.Pool(chosen.jobs, maxtasksperchild=1) as pool:
        for mutant, alive in zip(mutants, pool.imap(survives, mutants), strict=True):
            why = known.get((mutant.file, mutant.before, mutant.after))
            verdict = "survived" if alive and why is None else "explained" if alive else "killed"
            counted[verdict] += 1
            if verdict == "survived":
                print(mutant, flush=True)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counted.items())
    print(f"{told} in {time.perf_counter() - start:.0f} s")
    return int(counted["survived"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
