"""Whether a model can make the images that are requested, and for how much.

As for clips, an option that the model doesn't have is a blocker and never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path

from core.plurals import count_noun
from generation.catalogue import Model
from generation.catalogue.pricing import image_price
from generation.connections import Roster
from generation.providers.base import PLAIN_BACKGROUNDS, ImageRequest
from generation.quoting.eligibility import availability_blockers, available_models, prompt_blockers, suggest_alternative

#: Limits of models with free sizes: pixels in steps, the longer edge, the area, and the ratio of the edges.
STEP, MAX_EDGE, MAX_PIXELS, MAX_RATIO = 16, 3840, 3840 * 2160, 3
COMPRESSED = ("webp", "jpeg")
TRANSPARENT = ("png", "webp")
MODERATIONS = ("auto", "low")

#: `suggest_alternative` for one model and roster.
Suggest = Callable[[Callable[[Model], bool]], str]


def image_models(roster: Roster, provider: str = "") -> list[Model]:
    """Available models, those without a retirement date first; if there are none, all of them, so that a page can say why."""
    available = [model for model in available_models(roster, "image") if provider in ("", model.provider)]
    if available:
        return sorted(available, key=lambda model: model.retired_on is not None)
    return [model for model in roster.models.values() if model.kind == "image" and provider in ("", model.provider)]


def image_blockers(model: Model, request: ImageRequest, roster: Roster, inputs: int = 0) -> list[str]:
    """Sentences that say why the model can't make this. `inputs` is how many stored files replace the request's images."""
    if inputs:
        request = replace(request, images=(Path("picture.png"),) * inputs)
    return [*availability_blockers(model, roster), *_request_blockers(model, request, roster)]


def _request_blockers(model: Model, request: ImageRequest, roster: Roster) -> list[str]:
    if model.kind != "image":
        return [f"{model.name} doesn't make images."]
    suggest = partial(suggest_alternative, model, roster)
    settings: dict[str, tuple[str, Callable[[Model], tuple[str, ...]]]] = {
        "quality": (request.quality, lambda other: other.qualities),
        "style": (request.style, lambda other: () if request.images else other.styles),
        "background": (request.background, background_choices),
        "format": (request.output_format, lambda other: other.formats),
    }
    return [
        *prompt_blockers(model, request.prompt),
        *_size_blockers(model, request.size, suggest),
        *chain.from_iterable(_setting_blockers(model, name, *setting, suggest) for name, setting in settings.items()),
        *_moderation_blockers(model, request, suggest),
        *_combination_blockers(model, request, suggest),
        *_count_blockers(model, request.count, suggest),
        *_input_blockers(model, request, suggest),
    ]


def background_choices(model: Model) -> tuple[str, ...]:
    return (*model.backgrounds, *PLAIN_BACKGROUNDS) if "opaque" in model.backgrounds else model.backgrounds


def is_free_size(size: str) -> bool:
    """Whether models with free sizes make it."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size)
    if not match:
        return False
    short, long = sorted((int(match[1]), int(match[2])))
    in_steps = short % STEP == long % STEP == 0
    return in_steps and long <= min(MAX_EDGE, MAX_RATIO * short) and short * long <= MAX_PIXELS


def request_price(model: Model, request: ImageRequest, inputs: int = 0) -> Decimal:
    """The estimate, in US dollars. `inputs` is how many stored files replace the request's images."""
    return image_price(
        model,
        size=request.size,
        quality=request.quality,
        count=request.count,
        prompt=request.prompt,
        inputs=inputs or len(request.images),
    )


# -- Blockers ----------------------------------------------------------------------------------------------------------


def _size_blockers(model: Model, size: str, suggest: Suggest) -> Iterator[str]:
    if not size or _supports_size(model, size):
        return
    supported = ", ".join(model.image_sizes)
    if model.free_size:
        supported += f" or any width and height in steps of {STEP}, up to 3840x2160 and {MAX_RATIO}:1"
    better = suggest(lambda other: _supports_size(other, size))
    yield f"{model.name} doesn't support size {size}, only {supported}.{better}"


def _supports_size(model: Model, size: str) -> bool:
    return size in model.image_sizes or (model.free_size and is_free_size(size))


def _setting_blockers(
    model: Model, name: str, value: str, choices: Callable[[Model], tuple[str, ...]], suggest: Suggest
) -> Iterator[str]:
    if not value or value in choices(model):
        return
    better = suggest(lambda other: value in choices(other))
    if supported := choices(model):
        yield f"{model.name} doesn't support {name} {value}, only {', '.join(supported)}.{better}"
    else:
        yield f"{model.name} has no {name} setting. Leave it empty.{better}"


def _moderation_blockers(model: Model, request: ImageRequest, suggest: Suggest) -> Iterator[str]:
    # Models that have a choice of format have one of moderation too; no model has it for edits.
    if request.moderation and request.images and model.formats:
        yield f"{model.name} has no moderation setting when it edits images. Leave it empty."
        return
    yield from _setting_blockers(
        model, "moderation", request.moderation, lambda other: MODERATIONS if other.formats else (), suggest
    )


def _combination_blockers(model: Model, request: ImageRequest, suggest: Suggest) -> Iterator[str]:
    output_format = request.output_format or "png"
    if request.background == "transparent" and model.backgrounds and output_format not in TRANSPARENT:
        yield f"A transparent background needs format {' or '.join(TRANSPARENT)}, not {output_format}."
    if request.compression is None:
        return
    if not model.formats:
        better = suggest(lambda other: other.formats != ())
        yield f"{model.name} has no compression setting. Leave it empty.{better}"
    elif output_format not in COMPRESSED:
        yield f"Compression needs format {' or '.join(COMPRESSED)}, not {output_format}."
    elif not 0 <= request.compression <= 100:
        yield f"Compression must be 0 to 100, not {request.compression}."


def _count_blockers(model: Model, count: int, suggest: Suggest) -> Iterator[str]:
    if count < 1:
        yield f"Generate at least 1 image, not {count}."
    elif count > model.max_images:
        better = suggest(lambda other: other.max_images >= count)
        yield f"{model.name} generates up to {count_noun(model.max_images, 'image')} at a time, not {count}.{better}"


def _input_blockers(model: Model, request: ImageRequest, suggest: Suggest) -> Iterator[str]:
    count, most = len(request.images), _max_inputs(model)
    if count > most:
        supports = f"supports {count_noun(most, 'input image')}" if most else "doesn't support input images"
        yield f"{model.name} {supports} ({count} attached).{suggest(lambda other: _max_inputs(other) >= count)}"


def _max_inputs(model: Model) -> int:
    return max(1, model.supports.references) if model.supports.edit else 0
