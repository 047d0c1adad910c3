"""A lesson's settings: one frozen dataclass, three presets, flags on the command line."""

import fnmatch
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, NoReturn, get_args, get_origin, get_type_hints

import typer

MOST_SEEDS_OR_JOBS = 100_000
LARGEST = 1e15  # of any setting
INTERRUPTED = 130  # the exit code of a program that was stopped with Ctrl-C
GO_ON = "finished runs are kept, start again to go on"


class UserError(Exception):
    """Something the user can mend; the message is one line that says what is wrong."""


@dataclass(frozen=True)
class Preset:
    """A size of the experiment: its settings, and how many seeds it is run with."""

    settings: Any
    seeds: int


def setting(default: Any, help: str, low: float | None = None, high: float | None = None) -> Any:
    """A field of a lesson's settings: its default, what it is, and the range it may take."""
    return field(default=default, metadata={"help": help, "low": low, "high": high})


def flag(name: str) -> str:
    """The flag of a setting."""
    return f"--{name.replace('_', '-')}"


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A setting's values: one, or as many as were chosen."""
    return value if isinstance(value, tuple) else (value,)


def command_of(lesson: str, preset: str, seeds: int, changes: dict[str, Any]) -> str:
    """What a reader types for these results: `microgrand run curve --preset quick --seeds 2`."""
    words = ["microgrand", "run", lesson, "--preset", preset, "--seeds", str(seeds)]
    for name, value in changes.items():
        words += [word for one in as_tuple(value) for word in (flag(name), str(one))]
    return shlex.join(words)


def check_ranges(settings: Any) -> None:
    """Hold every setting against its range.

    Raises:
        UserError: naming the first setting out of range.
    """
    for item in fields(settings):
        value, low, high = getattr(settings, item.name), item.metadata["low"], item.metadata["high"]
        for one in as_tuple(value):
            if isinstance(one, (int, float)) and not abs(one) <= LARGEST:
                why = f"it must be finite, and {LARGEST:g} at most"
                raise UserError(f"{flag(item.name)} {one:.12g} is out of range: {why}")
            if (low is not None and not one >= low) or (high is not None and not one <= high):
                allowed = f"{low:g} or more" if high is None else f"from {low:g} to {high:g}"
                raise UserError(
                    f"{flag(item.name)} {one:.12g} is out of range: it must be {allowed}"
                )


def check_writable(out: Path) -> None:
    """See that results can be written to a folder, which need not be there yet.

    Raises:
        UserError: if they cannot.
    """
    place = (out / "records").absolute()
    try:
        there = next(path for path in (place, *place.parents) if path.exists())
    except OSError as error:  # a folder above it is closed to us, or the name is too long
        raise UserError(f"--out {out} cannot be written to ({error.strerror})") from None
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        why = "is read-only" if there.is_dir() else "is no folder"
        raise UserError(f"--out {out} cannot be written to: {there} {why}")


def with_changes(settings: Any, changes: dict[str, Any]) -> Any:
    """The settings with some of them changed, and all of them in range."""
    names = [item.name for item in fields(settings)]
    values = {name: changes.get(name, getattr(settings, name)) for name in names}
    changed = type(settings)(**values)
    check_ranges(changed)
    return changed


def chosen_among(cases: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The cases that fit one of the patterns, where * stands for any letters.

    Raises:
        UserError: naming the first pattern that fits none.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(case, pattern) for case in cases):
            raise UserError(f"--cases {pattern} fits none of {', '.join(cases)}")
    return [case for case in cases if any(fnmatch.fnmatchcase(case, one) for one in patterns)]


def options_of(lesson: str, presets: dict[str, Preset]) -> dict[str, tuple[Any, str]]:
    """Every flag of a lesson: its type, and its help."""
    settings = presets["book"].settings
    hints = get_type_hints(type(settings))
    choices = ", ".join(presets)
    seeds = {name: preset.seeds for name, preset in presets.items()}
    options: dict[str, tuple[Any, str]] = {
        "preset": (str, f"size of the experiment: {choices} (default: book)"),
        "seeds": (int, f"how many seeds; they are 0, 1, 2 and so on ({by_preset(seeds)})"),
        "jobs": (int, "how many processes (default: one a core)"),
        "cluster": (str, "the address of a Dask scheduler that is to have the runs done"),
        "out": (Path, f"folder for figures and records (default: runs/{lesson}/PRESET)"),
        "cases": (list[str], "train these cases only, without figures; repeat it, * is any word"),
    }
    for item in fields(settings):
        kind, note = hints[item.name], ""
        if get_origin(kind) is tuple:
            kind, note = GenericAlias(list, get_args(kind)[:1]), "; repeat the flag for each"
        values = {name: getattr(preset.settings, item.name) for name, preset in presets.items()}
        options[item.name] = (kind, f"{item.metadata['help']} ({by_preset(values)}){note}")
    return options


def parse(
    lesson: str, about: str, presets: dict[str, Preset], arguments: list[str] | None = None
) -> dict[str, Any]:
    """What the command line chooses for a lesson: preset, seeds, jobs, out and its settings.

    Ends the program after `--help`, and with one line and exit code 2 where a flag is wrong.
    """
    chosen: dict[str, Any] = {}

    def command(**values: Any) -> None:
        chosen.update({name: value for name, value in values.items() if value is not None})

    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, typer.Option(help=help)],
        )
        for name, (kind, help) in options_of(lesson, presets).items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=about)(command)
    words = sys.argv[1:] if arguments is None else arguments
    if "" in words:
        raise UserError(f"{['an argument', *words][words.index('')]} is given nothing")
    call(app, words, f"microgrand run {lesson}")
    if any(word == "--help" for word in words):
        raise SystemExit(0)
    for name in ("seeds", "jobs"):
        if not 1 <= chosen.get(name, 1) <= MOST_SEEDS_OR_JOBS:
            allowed = f"it must be from 1 to {MOST_SEEDS_OR_JOBS}"
            raise UserError(f"--{name} {chosen[name]} is out of range: {allowed}")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()
    }


def value_in_words(value: Any) -> str:
    """A setting as the help shows it: three digits, and blanks between several."""
    return " ".join(f"{one:.3g}" if isinstance(one, float) else str(one) for one in as_tuple(value))


def by_preset(values: dict[str, Any]) -> str:
    """A setting's value in each preset, for the help; once where all agree."""
    words = {name: value_in_words(value) for name, value in values.items()}
    if len(set(words.values())) == 1:
        return f"default: {words.popitem()[1]}"
    return ", ".join(f"{name}: {word}" for name, word in words.items())


def call(app: Callable[..., Any], arguments: list[str], name: str) -> Any:
    """Call a typer app; what the user got wrong becomes a `UserError`."""
    try:
        return app(arguments, standalone_mode=False, prog_name=name)
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's usage errors, whichever version
            message = error.format_message().rstrip(".")
            command = getattr(getattr(error, "ctx", None), "command_path", name)
            raise UserError(f"{message} (see {command} --help)") from None
        raise


def stop(message: str, code: int = 2) -> NoReturn:
    """End with one line that says what is wrong; exit code 2 is for what the user can mend."""
    print(f"microgrand: {message}", file=sys.stderr)
    raise SystemExit(code)


def stop_if_no_bug(error: BaseException) -> None:
    """End with one line if the user, or the machine, is the cause."""
    if isinstance(error, UserError):
        stop(str(error))
    if isinstance(error, MemoryError):
        stop("there is not enough memory for that: ask for fewer or smaller")
    if isinstance(error, OSError):
        stop(f"{error.filename or 'input or output'}: {error.strerror or error}")
    if isinstance(error, KeyboardInterrupt):
        print(file=sys.stderr)  # behind ^C
        stop(f"interrupted; {GO_ON}", INTERRUPTED)
