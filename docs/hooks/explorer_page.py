"""Turns the recorded runs into the explorer's data and into the table below it.

In docs/explorer.md, `<!-- explorer -->` becomes the element that docs/assets/explorer.js draws and
`<!-- recorded runs -->` a table. What the element shows lies beside the page and is fetched when it
is asked for: explorer/index.json says what there is, explorer/RECORDING/VIEW.json is a case at one
strength, explorer/RECORDING/VIEW/SIGNAL.json one of its signals. The runs are those in
docs/records/.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from explorer_data import VIEWS, View, views
from explorer_words import cases_in_words
from markdown_tables import markdown_table
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from recorded import recordings

from microgrand import records
from microgrand.programs import all_lessons, title_and_question
from microgrand.records import Record
from microgrand.verdicts import Recording

#: The recordings in the order of the list: first what has most to see.
ORDER = (
    "penalties",
    "penalties-150-epochs",
    "penalties-l2-150-epochs",
    "normalization",
    "normalization-150-epochs",
    "shrinkage",
    "shrinkage-8-filters",
    "all-digits",
    "noise",
    "masks",
    "masks-and-relu",
    "curve",
)
SPELT = {"l2": "L2", "relu": "ReLU"}
NOTHING = (
    "Nothing is recorded in this copy of the book, so there is nothing to explore here yet. "
    "The commands that record it stand in `docs/records/record.sh`."
)
ELEMENT = """<div class="explorer">
<microgrand-explorer src="./">
<p>Here would be a picture of the recorded runs to move through, but the scripts that draw it are
switched off, or could not be fetched. The table below says what is recorded.</p>
</microgrand-explorer>
<script type="module" src="../assets/explorer.js"></script>
</div>"""


def title(recorded: Recording) -> str:
    """ "Noise", and for a second recording of that lesson "Noise (masks)"."""
    name, _ = title_and_question(all_lessons()[recorded.lesson])
    words = recorded.name.removeprefix(recorded.lesson).replace("-", " ").split()
    which = " ".join(SPELT.get(word, word) for word in words)
    return f"{name} ({which})" if which else name


def about(runs: Sequence[Record]) -> list[tuple[str, str]]:
    """What a view rests on: command, seeds, versions, how long it took."""
    first = runs[0].manifest
    seeds = [run.manifest["seed"] for run in runs]
    return [
        ("command", first["command"]),
        ("seeds", f"{', '.join(map(str, seeds))} (histograms and statistics: {seeds[0]})"),
        ("took", f"{sum(run.manifest['seconds'] for run in runs):.0f} s"),
        ("finished", max(run.manifest["finished"] for run in runs)),
        ("versions", records.versions_in_words(first["versions"])),
        ("machine", first["machine"]),
        ("commit", first["commit"] or "none (installed)"),
        ("checksum of the data", first["data_sha256"]),
    ]


def compact(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def as_index(recorded: Recording, found: Sequence[View]) -> dict[str, Any]:
    """What there is to choose: cases, and the views of each, one for each strength."""
    words = cases_in_words(recorded.lesson, [view.case for view in found])
    cases = [
        {
            "words": name,
            "views": [
                {"name": view.name, "strength": view.strength}
                for view in found
                if view.case == case
            ],
        }
        for case, name in words.items()
    ]
    return {"name": recorded.name, "title": title(recorded), "cases": cases}


def place(recorded: Recording) -> tuple[int, str]:
    return ORDER.index(recorded.name) if recorded.name in ORDER else len(ORDER), recorded.name


def to_show(recorded: Sequence[Recording]) -> list[Recording]:
    """Those that the explorer knows how to show, in order."""
    return sorted((one for one in recorded if one.lesson in VIEWS), key=place)


def files_of(found: Sequence[Recording]) -> Iterator[tuple[str, str]]:
    """Every file of the explorer: its name and its text."""
    index = []
    for recorded in found:
        shown = []
        for view, runs in views(recorded):
            shown.append(view)
            names = [signal["name"] for signal in view.signals]
            content = {"about": about(runs), "curves": view.curves, "signals": names}
            yield f"{recorded.name}/{view.name}.json", compact(content)
            for signal in view.signals:
                file = f"{signal['name'].replace(' ', '-')}.json"
                yield f"{recorded.name}/{view.name}/{file}", compact(signal["layers"])
        index.append(as_index(recorded, shown))
    yield "index.json", compact(index)


def table(found: Sequence[Recording]) -> str:
    """A row for each recording."""
    rows = []
    for recorded in found:
        seconds = sum(one["seconds"] for one in recorded.manifests)
        row = [
            f"[{title(recorded)}](lessons/{recorded.lesson}.ipynb)",
            len(recorded.cases),
            len(recorded.results),
            f"{seconds / 60:.0f}&nbsp;min" if seconds >= 60 else f"{seconds:.0f}&nbsp;s",
            f"`{recorded.command}`{{ .command }}",
        ]
        rows.append(row)
    return markdown_table(["lesson", "cases", "runs", "took", "command"], rows)


def on_files(files: Files, config: Any) -> Files:
    for name, text in files_of(to_show(recordings())):
        files.append(File.generated(config, f"explorer/{name}", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    if page.file.src_uri != "explorer.md":
        return markdown
    found = to_show(recordings())
    markdown = markdown.replace("<!-- explorer -->", ELEMENT if found else NOTHING)
    return markdown.replace("<!-- recorded runs -->", table(found) if found else "")
