"""From a scene to the text a model is given. Sizes and seconds are parameters and never part of it."""

from generation.prompting.rendering import (
    FRAME,
    TEMPLATES,
    Template,
    draft_own_prompt,
    find_template,
    render,
    render_frame,
    render_with,
)
from generation.prompting.sandbox import FIELDS, TEXT_LIMIT, WORDS, TemplateError, compile_template

__all__ = [
    "FIELDS",
    "FRAME",
    "TEMPLATES",
    "TEXT_LIMIT",
    "WORDS",
    "Template",
    "TemplateError",
    "compile_template",
    "draft_own_prompt",
    "find_template",
    "render",
    "render_frame",
    "render_with",
]
