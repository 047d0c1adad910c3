"""Writes what the derivation pages show of every op, as JSON: its source code and its proof.

Run by docs/hooks/derivations.py in a process of its own, so that `mkdocs serve` sees an edited
package.
"""

from __future__ import annotations

import inspect
import json
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import microgrand.ops  # noqa: F401  # they enter themselves into the registry
from microgrand.op import Op, registry
from microgrand.penalties import PENALTIES, Penalty
from microgrand.steps_and_measures import DEFINED
from microgrand.verify import verify

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES, SEED = 100, 0


def source(title: str, function: Any) -> dict[str, Any]:
    lines, first = inspect.getsourcelines(function)
    path = Path(inspect.getsourcefile(function) or "").resolve().relative_to(ROOT).as_posix()
    return {"title": title, "path": path, "line": first, "code": "".join(lines).rstrip()}


def computing(function: Any, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A function and all of the library that it calls, as (file, name)."""
    function = inspect.unwrap(function)
    place = f"{function.__module__.replace('.', '/')}.py", function.__qualname__
    if place not in found:
        found.append(place)
        for name in function.__code__.co_names:
            called = inspect.unwrap(function.__globals__.get(name, print))
            if inspect.isfunction(called) and called.__module__.startswith("microgrand."):
                computing(called, found)
    return found


def computed_by(op: Op, penalty: Penalty | None) -> list[tuple[str, str]]:
    """The functions that compute an op and its gradients, a penalty and its proximal step."""
    found: list[tuple[str, str]] = []
    steps = [penalty.proximal] if penalty is not None and penalty.proximal else []
    for function in (op.forward, *op.gradients.values(), *steps):
        computing(function, found)
    return found


def functions(op: Op, penalty: Penalty | None) -> list[dict[str, Any]]:
    """The functions of an op in reading order; a penalty brings its gradient and proximal step."""
    told = [source("Definition", op.definition), source("Forward", op.forward)]
    if penalty is None:
        return told + [source(f"Gradient for {name}", rule) for name, rule in op.gradients.items()]
    told.append(source("Gradient", penalty.gradient))
    if penalty.proximal is not None:
        told.append(source("Proximal step", penalty.proximal))
    return told


def row_of_the_table(penalty: Penalty) -> str:
    """How `PENALTIES` names it: formula and source."""
    return ", ".join(filter(None, (f"R(θ) = {penalty.formula}", penalty.source)))


def main() -> None:
    about = {
        "seed": SEED,
        "versions": {"Python": platform.python_version()}
        | {name: version(name) for name in ("numpy", "autograd")},
        "ops": {
            name: {
                "penalty": name in PENALTIES,
                "row": row_of_the_table(PENALTIES[name]) if name in PENALTIES else "",
                "functions": functions(op, PENALTIES.get(name)),
                "computed_by": computed_by(op, PENALTIES.get(name)),
            }
            for name, op in registry.items()
        },
        "checks": [
            asdict(check)
            for check in verify([*registry.values(), *DEFINED.values()], EXAMPLES, SEED)
        ],
    }
    json.dump(about, sys.stdout, default=float)


if __name__ == "__main__":
    main()
