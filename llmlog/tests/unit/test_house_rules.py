"""The house rules, held by the code of both packages: sizes, names, docstrings, and what an import does."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import llmlog

ROOT = Path(__file__).parents[3]
SOURCES = [ROOT / "llmlog" / "src", ROOT / "djforge" / "src"]
MODULES = [path for source in SOURCES for path in sorted(source.rglob("*.py"))]
MODULE_LINES, INIT_LINES, FUNCTION_LINES = 400, 60, 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
PUBLIC = [
    "Attempt",
    "BadRequest",
    "Cost",
    "ErrorInfo",
    "Interaction",
    "LLMLoggingService",
    "LlmCall",
    "LlmRequest",
    "LlmResponse",
    "LlmlogError",
    "LogEntry",
    "LogResult",
    "QueryOptions",
    "Result",
    "SearchResult",
    "Settings",
    "SettingsError",
    "Statistics",
    "Step",
    "StoreUnavailable",
    "Usage",
    "__version__",
]


def named(path: Path) -> str:
    """A module's path as it is told in a failure."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """Lines of a function from `def` to its end, its docstring not counted."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_there_is_code_to_look_at() -> None:
    """Both packages are looked through."""
    assert len([path for path in MODULES if "llmlog/src" in named(path)]) > 50
    assert len([path for path in MODULES if "djforge/src" in named(path)]) > 80


def test_modules_stay_small() -> None:
    """No module is longer than 400 lines, no `__init__.py` than 59."""
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {named(path): size for path, size in sizes.items() if size > MODULE_LINES}
    assert not {
        named(path): size for path, size in sizes.items() if path.name == "__init__.py" and size >= INIT_LINES
    }


def test_functions_stay_small() -> None:
    """No function is longer than 50 lines beside its docstring."""
    long = {
        f"{named(path)}:{function.name}": lines_of(function)
        for path in MODULES
        for function in functions(tree_of(path))
        if lines_of(function) > FUNCTION_LINES
    }
    assert not long


def test_names_say_something() -> None:
    """No module or folder is called after nothing in particular."""
    vague = [
        named(path) for path in MODULES for source in SOURCES if source in path.parents
        if VAGUE_NAMES & {part.removesuffix(".py").strip("_") for part in path.relative_to(source).parts}
    ]  # fmt: skip
    assert not vague


def _public(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public classes and functions of a module, with the functions that a class offers of its own."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{inside}{node.name}", node
            if isinstance(node, ast.ClassDef) and not inside:
                yield from _public([part for part in node.body if isinstance(part, ast.ClassDef)], f"{node.name}.")


def test_what_is_public_is_explained() -> None:
    """Every module, public class and public function has a docstring."""
    silent = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        tree = tree_of(path)
        if text.strip() and ast.get_docstring(tree) is None:
            silent.append(named(path))
        silent += [f"{named(path)}:{name}" for name, node in _public(tree.body) if ast.get_docstring(node) is None]
    assert not silent


def test_nothing_is_left_to_do() -> None:
    """No source holds a note of work that is still to be done, or asks whether it is being tested."""
    forbidden = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "PYTEST_" + "CURRENT", '"py' + 'test" in')
    found = [f"{named(path)}: {word}" for path in MODULES for word in forbidden if word in path.read_text("utf-8")]
    assert not found


def test_exports_are_listed() -> None:
    """What `llmlog` offers is this list, and each name is there."""
    assert llmlog.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(llmlog, name) is not None


IMPORT = """
import socket, sys, threading
from pathlib import Path

def refuse(*arguments, **options):
    raise AssertionError("a socket was opened")

real = socket.socket
socket.socket = refuse
before = set(Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").exists() else set()
import {package}
after = set(Path("/proc/self/fd").iterdir()) if before else set()
assert threading.active_count() == 1, threading.enumerate()
opened = [path for path in after - before if path.exists()]
assert not opened, opened
heavy = [name for name in {unwanted!r} if name in sys.modules]
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [("llmlog", ["redis", "asyncio", "starlette", "jinja2", "djforge"]), ("djforge", ["redis", "starlette"])],
)
def test_importing_does_nothing(package: str, unwanted: list[str]) -> None:
    """An import starts no thread, opens no socket or file, prints nothing and brings in nothing heavy."""
    code = IMPORT.format(package=package, unwanted=unwanted)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_importing_everything_starts_nothing() -> None:
    """Importing all modules of both packages starts no thread and prints nothing."""
    names = []
    for source in SOURCES:
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    code = "import importlib, sys, threading\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    code += "assert threading.active_count() == 1, threading.enumerate()\n"
    run = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("lines", [FUNCTION_LINES, FUNCTION_LINES + 1])
def test_the_measure_of_functions(lines: int) -> None:
    """A function of so many lines is measured as such, its docstring not counted."""
    body = "\n".join("    x = 1" for _ in range(lines - 1))
    [function] = functions(ast.parse(f'def long():\n    """Two\n    lines."""\n{body}\n'))
    assert lines_of(function) == lines
