"""The language of prompt templates: a part of Jinja2 in which nothing can loop, calculate, call or reach beyond the shot.

A template is text with `{{ text }}` and `{% if condition %}` in it. A text is `shot.<field>`, "words in quotes", one of WORDS
behind another text, one text `or` another, or one `if` a condition `else` another. What is not named here is refused, so that
a template can say no more than some texts in some order, and takes no longer than that. Jinja2's sandbox stands behind it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from generation.prompting import template_filters
from projects.models import Scene

FIELDS = tuple(name for name in Scene.SHOT_FIELDS if name != "own_prompt")
TEXT_LIMIT = 6_000
DEPTH_LIMIT = 20

#: What can be done with one text, with a list of texts, and with one text and a label.
OF_TEXT = {
    "sentence": template_filters.sentence,
    "in_order": template_filters.in_order,
    "first_moment": template_filters.first_moment,
    "spoken_lines": template_filters.spoken_lines,
    "says": template_filters.says,
}
OF_LIST = {"phrases": template_filters.phrases, "joined": template_filters.joined}
WITH_LABEL = {"labelled": template_filters.labelled}
WORDS = {**OF_TEXT, **WITH_LABEL, **OF_LIST}

#: How people call what they may not use.
NAMES: dict[type[nodes.Node], str] = {
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
    nodes.Getitem: "Something in brackets",
    nodes.Test: "A test with “is”",
    nodes.Dict: "A dictionary",
    nodes.Tuple: "A row of values",
}


class TemplateError(Exception):
    """What is wrong with a template, and in which of its lines."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line


ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
ENVIRONMENT.filters.clear()
ENVIRONMENT.filters.update(WORDS)
ENVIRONMENT.tests.clear()
ENVIRONMENT.globals.clear()


@lru_cache(maxsize=256)
def compile_template(text: str) -> Compiled:
    """Raises TemplateError."""
    if len(text) > TEXT_LIMIT:
        raise TemplateError(f"A template has at most {TEXT_LIMIT:,} characters; this one has {len(text):,}.", 1)
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{(error.message or 'This cannot be read').removesuffix('.')}.", error.lineno) from error
    except RecursionError as error:
        raise TemplateError("This is nested too deeply.", 1) from error
    except ValueError as error:  # a number of more digits than Python reads
        raise TemplateError("A number is not allowed here.", 1) from error
    _check_body(tree.body, 0)
    return ENVIRONMENT.from_string(tree)


def _refuse(node: nodes.Node) -> TemplateError:
    kind = next((NAMES[base] for base in type(node).__mro__ if base in NAMES), "This")
    return TemplateError(f"{kind} is not allowed in a prompt template.", node.lineno)


def _deeper(node: nodes.Node, depth: int) -> int:
    if depth >= DEPTH_LIMIT:
        raise TemplateError("This is nested too deeply.", node.lineno)
    return depth + 1


def _check_body(body: list[nodes.Node], depth: int) -> None:
    for node in body:
        inner = _deeper(node, depth)
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        _check_text(part, inner)
            case nodes.If():
                _check_condition(node.test, inner)
                for branch in (node.body, node.else_, *(one.body for one in node.elif_)):
                    _check_body(branch, inner)
                for one in node.elif_:
                    _check_condition(one.test, inner)
            case _:
                raise _refuse(node)


def _check_condition(node: nodes.Node, depth: int) -> None:
    inner = _deeper(node, depth)
    match node:
        case nodes.Not():
            _check_condition(node.node, inner)
        case nodes.And() | nodes.Or():
            _check_condition(node.left, inner)
            _check_condition(node.right, inner)
        case nodes.Compare():
            for operand in node.ops:
                if operand.op not in {"eq", "ne", "in", "notin"}:
                    raise TemplateError("Texts are compared with ==, != or in.", node.lineno)
            for text in (node.expr, *(operand.expr for operand in node.ops)):
                _check_text(text, inner)
        case _:
            _check_text(node, inner)


def _check_text(node: nodes.Node, depth: int) -> None:
    inner = _deeper(node, depth)
    match node:
        case nodes.Const():
            _check_words(node)
        case nodes.Getattr(node=nodes.Name(name="shot")):
            if node.attr not in FIELDS:
                raise TemplateError(f"A shot has no “{node.attr}”.", node.lineno)
        case nodes.Name() | nodes.Getattr():
            raise TemplateError("Only the fields of the shot can be used, such as shot.action.", node.lineno)
        case nodes.Or() | nodes.And():
            _check_text(node.left, inner)
            _check_text(node.right, inner)
        case nodes.CondExpr():
            if node.expr2 is None:
                raise TemplateError('Say what stands there otherwise: … if … else "".', node.lineno)
            _check_condition(node.test, inner)
            _check_text(node.expr1, inner)
            _check_text(node.expr2, inner)
        case nodes.Filter():
            _check_filter(node, inner)
        case nodes.List():
            raise TemplateError(f"A list needs {' or '.join(OF_LIST)} behind it.", node.lineno)
        case _:
            raise _refuse(node)


def _check_words(node: nodes.Const) -> None:
    if not isinstance(node.value, str):
        raise TemplateError("Only words in quotes are allowed here.", node.lineno)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in node.value):
        raise TemplateError("These words have a character that cannot be written.", node.lineno)


def _check_filter(node: nodes.Filter, depth: int) -> None:
    if node.name not in WORDS or node.node is None:
        raise TemplateError(f"There is no “{node.name}”; there is {', '.join(WORDS)}.", node.lineno)
    if node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) != (node.name in WITH_LABEL):
        takes = 'a label: labelled("Camera")' if node.name in WITH_LABEL else "nothing in brackets"
        raise TemplateError(f"“{node.name}” takes {takes}.", node.lineno)
    for label in node.args:
        if not isinstance(label, nodes.Const):
            raise TemplateError(f"“{node.name}” takes a label in quotes.", node.lineno)
        _check_words(label)
    if node.name not in OF_LIST:
        _check_text(node.node, depth)
    elif isinstance(node.node, nodes.List):
        for item in node.node.items:
            _check_text(item, depth)
    else:
        raise TemplateError(f"“{node.name}” takes a list: [shot.lens, shot.weather].", node.lineno)
