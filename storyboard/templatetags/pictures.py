"""What templates ask about frames and references: how frames will be cut, and which pictures are being made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django import template

from generation import connections
from generation.media import fitting
from generation.models import ImageGeneration
from generation.quoting import quotes
from generation.takes import frame_chaining
from projects.models import Reference, Scene
from projects.references import MAX_BYTES
from storyboard.image_progress import being_made, seen_of

register = template.Library()
register.simple_tag(being_made)
register.filter(seen_of)

EXPLANATIONS = {
    Reference.Role.START_FRAME: "The picture the clip begins with.",
    Reference.Role.END_FRAME: "The picture the clip ends with.",
}


@register.simple_tag
def largest_picture() -> int:
    """In bytes."""
    return MAX_BYTES


@register.simple_tag
def reference_kinds() -> list[tuple[str, str]]:
    return Reference.Kind.choices


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
    #: That the scene's model takes no such frame.
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


@register.simple_tag
def frame_slots(scene: Scene) -> list[FrameSlot]:
    roster = connections.roster_for(scene.project.team_id)
    width, height = quotes.frame_size(scene, roster)
    model = roster.models.get(scene.chosen_model_id)
    slots = []
    for role, explanation in EXPLANATIONS.items():
        picture = scene.frame(role)
        lost = fitting.cut_away(picture.width, picture.height, width, height) if picture else ""
        says = f"The clip is {width} x {height}. {lost or 'The picture has that shape.'}"
        refusal = quotes.frame_refusal(model, role, roster) if model else ""
        slots.append(FrameSlot(role.value, str(role.label), explanation, picture, f"{width}x{height}", says, refusal))
    return slots


@register.simple_tag
def reference_count(scene: Scene) -> str:
    """How many references the scene's model takes, and how many there are; in words."""
    model = connections.roster_for(scene.project.team_id).models.get(scene.chosen_model_id)
    if model is None:
        return ""
    there, most = len(scene.shown_references()), model.takes.references
    if not most:
        return f"{model.name} takes none."
    return f"{model.name} takes {most}; this scene has {there}."


@register.simple_tag
def picture_notes(scene: Scene) -> list[str]:
    """What the scene's model will not take of its pictures, beyond what stands beside each frame."""
    roster = connections.roster_for(scene.project.team_id)
    model = roster.models.get(scene.chosen_model_id)
    if model is None:
        return []
    seconds = model.seconds.nearest(scene.duration)
    beside = {quotes.frame_refusal(model, role, roster) for role in EXPLANATIONS}
    return [said for said in quotes.picture_obstacles(scene, model, seconds, roster) if said not in beside]


@register.simple_tag
def following(scene: Scene) -> Scene | None:
    return frame_chaining.next_scene(scene)


@register.filter
def begins(scene: Scene) -> bool:
    """Whether it has a start frame."""
    return scene.frame(Reference.Role.START_FRAME) is not None


@register.simple_tag
def chainable_count(scenes: Iterable[Scene]) -> int:
    """How many scenes without a start frame follow one with a selected take."""
    return sum(1 for _ in frame_chaining.chainable(scenes))


@register.filter
def any_active(rows: Iterable[ImageGeneration]) -> bool:
    return any(row.is_active for row in rows)
