"""Marks what is Chinese on a page, so that it is read out, and drawn, as Chinese."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

TAG = re.compile(r"(<[^>]+>)")
HAN = re.compile(r"([\u4e00-\u9fff]+)")


def on_page_content(content: str, page: Page, config: Any, files: Files) -> str:
    parts = TAG.split(content)
    parts[::2] = [HAN.sub(r'<span lang="zh">\1</span>', text) for text in parts[::2]]
    return "".join(parts)
