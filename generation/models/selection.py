"""The takes of a scene, and the selected one.

The functions that read use `scene.takes.all()`: read many scenes by `with_takes`, which prefetches their takes.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Now

from generation.models.generation import Generation
from projects.models import Scene


def with_takes(scenes: QuerySet[Scene]) -> QuerySet[Scene]:
    """Prefetches what cards, prompts and quotes need, in a fixed number of queries."""
    return (
        scenes.select_related("project__team")
        .prefetch_related("takes", "references", "project__references", "project__team__prompt_templates")
        .all()
    )


def scenes_with_takes(scene_ids: Iterable[int]) -> set[int]:
    return set(Generation.objects.filter(scene__in=scene_ids).values_list("scene_id", flat=True))


def live_takes(scene: Scene) -> list[Generation]:
    """Takes that are not deleted, in order of their numbers."""
    return [take for take in scene.takes.all() if not take.deleted_at]


def latest_take(scene: Scene) -> Generation | None:
    """The newest take in any status."""
    return max(live_takes(scene), key=lambda take: take.number, default=None)


def selected_take(scene: Scene) -> Generation | None:
    return next((take for take in live_takes(scene) if take.is_selected), None)


def shown_take(scene: Scene) -> Generation | None:
    """The selected take, else the newest that is done."""
    done = [take for take in live_takes(scene) if take.is_done]
    return max(done, key=lambda take: (take.is_selected, take.number), default=None)


def is_final(take: Generation, scene: Scene) -> bool:
    """Whether the take is done, and not only Previz of a scene for which another model is chosen."""
    return take.is_done and (not take.is_previz or take.model_id == scene.chosen_model_id)


def next_take_number(scene: Scene) -> int:
    # Counts deleted takes too, so no number is used twice.
    return max((take.number for take in scene.takes.all()), default=0) + 1


def select_take(scene_id: int, take: Generation | None, *, by_member: bool = False) -> None:
    """Make `take` the selected one, or none. Newer takes replace it unless it was selected `by_member`.

    Call inside a transaction. Locks the scene's row first: a take that finishes at the same moment waits for the outcome.
    """
    Scene.objects.select_for_update(no_key=True).get(pk=scene_id)
    takes = Generation.objects.filter(scene=scene_id)
    takes.filter(is_selected=True).update(is_selected=False, selected_at=None)
    if take:
        takes.filter(pk=take.pk).update(is_selected=True, selected_at=Now() if by_member else None)
    Scene.objects.filter(pk=scene_id).update(changed_at=Now())


def select_newest(take: Generation) -> None:
    """Select the take unless a member selected another, a newer one is selected, or it is Previz beside a model's clip.

    Call inside a transaction, after the take has finished.
    """
    scene = Scene.objects.select_for_update(no_key=True).get(pk=take.scene_id)
    current = Generation.objects.filter(scene=scene, is_selected=True).first()
    if current and (current.selected_at or current.number > take.number):
        return
    if current is None or is_final(take, scene) or not is_final(current, scene):
        select_take(scene.pk, take)
