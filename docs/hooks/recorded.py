"""The recorded runs in docs/records/, read once a build for all pages that show them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mkdocs.exceptions import PluginError

from microgrand import verdicts
from microgrand.records import RecordError
from microgrand.verdicts import Article, Recording


@cache
def recordings(folder: Path = verdicts.RECORDS) -> list[Recording]:
    try:
        return verdicts.recordings(folder)
    except (RecordError, ValueError) as error:
        raise PluginError(f"the recorded runs cannot be read: {error}") from None


@cache
def articles() -> dict[str, Article]:
    """The judged articles by lesson, in the order in which the lessons are best read."""
    return {one.lesson: one for one in verdicts.articles(recordings())}


def forget() -> None:
    """For `mkdocs serve`, which builds more than once."""
    recordings.cache_clear()
    articles.cache_clear()
