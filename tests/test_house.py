"""The rules of the house: how long a file may be, who imports whom, and what no file may hold."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "microgrand"
FILES = sorted(PACKAGE.rglob("*.py"))

#: Who may call whom: a module imports from the floors below its own (and from its own package).
FLOORS = (
    {"microgrand", "microgrand.kinks", "microgrand.op"},
    {"microgrand.ops", "microgrand.penalties", "microgrand.tape"},
    {"microgrand.layers", "microgrand.optimizers"},
    {
        "microgrand.image_network",
        "microgrand.noise",
        "microgrand.measures",
        "microgrand.proximal",
        "microgrand.training",
        "microgrand.signals",
        "microgrand.verify",
    },
    {
        "microgrand.programs",
        "microgrand.processor",
        "microgrand.records",
        "microgrand.settings",
        "microgrand.steps_and_measures",
        "microgrand.typography",
    },
    {"microgrand.data", "microgrand.sweep"},
    {"microgrand.claims", "microgrand.figures"},
    {"microgrand.pages"},
    {"microgrand.report"},
    {"microgrand.lesson"},
    {"microgrand.exercises", "microgrand.verdicts"},
    {"microgrand.cli"},
)

#: What runs in a browser too.
LIGHT = (
    "op", "ops", "penalties", "tape", "layers", "optimizers", "image_network", "measures",
    "noise", "proximal", "signals", "training",
)  # fmt: skip


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def imports(path: Path) -> Iterator[str]:
    """The modules a file imports anywhere in it: `from a import b` is a.b if that is a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in MODULES else str(node.module)


IMPORTS = {name: set(imports(path)) for name, path in MODULES.items()}


def room(module: str) -> str:
    """microgrand.ops.dense is in the room microgrand.ops."""
    return ".".join(module.split(".")[:2])


# ------------------------------------------------------------------------------------------- length


def length(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


@pytest.mark.parametrize("path", FILES, ids=[name_of(path) for path in FILES])
def test_no_library_file_is_above_300_lines(path: Path) -> None:
    assert length(path) <= 300


def test_nor_is_any_other_file_but_a_lesson() -> None:
    files = [path for path in tracked() if path.suffix in (".py", ".js", ".css")]
    others = [path for path in files if path.parent != ROOT / "lessons"]
    assert len(others) > len(FILES)  # they were found
    assert [path for path in others if length(path) > 300] == []


def lines_of_code(path: Path) -> int:
    """Lines without blank ones, comments and docstrings: formulas and sources are to be long."""
    text = path.read_text("utf-8")
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(n not in told and line.strip()[:1] not in ("", "#") for n, line in lines)


def test_the_library_is_read_in_an_evening_and_the_lessons_machinery_in_another() -> None:
    trains_and_proves = {*LIGHT, "verify", "kinks", "steps_and_measures"}
    library = [
        path
        for name, path in MODULES.items()
        if room(name).removeprefix("microgrand.") in trains_and_proves
    ]
    others = set(FILES) - set(library)
    assert len(library) > 20 < len(others)  # they were found
    assert sum(map(lines_of_code, library)) < 3500
    assert sum(map(lines_of_code, others)) < 3000


# --------------------------------------------------------------------------------- who imports whom


def test_every_room_stands_on_one_floor() -> None:
    rooms = [name for floor in FLOORS for name in floor]
    assert sorted(rooms) == sorted({room(module) for module in MODULES})


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_from_its_own_floor_or_above(module: str) -> None:
    floor_of = {name: height for height, floor in enumerate(FLOORS) for name in floor}
    own = room(module)
    ours = {name for name in IMPORTS[module] if name.split(".")[0] == "microgrand"}
    wrong = {
        name for name in ours if room(name) != own and floor_of[room(name)] >= floor_of[own]
    } - {"microgrand"}
    assert not wrong


def test_no_import_runs_in_a_circle() -> None:
    ours = {name: {other for other in IMPORTS[name] if other in MODULES} for name in MODULES}
    tuple(TopologicalSorter(ours).static_order())  # raises CycleError


@pytest.mark.parametrize("module", [name for name in MODULES if room(name)[11:] in LIGHT])
def test_what_runs_in_a_browser_imports_numpy_autograd_and_the_standard_library(
    module: str,
) -> None:
    known = {"numpy", "autograd"} | sys.stdlib_module_names
    outside = {name for name in IMPORTS[module] if name.split(".")[0] not in known}
    assert {name for name in outside if room(name)[11:] not in LIGHT} <= {"microgrand"}


def test_verify_takes_only_what_an_op_is_from_the_library() -> None:
    tree = ast.parse((PACKAGE / "verify.py").read_text("utf-8"))
    taken = {
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("microgrand")
        for alias in node.names
    }
    assert taken == {("microgrand.op", "Op"), ("microgrand.op", "registry")}
    # The ops themselves are imported to fill the registry, and never named.
    named = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {name for name in named if name.startswith("microgrand.")}


def loaded_by(statement: str) -> set[str]:
    """The packages in memory after a statement, in a fresh process."""
    program = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_library_takes_nothing_heavy() -> None:
    heavy = {"matplotlib", "scipy", "typer", "rich", "joblib", "PIL", "threadpoolctl", "pooch"}
    heavy |= {"requests", "sklearn", "skimage"}
    assert not loaded_by("import microgrand") & (heavy | {"numpy", "autograd"})
    light = "\n".join(f"import microgrand.{name}" for name in LIGHT)
    loaded = loaded_by(light)
    assert {"numpy", "autograd"} <= loaded  # as they should
    assert not loaded & heavy


# --------------------------------------------------------------------------- what no file may hold

# In pieces, so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.~-])(?:/(?:home|Users|work|tmp)[/]\w|/root[/]|[A-Z]:[\\]+Users)")
REGISTRY = re.compile(r"pypi[.]org/simple|python[h]osted|index[-]url|artifactor[y]")


@pytest.mark.parametrize("place", ["home/a", "Users/a", "work/a", "tmp/a", "root/"])
def test_a_path_of_a_machine_is_known_from_a_relative_one(place: str) -> None:
    assert MACHINE.search(f"see /{place}")
    assert not MACHINE.search(f"see docs/{place}")


def tracked() -> list[Path]:
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    try:
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine", "registry"])
def test_no_tracked_file_names_a_machine_or_a_registry(pattern: re.Pattern[str]) -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if path.name.endswith(".min.js") or "katex" in path.parts:
            continue  # others' files, as they were published
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found
