"""Results in the terminal: tables that fit a narrow window and read well in a log."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from microgrand.claims import Finding
from microgrand.pages import interval
from microgrand.verify import Check

COLOURS = {"holds": "green", "does not hold": "red", "depends": "yellow", "artefact": "magenta"}


def print_claims(claims: Iterable[dict[str, Any]]) -> None:
    """A row a claim: what was said, what was measured, the verdict."""
    table = Table("", "the article says", "measured (mean, 95 % interval)", "verdict")
    for claim in claims:
        findings = (Finding(**finding) for finding in claim["findings"])
        measured = "\n".join(
            f"{finding.measure}: {interval(finding)}, {finding.bound} expected"
            for finding in findings
        )
        verdict = str(claim["verdict"])
        table.add_row(
            claim["name"],
            claim["text"],
            measured,
            f"[{COLOURS.get(verdict, 'dim')}]{verdict}[/]",
            end_section=True,
        )
    console().print(table)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> None:
    """A plain table."""
    table = Table(*header, caption=caption)
    for row in rows:
        table.add_row(*row)
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
            "[green]ok[/]" if check.passed else f"[red]{check.failure}[/]",
        )
    table.caption = "* by complex step; others by central differences"
    console().print(table)


def console() -> Console:
    """The terminal at its own width; a log at a hundred characters."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=100)
