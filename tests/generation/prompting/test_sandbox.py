"""Prompt templates that team members write: what is allowed, and that everything else is refused."""

from __future__ import annotations

import time

import pytest

from generation.prompting import FIELDS, TEMPLATES, TEXT_LIMIT, TemplateError, render_with
from generation.prompting.samples import EVERY_FIELD
from tests.generation.prompting.test_rendering import build_scene


def render_text(text: str, **fields: object) -> str:
    return render_with(text, "sora", build_scene(**fields))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_every_built_in_template_is_allowed(template):
    assert render_text(template.text, **EVERY_FIELD) != ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ shot.subject }}", "One"),
        ('{{ shot.lens or "Any lens" }}', "Any lens"),
        ('{{ "Rain" if shot.weather else "Dry" }}', "Dry"),
        ("{% if shot.lens %}A{% elif not shot.weather and shot.action %}B{% else %}C{% endif %}", "B"),
        ('{% if shot.subject == "One" or "x" in shot.action %}yes{% endif %}', "yes"),
        ("{# nothing #}\n\n  {{ shot.subject | sentence }}  \n", "One."),
        ('{{ [shot.subject, shot.lens, "Two"] | phrases | labelled("Said") }}', "Said: One, Two."),
        ("{% raw %}{{ shot }}{% endraw %}", "{{ shot }}"),
    ],
)
def test_allowed_syntax_renders(text: str, expected: str):
    assert render_text(text, subject="One") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # reaching beyond the shot
        ("{{ shot.__class__ }}", "Line 1: The shot has no field “__class__”."),
        ("{{ shot.subject.__class__.__mro__ }}", "Line 1: Use only the shot's fields, such as shot.action."),
        ("{{ shot.custom_prompt }}", "Line 1: The shot has no field “custom_prompt”."),
        ("{{ ''.__class__ }}", "Line 1: Use only the shot's fields, such as shot.action."),
        ("{{ shot }}", "Line 1: Use only the shot's fields, such as shot.action."),
        ("{{ self }}", "Line 1: Use only the shot's fields, such as shot.action."),
        ("{{ shot['title'] }}", "Line 1: A lookup in brackets is not allowed in a prompt template."),
        ("{{ shot.subject | attr('__class__') }}", "Line 1: Unknown filter “attr”. Filters: sentence, in_order, "),
        ("{{ shot.subject | map('upper') }}", "Line 1: Unknown filter “map”. "),
        ("{{ cycler.__init__.__globals__ }}", "Line 1: Use only the shot's fields, such as shot.action."),
        # loops, calls, other templates
        ("\n{% for x in shot.subject %}{{ x }}{% endfor %}", "Line 2: A loop is not allowed in a prompt template."),
        ("{{ range(9) }}", "Line 1: A call is not allowed in a prompt template."),
        ("{{ shot.subject.upper() }}", "Line 1: A call is not allowed in a prompt template."),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "Line 1: A macro is not allowed in a prompt template."),
        ("{% call x() %}{% endcall %}", "Line 1: A call is not allowed in a prompt template."),
        ("{% include 'video/sora_shot_prompt.j2' %}", "Line 1: Another template is not allowed in a prompt template."),
        ("{% import 'x' as y %}", "Line 1: Another template is not allowed in a prompt template."),
        ("{% from 'x' import y %}", "Line 1: Another template is not allowed in a prompt template."),
        ("{% extends 'x' %}", "Line 1: Another template is not allowed in a prompt template."),
        ("{% block x %}{% endblock %}", "Line 1: A block is not allowed in a prompt template."),
        ("{% filter sentence %}x{% endfilter %}", "Line 1: A filter block is not allowed in a prompt template."),
        ("{% set a = shot.subject %}", "Line 1: A variable is not allowed in a prompt template."),
        ("{% set a %}x{% endset %}", "Line 1: A variable is not allowed in a prompt template."),
        ("{% with a = 1 %}{% endwith %}", "Line 1: A variable is not allowed in a prompt template."),
        # arithmetic, and values other than text
        ("{{ 'a' * 2000000000 }}", "Line 1: Arithmetic is not allowed in a prompt template."),
        ("{{ shot.subject ~ shot.subject }}", "Line 1: Arithmetic is not allowed in a prompt template."),
        ("{{ 9 ** 9 ** 9 }}", "Line 1: Arithmetic is not allowed in a prompt template."),
        ("{{ -1 }}", "Line 1: Arithmetic is not allowed in a prompt template."),
        ("{{ 5 }}", "Line 1: Only text in quotes is allowed here."),
        ("{{ none }}", "Line 1: Only text in quotes is allowed here."),
        ("{{ shot.subject is defined }}", "Line 1: A test with “is” is not allowed in a prompt template."),
        ("{% if shot.subject > shot.lens %}x{% endif %}", "Line 1: Compare text with ==, != or in."),
        ("{{ shot.subject == shot.lens }}", "Line 1: This is not allowed in a prompt template."),
        ("{{ [shot.subject] }}", "Line 1: A list needs a filter: phrases or joined."),
        ("{{ [shot.subject] | sentence }}", "Line 1: A list needs a filter: phrases or joined."),
        ("{{ shot.subject | phrases }}", "Line 1: “phrases” needs a list: [shot.lens, shot.weather]."),
        ("{{ shot.subject | sentence(9) }}", "Line 1: “sentence” takes no arguments."),
        ("{{ shot.subject | labelled }}", 'Line 1: “labelled” needs a label: labelled("Camera").'),
        ("{{ shot.subject | labelled(shot.lens) }}", "Line 1: “labelled” needs a label in quotes."),
        ("{{ shot.subject | labelled(5) }}", "Line 1: Only text in quotes is allowed here."),
        ("{{ shot.subject | labelled(label='x') }}", 'Line 1: “labelled” needs a label: labelled("Camera").'),
        ("{{ shot.subject if shot.lens }}", 'Line 1: Add an else: … if … else "".'),
        ('{{ "\\ud800" }}', "Line 1: The text in quotes contains an invalid character."),
        ('{{ "\\x00" }}', "Line 1: The text in quotes contains an invalid character."),
        # invalid Jinja2
        ("a\nb\n{{ shot.subject", "Line 3: unexpected end of template, expected 'end of print statement'."),
        ("{% if shot.subject %}", "Line 1: Unexpected end of template."),
        ("{{ shot.subject | nothing }}", "Line 1: Unknown filter “nothing”. "),
        ("{% do x %}", "Line 1: Encountered unknown tag 'do'."),
    ],
)
def test_forbidden_syntax_is_refused_with_its_line(text: str, message: str):
    with pytest.raises(TemplateError) as refused:
        render_text(text)
    assert str(refused.value).startswith(message)


BOMBS = {
    "loops in loops": "{% for a in 'x' * 99999 %}" * 20 + "{% endfor %}" * 20,
    "a text repeated 2,000,000,000 times": "{{ 'a' * 2000000000 }}",
    "a number of many digits": "{{ " + "9" * (TEXT_LIMIT - 10) + " }}",
    "powers": "{{ 9 ** 9 ** 9 ** 9 }}",
    "brackets": "{{ " + "(" * 2_900 + "shot.subject" + ")" * 2_900 + " }}",
    "not not not": "{% if " + "not " * 1_400 + "shot.subject %}{% endif %}",
    "lists in lists": "{{ " + "[" * 2_900 + "]" * 2_900 + " | joined }}",
    "conditions in conditions": "{% if shot.subject %}" * 150 + "{% endif %}" * 150,
    "or after or": "{{ " + "shot.lens or " * 400 + "shot.subject }}",
    "filters after filters": "{{ shot.subject" + "|sentence" * 600 + " }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "doubling": "{% set a = 'aaaa' %}" + "{% set a = a ~ a %}" * 100 + "{{ a }}",
    "a range": "{{ range(99999999) | list }}",
    "too long": "x" * 5_000_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_in_under_a_second(text: str):
    began = time.perf_counter()
    with pytest.raises(TemplateError):
        render_text(text)
    assert time.perf_counter() - began < 1


def test_the_largest_allowed_template_renders_in_under_a_second():
    field = "{{shot.action|in_order}}"
    text = field * (TEXT_LIMIT // len(field))
    began = time.perf_counter()
    assert len(render_text(text, action="a\n" * 2_000)) > 1_000_000
    assert time.perf_counter() - began < 1


def test_a_template_over_the_length_limit_is_refused():
    assert render_text("x" * TEXT_LIMIT) == "x" * TEXT_LIMIT
    with pytest.raises(TemplateError, match="at most 6,000 characters; this one has 6,001"):
        render_text("x" * (TEXT_LIMIT + 1))


def test_every_field_can_be_used():
    assert [name for name in FIELDS if render_text(f"{{{{ shot.{name} or 'empty' }}}}") == ""] == []
