"""From a scene to the text a model is given. Sizes and seconds are parameters and never part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from generation.catalogue import Model
from projects import presets
from projects.models import Scene

ENDS = (".", "!", "?", "…", "—", "–", "。", "！", "？")
CLOSERS = "\"'”’»)]"
BULLET = re.compile(r"^[-–—*•]\s+")
QUOTATION_MARKS = re.compile('["“”„‟«»]')
#: "ANNA", "Old Man" or "Anna (whispering)": at most four words, each with a capital.
SPEAKER = re.compile(r"(?:[^\W\d_][^\s:,.!?()]*\.?)(?: [^\W\d_][^\s:,.!?()]*){0,3}(?: \([^()]*\))?")


def _finished(text: str) -> str:
    """With one full stop, unless it ends in a mark of its own."""
    return text if text.rstrip(CLOSERS).endswith(ENDS) else f"{text}."


def beats(value: str) -> list[str]:
    """One sentence for each line that says something, without its bullet."""
    lines = (BULLET.sub("", " ".join(line.split())) for line in value.splitlines())
    said = (line.lstrip(" ,;:").rstrip(" ,;:") for line in lines)
    return [_finished(line) for line in said if line.strip(" .-–—*•")]


def sentence(value: str) -> str:
    """The text in one line, ended with a full stop; empty where it says nothing."""
    return " ".join(beats(value))


def phrases(values: Iterable[str]) -> str:
    """What is filled of these, with commas between."""
    lines = (line for value in values for line in beats(value))
    return ", ".join(line if line.endswith("..") else line.removesuffix(".") for line in lines)


def _is_speaker(text: str) -> bool:
    name = text.partition("(")[0]
    return bool(SPEAKER.fullmatch(text)) and all(word[0].isupper() for word in name.split())


def spoken(value: str) -> list[tuple[str, str]]:
    """Who says what, turn by turn; without a name where none is given.

    Quotation marks go: models write what stands between them into the picture.
    """
    turns: list[tuple[str, list[str]]] = []
    for line in value.splitlines():
        text = BULLET.sub("", " ".join(QUOTATION_MARKS.sub(" ", line).split()))
        name, colon, words = text.partition(":")
        if colon and _is_speaker(name) and (not words or words[0] == " "):
            turns.append((name, []))
            text = words.strip()
        elif text.isupper() and _is_speaker(text):
            turns.append((text, []))
            text = ""
        is_direction = text.startswith("(") and text.endswith(")")
        for said in [text] if is_direction else beats(text):
            if not turns or not turns[-1][0]:
                turns.append(("", []))
            turns[-1][1].append(said)
    return [(name, " ".join(said)) if said else ("", _finished(name)) for name, said in turns]


@cache
def environment() -> ImmutableSandboxedEnvironment:
    found = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(settings.BASE_DIR) / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    found.filters |= {"beats": beats, "sentence": sentence, "phrases": phrases, "spoken": spoken}
    return found


def _labelled(scene: Scene) -> dict[str, Any]:
    """The shot with what people read in place of preset keys."""
    named = presets.all_presets()
    return {
        name: presets.label(name, value) if name in named and value else value for name, value in scene.shot().items()
    }


def _rendered(*templates: str, **context: Any) -> str:
    """By the first of the templates that there is."""
    text = environment().select_template(templates).render(context)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def render(scene: Scene, model: Model) -> str:
    """The prompt of this scene for that model's provider; empty fields leave no trace in it.

    A prompt of its own goes before the template. What to avoid is left out where the request has a field for it.
    """
    apart = model.takes.negative_prompt
    if scene.own_prompt.strip():
        avoid = sentence(scene.negative_prompt)
        return f"{scene.own_prompt.strip()}\nAvoid: {avoid}" if avoid and not apart else scene.own_prompt.strip()
    own, common = f"video/{model.provider}_shot_prompt.j2", "video/sora_shot_prompt.j2"
    return _rendered(own, common, shot=_labelled(scene), negative_prompt_apart=apart)


def render_frame(scene: Scene) -> str:
    """The prompt of one still of this scene: its first moment, without movement or dialogue."""
    shot = _labelled(scene)
    if scene.depth_of_field == "rack-focus":
        shot["depth_of_field"] = ""
    return _rendered("image/frame_prompt.j2", shot=shot)
