"""Fails a run on PostgreSQL in which a row lock of the application was not taken: `pytest -p tests.row_locks`.

SQLite ignores FOR UPDATE. Where PostgreSQL would refuse a lock or wait for ever, only a run there says so; this plugin keeps
the tests marked `database` complete, whatever is moved or added. Locks that worker processes take are not seen.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet

ROOT = Path(__file__).resolve().parent.parent
APPS = ("core", "teams", "projects", "generation", "storyboard", "imageai_web")
#: "path::function" of each function that has locked rows in this process.
taken: set[str] = set()
#: Only in the process that collects what the others have taken.
missing: list[str] = []


def locking_functions() -> set[str]:
    """Functions of the application whose own code calls select_for_update."""
    found: set[str] = set()

    def visit(node: ast.AST, path: str, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            if isinstance(child, ast.Attribute) and child.attr == "select_for_update":
                found.add(f"{path}::{inside}")
            visit(child, path, inside)

    for app in APPS:
        for file in (ROOT / app).rglob("*.py"):
            visit(ast.parse(file.read_text()), str(file.relative_to(ROOT)), "")
    return found


def note_caller() -> None:
    """The nearest function of the application on the stack; Django's managers stand between."""
    frame = sys._getframe(2)
    while frame.f_back and "django" in frame.f_code.co_filename:
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    if file.is_relative_to(ROOT):
        taken.add(f"{file.relative_to(ROOT)}::{frame.f_code.co_name}")


def pytest_configure(config: pytest.Config) -> None:
    lock = QuerySet.select_for_update

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        note_caller()
        return lock(self, *args, **kwargs)

    noting.queryset_only = False  # type: ignore[attr-defined]  # managers have it too
    QuerySet.select_for_update = noting  # type: ignore[method-assign]


def pytest_testnodedown(node: Any) -> None:
    taken.update(node.workeroutput.get("row_locks", ()))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    yield
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["row_locks"] = sorted(taken)
        return
    missing.extend(sorted(locking_functions() - taken))
    if missing and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if missing:
        terminalreporter.section("row locks that no test has taken on PostgreSQL")
        terminalreporter.write_line("\n".join(missing))
        terminalreporter.write_line("Mark a test that takes them `database`; see tests/conftest.py.")
