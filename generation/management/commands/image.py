"""Generate images from the command line, through the same pipeline as the page."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile

from core.money import money
from core.numbers import read_integer
from generation import pipeline
from generation.connections import GivenKey
from generation.management.arguments import UsageError, find_editable_team, read_picture
from generation.management.job_command import (
    EXIT_CODES,
    Choice,
    JobCommand,
    command_roster,
    confirm_price,
    create_scene,
    find_model,
)
from generation.models import ImageJob
from generation.providers.base import ImageRequest
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, providers_of_kind
from generation.quoting import image_quotes
from projects import references
from projects.models import Reference, Scene
from teams.models import User

FORMATS = ("png", "jpeg", "webp")
PARAMETERS = ("size", "quality", "background", "output_format", "compression", "style", "moderation", "count")


class Command(JobCommand[ImageJob]):
    name = "image"
    help = f"Generate images. {EXIT_CODES}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", choices=list(providers_by_flag()), help="default: the model's")
        parser.add_argument("--model", help="an image model listed by “manage.py models”")
        parser.add_argument("--size", default="", help="such as 1536x1024 (default: the model's)")
        parser.add_argument("--quality", default="", help="such as low or high (default: the model's)")
        parser.add_argument("--background", default="", help="transparent, opaque, white or black")
        parser.add_argument("--format", dest="output_format", default="", help="png, webp or jpeg")
        parser.add_argument(
            "--compression", type=partial(read_integer, most=100), metavar="PERCENT", help="0 to 100, for webp and jpeg"
        )
        parser.add_argument("--style", default="", help="for models that have styles")
        parser.add_argument("--moderation", default="", help="how strictly the provider filters")
        parser.add_argument(
            "-n",
            "--count",
            type=partial(read_integer, least=1, most=100),
            default=1,
            help="number of images (default: %(default)s)",
        )
        parser.add_argument("--image", type=Path, action="append", default=[], help="input image; repeat for several")
        super().add_arguments(parser)

    def find_row(self, row_id: int, user: User) -> ImageJob:
        row = ImageJob.objects.filter(project__team__memberships__user=user, pk=row_id).first()
        if row is None:
            raise UsageError(f"There is no image request {row_id}.")
        return row

    def choose_model(self, options: dict[str, Any], user: User, key: GivenKey | None) -> Choice:
        team, flag = find_editable_team(user, options["team"]), options["provider"]
        provider, roster = providers_by_flag()[flag] if flag else "", command_roster(team, key)
        if not options["model"]:
            return Choice(team, image_quotes.image_models(roster, provider)[0], roster)
        model = find_model(options["model"], "image", roster)
        if provider not in ("", model.provider):
            raise UsageError(f"{model.name} doesn't belong to --provider {flag}.")
        return Choice(team, model, roster)

    def create_row(self, options: dict[str, Any], user: User, choice: Choice) -> ImageJob:
        model, roster = choice.model, choice.roster
        check_suffix(options["output"], options["output_format"])
        request = ImageRequest(options["prompt"], model.id, **{name: options[name] for name in PARAMETERS})
        images = [(path.name, read_picture(path)) for path in options["image"]]
        if blockers := image_quotes.image_blockers(model, request, roster, len(images)):
            raise ValidationError(blockers)
        price = money(image_quotes.request_price(model, request, len(images)))
        sys.stderr.write(f"{model.name}: {price}\n")
        confirm_price(price, yes=options["yes"])
        with transaction.atomic():
            scene = create_scene(choice.team, user, request.prompt)
            inputs = tuple(store_input(scene, name, image, user) for name, image in images)
            role = Reference.Role.REFERENCE
            return pipeline.enqueue_images(
                scene.project,
                scene,
                role,
                model,
                request,
                member=user,
                inputs=inputs,
                expected=price,
                roster=roster,
            )

    def step(self, row_id: int, key: GivenKey | None) -> None:
        pipeline.advance_images(row_id, key=key)

    def count_files(self, options: dict[str, Any], row: ImageJob | None) -> int:
        return int((row.options if row else options).get("count", 1))

    def files(self, row: ImageJob) -> list[FieldFile]:
        return [reference.image for reference in Reference.objects.filter(pk__in=row.made).order_by("pk")]

    def describe(self, row: ImageJob, written: list[str]) -> dict[str, Any]:
        return {"outputs": written, "estimated_cost": row.estimated_cost, "usage": row.usage}


def providers_by_flag() -> dict[str, str]:
    return {PROVIDERS[name].flag or name: name for name in providers_of_kind(Kind.IMAGES)}


def check_suffix(output: Path | None, output_format: str) -> None:
    """Raises UsageError if the file name's ending contradicts the format."""
    suffix = output.suffix.lower().lstrip(".").replace("jpg", "jpeg") if output else ""
    if suffix in FORMATS and suffix != (output_format or "png"):
        raise UsageError(f"The output ends in .{suffix}. Add --format {suffix}, or name it .{output_format or 'png'}.")


def store_input(scene: Scene, name: str, image: ContentFile[bytes], user: User) -> str:
    # Return the name of the stored file.
    role = Reference.Role.REFERENCE
    reference = references.add_reference(scene.project, scene, role, image, member=user, limit=False, label=name[:120])
    return str(reference.image.name)
