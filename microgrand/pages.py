"""Results as pieces of a page: figures, players, tables of claims."""

import base64
import html
from collections.abc import Sequence

from microgrand.claims import Finding, Judgement


class Markup(str):
    """HTML that a notebook shows as such."""

    def _repr_html_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return ""


def figure_html(content: str, name: str, caption: str) -> Markup:
    """A figure with its caption, which is also what a screen reader says of it."""
    label = html.escape(caption, quote=True)
    content = content.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    return Markup(
        f'<figure class="microgrand-figure" id="fig-{name}">{content}'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def player_html(webp: bytes, name: str, alt: str, caption: str, site: bool) -> Markup:
    """An animation: the page's player, and the WebP where scripts are off.

    In the site both are files beside the page; in a notebook of one's own the WebP is inside.
    """
    source = f"{name}.webp" if site else f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
    text = html.escape(alt, quote=True)
    return Markup(
        f'<figure class="microgrand-figure" id="fig-{name}"><microgrand-player src="{name}.json">'
        f'<img src="{source}" alt="{text}" loading="lazy"></microgrand-player>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def table_html(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> Markup:
    """A plain table; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row[0])}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    below = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return Markup(
        f'<table class="numbers">{below}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def number(value: float) -> str:
    return f"{value:.3g}"


def interval(finding: Finding) -> str:
    """The mean and its interval, in brackets."""
    if len(finding.values) < 2:
        return number(finding.mean)
    return f"{number(finding.mean)} [{number(finding.low)}, {number(finding.high)}]"


def mark(finding: Finding) -> str:
    """Whether a piece of evidence supports its claim."""
    return {True: "✓", False: "✗", None: "?"}[finding.supports]


def claims_table(judgements: Sequence[Judgement], seeds: Sequence[int]) -> Markup:
    """A row a claim: what was said, what was measured, the verdict."""
    rows = []
    for judgement in judgements:
        findings = "<br>".join(
            f"{mark(finding)} {html.escape(finding.measure)}: "
            f"<strong>{interval(finding)}</strong> ({html.escape(finding.bound)} expected)"
            for finding in judgement.findings
        )
        style = str(judgement.verdict).replace(" ", "-")
        comment = f"<br><em>{html.escape(judgement.comment)}</em>" if judgement.comment else ""
        rows.append(
            f'<tr id="{judgement.name}"><th scope="row">{judgement.name}</th>'
            f"<td>{html.escape(judgement.text)}</td><td>{findings}{comment}</td>"
            f'<td><span class="verdict {style}">{judgement.verdict}</span></td></tr>'
        )
    return Markup(
        '<table class="claims"><thead><tr><th></th><th>The article says</th>'
        f"<th>We measured: mean over {len(seeds)} seeds [95 % interval]</th>"
        f"<th>Verdict</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
