"""What a lesson needs around it: settings, a place for its results, figures shown or saved.

A lesson is one literate program. It calls `begin` once and gets a `Session`; from then on the same
lines serve a reader's terminal (progress, files in a folder) and a page of the book (figures,
players and tables where the cell stands).
"""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib

from microgrand import claims, pages, records
from microgrand.claims import Claim
from microgrand.figures import Animation, figure_in_words
from microgrand.figures.numbers import as_csv
from microgrand.figures.still import ENDINGS, picture, svg
from microgrand.pages import Choices, Markup, TableCell
from microgrand.programs import all_lessons, program_of, title_and_question
from microgrand.report import print_claims, print_table
from microgrand.settings import (
    Preset,
    UserError,
    check_writable,
    chosen_among,
    command_of,
    parse,
    stop,
    stop_if_no_bug,
    with_changes,
)
from microgrand.sweep import Results, Run, check_settings, sweep


@dataclass
class Session:
    """One run of a lesson."""

    lesson: str
    settings: Any
    preset: str
    seeds: tuple[int, ...]
    jobs: int
    out: Path
    command: str
    notebook: bool
    cases: tuple[str, ...] = ()
    cluster: str = ""
    started: float = field(default_factory=time.perf_counter)
    saved: list[str] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)

    def sweep(self, run: Run, cases: Sequence[str], data: str = "") -> Results:
        """Run every case with every seed; see [`sweep`][microgrand.sweep.sweep].

        `data` is the checksum of what the runs read, where the reader chooses that. Where the
        reader has chosen `--cases`, these are run and the lesson ends here.

        Raises:
            UserError: if no case is called what the reader has chosen.
        """
        results = sweep(
            run,
            chosen_among(cases, self.cases) if self.cases else cases,
            self.seeds,
            self.settings,
            self.out / "records",
            lesson=self.lesson,
            source=records.source_fingerprint(program_of(run, all_lessons()[self.lesson])),
            command=self.command,
            preset=self.preset,
            data=data,
            jobs=self.jobs,
            cluster=self.cluster,
            progress=self.progress,
        )
        if self.cases:
            self.end()
            raise SystemExit(0)
        seconds = sum(record.manifest["seconds"] for record in results.values())
        self.rests_on = [f"{len(results)} runs, {seconds:.0f} s in all"]
        return results

    def progress(self, runs: Iterable[Any], total: int) -> Iterator[Any]:
        """Finished runs: a bar on a terminal, a line each elsewhere, nothing in a notebook."""
        if self.notebook or not total:
            yield from runs
        elif sys.stderr.isatty():
            from tqdm import tqdm

            yield from tqdm(runs, total=total, desc=self.lesson, unit="run", leave=False)
        else:
            for number, (case, seed) in enumerate(runs, 1):
                print(f"{self.lesson}: {case}, seed {seed} done ({number} of {total})", flush=True)
                yield case, seed

    def about(self, results: Results) -> Markup | None:
        """What the results rest on: command, seeds, versions, how long it took."""
        manifests = [record.manifest for record in results.values()]
        first = manifests[0]
        facts = {
            "command": self.command,
            "seeds": ", ".join(map(str, self.seeds)),
            "runs": f"{len(manifests)}, {sum(one['seconds'] for one in manifests):.0f} s in all",
            "finished": max(one["finished"] for one in manifests),
            "versions": records.versions_in_words(first["versions"]),
            "commit": first["commit"] or "none (installed)",
        }
        return self.table(["these results", ""], list(facts.items()), "")

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[TableCell]], caption: str
    ) -> Markup | None:
        """Show a table of words and numbers."""
        if self.notebook:
            return pages.table_html(header, rows, caption)
        print_table(header, [[*map(pages.words_of, row)] for row in rows], caption)
        return None

    def show(self, figure: Any, name: str, caption: str) -> Markup | None:
        """Show a figure on the page, or save it as SVG and PNG."""
        if self.cases:
            return None
        self.saved.append(name)
        self.write(f"{name}.csv", as_csv(figure).encode())
        if self.notebook:
            made, sheet = self.made(f"{name}.csv"), any(ax.images for ax in figure.axes)
            told = figure_in_words(figure)
            return pages.figure_html(svg(figure), name, told, caption, made, sheet)
        for ending in ENDINGS:
            self.write(f"{name}{ending}", picture(figure, ending))
        return None

    def made(self, data: str) -> str:
        """How a figure was made, for the page."""
        seeds = f"seeds 0 to {len(self.seeds) - 1}" if len(self.seeds) > 1 else "seed 0"
        facts = [self.command, f"preset {self.preset}, {seeds}", *self.rests_on]
        return pages.made_html([*facts, records.about_versions()], data if site_build() else "")

    def play(self, animation: Animation, name: str, caption: str) -> Markup | None:
        """Show an animation in the page's player, or save it as WebP; its data as JSON."""
        return self.player({name: animation}, name, caption)

    def choose(
        self, draw: Callable[..., Animation], choices: Choices, name: str, caption: str
    ) -> Markup | None:
        """Show an animation in the page's player and let the reader choose which.

        For `{"case": {"A": "ridge"}, "signal": {"weight": "weights"}}` the reader meets the words
        "ridge" and "weights", and `draw("A", "weight")` is shown. The data of every combination go
        to NAME/, as A-weight.json; the WebP is of the first.

        Raises:
            ValueError: if there is nothing to choose, or two combinations would share a file.
        """
        keys_of = pages.combinations(choices)
        animations = {f"{name}/{file}": draw(*keys) for file, keys in keys_of.items()}
        return self.player(animations, name, caption, choices)

    def player(
        self,
        animations: dict[str, Animation],
        name: str,
        caption: str,
        choices: Choices | None = None,
    ) -> Markup | None:
        """Write the data of every animation, and of the first a picture that moves and a still."""
        if self.cases:
            return None
        self.saved.append(name)
        for file, animation in animations.items():
            self.write(f"{file}.json", animation.as_json().encode())
        file, first = next(iter(animations.items()))
        pictures = first.as_pictures(name)
        for image, content in pictures.items():
            self.write(image, content)
        if self.notebook:
            made = self.made(f"{file}.json")
            return pages.player_html(
                pictures, name, first.alt, caption, site_build(), choices, made, first.shape()
            )
        return None

    def judge(self, all_claims: Sequence[Claim], results: Results) -> Markup | None:
        """Judge the claims by the results; the table, also kept as `claims.json`."""
        judgements = [claims.judge(claim, results, self.seeds) for claim in all_claims]
        content = {
            "lesson": self.lesson,
            "preset": self.preset,
            "command": self.command,
            "seeds": self.seeds,
            **records.provenance(),
            "claims": [judgement.as_dict() for judgement in judgements],
        }
        self.write("claims.json", records.as_json(content).encode())
        if self.notebook:
            return pages.claims_table(judgements, str(len(self.seeds)))
        print_claims(judgements)
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file among the results, whole or not at all.

        Raises:
            UserError: if the folder cannot be written to.
        """
        try:
            records.write_atomically(self.out / name, content)
        except OSError as error:
            raise UserError(f"--out {self.out} cannot be written to ({error.strerror})") from None

    def end(self) -> None:
        """Say where everything went."""
        if not self.notebook:
            seconds = time.perf_counter() - self.started
            if self.saved:
                print(f"{len(self.saved)} figures: {self.out}")
            print(f"records: {self.out / 'records'}")
            print(f"done in {seconds:.0f} s: {self.command}")


def in_notebook() -> bool:
    """Whether a Jupyter kernel is running this: its shell, unlike a terminal's, has one."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def site_build() -> bool:
    """Whether the page's own folder holds the figures' files."""
    return bool(os.environ.get("MICROGRAND_SITE"))


def begin(lesson: str, presets: dict[str, Preset]) -> Session:
    """Start a lesson: settings from the command line, or in a notebook from the environment.

    `MICROGRAND_PRESET` names a notebook's preset (default `book`), `MICROGRAND_OUT` its folder,
    `MICROGRAND_JOBS` how many processes it may use (default: one a core).
    """
    try:
        if in_notebook():
            names = ("preset", "out", "jobs")
            asked = {name: os.environ.get(f"MICROGRAND_{name.upper()}") for name in names}
            chosen: dict[str, Any] = {name: value for name, value in asked.items() if value}
            if not chosen.get("jobs", "1").isdecimal():
                raise UserError(f"MICROGRAND_JOBS={chosen['jobs']} is no number of processes")
        else:
            _, question = title_and_question(all_lessons()[lesson])
            chosen = parse(lesson, question, presets)
            sys.excepthook = in_one_line  # after typer has put its own there
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the workers too
        return open_session(lesson, presets, chosen)
    except UserError as error:
        stop(str(error))


def in_one_line(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Where a lesson is run as a file: what its user can mend is told as `microgrand run` does."""
    stop_if_no_bug(error)
    sys.__excepthook__(kind, error, trace)


def open_session(lesson: str, presets: dict[str, Preset], chosen: dict[str, Any]) -> Session:
    """A session of the chosen preset, with what else was chosen put in its place.

    Raises:
        UserError: for an unknown preset, a value out of range, a folder that cannot be written.
    """
    name = chosen.pop("preset", "book")
    if name not in presets:
        raise UserError(f"--preset {name} is unknown: choose one of {', '.join(presets)}")
    given_out = chosen.pop("out", None)
    seeds = chosen.pop("seeds", presets[name].seeds)
    jobs = int(chosen.pop("jobs", joblib.cpu_count()))
    cases, cluster = chosen.pop("cases", ()), chosen.pop("cluster", "")
    settings = with_changes(presets[name].settings, chosen)
    changes = hashlib.sha256(str(sorted(chosen.items())).encode()).hexdigest()[:6]
    folder_name = f"{name}-{changes}" if chosen else name  # other settings, other results
    out = Path(given_out or Path("runs") / lesson / folder_name)
    check_writable(out)
    if given_out and not in_notebook():  # the book's own folders hold the last build's runs
        check_settings(out / "records", settings)
    return Session(
        lesson=lesson,
        settings=settings,
        preset=name,
        seeds=tuple(range(seeds)),
        jobs=jobs,
        out=out,
        command=command_of(lesson, name, seeds, {**chosen, "cases": cases}),
        notebook=in_notebook(),
        cases=cases,
        cluster=cluster,
    )
