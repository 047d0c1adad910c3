"""Results as pieces of a page: figures, players, tables of claims."""

import base64
import html
import math
import re
from collections.abc import Mapping, Sequence
from itertools import product

from microgrand.claims import Finding, Judgement
from microgrand.typography import is_number, printed

#: What a reader chooses: its options in order, each with the words that are shown for it.
Choices = Mapping[str, Mapping[str, str]]
#: A cell of a table: words, or words and the address they lead to.
TableCell = str | tuple[str, str]


class Markup(str):
    """HTML that a notebook shows as such."""

    def _repr_html_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return ""


def made_html(facts: Sequence[str], data: str) -> str:
    """How a figure was made, behind a fold, and where its numbers are (a file beside the page)."""
    items = "".join(f"<li>{html.escape(fact)}</li>" for fact in facts)
    ending = data.rpartition(".")[2].upper()
    words = f"Download its numbers ({ending})"
    link = f'<li><a class="data" href="{data}" download>{words}</a></li>' if data else ""
    summary = "<summary>How this was made</summary>"
    return f'<details class="made">{summary}<ul>{items}{link}</ul></details>'


def figure_html(
    content: str, name: str, alt: str, caption: str, made: str = "", sheet: bool = False
) -> Markup:
    """A drawing, of which a screen reader says `alt`, with its caption.

    A sheet of samples is one whose light and dark stay what they are on a dark page.
    """
    label = html.escape(alt or "drawing", quote=True)
    content = content.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    kind = "microgrand-figure sheet" if sheet else "microgrand-figure"
    return Markup(
        f'<figure class="{kind}" id="fig-{name}">{content}'
        f"<figcaption>{html.escape(caption)}</figcaption>{made}</figure>"
    )


def player_html(
    pictures: Mapping[str, bytes],
    name: str,
    alt: str,
    caption: str,
    site: bool,
    choices: Choices | None = None,
    made: str = "",
    shape: str = "",
) -> Markup:
    """An animation: the page's player, and pictures where scripts are off.

    `pictures` are a WebP that moves, then one that does not: it is for paper and for readers who
    want less motion. In the site both are files beside the page; in a notebook of one's own they
    are inside. Where there are choices, they show the first option of each. `shape` says what
    room the player takes (`Animation.shape`).
    """
    moving, still = (file if site else as_data(pictures[file]) for file in pictures)
    data = f"{name}/{next(iter(combinations(choices)))}" if choices else name
    text = html.escape(alt, quote=True)
    shape = f' shape="{html.escape(shape, quote=True)}"' if shape else ""
    return Markup(
        f'<figure class="microgrand-figure" id="fig-{name}">'
        f'<microgrand-player src="{data}.json"{shape}>'
        f"{selects_html(name, choices or {})}<picture>"
        f'<source media="(prefers-reduced-motion: reduce), print" srcset="{still}">'
        f'<img src="{moving}" alt="{text}" loading="lazy"></picture>'
        f"</microgrand-player><figcaption>{html.escape(caption)}</figcaption>{made}</figure>"
    )


def as_data(webp: bytes) -> str:
    """A picture as an address that holds all of it."""
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


def selects_html(name: str, choices: Choices) -> str:
    """A `<select>` for each choice, in a `<template>`: nothing shows until the player takes it."""
    selects = []
    for what, options in choices.items():
        items = "".join(
            f'<option value="{slug(key)}">{html.escape(words)}</option>'
            for key, words in options.items()
        )
        label = f'<label for="{name}-{slug(what)}">{html.escape(what)}</label>'
        select = f'<select id="{name}-{slug(what)}">{items}</select>'
        selects.append(f"<div>{label} {select}</div>")
    return f"<template>{''.join(selects)}</template>" if selects else ""


def combinations(choices: Choices) -> dict[str, tuple[str, ...]]:
    """Every combination of options, by the name of its file: `A-weight-gradient`.

    Raises:
        ValueError: if there is nothing to choose, or two combinations would share a file.
    """
    chosen = list(product(*choices.values()))
    names = ["-".join(map(slug, keys)) for keys in chosen]
    # Some file systems do not tell `a` from `A`.
    if not names or "" in names or len({name.lower() for name in names}) < len(names):
        raise ValueError(f"options need keys that differ in letters or digits: {names}")
    return dict(zip(names, chosen, strict=True))


def slug(words: str) -> str:
    """Words as a part of a file's name or an address: `weight gradient` is `weight-gradient`."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-.")


def table_html(header: Sequence[str], rows: Sequence[Sequence[TableCell]], caption: str) -> Markup:
    """A plain table; the first cell of a row names it, and numbers stand below each other."""
    cells = [[printed(words_of(cell)) for cell in row] for row in rows]
    style = [' class="number"' if numeric(column) else "" for column in zip(*cells, strict=True)]
    style = style or [""] * len(header)
    head = "".join(
        f'<th scope="col"{kind}>{html.escape(printed(words))}</th>'
        for words, kind in zip(header, style, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row"{style[0]}>{cell_html(row[0])}</th>'
        + "".join(
            f"<td{kind}>{cell_html(cell)}</td>"
            for cell, kind in zip(row[1:], style[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    below = f"<caption>{html.escape(printed(caption))}</caption>" if caption else ""
    return Markup(
        f'<table class="numbers">{below}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def numeric(column: Sequence[str]) -> bool:
    """Whether most of its cells are numbers: among them may be a "never"."""
    told = [is_number(cell) for cell in column if cell]
    return 2 * sum(told) > len(told)


def words_of(cell: TableCell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def cell_html(cell: TableCell) -> str:
    words = html.escape(printed(words_of(cell)))
    return words if isinstance(cell, str) else f'<a href="{html.escape(cell[1])}">{words}</a>'


def number(value: float) -> str:
    return f"{value:.3g}"


def interval(finding: Finding) -> str:
    """The mean and its interval, in brackets."""
    text = number(finding.mean)
    if len(finding.values) > 1:
        text += f" [{number(finding.low)}, {number(finding.high)}]"
    return printed(text)


def mark(finding: Finding) -> str:
    """Whether a piece of evidence supports its claim; in brackets if that may be luck."""
    if finding.supports is not None:
        return "✓" if finding.supports else "✗"
    above, below = finding.low > finding.bound, finding.high < finding.bound
    if above or below:
        return "(✓)" if above == finding.above else "(✗)"
    return "?"


def strip_svg(finding: Finding) -> str:
    """A dot for each seed, a bar for the interval, and the side of the bound that supports."""
    if not all(map(math.isfinite, finding.values)):
        return ""
    bound = finding.bound
    numbers = (*finding.values, bound)
    margin = 0.12 * (max(numbers) - min(numbers)) or 1.0
    low, high = min(numbers) - margin, max(numbers) + margin

    def at(value: float) -> float:
        return round(140 * (min(max(value, low), high) - low) / (high - low), 1)

    left, right = (at(bound), 140.0) if finding.above else (0.0, at(bound))
    bar = f'<path class="interval" d="M{at(finding.low)} 8H{at(finding.high)}"/>'
    dots = "".join(f'<circle cx="{at(value)}" cy="8" r="2"/>' for value in finding.values)
    return (
        '<svg class="strip" viewBox="0 0 140 16" width="140" height="16" aria-hidden="true">'
        f'<rect x="{left}" y="0" width="{right - left:.1f}" height="16"/>'
        f'<path class="bound" d="M{at(bound)} 0V16"/>{bar}{dots}</svg>'
    )


def style_of(judgement: Judgement) -> str:
    """The class that gives a verdict its colour."""
    return str(judgement.verdict).replace(" ", "-")


def verdict_html(judgement: Judgement) -> str:
    """The verdict in its colour; where the claim depends, the reason."""
    reason = f" <small>{judgement.reason}</small>" if judgement.reason else ""
    return f'<span class="verdict {style_of(judgement)}">{judgement.verdict}</span>{reason}'


def claims_table(judgements: Sequence[Judgement], seeds: str) -> Markup:
    """A row a claim: what was said, what was measured over so many seeds, the verdict."""
    rows = []
    for judgement in judgements:
        findings = "".join(
            f"<div>{mark(finding)} {html.escape(finding.measure)}: "
            f"<strong>{interval(finding)}</strong> "
            f'<span class="bound-in-words">({html.escape(printed(finding.expected))} expected)'
            f"</span>{strip_svg(finding)}</div>"
            for finding in judgement.findings
        )
        comment = f"<em>{html.escape(judgement.comment)}</em>" if judgement.comment else ""
        rows.append(
            f'<tr id="{judgement.name}"><th scope="row">{judgement.name}</th>'
            f"<td>{html.escape(judgement.text)}</td><td>{findings}{comment}</td>"
            f"<td>{verdict_html(judgement)}</td></tr>"
        )
    return Markup(
        '<table class="claims"><thead><tr><th></th><th>The article says</th>'
        f"<th>We measured: mean over {seeds} seeds [95 % interval]</th>"
        f"<th>Verdict</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
