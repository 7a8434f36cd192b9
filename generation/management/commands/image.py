"""Make pictures from the command line, through the same pipeline as the page."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction

from core.money import money
from generation import connections, pipeline
from generation.catalogue import Model
from generation.management import terminal
from generation.management.terminal import Usage
from generation.models import ImageGeneration
from generation.providers.base import ImageRequest
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, of_kind
from generation.quoting import image_eligibility
from generation.quoting.image_eligibility import image_models
from projects import references
from projects.models import LONG_TEXT, Project, Reference, Scene
from teams.models import User

FORMATS = ("png", "jpeg", "webp")
PARAMETERS = ("size", "quality", "background", "output_format", "compression", "style", "moderation", "count")


class Command(terminal.MakingCommand[ImageGeneration]):
    name = "image"
    help = "Make pictures. Exit code 0: done, 1: failed, 2: cannot be asked for like that, 3: nobody knows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-p", "--prompt", default="", help="what the picture shows")
        parser.add_argument("-o", "--output", type=Path, help="where it is written to; several get -1, -2 ...")
        parser.add_argument(
            "--provider", choices=list(providers_by_flag()), help="who makes it (default: whose the model is)"
        )
        parser.add_argument("--model", help="an image model of “manage.py models”")
        parser.add_argument("--size", default="")
        parser.add_argument("--quality", default="")
        parser.add_argument("--background", default="", help="transparent, opaque, white, black ...")
        parser.add_argument("--format", dest="output_format", default="", help="png, webp, jpeg")
        parser.add_argument("--compression", type=int)
        parser.add_argument("--style", default="")
        parser.add_argument("--moderation", default="")
        parser.add_argument("-n", "--count", type=int, default=1)
        parser.add_argument("--image", type=Path, action="append", default=[], help="made from it; may be repeated")
        super().add_arguments(parser)

    def provider_of(self, options: dict[str, Any]) -> str:
        person = terminal.acting_person(options["person"])
        if options["resume"] is not None:
            return row_by_id(options["resume"], person).provider
        return model_of(options, terminal.working_team(person, options["team"]).pk).provider

    def row_of(self, options: dict[str, Any]) -> ImageGeneration:
        person = terminal.acting_person(options["person"])
        for path in outputs_of(options["output"], options["count"]):
            terminal.check_output(path, overwrite=options["overwrite"])
        if options["resume"] is not None:
            return row_by_id(options["resume"], person)
        team = terminal.working_team(person, options["team"])
        model = model_of(options, team.pk)
        check_suffix(options["output"], options["output_format"])
        request = ImageRequest(options["prompt"], model.id, **{name: options[name] for name in PARAMETERS})
        pictures_given = [(path.name, terminal.picture_from(path)) for path in options["image"]]
        if obstacles := pipeline.image_obstacles(team.pk, model, request, len(pictures_given)):
            raise ValidationError(obstacles)
        price = image_eligibility.image_price(model, request.size, request.quality, request.count)
        known = "" if price is None else money(price)
        told = known or "what its tokens cost, which is told afterwards"
        sys.stderr.write(f"{model.name}: {told}\n")
        # Outside of any transaction: people take their time, and nobody else is to wait for them.
        terminal.agree(told, yes=options["yes"], is_free=False)
        with transaction.atomic():
            project = terminal.command_project(team, person)
            scene = own_scene(project, request.prompt)
            inputs = tuple(stored(scene, name, picture, person) for name, picture in pictures_given)
            return pipeline.enqueue_images(
                project,
                scene,
                Reference.Role.REFERENCE,
                model,
                request,
                member=person,
                inputs=inputs,
                expected=known,
            )

    def step(self, row_id: int) -> None:
        pipeline.advance_images(row_id)

    def write(self, row: ImageGeneration, output: Path | None) -> list[str]:
        found = list(Reference.objects.filter(pk__in=row.made).order_by("pk"))
        if output is None:
            return [str(picture.image.path) for picture in found]
        paths = outputs_of(output, len(found))
        for picture, path in zip(found, paths, strict=True):
            with picture.image.open("rb") as file:
                terminal.write_whole(file, path)
        return [str(path) for path in paths]

    def describe(self, row: ImageGeneration, written: list[str]) -> dict[str, Any]:
        return {"outputs": written, "estimated_cost": row.estimated_cost or None, "usage": row.usage}


def row_by_id(row_id: int, person: User) -> ImageGeneration:
    row = ImageGeneration.objects.filter(project__team__memberships__user=person, pk=row_id).first()
    if row is None:
        raise Usage(f"There is no request {row_id} here.")
    return row


def providers_by_flag() -> dict[str, str]:
    return {PROVIDERS[name].flag or name: name for name in of_kind(Kind.IMAGES)}


def model_of(options: dict[str, Any], team_id: int) -> Model:
    """The one that is named, else the first; of the provider that is named."""
    flag, model_id = options["provider"], options["model"]
    provider = providers_by_flag()[flag] if flag else ""
    if not model_id:
        return image_models(team_id, provider)[0]
    model = connections.all_models(team_id).get(model_id)
    if model is None or model.kind != "image":
        raise Usage(f"There is no image model called {model_id}. “manage.py models” lists them.")
    if provider not in ("", model.provider):
        raise Usage(f"{model.name} is no model of --provider {flag}.")
    return model


def check_suffix(output: Path | None, output_format: str) -> None:
    """A picture is not written under the name of another format. Raises Usage."""
    suffix = output.suffix.lower().lstrip(".").replace("jpg", "jpeg") if output else ""
    if suffix in FORMATS and suffix != (output_format or "png"):
        raise Usage(f"The output ends in .{suffix}; add --format {suffix}, or name it .{output_format or 'png'}.")


def own_scene(project: Project, prompt: str) -> Scene:
    """Where the pictures are kept: those of the project itself would be references of every clip made there."""
    title = prompt.strip()[:60]
    position = project.scenes.filter(deleted_at=None).count() + 1
    return Scene.objects.create(project=project, position=position, title=title, action=prompt.strip()[:LONG_TEXT])


def stored(scene: Scene, name: str, picture: ContentFile[bytes], person: User) -> str:
    """The picture to work from, kept beside what is made of it."""
    kept = references.put(
        scene.project, scene, Reference.Role.REFERENCE, picture, member=person, limit=False, label=name[:120]
    )
    return str(kept.image.name)


def outputs_of(output: Path | None, count: int) -> list[Path]:
    if output is None:
        return []
    return [output] if count == 1 else [output.with_stem(f"{output.stem}-{number}") for number in range(1, count + 1)]
