"""The takes of a scene, and which of them is the selected one.

The reading functions go through `scene.takes.all()`: prefetch the takes (`with_takes`) where there are many scenes.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Now

from generation.models.generation import Generation
from projects.models import Scene


def with_takes(scenes: QuerySet[Scene]) -> QuerySet[Scene]:
    """With everything a card, a prompt or a price needs, in a fixed number of queries."""
    return (
        scenes.select_related("project__team")
        .prefetch_related("takes", "references", "project__references", "project__team__prompt_templates")
        .all()
    )


def scenes_with_takes(scene_ids: Iterable[int]) -> set[int]:
    return set(Generation.objects.filter(scene__in=scene_ids).values_list("scene_id", flat=True))


def live_takes(scene: Scene) -> list[Generation]:
    """Takes that are not deleted, oldest first."""
    return [take for take in scene.takes.all() if not take.deleted_at]


def latest_take(scene: Scene) -> Generation | None:
    """The newest take, whatever its status."""
    return max(live_takes(scene), key=lambda take: take.number, default=None)


def selected_take(scene: Scene) -> Generation | None:
    return next((take for take in live_takes(scene) if take.is_selected), None)


def shown_take(scene: Scene) -> Generation | None:
    """The take people see: the selected one, else the newest that is done; None while there is no clip."""
    done = [take for take in live_takes(scene) if take.is_done]
    return max(done, key=lambda take: (take.is_selected, take.number), default=None)


def next_take_number(scene: Scene) -> int:
    """Never given twice: deleted takes keep their numbers."""
    return max((take.number for take in scene.takes.all()), default=0) + 1


def select_take(scene_id: int, take: Generation | None) -> None:
    """Make `take` the selected one, or none. Call inside a transaction.

    The scene's row is locked first: a take that finishes at the same moment waits, and then finds the scene has one.
    """
    Scene.objects.select_for_update(no_key=True).get(pk=scene_id)
    takes = Generation.objects.filter(scene=scene_id)
    takes.filter(is_selected=True).update(is_selected=False)
    if take:
        takes.filter(pk=take.pk).update(is_selected=True)
    Scene.objects.filter(pk=scene_id).update(changed_at=Now())


def select_first_take(take: Generation) -> None:
    """Select a take that has just finished, unless its scene has a selected one. Call inside a transaction."""
    Scene.objects.select_for_update(no_key=True).get(pk=take.scene_id)
    if not Generation.objects.filter(scene=take.scene_id, is_selected=True).exists():
        select_take(take.scene_id, take)
