"""Templates obey the layers: none loads, includes or extends what a higher app owns."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.conf import settings
from django.db.models import Model
from django.template.engine import Engine

#: From the bottom up, as in pyproject.toml.
LAYERS = ["core", "teams", "projects", "generation", "storyboard"]
#: Folders whose pages an app renders for a library: allauth's are the sign-in pages of teams.
OWNERS = {"account": "teams", "allauth": "teams", "mfa": "teams", "socialaccount": "teams", "": "teams"}
ROOT = settings.BASE_DIR / "templates"
TEMPLATES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.suffix in {".html", ".txt"})
NAMED = re.compile(r"""{%-?\s*(?:include|extends)\s+["']([^"']+)["']""")
LOADED = re.compile(r"{%-?\s*load\s+(?:.*\bfrom\s+)?([^%]+?)\s*-?%}")


def layer_of(template: str) -> int:
    """Pages at the root frame every page that a person sees, so they stand as low as the lowest app with pages."""
    folder = template.rpartition("/")[0].split("/")[0]
    return LAYERS.index(OWNERS.get(folder, folder))


def library_layer(library: str) -> int:
    module = Engine.get_default().libraries.get(library, "django.templatetags")
    return LAYERS.index(app) if (app := module.split(".")[0]) in LAYERS else 0


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_uses_nothing_of_a_higher_app(template: str):
    text = (ROOT / template).read_text()
    named = {name for name in NAMED.findall(text) if (ROOT / name).exists()}
    libraries = {library for names in LOADED.findall(text) for library in names.split()}
    higher = [name for name in named if layer_of(name) > layer_of(template)]
    higher += [library for library in libraries if library_layer(library) > layer_of(template)]
    assert higher == []


@pytest.mark.parametrize("app", LAYERS)
def test_a_template_tag_only_formats(app: str):
    """A tag that could query or decide would be business logic where no view, type or import contract sees it."""
    for name, module in Engine.get_default().libraries.items():
        if module.split(".")[0] == app:
            imported = vars(import_module(module)).values()
            assert not [value for value in imported if isinstance(value, type) and issubclass(value, Model)], name
