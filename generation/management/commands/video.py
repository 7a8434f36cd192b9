"""Make one clip from the command line, through the same pipeline as the page."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from core.money import money
from generation import catalogue, connections, pipeline
from generation.catalogue import Model
from generation.management import terminal
from generation.management.terminal import Usage
from generation.models import Generation
from generation.providers.base import Task
from generation.providers.description import Kind
from generation.providers.registry import of_kind
from generation.quoting import eligibility, quotes
from projects import references
from projects.models import AspectRatio, Reference, Resolution, Scene
from teams.models import Team, User

SORA = "sora"
DEFAULT_SECONDS = Decimal(4)


class Command(terminal.MakingCommand[Generation]):
    name = "video"
    help = "Make one clip. Exit code 0: done, 1: failed, 2: cannot be asked for like that, 3: nobody knows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-p", "--prompt", default="", help="what the clip shows")
        parser.add_argument("-o", "--output", type=Path, help="where the MP4 is written to")
        providers = of_kind(Kind.LOCAL, Kind.REMOTE)
        default = catalogue.default_video_model().provider
        sora_models = [model.id for model in catalogue.all_models().values() if model.provider == SORA]
        parser.add_argument("--video-provider", choices=providers, help=f"who makes it (default: {default}, free)")
        parser.add_argument("--sora-model", choices=sora_models)
        parser.add_argument("--model", help="any model of “manage.py models”")
        parser.add_argument("--duration", help="seconds")
        parser.add_argument("--resolution", choices=Resolution.values)
        parser.add_argument("--aspect", choices=AspectRatio.values, default="16:9")
        parser.add_argument("--image", type=Path, help="start frame")
        parser.add_argument("--last-frame", type=Path, help="end frame")
        parser.add_argument("--reference", type=Path, action="append", default=[], help="may be given several times")
        parser.add_argument("--fit", choices=Reference.Fit.values, default="crop", help="how frames are made to fit")
        parser.add_argument("--remix-of", type=int, metavar="ID")
        parser.add_argument("--extend", type=int, metavar="ID")
        parser.add_argument("--edit", type=int, metavar="ID")
        parser.add_argument("--seed", type=int)
        parser.add_argument("--negative-prompt", default="", help="what should not be seen")
        sound = parser.add_mutually_exclusive_group()
        sound.add_argument("--audio", dest="audio", action="store_const", const="on", default="")
        sound.add_argument("--no-audio", dest="audio", action="store_const", const="off")
        super().add_arguments(parser)

    def provider_of(self, options: dict[str, Any]) -> str:
        person = terminal.acting_person(options["person"])
        if options["resume"] is not None:
            return take_by_id(options["resume"], person).provider
        if asked := asked_of(options, person):
            return asked.source.provider
        if options["video_provider"] or options["sora_model"]:
            return str(options["video_provider"] or SORA)
        if options["model"]:
            connections.refresh_stale_models()
            return model_by_id(options["model"], terminal.working_team(person, options["team"]).pk).provider
        return catalogue.default_video_model().provider

    def row_of(self, options: dict[str, Any]) -> Generation:
        person = terminal.acting_person(options["person"])
        connections.refresh_stale_models()
        terminal.check_output(options["output"], overwrite=options["overwrite"])
        if options["resume"] is not None:
            return take_by_id(options["resume"], person)
        if not options["prompt"].strip():
            raise Usage("Say what the clip shows: -p “A heron lifts off the lake”.")
        asked = asked_of(options, person)
        if asked:
            team = asked.source.scene.project.team
            model = connections.model_of(asked.source) or model_by_id(asked.source.model_id, team.pk)
        else:
            team = terminal.working_team(person, options["team"])
            model = model_of(options, team.pk)
        with transaction.atomic():
            scene = asked.source.scene if asked else new_scene(options, model, person, team)
            offered = quotes.quote(Scene.objects.get(pk=scene.pk), model, asked)
        assert offered.price is not None
        price = money(offered.price)
        sys.stderr.write(f"{model.name}, {offered.seconds.normalize():f} s: {price}\n")
        try:
            # Outside of any transaction: people take their time, and nobody else is to wait for them.
            terminal.agree(price, yes=options["yes"], is_free=offered.price == 0)
            now = Scene.objects.get(pk=scene.pk)
            number = now.next_take_number
            return pipeline.enqueue(now, number=number, member=person, model=model, expected=price, asked=asked).take
        except (Usage, ValidationError, KeyboardInterrupt):
            if not asked:
                scene.delete()
            raise

    def step(self, row_id: int) -> None:
        pipeline.advance(row_id)

    def write(self, row: Generation, output: Path | None) -> list[str]:
        if output is None:
            return [str(row.clip.path)]
        with row.clip.open("rb") as clip:
            terminal.write_whole(clip, output)
        return [str(output)]

    def describe(self, row: Generation, written: list[str]) -> dict[str, Any]:
        return {
            "output": written[0] if written else None,
            "seconds": row.clip_seconds or row.duration,
            "width": row.width,
            "height": row.height,
            "estimated_cost": row.estimated_cost,
        }


# -- What was asked for ------------------------------------------------------------------------------------------------


def take_by_id(take_id: int, person: User) -> Generation:
    takes = Generation.objects.select_related("scene__project").filter(scene__project__team__memberships__user=person)
    take = takes.filter(pk=take_id).first()
    if take is None:
        raise Usage(f"There is no take {take_id} here.")
    return take


def model_by_id(model_id: str, team_id: int) -> Model:
    model = connections.all_models(team_id).get(model_id)
    if model is None or model.kind != "video":
        raise Usage(f"There is no video model called {model_id}. “manage.py models” lists them.")
    return model


def model_of(options: dict[str, Any], team_id: int) -> Model:
    provider, sora_model, model_id = (options[name] for name in ("video_provider", "sora_model", "model"))
    if sora_model and (model_id or provider not in (None, SORA)):
        raise Usage(f"--sora-model {sora_model} is a model of --video-provider {SORA}; leave out the other.")
    if chosen := sora_model or model_id:
        model = model_by_id(chosen, team_id)
        if provider and model.provider != provider:
            raise Usage(f"{model.name} is a model of --video-provider {model.provider}, not {provider}.")
        return model
    return cheapest_of(provider, team_id) if provider else catalogue.default_video_model()


def cheapest_of(provider: str, team_id: int) -> Model:
    """Raises Usage with the reason where none of the provider's models can be had."""
    known = connections.all_models(team_id).values()
    models = [one for one in known if one.provider == provider and one.kind == "video"]
    blocked = {one.id: eligibility.why_not(one, team_id) for one in models}
    at_hand = [one for one in models if not blocked[one.id] and one.price_per_second]
    if not at_hand:
        raise Usage(next((reasons[0] for reasons in blocked.values() if reasons), f"{provider} offers no model now."))
    return min(at_hand, key=lambda one: min(one.price_per_second.values()))


def seconds_of(options: dict[str, Any], model: Model, team_id: int) -> Decimal:
    if options["duration"] is None:
        return model.seconds.nearest(DEFAULT_SECONDS)
    try:
        seconds = Decimal(options["duration"])
    except InvalidOperation:
        raise Usage(f"--duration is {options['duration']!r}; write seconds such as 8.") from None
    if obstacles := [*quotes.length_obstacles(model, seconds, team_id, exactly=True)]:
        raise Usage(obstacles[0].replace("this scene has", "--duration is"))
    return seconds


def new_scene(options: dict[str, Any], model: Model, person: User, team: Team) -> Scene:
    project = terminal.command_project(team, person, options["aspect"])
    resolution = options["resolution"] or ("720p" if "720p" in model.sizes else next(iter(model.sizes)))
    scene = Scene(
        project=project,
        position=project.scenes.filter(deleted_at=None).count() + 1,
        title=options["prompt"].strip()[:60],
        action=options["prompt"].strip()[:4000],
        own_prompt=options["prompt"].strip(),
        duration=seconds_of(options, model, team.pk),
        model_id=model.id,
        scene_resolution=resolution,
        seed=options["seed"],
        audio=options["audio"],
        negative_prompt=options["negative_prompt"],
    )
    if options["seed"] is not None and options["seed"] < 0:
        raise Usage("--seed is a whole number from 0 on.")
    scene.save()
    roles = Reference.Role
    given = [(roles.START_FRAME, options["image"]), (roles.END_FRAME, options["last_frame"])]
    for role, path in [*given, *((roles.REFERENCE, path) for path in options["reference"])]:
        if path:
            references.put(project, scene, role, terminal.picture_from(path), member=person, fit=options["fit"])
    return scene


def asked_of(options: dict[str, Any], person: User) -> quotes.Asked | None:
    """What shall be done to a finished take; None for a new clip."""
    given = {Task.REMIX: options["remix_of"], Task.EXTEND: options["extend"], Task.EDIT: options["edit"]}
    chosen = [(task, take_id) for task, take_id in given.items() if take_id is not None]
    if not chosen:
        return None
    if len(chosen) > 1:
        raise Usage("Only one of --remix-of, --extend and --edit can be given.")
    names = ("image", "last_frame", "reference", "seed", "negative_prompt", "audio", "duration", "resolution")
    for name in (*names, "model", "sora_model", "video_provider"):
        if options[name]:
            raise Usage(f"--{name.replace('_', '-')} cannot be given for a clip that is made from another.")
    ((task, take_id),) = chosen
    return quotes.Asked(task, take_by_id(take_id, person), options["prompt"])
