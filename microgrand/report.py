"""Results in the terminal: tables that fit a narrow window and read well in a log."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microgrand.claims import Judgement, Verdict
from microgrand.pages import interval, mark
from microgrand.verify import Check

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
            f"{mark(finding)} {finding.measure}: {interval(finding)}, {finding.bound} expected"
            for finding in judgement.findings
        )
        colour = COLOURS.get(judgement.verdict, "dim")
        table.add_row(
            *map(escape, (judgement.name, judgement.text, measured)),
            f"[{colour}]{judgement.verdict}[/]",
            end_section=True,
        )
    console().print(table)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> None:
    """A plain table."""
    table = Table(*map(escape, header), caption=escape(caption))
    for row in rows:
        table.add_row(*map(escape, row))
    console().print(table)


def print_checks(checks: Iterable[Check]) -> None:
    """A row an argument of an op: the worst relative errors, and the time."""
    table = Table("op", "argument", "examples", title="worst relative error of every gradient")
    for name in ("autograd", "differences", "float32", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("")
    for check in checks:
        table.add_row(
            check.op,
            check.argument,
            str(check.examples),
            f"{check.gradient:.0e}",
            f"{check.difference:.0e}" + ("*" if check.difference_method == "complex step" else ""),
            f"{check.single:.0e}",
            f"{check.seconds:.2f}",
            "[green]ok[/]" if check.passed else f"[red]{escape(check.failure)}[/]",
        )
    table.caption = "* by complex step; others by central differences"
    console().print(table)


def console() -> Console:
    """The terminal at its own width; a log at a hundred characters."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=100)
