"""The command `microgrand`: list, run, verify, claims."""

import json
import runpy
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from microgrand import lesson
from microgrand.settings import UserError, call, stop

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A textbook you can run: regularisation from the gradient's point of view.",
)


@app.command("list")
def list_lessons() -> None:
    """List the lessons."""
    for name, path in lesson.all_lessons().items():
        title, question = lesson.title_and_question(path)
        print(f"{name:14} {title}\n{'':14} {question}")


run_app = typer.Typer(
    rich_markup_mode=None,
    help="Run a lesson: `microgrand run LESSON --help` lists its settings.",
)
app.add_typer(run_app, name="run")


def run_lesson(context: typer.Context) -> None:
    """Run the lesson's own program, which reads its flags itself."""
    name = str(context.info_name)
    sys.argv = [f"microgrand run {name}", *context.args]
    runpy.run_path(str(lesson.all_lessons()[name]), run_name="__main__")


for _name, _path in lesson.all_lessons().items():
    run_app.command(
        _name,
        help=lesson.title_and_question(_path)[0],
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "help_option_names": [],
        },
    )(run_lesson)


@app.command()
def verify(
    ops: Annotated[list[str] | None, typer.Argument(help="names; default: every op")] = None,
    examples: Annotated[int, typer.Option(help="random examples for each argument")] = 100,
    seed: Annotated[int, typer.Option(help="of the examples")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, not a table")] = False,
) -> int:
    """Hold every hand-derived gradient against its definition; exit code 1 if one fails."""
    from microgrand import report
    from microgrand import verify as verification

    if examples < 1:
        raise UserError(f"--examples {examples} is out of range: it must be 1 or more")
    if unknown := sorted(set(ops or ()) - set(verification.registry)):
        names = ", ".join(verification.registry)
        raise UserError(f"no op is called {unknown[0]!r}; there are {names}")
    checks = list(verification.verify(ops or None, examples, seed))
    if as_json:
        print(json.dumps([asdict(check) | {"passed": check.passed} for check in checks], indent=1))
    else:
        report.print_checks(checks)
    failed = sum(not check.passed for check in checks)
    if failed and not as_json:
        print(f"{failed} of {len(checks)} gradients failed")
    return int(failed > 0)


@app.command()
def claims(
    name: Annotated[str | None, typer.Argument(metavar="[LESSON]", help="default: all")] = None,
    runs: Annotated[Path, typer.Option(help="where `microgrand run` left its results")] = Path(
        "runs"
    ),
) -> None:
    """Show the articles' claims and what your latest runs say of them."""
    from microgrand.report import print_claims

    names = list(lesson.all_lessons())
    if name is not None and name not in names:
        raise UserError(f"no lesson is called {name!r}; there are {', '.join(names)}")
    for one in [name] if name else names:
        found = sorted(runs.glob(f"{one}/*/claims.json"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise UserError(f"no results of {one} in {runs}; run `microgrand run {one}` first")
        content = read_claims(found[-1])
        print(f"{found[-1]}: {content['command']}, {len(content['seeds'])} seeds")
        print_claims(content["claims"])


def read_claims(path: Path) -> dict[str, Any]:
    """The judgements a lesson has kept.

    Raises:
        UserError: if the file is not what a lesson writes.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["claims"] and content["command"] and content["seeds"] is not None:
            return content
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UserError(f"{path} is damaged; delete it and run the lesson again")


def main() -> None:
    """The command's entry: exit code 0, 1 where a check fails, 2 for what the user can mend."""
    try:
        raise SystemExit(call(app, sys.argv[1:] or ["--help"], "microgrand") or 0)
    except UserError as error:
        stop(str(error))
    except KeyboardInterrupt:
        print("\nmicrogrand: interrupted; finished runs are kept, start again to go on")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
