"""Pages on an op show the code and the proof of their own op; the page on kinks, all kinks."""

from __future__ import annotations

import html
import re

import kinks_page
import pytest
from built_site import Site

import microgrand.penalties  # noqa: F401  # with it the registry is full
from microgrand.kinks import KINKS
from microgrand.op import registry

LIMITS = (1e-12, 1e-7, 1e-5, 1e-4)  # of the value, the gradient, differences, float32


@pytest.mark.parametrize("name", registry)
def test_a_page_shows_the_code_and_the_proof_of_its_own_op(site: Site, name: str) -> None:
    text = (site.folder / "derivations" / name / "index.html").read_text("utf-8")
    table = text[text.index("Last verified") :].partition("</table>")[0]
    shown = re.findall(r"<tr>\s*<td[^>]*><code>(\w+)</code></td>(.*?)</tr>", table, re.DOTALL)
    assert [argument for argument, _ in shown] == list(registry[name].gradients)
    for _, rest in shown:
        examples, *numbers = re.findall(r"<td[^>]*>([^<]*)</td>", rest)
        assert examples == "100"
        assert all(float(one) <= most for one, most in zip(numbers, LIMITS, strict=False))
    plain = html.unescape(re.sub("<[^>]*>", "", text))
    for function in (registry[name].definition, registry[name].forward):
        assert f"def {function.__name__}(" in plain


def test_the_table_of_kinks_says_what_the_package_says() -> None:
    rows = kinks_page.table().splitlines()[2:]
    assert rows[1] == (
        "| [leaky_relu](#leaky_relu) | x = 0, slope 0.2 | 0.2, 1 | **0.2** | 0.6 | 0.2 | 1 |"
    )
    assert len(rows) == len(KINKS)
