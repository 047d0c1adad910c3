"""Writes the API reference, a page for each module and one that leads to them, and its navigation.

In docs/api/index.md, `<!-- modules -->` becomes the modules by what they are for, and
`<!-- training -->` the program of README.md that trains a network. In
docs/api/microgrand.cli.md, `<!-- commands -->` becomes what each command says of itself.
"""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.main import get_command
from typer.testing import CliRunner

from microgrand.cli import app

PURPOSES = {  # no title stands elsewhere in the menu: a screen reader could not tell them apart
    "Operations and their gradients": ("op", "tape", "ops.*", "kinks.*"),
    "Penalties and their steps": ("penalties.*", "proximal"),
    "Networks": ("layers.*", "image_network"),
    "Training": ("training", "optimizers", "noise", "processor"),
    "Measures and proof": ("signals", "measures", "steps_and_measures", "verify"),
    "Data sets": ("data.*",),
    "Sweeps and claims": ("sweep", "records", "claims", "verdicts"),
    "What a lesson needs": ("lesson", "programs", "settings", "exercises"),
    "Figures and tables": ("figures.*", "pages", "typography", "report"),
}

TRAINING = re.compile(r"^## Train a network\n\n(```python\n.*?^```)", re.MULTILINE | re.DOTALL)
MENU = re.compile(
    r'(<nav class="md-nav" [^>]*aria-labelledby="__nav_([\d_]+)_)label'
    r'("[^>]*>\s*<label )(?=class="md-nav__title")'
)


def modules(root: Path) -> dict[str, Path]:
    """Every public module of the package that has something to say, by its dotted name."""
    found = {}
    for path in sorted((root / "microgrand").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if path.name != "__init__.py" and not any(part.startswith("_") for part in parts):
            found[".".join(parts)] = path
    del found["microgrand.cli"]  # its functions are commands, which have a page in the user's words
    return found


def by_purpose(names: list[str]) -> dict[str, list[str]]:
    """The modules in groups, each in one.

    Raises:
        PluginError: if one of them belongs to none.
    """
    groups = {}
    for title, patterns in PURPOSES.items():
        fits = [f"microgrand.{pattern}" for pattern in patterns]
        groups[title] = [name for one in fits for name in names if fnmatch(name, one)]
    for name in names:
        if not any(name in group for group in groups.values()):
            raise PluginError(f"{name} has no place among the PURPOSES of docs/hooks/navigation.py")
    return groups


def first_line(path: Path) -> str:
    """What a module says of itself in a line."""
    told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return told.partition("\n")[0]


def list_of_modules(root: Path) -> str:
    found = modules(root)
    parts = []
    for title, names in by_purpose(list(found)).items():
        lines = [f"- [`{name}`]({name}.md): {first_line(found[name])}" for name in names]
        parts.append("\n".join([f"## {title}", "", *lines]))
    return "\n\n".join(parts)


def helps(command: Any, words: list[str]) -> list[str]:
    """A section for each command below one of them: what its `--help` prints."""
    parts = []
    for name, inner in getattr(command, "commands", {}).items():
        if words == ["run"]:  # the lessons are all alike
            return []
        called = [*words, name]
        told = CliRunner().invoke(app, [*called, "--help"], prog_name="microgrand").output
        title = f"## microgrand {' '.join(called)}"
        parts += [f"{title}\n\n```text\n{told.strip()}\n```", *helps(inner, called)]
    return parts


def on_files(files: Files, config: Any) -> Files:
    groups = by_purpose(list(modules(Path(config.config_file_path).parent)))
    for name in chain(*groups.values()):
        text = f"---\ntitle: {name}\n---\n\n::: {name}\n"
        files.append(File.generated(config, f"api/{name}.md", content=text))
    inside = [{title: [f"api/{name}.md" for name in names]} for title, names in groups.items()]
    for section in config.nav:
        for item in section.get("Reference", []):
            if item.get("API reference") == "api/*":
                item["API reference"] = ["api/index.md", *inside]
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    if page.file.src_uri == "api/index.md":
        root = Path(config.config_file_path).parent
        example = TRAINING.search((root / "README.md").read_text("utf-8"))
        assert example, "README.md trains no network"
        markdown = markdown.replace("<!-- training -->", example[1])
        return markdown.replace("<!-- modules -->", list_of_modules(root))
    if page.file.src_uri == "api/microgrand.cli.md":
        return markdown.replace("<!-- commands -->", "\n\n".join(helps(get_command(app), [])))
    return markdown


def on_post_page(output: str, page: Page, config: Any) -> str:
    """A menu is called what its title says; by Material's label one with a page has no name."""
    return MENU.sub(r'\1title\3id="__nav_\2_title" ', output)


def on_post_template(output: str, template_name: str, config: Any) -> str:
    """The same for the page that is shown in place of one that does not exist."""
    return MENU.sub(r'\1title\3id="__nav_\2_title" ', output)
