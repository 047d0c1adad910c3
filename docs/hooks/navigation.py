"""Fills the open places of `nav` in mkdocs.yml, and writes an API page for each module."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files


def modules(root: Path) -> list[str]:
    """Every public module of the package that has something to say, by its dotted name."""
    found = []
    for path in sorted((root / "microgrand").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if path.name != "__init__.py" and not any(part.startswith("_") for part in parts):
            found.append(".".join(parts))
    return found


@event_priority(-50)  # after every file of the site is known
def on_files(files: Files, config: Any) -> Files:
    for name in modules(Path(config.config_file_path).parent):
        if files.get_file_from_path(f"api/{name}.md") is None:
            text = f"---\ntitle: {name}\n---\n\n::: {name}\n"
            files.append(File.generated(config, f"api/{name}.md", content=text))
    pages = [file.src_uri for file in files.documentation_pages()]
    for item in config.nav:
        for title, place in item.items():
            if isinstance(place, str) and place.endswith("/*"):
                inside = [uri for uri in pages if fnmatch(uri, place)]
                item[title] = sorted(inside, key=lambda uri: (not uri.endswith("/index.md"), uri))
    return files
