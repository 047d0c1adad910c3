"""What the explorer calls the cases of each lesson.

The words stand in the lessons' programs; they are read there, not run, for running takes minutes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache

from microgrand.programs import all_lessons


@lru_cache
def statements(program: str) -> list[ast.stmt]:
    return ast.parse(program).body


def assigned(lesson: str, name: str) -> ast.expr:
    """What the lesson's program assigns to a name."""
    for node in statements(all_lessons()[lesson].read_text("utf-8")):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    raise KeyError(f"{lesson} assigns nothing to {name}")


def words_of_penalties() -> dict[str, str]:
    table = assigned("penalties", "CASES")
    assert isinstance(table, ast.Dict)
    formulas = {
        ast.literal_eval(letter): ast.literal_eval(case.args[0])
        for letter, case in zip(table.keys, table.values, strict=True)
        if letter is not None and isinstance(case, ast.Call)
    }
    programs = {
        "published": "as published",
        "corrected": "corrected",
        "nudged": "one weight nudged",
        "shaken": "all weights nudged",
        "read": "moment read twice",
    }
    return {
        f"{letter}-{program}": f"{letter}: {formula}, {words}"
        for program, words in programs.items()
        for letter, formula in formulas.items()
    }


def words_of_normalization() -> dict[str, str]:
    names = ast.literal_eval(assigned("normalization", "NAMES"))
    names["he"] = "none, larger weights at the start"
    names["given-back"] = "instance norm, means given back"
    ways = {"published": "as published", "correct": "correct", "digit": "which digit?"}
    return {
        f"{way}-{scheme}": f"{name}, {words}"
        for way, words in ways.items()
        for scheme, name in names.items()
    }


def words_of_noise() -> dict[str, str]:
    known = {
        "A": "A: no noise",
        "B": "B: dropout",
        "C": "C: the step is sampled",
        "D": "D: step and gradient are sampled",
        "annealed": "annealed gradient noise",
        "input": "input noise",
        "weights": "weight noise",
        "even": "two branches, averaged",
        "shake": "two branches, shaken",
        "zero-plain": "from zero, no noise",
        "zero-step": "from zero, the step is sampled",
        "zero-gradient": "from zero, the gradient is sampled",
    }
    for letter in "ABCDEFGHIJKL":
        known[f"mask-{letter}"] = f"masks instead of ReLU, penalty {letter}"
        known[f"relu-{letter}"] = f"masks behind ReLU, penalty {letter}"
    return dict(sorted(known.items(), key=lambda item: item[0].startswith("relu")))


def words_of_curve() -> dict[str, str]:
    return {
        "plain": "no regularisation",
        "coupled": "weight decay in the loss",
        "decoupled": "weight decay beside Adam",
        "dropout": "dropout",
    }


WORDS: dict[str, Callable[[], dict[str, str]]] = {
    "penalties": words_of_penalties,
    "normalization": words_of_normalization,
    "shrinkage": lambda: dict(ast.literal_eval(assigned("shrinkage", "CASES"))),
    "noise": words_of_noise,
    "curve": words_of_curve,
}


def cases_in_words(lesson: str, cases: Sequence[str]) -> dict[str, str]:
    """What each case is called, in the order in which they are best met."""
    known = WORDS[lesson]()
    ordered = [case for case in known if case in cases]
    return {case: known.get(case, case) for case in dict.fromkeys([*ordered, *cases])}
