"""Template context of the scene page. Each function serves one fragment, rendered alone or within the page."""

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

FRAME_EXPLANATIONS = {
    Reference.Role.START_FRAME: "First image of the clip.",
    Reference.Role.END_FRAME: "Last image of the clip.",
}


@dataclass(frozen=True)
class FitOption:
    """One way to fit a frame to the clip's size."""

    fit: str
    name: str
    is_chosen: bool


@dataclass(frozen=True)
class FrameSlot:
    """The start or end frame of a scene, or the empty place for it."""

    role: str
    name: str
    explanation: str
    picture: Reference | None
    size: str
    #: How the picture is fitted to the clip's size.
    note: str
    #: Set if the scene's model does not support this frame.
    refusal: str

    @property
    def upload_words(self) -> str:
        return f"Replace the {self.name.lower()}" if self.picture else f"Upload {self.article} {self.name.lower()}"

    @property
    def article(self) -> str:
        return "an" if self.name.startswith("E") else "a"

    @property
    def fit_options(self) -> list[FitOption]:
        chosen = self.picture.fit if self.picture else ""
        return [FitOption(fit.value, str(fit.label), fit.value == chosen) for fit in Reference.Fit]


def page_context(scene: Scene, *, can_edit: bool) -> dict[str, Any]:
    # The whole page except its form.
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
    # The player shows `playing`, else the take that the board shows.
    player_take = playing or shown_take(scene)
    following = frame_chaining.next_scene(scene) if can_edit and player_take and player_take.is_selected else None
    return {
        "player_take": player_take,
        "shows_previz": player_take is None or player_take.is_previz,
        "is_playing": playing is not None,
        "following": following,
        "following_begins": following is not None and following.frame(Reference.Role.START_FRAME) is not None,
        "reference_kinds": Reference.Kind.choices,
    }


def pictures_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    return {
        "slots": build_frame_slots(scene, roster),
        "picture_notes": list_picture_notes(scene, roster),
        "reference_count": describe_reference_count(scene, roster),
        "references": scene.shown_references(),
        **upload_context(scene),
    }


def upload_context(target: Scene | Project) -> dict[str, Any]:
    # The upload form, and the image jobs in progress.
    jobs = list_image_progress(target)
    return {
        "pictures_in_progress": jobs,
        "pictures_seen": progress_token(jobs),
        "is_making_pictures": any(job.is_active for job in jobs),
        "reference_kinds": Reference.Kind.choices,
        "largest_picture": MAX_BYTES,
    }


def quotes_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    name = roster.model_name(scene.project.model_id)
    return {"quotes": quotes.quote_models(scene, roster), "project_model_name": name}


def prompts_context(scene: Scene, roster: Roster) -> dict[str, Any]:
    # The prompt previews, and the take whose prompt is shown beside them.
    return {"previews": build_previews(scene, roster), "prompt_take": shown_take(scene)}


def describe_fit(picture: Reference, width: int, height: int) -> str:
    # What becomes of the frame in a clip of this size, as a sentence.
    cropping = fitting.describe_cropping(picture.width, picture.height, width, height)
    if not cropping:
        return "The image has the same aspect ratio."
    return "Padding adds black bars." if picture.fit == Reference.Fit.PAD else cropping


def build_frame_slots(scene: Scene, roster: Roster) -> list[FrameSlot]:
    width, height = quotes.frame_size(scene, roster)
    model = roster.models.get(scene.chosen_model_id)
    slots = []
    for role, explanation in FRAME_EXPLANATIONS.items():
        picture = scene.frame(role)
        note = f"The clip is {width} x {height}. {describe_fit(picture, width, height) if picture else ''}".rstrip()
        refusal = eligibility.frame_refusal(model, role, roster) if model else ""
        slots.append(FrameSlot(role.value, str(role.label), explanation, picture, f"{width}x{height}", note, refusal))
    return slots


def describe_reference_count(scene: Scene, roster: Roster) -> str:
    # How many references the scene's model supports and how many the scene has, as a sentence.
    model = roster.models.get(scene.chosen_model_id)
    if model is None:
        return ""
    count, limit = len(scene.shown_references()), model.supports.references
    if not limit:
        return f"{model.name} doesn't support references."
    return f"{model.name} supports up to {limit}; this scene has {count}."


def list_picture_notes(scene: Scene, roster: Roster) -> list[str]:
    # Why the scene's model doesn't accept its pictures, without the refusals that each frame slot shows itself.
    model = roster.models.get(scene.chosen_model_id)
    if model is None:
        return []
    seconds = model.seconds.nearest(scene.duration)
    refusals = {eligibility.frame_refusal(model, role, roster) for role in FRAME_EXPLANATIONS}
    return [reason for reason in eligibility.picture_blockers(scene, model, seconds, roster) if reason not in refusals]
