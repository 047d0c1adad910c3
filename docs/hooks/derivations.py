"""Puts the code, the proof and the tests of an op into its derivation page.

In a page, `<!-- op: dense -->` becomes the op's source and the table of its last verification,
and `<!-- test: tests/test_op.py::test_name -->` the source of that test, folded. An op without a
page fails the build. In docs/proof.md, `<!-- steps and measures -->` becomes the table of what has
no gradient, and `<!-- mutants -->` how many there were in all.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import Any

from caches import fingerprint, remove_earlier
from markdown_tables import markdown_table
from mkdocs.exceptions import PluginError
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from microgrand.records import versions_in_words, write_atomically
from microgrand.report import in_one_digit as error

log = get_plugin_logger("derivations")

described: dict[str, Any] = {}


def describe(root: Path) -> dict[str, Any]:
    """What describe.py says of this state of the package, from the cache if it has been asked."""
    script = root / "docs" / "hooks" / "describe.py"
    folder = root / ".cache" / "site" / f"ops-{fingerprint(root, script)}"
    cache = folder / "ops.json"
    if not cache.exists():
        log.info("verifying every op")
        paths = filter(None, [str(root), os.environ.get("PYTHONPATH")])
        done = subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"},
        )
        if done.returncode:
            raise PluginError(f"the ops cannot be described\n{done.stderr}")
        told = json.loads(done.stdout) | {"date": time.strftime("%Y-%m-%d", time.gmtime())}
        write_atomically(cache, json.dumps(told).encode())
        remove_earlier(folder, "ops-*")
    return dict(json.loads(cache.read_text(encoding="utf-8")))


def on_files(files: Files, config: Any) -> Files:
    described.clear()
    root = Path(config.config_file_path).parent
    described.update(describe(root))
    record = root / "docs" / "records" / "mutants.json"
    described["mutants"] = json.loads(record.read_text(encoding="utf-8"))
    missing = [n for n in described["ops"] if not files.get_file_from_path(f"derivations/{n}.md")]
    failed = [
        f"{row['op']}, {row['argument'] or 'value'}: {row['failure']}"
        for row in described["checks"]
        if row["failure"]
    ]
    if failed:
        raise PluginError("the verification fails: " + "; ".join(failed))
    if missing:
        raise PluginError(f"no derivation page docs/derivations/NAME.md for: {', '.join(missing)}")
    for section in config.nav:
        inside = section.get("Derivations", [])
        if "derivations/*" in inside:
            place = inside.index("derivations/*")
            inside[place : place + 1] = chapters()
    return files


def chapters() -> list[Any]:
    """The navigation of the derivations: operations, then penalties, in the registry's order."""
    groups: dict[str, list[str]] = {"Operations": [], "Penalties": []}
    for name, op in described["ops"].items():
        groups["Penalties" if op["penalty"] else "Operations"].append(f"derivations/{name}.md")
    return [{title: group} for title, group in groups.items() if group]


def fenced(code: str, title: str) -> str:
    return f'```python title="{title}"\n{code}\n```'


def proof(name: str) -> str:
    """The table of an op's verification, and by what it was made."""
    rows = [row for row in described["checks"] if row["op"] in (name, f"{name}_proximal")]
    method = rows[0]["difference_method"]
    header = ("argument", "examples", "value", "gradient", method, "float32", "time")
    lines = []
    for row in rows:
        errors = (error(row[kind]) for kind in ("value", "gradient", "difference", "single"))
        argument = f"`{row['argument']}`" if row["argument"] else "proximal step"
        lines.append((argument, row["examples"], *errors, f"{row['seconds']:.2f} s"))
    told = "the [worst relative errors](../proof.md) over random examples."
    return f"{last_verified()} {told}\n\n{markdown_table(header, lines, words=1)}"


def steps_and_measures() -> str:
    """The table of what has neither a gradient nor, as a proximal step has, a penalty's page."""
    rows = [
        (f"`{row['op']}`", error(row["value"]), error(row["single"]))
        for row in described["checks"]
        if not row["argument"] and not row["op"].endswith("_proximal")
    ]
    table = markdown_table(("step or measure", "value", "float32"), rows, words=1)
    examples = described["checks"][0]["examples"]
    told = f"the worst relative errors over {examples} random examples of each."
    return f"{last_verified()} {told}\n\n{table}"


def last_verified() -> str:
    rests_on = f"seed {described['seed']}, {versions_in_words(described['versions'])}"
    return f"**Last verified** on {described['date']} ({rests_on}):"


def mutants(computed_by: list[tuple[str, str]], whose: str) -> str:
    """What became of the mutants of some functions when they were last tried."""
    counts: Counter[str] = Counter()
    dates = []
    for file, function in computed_by:
        if file in described["mutants"]:
            counts.update(described["mutants"][file]["functions"].get(function, {}))
            dates.append(described["mutants"][file]["date"])
    if not counts.total():
        return ""
    return (
        f"last tried on {min(dates)}: of {counts.total()} small changes to {whose}, "
        f"{counts['killed']} were noticed by a test, {counts['explained']} compute the same, "
        f"{counts['survived']} escaped."
    )


def all_mutants() -> str:
    records = described["mutants"].items()
    every = [(file, function) for file, record in records for function in record["functions"]]
    told = mutants(every, "what is computed")
    return f"All of them were {told}" if told else "None has been tried in this copy of the book."


def op_code(match: re.Match[str]) -> str:
    name = match[1]
    if name not in described["ops"]:
        raise PluginError(f"<!-- op: {name} -->: there is no op of that name")
    op = described["ops"][name]
    blocks = [fenced(f["code"], f"{f['title']} · {f['path']}:{f['line']}") for f in op["functions"]]
    row = f"In the table of penalties: {op['row']}." if op["row"] else ""
    changes = mutants(op["computed_by"], "these functions and to those they call")
    if changes:
        changes = f"**[Mutants](../proof.md#do-the-tests-bite)**, {changes}"
    told = [row, *blocks, proof(name), changes]
    return "\n\n".join(filter(None, told))


def test_code(root: Path, where: str) -> str:
    """The source of a test function, decorators included, in a block to unfold."""
    path, _, name = where.partition("::")
    file = root / path
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            code = textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))
            block = textwrap.indent(fenced(code, f"{path}:{first}"), "    ")
            return f'??? example "Test: {name}"\n\n{block}'
    raise PluginError(f"<!-- test: {where} -->: there is no such test")


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    root = Path(config.config_file_path).parent
    if page.file.src_uri == "proof.md":
        markdown = markdown.replace("<!-- steps and measures -->", steps_and_measures())
        markdown = markdown.replace("<!-- mutants -->", all_mutants())
    markdown = re.sub(r"^<!-- op: (\w+) -->$", op_code, markdown, flags=re.MULTILINE)
    return re.sub(
        r"^<!-- test: (\S+) -->$", lambda m: test_code(root, m[1]), markdown, flags=re.MULTILINE
    )
