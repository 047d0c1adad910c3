"""Results in the terminal: tables that fit a narrow window and read well in a log."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microgrand.claims import Judgement, Verdict
from microgrand.pages import interval, mark
from microgrand.verify import Check

MUTANTS = Path(__file__).parents[1] / "docs" / "records" / "mutants.json"  # in a checkout
COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.DOES_NOT_HOLD: "red",
    Verdict.DEPENDS: "yellow",
    Verdict.ARTEFACT: "magenta",
}


def print_claims(judgements: Iterable[Judgement]) -> None:
    """A row a claim: what was said, what was measured, the verdict."""
    table = Table("", "the article says", "measured (mean, 95 % interval)", "verdict")
    for judgement in judgements:
        measured = "\n".join(
            f"{mark(finding)} {finding.measure}: {interval(finding)}, {finding.expected} expected"
            for finding in judgement.findings
        )
        colour = COLOURS.get(judgement.verdict, "dim")
        table.add_row(
            *map(escape, (judgement.name, judgement.text, measured)),
            ", ".join(filter(None, (f"[{colour}]{judgement.verdict}[/]", judgement.reason))),
            end_section=True,
        )
        if judgement.verdict == Verdict.NOT_JUDGED:
            table.caption = "not judged: there was one seed only (try --seeds 3), or no number"
    console().print(table)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> None:
    """A plain table."""
    table = Table(*map(escape, header), caption=escape(caption))
    for row in rows:
        table.add_row(*map(escape, row))
    console().print(table)


def print_checks(checks: Sequence[Check]) -> None:
    """A row an argument of an op: the worst relative errors, and the time. Then all in all."""
    table = Table("", "gradient for", title="worst relative error of each")
    columns = ("value", "gradient", "difference", "single")
    for name in ("value", "autograd", "differences", "float32", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("")
    for _, group in groupby(checks, key=lambda check: bool(check.argument)):
        for check in group:
            star = "*" if check.difference_method == "complex step" else ""
            table.add_row(
                check.op,
                check.argument,
                in_one_digit(check.value),
                in_one_digit(check.gradient),
                in_one_digit(check.difference) + star,
                in_one_digit(check.single),
                f"{check.seconds:.2f}",
                "[green]ok[/]" if check.passed else f"[red]{escape(check.failure)}[/]",
            )
        table.add_section()
    worst = ((getattr(check, column) for check in checks) for column in columns)
    table.add_row(
        "the worst", "", *(in_one_digit(max(filter(None, errors), default=0)) for errors in worst)
    )
    table.caption = "* by complex step; others by central differences"
    console().print(table)
    gradients = sum(bool(check.argument) for check in checks)
    failed = sum(not check.passed for check in checks)
    print(
        f"{gradients} gradients, {len(checks) - gradients} steps and measures, on "
        f"{checks[0].examples} random examples each: "
        + (f"{failed} of {len(checks)} failed" if failed else "all as defined")
    )


def in_one_digit(error: float | None) -> str:
    """An error in one digit; nothing where none was asked for."""
    return "" if error is None else f"{error:.0e}" if error else "0"


def print_mutants() -> None:
    """What became of the mutants when they were last tried, if this is a checkout."""
    if MUTANTS.exists():
        files = json.loads(MUTANTS.read_text("utf-8")).values()
        counts = sum(
            (Counter(each) for file in files for each in file["functions"].values()), Counter()
        )
        print(
            f"{counts.total()} mutants of what is held: {counts['killed']} noticed by a test, "
            f"{counts['explained']} compute the same, {counts['survived']} escaped"
        )


def console() -> Console:
    """The terminal at its own width; a log at a hundred characters."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=100)
