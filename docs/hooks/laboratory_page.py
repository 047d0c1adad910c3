"""Puts the laboratory together: the program, the package it imports, and Python for the browser.

Python for the browser is Pyodide, and its core is too large for a repository. It is taken from the
folder that MICROGRAND_PYODIDE names, or from .cache/pyodide, where `make laboratory` puts it. Where
there is none the page says so, and how to get it, keeps to what can be done in a terminal, and is
not in the navigation. NumPy's wheel may lie in the folder too; otherwise the reader's browser
fetches it from Pyodide's distribution.

In docs/laboratory.md, `<!-- laboratory -->` becomes the laboratory and `<!-- program -->` its code;
what stands from `<!-- in the browser -->` to `<!-- /in the browser -->` goes where there is no
laboratory. On the home page `<!-- laboratory -->` becomes a sentence on it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import runpy
import zipfile
from dataclasses import fields
from html import escape
from importlib import metadata
from math import log10
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

PROGRAM = "docs/laboratory.py"
LABORATORY = {"Laboratory": "laboratory.md"}  # in the navigation
FILES = (
    "pyodide.mjs",
    "pyodide.asm.js",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/vVERSION/full/"  # the worker knows the version
LIGHT = (  # what the program imports, and what that imports
    "__init__.py", "op.py", "tape.py", "optimizers.py", "noise.py", "proximal.py", "signals.py",
    "training.py", "ops/*.py", "penalties/*.py", "layers/*.py", "data/__init__.py", "data/curve.py",
)  # fmt: skip


class Core(NamedTuple):
    """A folder with Pyodide's core: what of it to serve, and whether NumPy is among it."""

    folder: Path
    files: list[str]
    numpy: bool

    @property
    def megabytes(self) -> float:
        return sum((self.folder / name).stat().st_size for name in self.files) / 1e6


def find_core(root: Path) -> Core | None:
    """Pyodide's core, or None where there is none. NumPy's wheel is held against its checksum."""
    named = os.environ.get("MICROGRAND_PYODIDE")
    folder = Path(named).expanduser() if named else root / ".cache" / "pyodide"
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing and named:
        raise PluginError(f"MICROGRAND_PYODIDE: {folder} has no {', '.join(missing)}")
    if missing:
        return None
    lock = json.loads((folder / "pyodide-lock.json").read_text("utf-8"))
    about = lock["packages"]["numpy"]
    wheel = folder / about["file_name"]
    if wheel.is_file() and hashlib.sha256(wheel.read_bytes()).hexdigest() != about["sha256"]:
        raise PluginError(f"{wheel} is not the wheel that pyodide-lock.json means")
    files = [*FILES, *([wheel.name] if wheel.is_file() else [])]
    return Core(folder, files, wheel.is_file())


def packed(root: Path) -> bytes:
    """The program, the light part of the package and autograd with its licence, as a zip.

    The same files give the same bytes.
    """
    package = root / "microgrand"
    sources = {
        path.relative_to(root).as_posix(): path for glob in LIGHT for path in package.glob(glob)
    }
    sources["laboratory.py"] = root / PROGRAM
    sources["LICENSE"] = root / "LICENSE"
    for file in metadata.files("autograd") or []:
        if file.suffix == ".py" or "licen" in file.as_posix().lower():
            sources[file.as_posix()] = Path(str(file.locate()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(sources.items()):
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


# ----------------------------------------------------------------------------------------- the page


def control(item: Any) -> str:
    """The label and the input of a setting."""
    about, name, key = item.metadata, item.name, f"laboratory-{item.name}"
    label = f'<label for="{key}">{escape(about["label"])}</label>'
    if "options" in about:
        options = ""
        for value, words in about["options"].items():
            chosen = " selected" if value == item.default else ""
            options += f'<option value="{value}"{chosen}>{escape(words)}</option>'
        return f'<div>{label}<select id="{key}" name="{name}">{options}</select></div>'
    low, high, value = about["low"], about["high"], item.default
    kind, step, scale, needed = "range", "0.05", about["scale"], ""
    if scale == "log":
        low, high, value = (round(log10(number), 6) for number in (low, high, value))
    if scale == "ones":
        kind, step, needed = "number", "1", " required"
    limits = f'min="{low:g}" max="{high:g}" step="{step}" value="{value:g}"{needed}'
    shown = '<span class="value" aria-hidden="true"></span>' if kind == "range" else ""
    box = f'<input id="{key}" name="{name}" type="{kind}" data-scale="{scale}" {limits}>'
    return f"<div>{label}{box}{shown}</div>"


def element(core: Core, settings: Any) -> str:
    """The laboratory's markup. A blank line would end it, so there is none."""
    controls = "\n".join(map(control, fields(settings)))
    where, numpy = "", " with NumPy"
    if not core.numpy:
        where = f' distribution="{DISTRIBUTION}"'
        numpy = """. NumPy comes from Pyodide’s distribution at cdn.jsdelivr.net, and is held
against its published checksum"""
    return f"""<div class="microgrand-laboratory">
<link rel="stylesheet" href="../assets/laboratory.css">
<microgrand-laboratory pyodide="pyodide/" python="python.zip"{where}>
<p>The laboratory needs scripts. The same program runs in a terminal; see below.</p>
<template>
<form class="settings" aria-label="settings">
{controls}
<div><button type="reset">defaults</button></div>
</form>
<div class="start"><button type="button" name="start">Start the laboratory</button>
<span>This fetches {core.megabytes:.0f} MB from this site: Python for the browser{numpy}.</span>
</div>
<p class="words" aria-live="polite"></p>
<div class="stage"></div>
<div class="controls" hidden>
<button type="button" name="running">pause</button>
<button type="button" name="step">one epoch</button>
<button type="button" name="restart">start anew</button>
</div>
</template>
</microgrand-laboratory>
<script type="module" src="../assets/laboratory.js"></script>
</div>"""


ABSENT = """!!! note "This copy of the book has no laboratory"

    It was built without Python for the browser, which is too large for the book's repository.
    To have it, type `make laboratory` in a clone of the repository (this needs npm), and build the
    book again. Or unpack the core of a [release of Pyodide](https://github.com/pyodide/pyodide/releases)
    and name its folder in `MICROGRAND_PYODIDE`. The same program runs in a terminal; see below.
"""


IN_THE_BROWSER = re.compile(
    r"<!-- in the browser -->\n*(.*?)<!-- /in the browser -->\n*", re.DOTALL
)
AT_HOME = {  # whether there is a laboratory
    True: "In the [laboratory](laboratory.md) you change a network's settings while it learns.",
    False: """`make laboratory`, before the book is built, adds a [laboratory](laboratory.md), in
which you change a network's settings while it learns.""",
}


def settings_of(root: Path) -> Any:
    """The settings of the program as it is now."""
    return runpy.run_path(str(root / PROGRAM))["Settings"]


def on_files(files: Files, config: Any) -> Files:
    root = Path(config.config_file_path).parent
    core = find_core(root)
    if core is None:
        return without_laboratory(files, config)
    files.append(File.generated(config, "laboratory/python.zip", content=packed(root)))
    for name in core.files:
        source = str(core.folder / name)
        files.append(File.generated(config, f"laboratory/pyodide/{name}", abs_src_path=source))
    return files


def without_laboratory(files: Files, config: Any) -> Files:
    """The page stays where it is, but the navigation does not lead to it."""
    page = files.get_file_from_path("laboratory.md")
    if page:
        page.inclusion = InclusionLevel.NOT_IN_NAV
    for section in config.nav:
        for inside in section.values():
            if isinstance(inside, list) and LABORATORY in inside:
                inside.remove(LABORATORY)
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    root = Path(config.config_file_path).parent
    if page.file.src_uri == "index.md":
        return markdown.replace("<!-- laboratory -->", AT_HOME[find_core(root) is not None])
    if page.file.src_uri != "laboratory.md":
        return markdown
    core = find_core(root)
    markdown = IN_THE_BROWSER.sub("" if core is None else r"\1", markdown)
    here = ABSENT if core is None else element(core, settings_of(root))
    program = (root / PROGRAM).read_text("utf-8")
    markdown = markdown.replace("<!-- laboratory -->", here)
    return markdown.replace("<!-- program -->", f"```python\n{program}```")
