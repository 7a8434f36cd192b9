"""What is in the way of pictures that were asked for, and what they would cost: checks against the catalogue.

Nothing that was chosen may get lost: an option the model does not have is an blocker, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import chain

from generation.catalogue import Model
from generation.connections import Roster
from generation.providers.base import PLAIN_BACKGROUNDS, ImageRequest
from generation.quoting.eligibility import find_blockers, prompt_blockers, suggest_alternative

STEP = 16
LONGEST_EDGE, MOST_PIXELS, WIDEST = 3840, 3840 * 2160, 3
AUTO = "auto"
COMPRESSED = ("webp", "jpeg")
SEE_THROUGH = ("png", "webp")
MODERATIONS = ("auto", "low")


#: From what a model must be able to do, the sentence that names one which is.
Better = Callable[[Callable[[Model], bool]], str]


def image_blockers(model: Model, request: ImageRequest, roster: Roster) -> list[str]:
    if model.kind != "image":
        return [f"{model.name} makes no pictures (model)."]
    better = partial(suggest_alternative, model, roster)
    choices: dict[str, tuple[str, Callable[[Model], tuple[str, ...]]]] = {
        "quality": (request.quality, lambda other: other.qualities),
        "style": (request.style, lambda other: () if request.images else other.styles),
        "background": (request.background, background_choices),
        "format": (request.output_format, lambda other: other.formats),
    }
    return [
        *prompt_blockers(model, request.prompt),
        *_size_blockers(model, request.size, better),
        *chain.from_iterable(_choice_blockers(model, name, *choice, better) for name, choice in choices.items()),
        *_moderation_blockers(model, request, better),
        *_combination_blockers(model, request, better),
        *_count_blockers(model, request.count, better),
        *_input_blockers(model, request, better),
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
    return in_steps and long <= min(LONGEST_EDGE, WIDEST * short) and short * long <= MOST_PIXELS


def image_price(model: Model, size: str, quality: str, count: int) -> Decimal | None:
    """The price of that many pictures; None where it is not known beforehand.

    Where the provider chooses, it is the dearest it may choose, and None unless the price of each is known.
    """
    sizes = [one for one in model.image_sizes if one != AUTO] if size in ("", AUTO) else [size]
    qualities = [one for one in model.qualities if one != AUTO] if quality in ("", AUTO) else [quality]
    amounts = [_amount(model, one, other) for one in sizes for other in qualities]
    known = [amount for amount in amounts if amount is not None]
    return max(known) * count if known and len(known) == len(amounts) else None


def _amount(model: Model, size: str, quality: str) -> Decimal | None:
    """Upright and lying pictures cost the same."""
    turned = "x".join(reversed(size.split("x")))
    prices = model.price_per_image.get(size) or model.price_per_image.get(turned)
    return prices.get(quality) if prices else None


# -- What can be in the way --------------------------------------------------------------------------------------------


def _size_blockers(model: Model, size: str, better: Better) -> Iterator[str]:
    if not size or _makes_size(model, size):
        return
    allowed = ", ".join(model.image_sizes)
    if model.free_size:
        allowed += f" and any width and height in steps of {STEP}, up to 3840x2160 and {WIDEST}:1"
    yield f"{model.name} has no size {size}; it has {allowed}.{better(lambda other: _makes_size(other, size))}"


def _makes_size(model: Model, size: str) -> bool:
    return size in model.image_sizes or (model.free_size and is_free_size(size))


def _choice_blockers(
    model: Model, field: str, value: str, choices: Callable[[Model], tuple[str, ...]], better: Better
) -> Iterator[str]:
    if not value or value in choices(model):
        return
    named = better(lambda other: value in choices(other))
    if allowed := choices(model):
        yield f"{model.name} has no {field} {value}; it has {', '.join(allowed)}.{named}"
    else:
        yield f"{model.name} has no choice of {field}; leave it empty.{named}"


def _moderation_blockers(model: Model, request: ImageRequest, better: Better) -> Iterator[str]:
    """It came with the choice of format."""
    if request.moderation and request.images and model.formats:
        yield f"{model.name} takes no choice of moderation for pictures made from others; leave it empty."
        return
    yield from _choice_blockers(
        model, "moderation", request.moderation, lambda other: MODERATIONS if other.formats else (), better
    )


def _combination_blockers(model: Model, request: ImageRequest, better: Better) -> Iterator[str]:
    output_format = request.output_format or "png"
    if request.background == "transparent" and model.backgrounds and output_format not in SEE_THROUGH:
        yield f"A transparent background needs the format {' or '.join(SEE_THROUGH)}, not {output_format}."
    if request.compression is None:
        return
    if not model.formats:
        named = better(lambda other: other.formats != ())
        yield f"{model.name} has no choice of compression; leave it empty.{named}"
    elif output_format not in COMPRESSED:
        yield f"Compression needs the format {' or '.join(COMPRESSED)}, not {output_format}."
    elif not 0 <= request.compression <= 100:
        yield f"Compression is 0 to 100, not {request.compression}."


def _count_blockers(model: Model, count: int, better: Better) -> Iterator[str]:
    if count < 1:
        yield f"The count is {count}; at least one picture is made."
    elif count > model.max_images:
        named = better(lambda other: other.max_images >= count)
        yield f"{model.name} makes at most {model.max_images} at once; the count is {count}.{named}"


def _input_blockers(model: Model, request: ImageRequest, better: Better) -> Iterator[str]:
    count = len(request.images)
    if count > _most_images(model):
        most = _most_images(model)
        takes = f"at most {most} images" if most else "no images to edit"
        yield f"{model.name} takes {takes}; there are {count}.{better(lambda other: _most_images(other) >= count)}"


def _most_images(model: Model) -> int:
    return max(1, model.takes.references) if model.takes.edit else 0


def image_models(roster: Roster, provider: str = "") -> list[Model]:
    """Those that the team can have now, or all of them where it can have none, so that it can be said why."""
    known = roster.models.values()
    models = [model for model in known if model.kind == "image" and provider in ("", model.provider)]
    at_hand = [model for model in models if not find_blockers(model, roster)]
    lasting = sorted(at_hand, key=lambda model: model.retired_on is not None)
    return lasting or models
