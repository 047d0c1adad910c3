"""Which mutants a file has: one small change each, wherever something is computed.

cosmic-ray makes them: a + for a -, a > for a >=, a 2 for a 3, `if not` for `if`; and beside it
`DeleteStatement`, as the library works in place where it can. What is declared or told is left
alone: definitions, which the tests hold the rest against; domains that examples are drawn from;
annotations and defaults; what an error says; and that `zip` is to be `strict`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Name

ROOT = Path(__file__).resolve().parents[1]

COMPARISON, BINARY = "ReplaceComparisonOperator_", "ReplaceBinaryOperator_"
KINDS = {
    *("AddNot", "NumberReplacer", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ZeroIterationForLoop"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceUnaryOperator_Delete_USub"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert"),
    *(BINARY + swap for swap in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")),
    *(BINARY + swap for swap in ("FloorDiv_Div", "Mod_FloorDiv", "BitAnd_BitOr", "BitOr_BitAnd")),
    *(COMPARISON + swap for swap in ("Is_IsNot", "IsNot_Is")),
}
CALLS = ("atom_expr", "power")  # what parso calls y[...] and f(y)
DECLARED = ("_definition", "draw", "shape")  # functions that end so say what is meant, or drawn


class DeleteStatement:
    """Leaves out a statement that works in place: `y += b`, `y[...] = b`, `f(out=y)`.

    (Without `y = b` there would be no y. Everybody would notice.)
    """

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if getattr(node.parent, "type", "") == "simple_stmt":
            target, how, *_ = node.children if node.type == "expr_stmt" else (node, None)
            if target.type in CALLS or getattr(how, "value", "=") != "=":
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return Name("pass", node.start_pos, node.get_first_leaf().prefix)


def operators() -> Iterator[Any]:
    """The kinds of change that are tried."""
    yield DeleteStatement()
    for name in sorted(operator_names()):
        kind = name.removeprefix("core/")
        of_numbers = kind.startswith(COMPARISON) and "_Is" not in kind
        if kind in KINDS or of_numbers:
            yield get_operator(name)()


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    line: int
    function: str
    before: str
    after: str
    source: str

    @property
    def change(self) -> tuple[str, str]:
        return self.before, self.after

    def __str__(self) -> str:
        place = f"{self.file}:{self.line} {self.function}"
        return f"  survived: {place}\n    - {self.before}\n    + {self.after}"


def function_around(node: Any) -> str | None:
    """The function in whose body something is computed; None where it is declared or told."""
    names, computes = [], False
    while node.parent is not None:
        inner, node = node, node.parent
        if node.type in ("funcdef", "classdef"):
            name, computes = node.name.value, computes or node.type == "funcdef"
            names.append(name)
            if inner is not node.children[-1] or name.endswith(DECLARED):
                return None
        is_annotation = node.type == "annassign" and inner is node.children[1]
        checks_lengths = node.type == "argument" and node.get_code().strip() == "strict=True"
        if node.type == "raise_stmt" or is_annotation or checks_lengths:
            return None
    return ".".join(reversed(names)) if computes else None


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    source = (ROOT / file).read_text("utf-8")
    nodes, found = list(ast_nodes(get_ast(source))), []
    for operator in operators():
        places = [node for node in nodes for _ in operator.mutation_positions(node)]
        for occurrence, node in enumerate(places):
            if function := function_around(node):
                mutated = MutationVisitor.mutate_code(source, operator, occurrence)
                line, before, after = first_difference(source, mutated)
                found.append(Mutant(file, line, function, before, after, mutated))
    yield from sorted(found, key=lambda mutant: mutant.line)


def counted(file: str) -> Counter[str]:
    """How many mutants each function of a file has, without making them."""
    nodes = list(ast_nodes(get_ast((ROOT / file).read_text("utf-8"))))
    functions = (
        function_around(node)
        for operator in operators()
        for node in nodes
        for _ in operator.mutation_positions(node)
    )
    return Counter(name for name in functions if name)


def first_difference(source: str, mutated: str) -> tuple[int, str, str]:
    """The number of the first line that differs, and the line in both, in single spaces."""
    pairs = enumerate(zip(source.splitlines(), mutated.splitlines(), strict=False), 1)
    line, (before, after) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    return line, " ".join(before.split()), " ".join(after.split())
