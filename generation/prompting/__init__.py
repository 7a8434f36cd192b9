"""The prompt of a scene. Size, length, seed and sound are parameters of the request and never part of the prompt."""

from generation.prompting.rendering import (
    FRAME,
    TEMPLATES,
    Template,
    draft_custom_prompt,
    find_template,
    render,
    render_frame,
    render_with,
)
from generation.prompting.sandbox import FIELDS, FILTERS, TEXT_LIMIT, TemplateError, compile_template

__all__ = [
    "FIELDS",
    "FILTERS",
    "FRAME",
    "TEMPLATES",
    "TEXT_LIMIT",
    "Template",
    "TemplateError",
    "compile_template",
    "draft_custom_prompt",
    "find_template",
    "render",
    "render_frame",
    "render_with",
]
