"""Fills the page on the articles' claims from the recorded runs, and links to it from the lessons.

In docs/claims.md `<!-- summary -->`, `<!-- overview -->`, `<!-- recordings -->`,
`<!-- articles -->` and `<!-- cost -->` become what the records say, `<!-- P1 -->` the verdict on a
claim, and `<!-- P1.2 -->` the mean and interval of its second piece of evidence. The home page may
use them too, and has a `<!-- tally -->`. In a lesson's table of claims each number and verdict
gets the recorded one beside it.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import replace
from typing import Any

from markdown_tables import markdown_table
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from recorded import articles, forget, recordings

from microgrand import verdicts
from microgrand.claims import Judgement
from microgrand.pages import claims_table, interval, mark, style_of, verdict_html
from microgrand.programs import all_lessons, title_and_question
from microgrand.typography import printed
from microgrand.verdicts import Article, Recording

KINDS = {  # of what was found, from the best to the worst: its mark, and what becomes of several
    "holds": ("✓", "hold"),
    "right in part": ("±", "right in part"),
    "supported in part": ("✓?", "supported in part"),
    "open": ("?", "open"),
    "not judged": ("–", "not judged"),
    "wrong in part": ("✗?", "wrong in part"),
    "artefact": ("!", "artefacts"),
    "does not hold": ("✗", "do not hold"),
}

BOUND = '<span class="bound-in-words">'  # stands behind each number in a table of claims


def judgements() -> dict[str, Judgement]:
    return {one.name: one for article in articles().values() for one in article.judgements}


def on_pre_build(config: Any) -> None:
    forget()


def summary() -> str:
    if not judgements():
        return "No runs are recorded in this copy of the book, so no claim is judged here yet."
    return f"**{verdicts.count(list(judgements().values()))}**"


def kind_of(judgement: Judgement) -> str:
    """What became of a claim: the verdict, or in which way it depends."""
    return judgement.reason or str(judgement.verdict)


def tally() -> str:
    """A bar with a part for each kind of verdict, and the same as a list of numbers."""
    judged = list(judgements().values())
    if not judged:
        return summary()
    counts = Counter(map(kind_of, judged))
    styles = {kind_of(one): style_of(one) for one in judged}
    met = [words for words in KINDS if counts[words]]
    bar = [f'<span class="{styles[words]}" style="flex: {counts[words]}"></span>' for words in met]
    items = [
        f'<li class="verdict {styles[words]}"><strong>{number}</strong> '
        f"{words if number == 1 else several}</li>"
        for words, (_, several) in KINDS.items()
        if (number := counts[words])
    ]
    return (
        f'<div class="tally-bar" aria-hidden="true">{"".join(bar)}</div>\n'
        f'<ul class="tally">{"".join(items)}</ul>'
    )


def overview() -> str:
    """All claims at a glance: a line an article, a mark a claim, and what the marks mean."""
    lines, met = [], []
    for name, article in articles().items():
        links = []
        for one in article.judgements:
            words = kind_of(one)
            met.append(words)
            links.append(
                f'<a class="verdict {style_of(one)}" href="#{one.name}" '
                f'title="{html.escape(one.text)}">'
                f'{one.name} <span aria-label="{words}" role="img">{KINDS[words][0]}</span></a>'
            )
        title, _ = title_and_question(all_lessons()[name])
        lines.append(f"<div><dt>{title}</dt><dd>{' '.join(links)}</dd></div>")
    known = [f"{mark} {words}" for words, (mark, _) in KINDS.items() if words in met]
    return (
        f'<dl class="overview">{"".join(lines)}</dl>\n'
        f'<p class="overview-key">{" · ".join(known)}</p>'
    )


def in_explorer(one: Recording) -> str:
    """The name of a recording, which leads to its runs."""
    return f'<a href="../explorer/?lesson={one.name}">{one.name}</a>'


def table_of_recordings() -> str:
    rows = []
    for one in recordings():
        first = one.manifests[0]
        numpy, python = (first["versions"][name] for name in ("numpy", "python"))
        sizes = f"{len(one.cases)} cases × {len(one.seeds)} seed{'s' * (len(one.seeds) > 1)}"
        by = f"Python {python}, NumPy {numpy}, {first['commit']}"
        numbers = one.settings["epochs"], f"{one.seconds:.0f}"
        rows.append((in_explorer(one), sizes, *numbers, by))
    commands = "\n".join(
        one.command.replace(" --cases", " \\\n    --cases", 1) for one in recordings()
    )
    header = ("recorded", "runs", "epochs", "seconds a run", "versions, commit")
    return f"{markdown_table(header, rows)}\n\n```bash\n{commands}\n```\n"


def section(name: str, article: Article) -> str:
    """An article's heading and its table."""
    title, question = title_and_question(all_lessons()[name])
    seeds = " or ".join(map(str, sorted({len(one.seeds) for one in article.by})))
    plain = [replace(one, comment="") for one in article.judgements]  # comments are on the lesson
    table = str(claims_table(plain, seeds))
    for one in article.judgements:
        words = f"{one.name} in the lesson"
        there = f'<a href="../lessons/{name}/#{one.name}" title="{words}">{one.name}</a>'
        heading = f'<th scope="row">{one.name}</th>'
        if table.count(heading) != 1:
            raise PluginError(f"the table of claims has no single heading {heading}")
        table = table.replace(heading, f'<th scope="row">{there}</th>')
    line = verdicts.count(article.judgements)
    runs = " and ".join(in_explorer(one) for one in dict.fromkeys(article.by))
    told = f"{question} {line} Layer by layer in the explorer: {runs}."
    return f"## [{title}](lessons/{name}.ipynb)\n\n{told}\n\n{table}\n"


def cost() -> str:
    """What 100 000 runs would take, by the time and size of the recorded ones."""
    if not recordings():
        return ""
    rows = []
    for one in recordings():
        files = [*(verdicts.RECORDS / one.name).glob("*-seed-*")]
        size = sum(path.stat().st_size for path in files) / len(one.results)
        days = 1e5 * one.seconds / 86400
        numbers = (*(f"{x:,.0f}" for x in (one.seconds, size / 1e3, days)), f"{size / 1e4:,.1f}")
        rows.append((one.name, *map(printed, numbers)))
    header = ("recorded", "seconds a run", "kB a record", "days on one core", "GB of records")
    return (
        "\n\nWhat would 100 000 runs cost? By the time and record of a run as measured here:\n\n"
        f"{markdown_table(header, rows, words=1)}\n"
    )


def quoted(match: re.Match[str]) -> str:
    """A verdict, or a piece of evidence in numbers."""
    one = judgements().get(match[1])
    if one is None:
        return "not recorded"
    if match[2] is None:
        return f'<a class="quoted" href="#{one.name}">{verdict_html(one)}</a>'
    place = int(match[2]) - 1
    if place >= len(one.findings):
        raise PluginError(f"claims.md: {match[1]} has no piece of evidence {match[2]}")
    return f"**{interval(one.findings[place])}**"


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    if page.file.src_uri not in ("claims.md", "index.md"):
        return markdown
    markdown = re.sub(r"<!-- ([A-Z]\d+)(?:\.(\d+))? -->", quoted, markdown)
    for name, text in {
        "summary": summary(),
        "tally": tally(),
        "overview": overview(),
        "recordings": table_of_recordings(),
        "articles": "\n".join(section(name, one) for name, one in articles().items()),
        "cost": cost(),
    }.items():
        markdown = markdown.replace(f"<!-- {name} -->", text)
    return markdown


def on_page_content(content: str, page: Page, config: Any, files: Files) -> str:
    """In a lesson: the recorded numbers and verdicts beside those of the page's own runs."""
    article = articles().get(page.file.src_uri.removeprefix("lessons/").removesuffix(".ipynb"))
    for one in article.judgements if article else []:
        row = re.search(rf'<tr id="{one.name}">.*?</tr>', content, re.DOTALL)
        if row is None:
            raise PluginError(f"{page.file.src_uri} shows no verdict on {one.name}")
        content = content[: row.start()] + compared(row[0], one) + content[row.end() :]
    return content


def compared(row: str, recorded: Judgement) -> str:
    """A lesson's row of a claim with the recorded numbers and verdict beside its own."""
    start, *findings = row.split(BOUND)
    if len(findings) != len(recorded.findings):
        raise PluginError(f"{recorded.name}: the lesson has other evidence than the recorded runs")
    for found, after in zip(recorded.findings, findings, strict=True):
        own, rest = after.split("</div>", 1)
        number = f'<span class="recorded">recorded: {mark(found)} {interval(found)}</span>'
        start += f"{BOUND}{own} {number}</div>{rest}"
    words = html.escape(", ".join(filter(None, (recorded.verdict, recorded.reason))))
    link = f'<a class="recorded" href="../../claims/#{recorded.name}">recorded: {words}</a>'
    return start.replace("</td></tr>", f"{link}</td></tr>")
