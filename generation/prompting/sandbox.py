"""The language of prompt templates: a subset of Jinja2 without loops, arithmetic, calls or anything but the shot's fields.

A template is text with `{{ text }}` and `{% if condition %}`. A text is `shot.<field>`, a literal in quotes, a text with a
filter, `text or text`, or `text if condition else text`. Everything else is refused before it runs, so output and rendering
time are bounded by the lengths of template and fields. Jinja2's sandbox is the second line of defence.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from generation.prompting import template_filters
from projects.models import Scene

FIELDS = tuple(name for name in Scene.SHOT_FIELDS if name != "custom_prompt")
TEXT_LIMIT = 6_000
DEPTH_LIMIT = 20

TEXT_FILTERS = {
    "sentence": template_filters.sentence,
    "in_order": template_filters.in_order,
    "first_moment": template_filters.first_moment,
    "spoken_lines": template_filters.spoken_lines,
    "says": template_filters.says,
}
LIST_FILTERS = {"phrases": template_filters.phrases, "joined": template_filters.joined}
#: Filters with one argument: a label in quotes.
LABEL_FILTERS = {"labelled": template_filters.labelled}
#: By the name in templates. Teams' saved templates use these names: add to them, never rename one.
FILTERS = {**TEXT_FILTERS, **LABEL_FILTERS, **LIST_FILTERS}

#: How error messages call the syntax that is refused.
NODE_NAMES: dict[type[nodes.Node], str] = {
    nodes.For: "A loop",
    nodes.Macro: "A macro",
    nodes.Call: "A call",
    nodes.CallBlock: "A call",
    nodes.Assign: "A variable",
    nodes.AssignBlock: "A variable",
    nodes.With: "A variable",
    nodes.Include: "Another template",
    nodes.Import: "Another template",
    nodes.FromImport: "Another template",
    nodes.Extends: "Another template",
    nodes.Block: "A block",
    nodes.FilterBlock: "A filter block",
    nodes.BinExpr: "Arithmetic",
    nodes.UnaryExpr: "Arithmetic",
    nodes.Concat: "Arithmetic",
    nodes.Getitem: "A lookup in brackets",
    nodes.Test: "A test with “is”",
    nodes.Dict: "A dictionary",
    nodes.Tuple: "A tuple",
}


class TemplateError(Exception):
    """A template that is not allowed; the message begins with the line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line


ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
ENVIRONMENT.filters.clear()
ENVIRONMENT.filters.update(FILTERS)
ENVIRONMENT.tests.clear()
ENVIRONMENT.globals.clear()


@lru_cache(maxsize=256)
def compile_template(text: str) -> Compiled:
    """Raises TemplateError. Checks the whole template without running any of it."""
    if len(text) > TEXT_LIMIT:
        raise TemplateError(f"A template has at most {TEXT_LIMIT:,} characters; this one has {len(text):,}.", 1)
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{(error.message or 'Syntax error').removesuffix('.')}.", error.lineno) from error
    except RecursionError as error:
        raise TemplateError("Nested too deeply.", 1) from error
    except ValueError as error:  # a number with more digits than Python parses
        raise TemplateError("A number is not allowed here.", 1) from error
    _check_body(tree.body, 0)
    return ENVIRONMENT.from_string(tree)


def _refuse(node: nodes.Node) -> TemplateError:
    kind = next((NODE_NAMES[base] for base in type(node).__mro__ if base in NODE_NAMES), "This")
    return TemplateError(f"{kind} is not allowed in a prompt template.", node.lineno)


def _descend(node: nodes.Node, depth: int) -> int:
    # The depth of the node's children. Bounded, because Jinja2 compiles recursively and Python limits recursion.
    if depth >= DEPTH_LIMIT:
        raise TemplateError("Nested too deeply.", node.lineno)
    return depth + 1


def _check_body(body: list[nodes.Node], depth: int) -> None:
    for node in body:
        inner = _descend(node, depth)
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        _check_text(part, inner)
            case nodes.If():
                _check_condition(node.test, inner)
                for body in (node.body, node.else_, *(branch.body for branch in node.elif_)):
                    _check_body(body, inner)
                for branch in node.elif_:
                    _check_condition(branch.test, inner)
            case _:
                raise _refuse(node)


def _check_condition(node: nodes.Node, depth: int) -> None:
    inner = _descend(node, depth)
    match node:
        case nodes.Not():
            _check_condition(node.node, inner)
        case nodes.And() | nodes.Or():
            _check_condition(node.left, inner)
            _check_condition(node.right, inner)
        case nodes.Compare():
            for operand in node.ops:
                if operand.op not in {"eq", "ne", "in", "notin"}:
                    raise TemplateError("Compare text with ==, != or in.", node.lineno)
            for text in (node.expr, *(operand.expr for operand in node.ops)):
                _check_text(text, inner)
        case _:
            _check_text(node, inner)


def _check_text(node: nodes.Node, depth: int) -> None:
    inner = _descend(node, depth)
    match node:
        case nodes.Const():
            _check_literal(node)
        case nodes.Getattr(node=nodes.Name(name="shot")):
            if node.attr not in FIELDS:
                raise TemplateError(f"The shot has no field “{node.attr}”.", node.lineno)
        case nodes.Name() | nodes.Getattr():
            raise TemplateError("Use only the shot's fields, such as shot.action.", node.lineno)
        case nodes.Or() | nodes.And():
            _check_text(node.left, inner)
            _check_text(node.right, inner)
        case nodes.CondExpr():
            if node.expr2 is None:
                raise TemplateError('Add an else: … if … else "".', node.lineno)
            _check_condition(node.test, inner)
            _check_text(node.expr1, inner)
            _check_text(node.expr2, inner)
        case nodes.Filter():
            _check_filter(node, inner)
        case nodes.List():
            raise TemplateError(f"A list needs a filter: {' or '.join(LIST_FILTERS)}.", node.lineno)
        case _:
            raise _refuse(node)


def _check_literal(node: nodes.Const) -> None:
    if not isinstance(node.value, str):
        raise TemplateError("Only text in quotes is allowed here.", node.lineno)
    # Control characters and lone surrogates: databases and providers reject them.
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in node.value):
        raise TemplateError("The text in quotes contains an invalid character.", node.lineno)


def _check_filter(node: nodes.Filter, depth: int) -> None:
    if node.name not in FILTERS or node.node is None:
        raise TemplateError(f"Unknown filter “{node.name}”. Filters: {', '.join(FILTERS)}.", node.lineno)
    if node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) != (node.name in LABEL_FILTERS):
        needed = 'needs a label: labelled("Camera")' if node.name in LABEL_FILTERS else "takes no arguments"
        raise TemplateError(f"“{node.name}” {needed}.", node.lineno)
    for label in node.args:
        if not isinstance(label, nodes.Const):
            raise TemplateError(f"“{node.name}” needs a label in quotes.", node.lineno)
        _check_literal(label)
    if node.name not in LIST_FILTERS:
        _check_text(node.node, depth)
    elif isinstance(node.node, nodes.List):
        for item in node.node.items:
            _check_text(item, depth)
    else:
        raise TemplateError(f"“{node.name}” needs a list: [shot.lens, shot.weather].", node.lineno)
