"""Still figures: the same bytes each time, and ink that is the page's own."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from skimage.color import xyz2lab
from skimage.color.colorconv import xyz_from_rgb

from microgrand.figures import GREY, PALETTE, new_figure, sequence, svg
from microgrand.figures.still import INK, compact, picture


@pytest.fixture(autouse=True)
def default_style() -> Iterator[None]:
    with mpl.rc_context():
        yield


def draw() -> Figure:
    """Something of everything that has ink: labels, ticks, a title, a legend, text, marks."""
    figure, (left, right) = new_figure(1, 2, width=6)
    left.plot([0, 1], [1, -2], "o-", label="line")
    left.set(title="title", xlabel="x", ylabel="y")
    left.legend(title="key")
    left.text(0.5, 0, "words")
    right.fill_between([0, 1], [0, 0], [1, 2], alpha=0.3)
    right.scatter([0, 1], [1, 0])
    figure.suptitle("over all")
    return figure


def test_ink_takes_the_colour_of_the_page() -> None:
    markup = svg(draw())
    assert INK not in markup.lower()
    assert "#000000" not in markup  # no other black is left that a dark page would swallow
    root = ET.fromstring(markup)
    words = {"title", "x", "y", "line", "key", "words", "over all"}
    inked = {
        node.text
        for node in root.iter("{http://www.w3.org/2000/svg}text")
        if "currentColor" in node.get("style", "")
    }
    assert words <= inked
    for colour in PALETTE[:2]:
        assert colour in markup


def test_the_markup_is_an_svg_element_without_a_background() -> None:
    markup = svg(draw())
    root = ET.fromstring(markup)  # well-formed
    assert root.tag.endswith("svg")
    assert markup.startswith("<svg")  # no declaration: it stands inside a page
    assert "#ffffff" not in markup
    assert "fill: white" not in markup


def test_the_compact_drawing_is_the_same_in_fewer_bytes() -> None:
    figure = draw()
    figure.axes[0].plot(np.sin(np.linspace(0, 9, 50)))
    figure.axes[0].set_title('0.123456 L 2.718281 > 1  "a"')
    text = io.StringIO()
    figure.savefig(text, format="svg")
    long = text.getvalue()[text.getvalue().index("<svg") :]
    short = compact(long)
    assert len(short) < 0.7 * len(long)
    before, after = (list(ET.fromstring(markup).iter()) for markup in (long, short))
    before = [node for node in before if not re.search("metadata|rdf|purl|creativec", node.tag)]
    assert [node.tag for node in before] == [node.tag for node in after]
    number = re.compile(r"-?\d+(?:\.\d+)?")
    for one, other in zip(before, after, strict=True):
        assert (one.text or "").strip() == (other.text or "").strip()
        for name in ("d", "x", "y"):
            drawn, kept = (node.get(name, "") for node in (one, other))
            assert re.findall("[A-Za-z]", kept) == re.findall("[A-Za-z]", drawn)
            before_it, after_it = (np.array(number.findall(part), float) for part in (drawn, kept))
            np.testing.assert_allclose(after_it, before_it, atol=0.1)
    referred = set(re.findall(r"#([mp]\w{10})", short))
    assert referred
    assert referred <= {node.get("id") for node in after}


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert svg(draw()) == svg(draw())
    for ending in (".svg", ".png"):
        assert picture(draw(), ending) == picture(draw(), ending)


def test_the_style_at_the_time_of_saving_changes_nothing() -> None:
    first, second = draw(), draw()
    expected = svg(first)
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": None}):
        assert svg(second) == expected


def test_files_are_on_white_and_in_dark_ink() -> None:
    """They are looked at outside of any page."""
    with Image.open(io.BytesIO(picture(draw(), ".png"))) as image:
        pixels = np.array(image.convert("RGBA")).reshape(-1, 4)
    assert pixels[0].tolist() == [255, 255, 255, 255]
    assert np.all(pixels[:, 3] == 255)
    assert pixels[:, :3].sum(axis=1).min() < 60
    assert b"currentColor" not in picture(draw(), ".svg")


def test_new_figures_have_the_size_and_axes_that_were_asked_for() -> None:
    figure, axes = new_figure(2, 3, width=7, height=4, sharex=True)
    assert figure.get_size_inches().tolist() == [7, 4]
    assert axes.shape == (2, 3)
    axes[0, 0].set_xlim(3, 5)
    assert axes[1, 2].get_xlim() == (3, 5)


@pytest.mark.parametrize("count", [1, 2, 8, 10])
def test_a_sequence_of_colours_grows_steadily_brighter(count: int) -> None:
    colours = sequence(count)
    assert len(set(colours)) == count
    brightness = [np.dot((0.2126, 0.7152, 0.0722), to_rgb(colour)) for colour in colours]
    assert brightness == sorted(brightness)
    assert not {INK, GREY, *PALETTE} & set(colours)


def linear(colours: np.ndarray) -> np.ndarray:
    """The amounts of light that sRGB stands for."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def luminance(colour: np.ndarray) -> float:
    return float(np.dot((0.2126, 0.7152, 0.0722), linear(colour)))


def contrast(colour: np.ndarray, ground: np.ndarray) -> float:
    """That of the Web Content Accessibility Guidelines, from 1 to 21."""
    low, high = sorted((luminance(colour), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def in_the_dark(colour: np.ndarray) -> np.ndarray:
    """What assets/figures.css makes of a colour: invert(0.92), then hue-rotate(180deg)."""
    inverted = 0.92 + (1 - 2 * 0.92) * colour
    weights = np.array([0.213, 0.715, 0.072])  # of the hue rotation, by the filter's definition
    return np.asarray(np.clip(2 * weights @ inverted - inverted, 0, 1))


ASSETS = Path(__file__).parents[2] / "docs" / "assets"
STYLE = (ASSETS / "figures.css").read_text("utf-8")
LIGHT, DARK = (
    np.array(to_rgb(ground))
    for ground in re.findall(
        r"--md-default-bg-color: (#\w{6});", (ASSETS / "book.css").read_text("utf-8")
    )
)
OURS = [np.array(to_rgb(colour)) for colour in (*PALETTE, GREY)]


@pytest.mark.parametrize("count", [2, 5, 10])
def test_a_sequence_of_colours_is_seen_on_light_and_dark_pages(count: int) -> None:
    assert "filter: invert(0.92) hue-rotate(180deg);" in STYLE
    light = [np.array(to_rgb(colour)) for colour in sequence(count)]
    dark = [in_the_dark(colour) for colour in light]
    for colours, ground in ((light, LIGHT), (dark, DARK)):
        assert min(contrast(colour, ground) for colour in colours) > 3
        for eyes in EYES:
            steps = np.diff(seen(colours, eyes), axis=0)
            assert np.linalg.norm(steps, axis=-1).min() > 20 / count


def of_players() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The colours of moving figures on light and on dark pages, the grey last."""
    found = re.findall(r"--mg-(?:c\d|data): (#\w{6});", STYLE)
    colours = [np.array(to_rgb(colour)) for colour in found]
    return colours[: len(OURS)], colours[len(OURS) :]


def test_still_and_moving_figures_have_the_same_colours() -> None:
    np.testing.assert_array_equal(of_players()[0], OURS)


# Machado, Oliveira & Fernandes (2009), A physiologically-based model for simulation of color vision
# deficiency: what somebody sees who lacks one kind of cone, in linear RGB.
EYES = {
    "all cones": np.eye(3),
    "no long": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no middle": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no short": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def seen(colours: list[np.ndarray], eyes: str) -> np.ndarray:
    """The colours as points of CIELAB, where a distance of 2 can just be noticed."""
    light = (linear(np.array(colours)) @ EYES[eyes].T).clip(0, 1)
    return np.asarray(xyz2lab(light @ xyz_from_rgb.T))


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize(
    ("colours", "ground"),
    [
        (of_players()[0], LIGHT),
        (of_players()[1], DARK),
        ([in_the_dark(colour) for colour in OURS], DARK),
    ],
    ids=["light", "moving, dark", "still, dark"],
)
def test_every_eye_tells_the_colours_apart(
    colours: list[np.ndarray], ground: np.ndarray, eyes: str
) -> None:
    assert len(colours) == len(OURS)
    assert min(contrast(colour, ground) for colour in colours) > 3
    places = seen(colours, eyes)
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert distances[np.triu_indices(len(places), 1)].min() > 10
