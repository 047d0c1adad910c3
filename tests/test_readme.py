"""What the README shows works as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest

from microgrand.op import registry
from microgrand.penalties import PENALTIES
from microgrand.verify import verify

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS[:2], ids=["an op", "a penalty"])
def test_what_is_added_is_proved(block: str) -> None:
    known, rows = dict(registry), dict(PENALTIES)
    try:
        exec(block, {})
        [added] = set(registry) - set(known)
        checks = list(verify([registry[added]], 20, 0))
        assert checks
        assert all(check.passed for check in checks)
    finally:
        for name in set(registry) - set(known):
            del registry[name]
        for name in set(PENALTIES) - set(rows):
            del PENALTIES[name]


def test_a_network_is_trained() -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS[2], names)
    assert names["epoch"].number == 20
    assert names["epoch"].test_loss < 0.01


def test_files_that_it_names_are_there() -> None:
    for path in re.findall(r"\]\(([^):]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_map_of_the_house_is_that_of_the_folders() -> None:
    house = README.split("## The house")[1].split("```")[1]
    named = set(re.findall(r"^  ([a-z_]+)(?:\.py|/) ", house, re.MULTILINE))
    helpers = {"settings", "pages", "report"}  # in the line of lesson.py
    there = {path.stem for path in (ROOT / "microgrand").iterdir() if not path.name.startswith("_")}
    assert named | helpers == there
