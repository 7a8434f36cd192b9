"""From a scene to the text a model is given. Sizes and seconds are parameters and never part of it."""

from generation.prompting.rendering import (
    FRAME,
    TEMPLATES,
    Template,
    own_text_of,
    render,
    render_frame,
    render_with,
    template_of,
)
from generation.prompting.sandbox import FIELDS, TEXT_LIMIT, WORDS, TemplateError, compiled

__all__ = [
    "FIELDS",
    "FRAME",
    "TEMPLATES",
    "TEXT_LIMIT",
    "WORDS",
    "Template",
    "TemplateError",
    "compiled",
    "own_text_of",
    "render",
    "render_frame",
    "render_with",
    "template_of",
]
