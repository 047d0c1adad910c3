"""Formulas become MathML and HTML while the book is built; nothing else of a page changes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import formulas
import pytest
from built_site import ROOT
from mkdocs.exceptions import PluginError

HEAD = "<head><title>$x$</title></head>"  # no formula: a title is plain text


def rendered(body: str) -> str:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="some/page.md"))

    done = str(formulas.on_post_page(f"{HEAD}<body>{body}</body>", page, {}))
    assert done.startswith(f"{HEAD}<body>")
    return done


@pytest.mark.parametrize(
    ("written", "display"),
    [
        (r"\(a &lt; b\)", False),
        ("$a &lt; b$", False),
        (r"\[a &lt; b\]", True),
        ("$$a &lt; b$$", True),
    ],
)
def test_a_formula_is_rendered(written: str, display: bool) -> None:
    done = rendered(f"<p>Where {written}, it is.</p>")
    assert "<math" in done
    assert 'aria-hidden="true"' in done  # said once
    assert ("katex-display" in done) is display
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in done
    assert done.removeprefix(HEAD).count("$") == 0


@pytest.mark.parametrize(
    "kept",
    [
        "<pre><code>cost = $5 and $6</code></pre>",
        "<script>f(`$a$`)</script>",
        "<svg><text>$x$</text></svg>",
        "<!-- $x$ -->",
        '<a title="$x$ > 0">no formula</a>',
        "<p>One $ is a dollar.</p>",
    ],
)
def test_what_is_no_formula_is_left_alone(kept: str) -> None:
    assert kept in rendered(f"{kept}<p>$z$</p>")
    assert "<math" in rendered(f"{kept}<p>$z$</p>")


@pytest.mark.parametrize(
    ("written", "before", "after"),
    [
        ("a batch ($N$), and", "(", "),"),
        (r'its size (<span class="arithmatex">\(N\)</span>).', "(", ")."),
        ("an $N$-fold", "", "-"),
    ],
)
def test_brackets_and_commas_stay_with_their_formula(written: str, before: str, after: str) -> None:
    done = rendered(f"<p>{written}</p>")
    assert f'<span class="unbroken">{before}<span class="katex">' in done
    assert f"</span>{after}</span>" in done
    assert "arithmatex" not in done


@pytest.mark.parametrize("wrong", [r"\fraq{1}{2}", r"\frac{1", "a_b_c"])
def test_a_formula_that_is_not_understood_fails_the_build(wrong: str) -> None:
    with pytest.raises(PluginError) as failure:
        rendered(f"<p>${wrong}$</p>")
    assert "some/page.md" in str(failure.value)
    assert wrong in str(failure.value)


def test_katex_does_not_travel_to_the_reader() -> None:
    assert Path(ROOT / "docs" / "assets" / "katex" / "katex.min.js").is_file()
    assert "katex.min.js" not in (ROOT / "mkdocs.yml").read_text("utf-8")
