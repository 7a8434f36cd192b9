"""What the parts of a scene's page show. Each function fills one fragment, alone or as part of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generation.connections import Roster, roster_for
from generation.media import fitting
from generation.models import Generation, shown_take
from generation.quoting import eligibility, quotes
from generation.takes import frame_chaining
from projects.models import Project, Reference, Scene
from projects.references import MAX_BYTES
from storyboard.cards import build_strip
from storyboard.image_progress import list_image_progress, progress_token
from storyboard.live import stream_cursor
from storyboard.loaders import live_scenes
from storyboard.prompt_previews import build_previews

EXPLANATIONS = {
    Reference.Role.START_FRAME: "The picture the clip begins with.",
    Reference.Role.END_FRAME: "The picture the clip ends with.",
}


@dataclass(frozen=True)
class Cut:
    """One way of making a frame fit."""

    fit: str
    name: str
    is_chosen: bool


@dataclass(frozen=True)
class FrameSlot:
    """The place of a start or end frame; `says` what happens to the picture that is there."""

    role: str
    name: str
    explanation: str
    picture: Reference | None
    size: str
    says: str
    #: That the scene's model does not support such a frame.
    refusal: str

    @property
    def upload_words(self) -> str:
        return f"Replace the {self.name.lower()}" if self.picture else f"Upload {self.article} {self.name.lower()}"

    @property
    def article(self) -> str:
        return "an" if self.name.startswith("E") else "a"

    @property
    def cuts(self) -> list[Cut]:
        chosen = self.picture.fit if self.picture else ""
        return [Cut(fit.value, str(fit.label), fit.value == chosen) for fit in Reference.Fit]


def page_context(scene: Scene, *, can_edit: bool) -> dict[str, Any]:
    """Everything but the form."""
    scenes, roster = live_scenes(scene.project), roster_for(scene.project.team_id)
    context = {
        "scene": scene,
        "project": scene.project,
        "can_edit": can_edit,
        "thumbnails": [(other, shown_take(other)) for other in scenes],
        "cursor": stream_cursor(scenes),
    }
    parts = (takes_context(scene, roster), player_context(scene, can_edit=can_edit), pictures_context(scene, roster))
    for part in (*parts, quotes_context(scene, roster), prompts_context(scene, roster)):
        context |= part
    return context


def takes_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    return {"strip": build_strip(scene, roster)}


def player_context(scene: Scene, *, can_edit: bool, playing: Generation | None = None) -> dict[str, Any]:
    """The clip of the take that was asked for, else of the one people see."""
    player_take = playing or shown_take(scene)
    following = frame_chaining.next_scene(scene) if can_edit and player_take and player_take.is_selected else None
    return {
        "player_take": player_take,
        "is_playing": playing is not None,
        "following": following,
        "following_begins": following is not None and following.frame(Reference.Role.START_FRAME) is not None,
        "reference_kinds": Reference.Kind.choices,
    }


def pictures_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    return {
        "slots": frame_slots(scene, roster),
        "picture_notes": picture_notes(scene, roster),
        "reference_count": reference_count(scene, roster),
        "references": scene.shown_references(),
        **upload_context(scene),
    }


def upload_context(target: Scene | Project) -> dict[str, Any]:
    """What the upload form needs, and the pictures that are being made."""
    rows = list_image_progress(target)
    return {
        "pictures_in_progress": rows,
        "pictures_seen": progress_token(rows),
        "is_making_pictures": any(row.is_active for row in rows),
        "reference_kinds": Reference.Kind.choices,
        "largest_picture": MAX_BYTES,
    }


def quotes_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    name = roster.model_name(scene.project.model_id)
    return {"offers": quotes.quote_models(scene, roster), "project_model_name": name}


def prompts_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    """What each kind of model would be sent, and what the shown take was made with."""
    return {"previews": build_previews(scene, roster), "prompt_take": shown_take(scene)}


def frame_slots(scene: Scene, roster: Roster) -> list[FrameSlot]:
    width, height = quotes.frame_size(scene, roster)
    model = roster.models.get(scene.chosen_model_id)
    slots = []
    for role, explanation in EXPLANATIONS.items():
        picture = scene.frame(role)
        lost = fitting.describe_cropping(picture.width, picture.height, width, height) if picture else ""
        says = f"The clip is {width} x {height}. {lost or 'The picture has that shape.'}"
        refusal = eligibility.frame_refusal(model, role, roster) if model else ""
        slots.append(FrameSlot(role.value, str(role.label), explanation, picture, f"{width}x{height}", says, refusal))
    return slots


def reference_count(scene: Scene, roster: Roster) -> str:
    """How many references the scene's model takes, and how many there are; in words."""
    model = roster.models.get(scene.chosen_model_id)
    if model is None:
        return ""
    there, most = len(scene.shown_references()), model.takes.references
    if not most:
        return f"{model.name} takes none."
    return f"{model.name} takes {most}; this scene has {there}."


def picture_notes(scene: Scene, roster: Roster) -> list[str]:
    """What the scene's model will not take of its pictures, beyond what stands beside each frame."""
    model = roster.models.get(scene.chosen_model_id)
    if model is None:
        return []
    seconds = model.seconds.nearest(scene.duration)
    beside = {eligibility.frame_refusal(model, role, roster) for role in EXPLANATIONS}
    return [said for said in eligibility.picture_blockers(scene, model, seconds, roster) if said not in beside]
