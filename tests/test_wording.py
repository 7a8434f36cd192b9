"""Sentences that people read are plain product English: they contain none of a short list of telltale words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

TELLTALES = re.compile(
    r"\b(somebody|nobody|whom|whoever|of which|told|in the way|as it stands|nobody knows|set aside|needs a look)\b",
    re.IGNORECASE,
)
APPS = ("core", "teams", "projects", "generation", "storyboard", "imageai_web")
#: Migrations repeat old texts; the local renderer's drawing matches words of scenes.
LEFT_OUT = ("/migrations/", "generation/providers/drawing/")
#: Comments and tags are not shown on the page.
TEMPLATE_CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<!--.*?-->", re.DOTALL)


def python_files() -> list[Path]:
    files = (path for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py"))
    return sorted(path for path in files if not any(part in str(path) for part in LEFT_OUT))


def template_files() -> list[Path]:
    return sorted(path for path in (settings.BASE_DIR / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a module with their line numbers, without docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def relative(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


@pytest.mark.parametrize("path", template_files(), ids=relative)
def test_a_template_has_no_telltale_word(path: Path):
    assert TELLTALES.findall(TEMPLATE_CODE.sub(" ", path.read_text())) == []


def test_no_message_has_a_telltale_word():
    found = [f"{relative(path)}:{line}: {text}" for path in python_files() for line, text in messages(path)]
    assert [text for text in found if TELLTALES.search(text.partition(": ")[2])] == []


@pytest.mark.parametrize(("sentence", "is_plain"), [("Nobody works on these.", False), ("No worker is running.", True)])
def test_the_list_matches_telltale_words_only(sentence: str, is_plain: bool):
    assert (TELLTALES.search(sentence) is None) == is_plain
