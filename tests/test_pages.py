"""Results as pieces of a page: well-formed markup, in which every word is text."""

import base64
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microgrand.claims import Finding, Judgement, Verdict
from microgrand.pages import (
    Choices,
    Markup,
    TableCell,
    claims_table,
    combinations,
    figure_html,
    interval,
    mark,
    number,
    player_html,
    strip_svg,
    table_html,
)

# What XML allows, with plenty of what it does not take as it is.
words = st.text(st.sampled_from("<>&\"'λab [/]") | st.characters(codec="ascii", categories=["L"]))
PICTURES = {"moving.webp": b"RIFF webp", "moving-still.webp": b"RIFF still"}
DRAWING = '<svg width="10"><g><svg id="inner"/></g></svg>'


def parse(markup: str) -> ET.Element:
    assert isinstance(markup, Markup)
    assert markup._repr_html_() == str(markup)  # what a notebook shows
    assert repr(markup) == ""  # and nothing beside it
    # The tags that HTML leaves open.
    closed = re.sub(r"<((?:img|source|br)\b(?:\"[^\"]*\"|[^>\"])*)>", r"<\1/>", markup)
    return ET.fromstring(closed)


def text_of(element: ET.Element | None) -> str:
    assert element is not None
    return "".join(element.itertext())


@given(alt=words, caption=words)
def test_a_figure_is_told_in_words_to_those_who_hear_it(alt: str, caption: str) -> None:
    figure = parse(figure_html(DRAWING, "losses", alt, caption))
    assert figure.get("id") == "fig-losses"
    assert text_of(figure.find("figcaption")) == caption
    drawing = figure.find("svg")
    assert drawing is not None
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", alt or "drawing")
    inner = drawing.find("g/svg")
    assert inner is not None
    assert inner.get("aria-label") is None  # said once


def test_a_sheet_of_samples_is_known_as_one() -> None:
    figure = parse(figure_html(DRAWING, "samples", "", "", sheet=True))
    assert figure.get("class") == "microgrand-figure sheet"
    assert parse(figure_html(DRAWING, "losses", "", "")).get("class") == "microgrand-figure"


@given(alt=words, caption=words)
@pytest.mark.parametrize("site", [True, False])
def test_a_player_holds_the_picture_that_shows_without_scripts(
    alt: str, caption: str, site: bool
) -> None:
    figure = parse(player_html(PICTURES, "moving", alt, caption, site))
    player = figure.find("microgrand-player")
    assert player is not None
    assert player.get("src") == "moving.json"
    picture, still = player.find("picture/img"), player.find("picture/source")
    assert picture is not None
    assert still is not None
    assert picture.get("alt") == alt
    inside = {
        file: "data:image/webp;base64," + base64.b64encode(content).decode()
        for file, content in PICTURES.items()
    }
    assert picture.get("src") == ("moving.webp" if site else inside["moving.webp"])
    assert still.get("srcset") == ("moving-still.webp" if site else inside["moving-still.webp"])
    # Those who want nothing to move, and paper, get the one that does not.
    assert still.get("media") == "(prefers-reduced-motion: reduce), print"
    assert text_of(figure.find("figcaption")) == caption


@given(shown=words, what=words)
@pytest.mark.parametrize("site", [True, False])
def test_choices_wait_in_a_template_for_the_player(shown: str, what: str, site: bool) -> None:
    choices = {what: {"Z": shown, "A b": "ridge"}, "signal": {"weight": "weights"}}
    figure = parse(player_html(PICTURES, "moving", "alt", "caption", site, choices))
    player = figure.find("microgrand-player")
    assert player is not None
    assert player.get("src") == "moving/Z-weight.json"  # what the picture shows
    assert player.find("picture/img") is not None
    labels, selects = player.findall("template/div/label"), player.findall("template/div/select")
    assert [label.text or "" for label in labels] == [what, "signal"]
    assert [label.get("for") for label in labels] == [select.get("id") for select in selects]
    options = [
        [(option.get("value"), option.text or "") for option in select.iterfind("option")]
        for select in selects
    ]
    assert options == [[("Z", shown), ("A-b", "ridge")], [("weight", "weights")]]
    # What the page's address calls it: figures do not get into each other's way.
    assert selects[1].get("id") == "moving-signal"


def test_a_player_without_choices_has_no_template() -> None:
    assert "template" not in player_html(PICTURES, "moving", "alt", "caption", True)


def test_a_combination_has_a_name_that_can_be_read() -> None:
    choices = {"case": {"Z": "none", "A": "ridge"}, "signal": {"weight gradient": "", "λ=0.1": ""}}
    assert combinations(choices) == {
        "Z-weight-gradient": ("Z", "weight gradient"),
        "Z-0.1": ("Z", "λ=0.1"),
        "A-weight-gradient": ("A", "weight gradient"),
        "A-0.1": ("A", "λ=0.1"),
    }


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"case": {}},
        {"case": {"A": ""}, "signal": {}},
        {"case": {"λ": ""}},
        {"case": {"a": "", "A": ""}},
        {"case": {"a b": "", "a-b": ""}},
        {"case": {"a-b": "", "a": ""}, "signal": {"c": "", "b-c": ""}},
        {"case": {"..": ""}},
    ],
)
def test_combinations_that_would_share_a_file_are_refused(choices: Choices) -> None:
    with pytest.raises(ValueError, match="differ"):
        combinations(choices)


@given(rows=st.lists(st.lists(words, min_size=2, max_size=2), max_size=3), caption=words)
def test_a_table_has_a_heading_for_every_column_and_row(
    rows: list[list[str]], caption: str
) -> None:
    table = parse(table_html(["<λ>", "b"], rows, caption))
    assert [(cell.text, cell.get("scope")) for cell in table.iterfind("thead/tr/th")] == [
        ("<λ>", "col"),
        ("b", "col"),
    ]
    found = [[text_of(cell) for cell in row] for row in table.iterfind("tbody/tr")]
    assert found == rows
    heads = [[(cell.tag, cell.get("scope")) for cell in row] for row in table.iterfind("tbody/tr")]
    assert heads == [[("th", "row"), ("td", None)]] * len(rows)
    captions = [text_of(element) for element in table.iterfind("caption")]
    assert captions == ([caption] if caption else [])


def test_numbers_stand_below_each_other_and_words_may_lead_somewhere() -> None:
    rows: list[list[TableCell]] = [
        ["none", "1e-05", ("L1", "l1.md")],
        ["other", "–", "7,176 of them"],
    ]
    rows.append(["last", "never", ""])
    table = parse(table_html(["case", "-0.5", "where"], rows, ""))
    styles = [[cell.get("class") for cell in row] for row in table.iter("tr")]
    assert styles == [[None, "number", None]] * 4
    first, second, _ = table.iterfind("tbody/tr")
    assert [text_of(cell) for cell in first] == ["none", "10⁻⁵", "L1"]
    assert text_of(second[2]) == "7\u202f176 of them"
    link = first[2].find("a")
    assert link is not None
    assert link.get("href") == "l1.md"


def finding(*values: float, measure: str = "size", supports: bool | None = True) -> Finding:
    return Finding(measure, 1.0, True, values, 3.5, 3.0, 4.0, supports)


@given(text=words, measure=words, comment=words)
def test_every_claim_is_a_row_with_a_name_to_link_to(text: str, measure: str, comment: str) -> None:
    found = (
        finding(3, 4, measure=measure),
        finding(3, 4, supports=False),
        finding(3, 4, supports=None),
    )
    judgements = [
        Judgement("K1", text, found, Verdict.HOLDS, comment),
        Judgement("K2", text, found[:1], Verdict.DOES_NOT_HOLD),
    ]
    table = parse(claims_table(judgements, "2"))
    assert "mean over 2 seeds" in text_of(table.find("thead"))
    first, second = table.iterfind("tbody/tr")
    assert [row.get("id") for row in (first, second)] == ["K1", "K2"]
    name, said, measured, verdict = first
    assert (text_of(name), text_of(said), text_of(verdict)) == ("K1", text, "holds")
    marked = (f"✓ {measure}", "✗ size", "(✓) size")
    assert text_of(measured) == "".join(f"{m}: 3.5 [3, 4] (> 1 expected)" for m in marked) + comment
    assert text_of(second[2]) == f"✓ {measure}: 3.5 [3, 4] (> 1 expected)"


@pytest.mark.parametrize(
    ("verdict", "style"),
    [
        (Verdict.HOLDS, "holds"),
        (Verdict.DOES_NOT_HOLD, "does-not-hold"),
        (Verdict.DEPENDS, "depends"),
        (Verdict.ARTEFACT, "artefact"),
        (Verdict.NOT_JUDGED, "not-judged"),
    ],
)
def test_every_verdict_has_a_style(verdict: Verdict, style: str) -> None:
    markup = claims_table([Judgement("K1", "", (), verdict)], "1")
    assert f'<span class="verdict {style}">{verdict}</span>' in markup


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6),
    st.floats(-1e6, 1e6),
    st.sampled_from("<>"),
)
@example([1.0, 1.0], 1.0, ">")
def test_evidence_is_drawn_where_its_numbers_are(
    values: list[float], bound: float, side: str
) -> None:
    """Dots are in the order of the seeds' numbers, and inside the shade where they support."""
    low, high = min(values), max(values)
    one = Finding("size", bound, side == ">", tuple(values), 0.0, low, high, None)
    drawn = ET.fromstring(strip_svg(one))
    dots = [float(dot.get("cx", "nan")) for dot in drawn.iterfind("circle")]
    shade = drawn.find("rect")
    assert shade is not None
    left = float(shade.get("x", "nan"))
    right = left + float(shade.get("width", "nan"))
    assert len(dots) == len(values)
    assert all(0 <= dot <= 140 for dot in dots)
    assert sorted(dots) == [dots[i] for i in np.argsort(values, kind="stable")]
    for value, dot in zip(values, dots, strict=True):
        supports = value > bound if side == ">" else value < bound
        assert (
            left - 0.11 <= dot <= right + 0.11 if supports else dot <= left or dot >= right - 0.11
        )
    bar, line = (drawn.find(f"path[@class='{kind}']") for kind in ("interval", "bound"))
    assert bar is not None
    assert line is not None
    assert bar.get("d") == f"M{min(dots)} 8H{max(dots)}"  # here the interval is their range
    edge = float(line.get("d", "").removeprefix("M").removesuffix(" 0V16"))
    assert edge == pytest.approx(left if side == ">" else right, abs=0.06)


@pytest.mark.parametrize(
    ("low", "high", "supports", "shown"),
    [
        (2, 3, True, "✓"), (0, 0.5, False, "✗"), (0, 2, None, "?"),
        (2, 3, None, "(✓)"), (0, 0.5, None, "(✗)"), (math.nan, math.nan, None, "?"),
    ],
)  # fmt: skip
def test_what_may_be_luck_is_marked_in_brackets(
    low: float, high: float, supports: bool | None, shown: str
) -> None:
    assert mark(Finding("size", 1.0, True, (low, high), 1.0, low, high, supports)) == shown
    turned = Finding("size", -1.0, False, (-low, -high), -1.0, -high, -low, supports)
    assert mark(turned) == shown


def test_what_was_not_measured_is_not_drawn() -> None:
    one = Finding("size", 1.0, True, (math.nan, 1.0), math.nan, math.nan, math.nan, None)
    assert strip_svg(one) == ""


def test_numbers_have_three_digits() -> None:
    values = (0.0, 1.0, 1234.5, 0.00012345, -2.5, math.inf)
    assert [number(value) for value in values] == ["0", "1", "1.23e+03", "0.000123", "-2.5", "inf"]


def test_an_interval_takes_two_seeds() -> None:
    assert interval(finding(3, 4)) == "3.5 [3, 4]"
    assert interval(finding(3)) == "3.5"
