"""Generate a clip from the command line, through the same pipeline as the page."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile

from core.money import money
from core.numbers import MAX_ID, BadNumber, read_decimal, read_integer
from generation import catalogue, connections, pipeline
from generation.catalogue import Model
from generation.connections import GivenKey, Roster
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
from generation.models import Generation, next_take_number
from generation.providers.base import Task
from generation.providers.description import Kind
from generation.providers.registry import providers_of_kind
from generation.quoting import eligibility, quotes
from projects import references
from projects.models import AspectRatio, Reference, Resolution, Scene
from teams.models import User

DEFAULT_SECONDS, LONGEST_SECONDS = Decimal(4), 86_400


class Command(JobCommand[Generation]):
    name = "video"
    help = f"Generate a video clip. {EXIT_CODES}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = catalogue.default_video_model().provider
        providers = providers_of_kind(Kind.LOCAL, Kind.REMOTE)
        sora_models = [model.id for model in catalogue.all_models().values() if model.provider == "sora"]
        parser.add_argument("--video-provider", choices=providers, help=f"default: {default}, free")
        take_id = partial(read_integer, most=MAX_ID)
        models = parser.add_mutually_exclusive_group()
        models.add_argument("--model", help="any video model listed by “manage.py models”")
        models.add_argument("--sora-model", dest="model", choices=sora_models, help="a Sora model")
        parser.add_argument("--duration", help="seconds (default: the supported length closest to 4)")
        parser.add_argument("--resolution", choices=Resolution.values, help="default: 720p where supported")
        parser.add_argument("--aspect", choices=AspectRatio.values, default="16:9", help="default: %(default)s")
        parser.add_argument("--image", type=Path, help="start frame")
        parser.add_argument("--last-frame", type=Path, help="end frame")
        parser.add_argument("--reference", type=Path, action="append", default=[], help="image; repeat for several")
        parser.add_argument("--fit", choices=Reference.Fit.values, default="crop", help="how to fit frames to the clip")
        changes = parser.add_mutually_exclusive_group()
        changes.add_argument("--remix-of", type=take_id, metavar="TAKE", help="remix a finished take")
        changes.add_argument("--extend", type=take_id, metavar="TAKE", help="extend a finished take")
        changes.add_argument("--edit", type=take_id, metavar="TAKE", help="edit a finished take")
        parser.add_argument("--seed", type=read_integer, help="same seed, similar result (where supported)")
        parser.add_argument("--negative-prompt", default="", help="what to avoid")
        sound = parser.add_mutually_exclusive_group()
        sound.add_argument("--audio", action="store_const", const="on", default="", help="generate sound")
        sound.add_argument("--no-audio", dest="audio", action="store_const", const="off", help="leave sound out")
        super().add_arguments(parser)

    def find_row(self, row_id: int, user: User) -> Generation:
        return find_take(row_id, user)

    def find_provider(self, options: dict[str, Any], user: User) -> str:
        # A provider that lists its models only with the key has none to choose from yet.
        return options["video_provider"] or super().find_provider(options, user)

    def choose_model(self, options: dict[str, Any], user: User, key: GivenKey | None) -> Choice:
        connections.refresh_stale_models(key=key)
        if change := find_change(options, user):
            team = change.source.scene.project.team
            roster = command_roster(team, key)
            model = roster.resolve_model(change.source) or find_model(change.source.model_id, "video", roster)
            return Choice(team, model, roster)
        team = find_editable_team(user, options["team"])
        roster = command_roster(team, key)
        return Choice(team, choose_new_model(options, roster), roster)

    def create_row(self, options: dict[str, Any], user: User, choice: Choice) -> Generation:
        if not options["prompt"].strip():
            raise UsageError("Describe the clip: -p “A heron lifts off the lake”.")
        change, model, roster = find_change(options, user), choice.model, choice.roster
        pictures = [] if change else read_pictures(options)
        with transaction.atomic():
            scene = change.source.scene if change else create_clip_scene(options, user, choice, pictures)
            quote = quotes.require_quote(Scene.objects.get(pk=scene.pk), model, roster, change)
        assert quote.price is not None
        price = money(quote.price)
        sys.stderr.write(f"{model.name}, {quote.seconds.normalize():f} s: {price}\n")
        try:
            confirm_price(price, yes=options["yes"] or quote.price == 0)
            scene = Scene.objects.get(pk=scene.pk)
            number = next_take_number(scene)
            return pipeline.enqueue(
                scene, number=number, member=user, model=model, expected=price, rework=change, roster=roster
            ).take
        except (UsageError, ValidationError, KeyboardInterrupt):
            if not change:
                scene.delete()
            raise

    def step(self, row_id: int, key: GivenKey | None) -> None:
        pipeline.advance(row_id, key=key)

    def files(self, row: Generation) -> list[FieldFile]:
        return [row.clip]

    def describe(self, row: Generation, written: list[str]) -> dict[str, Any]:
        return {
            "output": written[0] if written else None,
            "asked": row.order.summary,
            "got": row.info.summary if row.info else None,
            "differences": row.differences,
            "estimated_cost": row.estimated_cost,
        }


def find_take(take_id: int, user: User) -> Generation:
    takes = Generation.objects.select_related("scene__project").filter(scene__project__team__memberships__user=user)
    take = takes.filter(pk=take_id).first()
    if take is None:
        raise UsageError(f"There is no take {take_id}.")
    return take


def find_change(options: dict[str, Any], user: User) -> quotes.Rework | None:
    """Return what to do to a finished take; None for a new clip. Raises UsageError."""
    tasks = {Task.REMIX: options["remix_of"], Task.EXTEND: options["extend"], Task.EDIT: options["edit"]}
    given = next(((task, take_id) for task, take_id in tasks.items() if take_id is not None), None)
    if given is None:
        return None
    task, take_id = given
    names = ("image", "last_frame", "reference", "seed", "negative_prompt", "audio", "resolution", "model")
    for name in (*names, "video_provider", *["duration"] * (task != Task.EXTEND)):
        if options[name]:
            raise UsageError(f"--{name.replace('_', '-')} can't be combined with --remix-of, --extend or --edit.")
    seconds = read_seconds(options) if options["duration"] is not None else None
    return quotes.Rework(task, find_take(take_id, user), options["prompt"], seconds)


# -- Choosing a model --------------------------------------------------------------------------------------------------


def choose_new_model(options: dict[str, Any], roster: Roster) -> Model:
    provider = options["video_provider"]
    if options["model"]:
        model = find_model(options["model"], "video", roster)
        if provider and model.provider != provider:
            raise UsageError(f"{model.name} belongs to --video-provider {model.provider}, not {provider}.")
        return model
    return find_cheapest_model(provider, roster) if provider else catalogue.default_video_model()


def find_cheapest_model(provider: str, roster: Roster) -> Model:
    # Choose among the models available to the team; if there are none, the quote says why.
    models = [m for m in roster.models.values() if m.provider == provider and m.price_per_second]
    available = [model for model in models if eligibility.is_available(model, roster)]
    if not models:
        raise UsageError(f"{provider} lists no models. Check its connection, or choose another --video-provider.")
    return min(available or models, key=lambda model: min(model.price_per_second.values()))


# -- The scene that keeps a new clip -----------------------------------------------------------------------------------


Picture = tuple[Reference.Role, ContentFile[bytes]]


def read_pictures(options: dict[str, Any]) -> list[Picture]:
    roles = Reference.Role
    frames = [(roles.START_FRAME, options["image"]), (roles.END_FRAME, options["last_frame"])]
    named = [*frames, *((roles.REFERENCE, path) for path in options["reference"])]
    return [(role, read_picture(path)) for role, path in named if path]


def create_clip_scene(options: dict[str, Any], user: User, choice: Choice, pictures: list[Picture]) -> Scene:
    model = choice.model
    scene = create_scene(
        choice.team,
        user,
        options["prompt"],
        options["aspect"],
        custom_prompt=options["prompt"].strip(),
        duration=choose_duration(options, choice),
        model_id=model.id,
        scene_resolution=options["resolution"] or ("720p" if "720p" in model.sizes else next(iter(model.sizes))),
        seed=options["seed"],
        audio=options["audio"],
        negative_prompt=options["negative_prompt"],
    )
    for role, picture in pictures:
        references.add_reference(scene.project, scene, role, picture, member=user, fit=options["fit"])
    return scene


def read_seconds(options: dict[str, Any]) -> Decimal:
    try:
        return read_decimal(options["duration"], most=LONGEST_SECONDS)
    except BadNumber:
        raise UsageError(f"--duration {options['duration'][:20]!r} is not a number of seconds, such as 8.") from None


def choose_duration(options: dict[str, Any], choice: Choice) -> Decimal:
    model = choice.model
    if options["duration"] is None:
        return model.seconds.nearest(DEFAULT_SECONDS)
    seconds = read_seconds(options)
    if blockers := [*eligibility.length_blockers(model, seconds, choice.roster, exact=True, subject="--duration")]:
        raise UsageError(blockers[0])
    return seconds
