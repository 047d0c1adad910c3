"""The command `microgrand`: list, run, exercise, verify, claims, data."""

import io
import json
import os
import runpy
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from microgrand import programs, records
from microgrand.settings import INTERRUPTED, UserError, call, stop_if_no_bug

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def show_versions(wanted: bool) -> None:
    if wanted:
        print(records.about_versions())
        raise typer.Exit


VERSIONS = typer.Option("--version", callback=show_versions, is_eager=True, help="print versions")


@app.callback()
def before_all(version: Annotated[bool, VERSIONS] = False) -> None:
    """A textbook you can run: regularisation from the gradient's point of view."""


@app.command("list")
def list_lessons() -> None:
    """List the lessons."""
    for name, path in programs.all_lessons().items():
        title, question = programs.title_and_question(path)
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
    runpy.run_path(str(programs.all_lessons()[name]), run_name="__main__")


for _name, _path in programs.all_lessons().items():
    run_app.command(
        _name,
        help=programs.title_and_question(_path)[0],
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "help_option_names": [],
        },
    )(run_lesson)


@app.command()
def exercise(
    name: Annotated[str, typer.Argument(metavar="LESSON")],
    number: Annotated[int | None, typer.Argument(metavar="[N]", help="default: list them")] = None,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="your answer")] = None,
    hint: Annotated[bool, typer.Option("--hint", help="print the hint too")] = False,
    solution: Annotated[bool, typer.Option("--solution", help="print the solution's code")] = False,
) -> int:
    """Print an exercise, or check your answer to it; exit code 1 if it is not right."""
    from microgrand import exercises

    if number is None:
        if hint or solution:
            raise UserError(f"which exercise? `microgrand exercise {name}` lists them")
        for one in exercises.exercises(name):
            print(f"{one.number}  {one.title}")
        return 0
    one = exercises.exercise(name, number)
    if file is not None:
        wrong = exercises.what_is_wrong(one, file)
        print("right" if wrong is None else f"not yet: {wrong}")
        if wrong is not None and hint:
            print(f"\n{exercises.for_terminal(f'Hint: {one.hint}')}")
        return int(wrong is not None)
    if solution:
        print(one.solution)
        return 0
    print(exercises.for_terminal(one.text))
    if hint:
        print(f"\n{exercises.for_terminal(f'Hint: {one.hint}')}")
    else:
        print(f"\nmicrogrand exercise {name} {number} FILE checks your answer; --hint helps")
    return 0


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="default: everything")] = None,
    examples: Annotated[int, typer.Option(help="random examples of each")] = 100,
    seed: Annotated[int, typer.Option(help="of the examples")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, not a table")] = False,
) -> int:
    """Hold every gradient, step and measure against its definition; exit code 1 if one fails."""
    from microgrand import report
    from microgrand import verify as verification
    from microgrand.steps_and_measures import DEFINED

    if examples < 1:
        raise UserError(f"--examples {examples} is out of range: it must be 1 or more")
    if seed < 0:
        raise UserError(f"--seed {seed} is out of range: it must be 0 or more")
    ops = verification.registry | DEFINED
    if unknown := sorted(set(names or ()) - set(ops)):
        raise UserError(f"nothing is called {unknown[0]!r}; there are {', '.join(ops)}")
    checks = list(verification.verify([ops[name] for name in names or ops], examples, seed))
    if as_json:
        print(
            records.as_json([asdict(check) | {"passed": check.passed} for check in checks]), end=""
        )
    else:
        report.print_checks(checks)
        if not names:
            report.print_mutants()
    return int(not all(check.passed for check in checks))


@app.command()
def claims(
    name: Annotated[str | None, typer.Argument(metavar="[LESSON]", help="default: all")] = None,
    runs: Annotated[
        Path | None,
        typer.Option(
            help="show what `microgrand run` found there, with no allowance for luck among many "
            "numbers, in place of the recorded runs"
        ),
    ] = None,
) -> None:
    """Show the articles' claims and what the recorded runs, or yours, say of them."""
    from microgrand import report, verdicts

    names = list(programs.all_lessons())
    if name is not None and name not in names:
        raise UserError(f"no lesson is called {name!r}; there are {', '.join(names)}")
    if runs is not None:
        show_latest_claims([name] if name else names, runs)
        return
    try:
        recorded = [one for one in verdicts.recordings() if name in (None, one.lesson)]
    except ValueError as error:
        raise UserError(str(error)) from None
    if not recorded:
        raise UserError("no recorded runs are here: they come with a clone of the repository")
    articles = verdicts.articles(recorded)
    for article in articles:
        for one in dict.fromkeys(article.by):
            print(f"{one.name}: {one.command}, {len(one.results)} runs")
        report.print_claims(article.judgements)
    print(verdicts.count([one for article in articles for one in article.judgements]))


def show_latest_claims(names: list[str], runs: Path) -> None:
    """The claims as the latest run of each lesson in a folder judged them."""
    from microgrand.claims import Judgement
    from microgrand.report import print_claims

    latest: list[Path] = []
    for one in names:
        places = [*runs.glob("claims.json"), *runs.glob(f"{one}/*/claims.json")]
        if runs.resolve().name == one:
            places += runs.glob("*/claims.json")
        latest += sorted(places, key=lambda path: path.stat().st_mtime)[-1:]
    if not latest:
        first = f"run `microgrand run {names[0]}` first"
        raise UserError(f"no results of {' or '.join(names)} in {runs}; {first}")
    for path in dict.fromkeys(latest):
        try:
            content = json.loads(path.read_text("utf-8"))
            judgements = [Judgement.from_dict(kept) for kept in content["claims"]]
            lesson = content["lesson"]
            seeds = len(content["seeds"])
            title = f"{path}: {content['command']}, {seeds} seed{'s' * (seeds > 1)}"
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise UserError(f"{path} is damaged: delete it and run the lesson again") from None
        if lesson not in names:
            raise UserError(f"{path} holds the claims of {lesson}, not of {names[0]}")
        print(title)
        print_claims(judgements)


data_app = typer.Typer(
    rich_markup_mode=None,
    help="Data sets: what there is, fetching one by name, a sheet of samples.",
)
app.add_typer(data_app, name="data")
FETCHED = typer.Option(help="where fetched data sets lie; default: the user's cache")


@data_app.command("list")
def list_data(folder: Annotated[Path | None, FETCHED] = None) -> None:
    """List the data sets, whether they are here, and on which terms."""
    from microgrand.data import catalog

    for name, entry in catalog.CATALOG.items():
        where = catalog.place(name, folder)
        state = (where or "not here: fetch it, or give a path") if entry.files else "installed"
        print(f"{name:10} {entry.about}\n{'':10} {entry.terms}\n{'':10} {state}")
    print(f"{'PATH':10} any of these by path, or a .npz of x_train, y_train, x_test, y_test")


@data_app.command("fetch")
def fetch_data(name: str, folder: Annotated[Path | None, FETCHED] = None) -> None:
    """Fetch a data set from the web, checked and resumable."""
    from microgrand.data.fetch import fetch

    for path in fetch(name, folder):
        print(path)
    print(f"{name} is here: `microgrand data show {name}` draws samples of it")


@data_app.command("show")
def show_data(
    source: Annotated[str, typer.Argument(metavar="NAME", help="a data set's name, or its path")],
    out: Annotated[Path, typer.Option(help="a folder, or a file: .png or .svg")] = Path("runs"),
    samples: Annotated[int, typer.Option(help="samples of each class")] = 10,
    folder: Annotated[Path | None, FETCHED] = None,
) -> None:
    """Draw a sheet of samples, a row for each class."""
    from microgrand.data import catalog, photographs
    from microgrand.figures import sheet, still

    if not 1 <= samples <= 100:
        raise UserError(f"--samples {samples} is out of range: it must be from 1 to 100")
    if out.suffix not in ("", *still.ENDINGS) and not os.path.isdir(out):
        raise UserError(f"--out {out} is neither a folder nor a file in .png or .svg")
    images = catalog.load(source, folder)
    path = out if out.suffix in still.ENDINGS else out / f"{images.name}.png"
    drawn = sheet.draw_sheet(*images.train, images.classes, samples)
    try:
        records.write_atomically(path, still.picture(drawn, path.suffix))
    except OSError as error:
        raise UserError(f"--out {out} cannot be written ({error.strerror or error})") from None
    counts = f"{len(images.train.x)} images to train with, {len(images.test.x)} to test with"
    x = images.train.x
    print(f"{images.name}: {counts}, {'×'.join(map(str, x.shape[1:]))}")
    print(f"values from {x.min():g} to {x.max():g}")
    print(f"SHA-256 {images.checksum}")
    if source == "patches":
        print(*photographs.credits(), sep="\n")
    print(path)


def main() -> None:
    """The command: exit code 0, 1 if a check fails, 2 for what a user can mend, 130 if stopped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know no Greek
    try:
        code = call(app, sys.argv[1:] or ["--help"], "microgrand") or 0
        if code == INTERRUPTED:  # typer makes a number of the interrupt
            raise KeyboardInterrupt
    except (Exception, KeyboardInterrupt) as error:
        stop_if_no_bug(error)
        raise
    raise SystemExit(code)


if __name__ == "__main__":
    main()
