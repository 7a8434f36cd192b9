"""What a model would make of a scene, for how much, or why it cannot: the one check for pages, pipeline and commands.

An obstacle names what is in the way, what is allowed, and where the catalogue has one, the model that would allow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone

from generation.catalogue import Model, all_models
from generation.cost import Price, price_of
from projects.models import Scene


@dataclass(frozen=True)
class Offer:
    """One model for one scene of that many seconds."""

    model: Model
    seconds: Decimal
    price: Price | None
    obstacles: tuple[str, ...]


def quote(scene: Scene, model: Model) -> Price:
    """What a take of exactly this scene costs. Raises ValidationError with every obstacle."""
    offered = offer(scene, model)
    if offered.obstacles or offered.price is None:
        raise ValidationError(list(offered.obstacles))
    return offered.price


def offer(scene: Scene, model: Model) -> Offer:
    """The model for the scene at its own length."""
    obstacles = [*_obstacles(scene, model), *length_obstacles(scene, model)]
    return Offer(model, scene.duration, _price(scene, model, scene.duration), tuple(obstacles))


def offers_for(scene: Scene) -> list[Offer]:
    """Every video model at the nearest length it makes; those that can make the scene first, the cheapest among them."""
    offers = [_nearest_offer(scene, model) for model in all_models().values() if model.kind == "video"]
    return sorted(offers, key=lambda offer: (bool(offer.obstacles), offer.price.amount if offer.price else 0))


def _nearest_offer(scene: Scene, model: Model) -> Offer:
    seconds = model.seconds.nearest(scene.duration)
    obstacles = _obstacles(scene, model)
    if seconds < scene.duration:
        obstacles += length_obstacles(scene, model)
    return Offer(model, seconds, _price(scene, model, seconds), tuple(obstacles))


def _price(scene: Scene, model: Model, seconds: Decimal) -> Price | None:
    resolution = scene.project.resolution
    return price_of(model, resolution=resolution, seconds=seconds) if resolution in model.price_per_second else None


def _obstacles(scene: Scene, model: Model) -> list[str]:
    return [*retirement_obstacles(model, timezone.localdate()), *format_obstacles(scene, model)]


def retirement_obstacles(model: Model, today: date) -> Iterable[str]:
    if model.is_retired(today):
        follows = f" {all_models()[model.successor].name} follows it." if model.successor else ""
        yield f"{model.name} was retired by {model.maker} on {model.retired_on:%-d %B %Y}.{follows}"


def format_obstacles(scene: Scene, model: Model) -> Iterable[str]:
    aspect, resolution = scene.project.aspect_ratio, scene.project.resolution
    if aspect not in model.aspect_ratios:
        yield f"{model.name} cannot make {aspect}; it makes {', '.join(model.aspect_ratios)}."
    elif resolution not in model.sizes:
        others = [other.name for other in all_models().values() if _alike(other, model) and resolution in other.sizes]
        instead = f" {others[0]} would." if others else ""
        yield f"{model.name} cannot make {resolution}; it makes {', '.join(model.resolutions)}.{instead}"


def _alike(other: Model, model: Model) -> bool:
    return other.provider == model.provider and other.host == model.host


def length_obstacles(scene: Scene, model: Model) -> Iterable[str]:
    if not model.seconds.allows(scene.duration):
        yield f"{model.name} makes {model.seconds}; this scene has {scene.duration.normalize():f} s."
