"""Fails a run on PostgreSQL in which a row lock of the application was not taken: `pytest -p tests.row_locks`.

SQLite ignores FOR UPDATE: a lock that PostgreSQL refuses or that waits forever only fails there. This plugin keeps the tests
marked `database` complete when code moves. Locks taken by worker processes are not seen.
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
#: Set only in the process that collects the results of the others.
missing: list[str] = []


def locking_functions() -> set[str]:
    """Functions of the application whose own code calls select_for_update."""
    functions: set[str] = set()

    def visit(node: ast.AST, path: str, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            scope = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            if isinstance(child, ast.Attribute) and child.attr == "select_for_update":
                functions.add(f"{path}::{scope}")
            visit(child, path, scope)

    for app in APPS:
        for file in (ROOT / app).rglob("*.py"):
            visit(ast.parse(file.read_text()), str(file.relative_to(ROOT)), "")
    return functions


def record_caller() -> None:
    """Record the application's nearest function on the stack; frames of Django's managers come before it."""
    frame = sys._getframe(2)
    while frame.f_back and "django" in frame.f_code.co_filename:
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    if file.is_relative_to(ROOT):
        taken.add(f"{file.relative_to(ROOT)}::{frame.f_code.co_name}")


def pytest_configure(config: pytest.Config) -> None:
    lock = QuerySet.select_for_update

    def recording(self: Any, *args: Any, **kwargs: Any) -> Any:
        record_caller()
        return lock(self, *args, **kwargs)

    recording.queryset_only = False  # type: ignore[attr-defined]  # managers have it too
    QuerySet.select_for_update = recording  # type: ignore[method-assign]


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
