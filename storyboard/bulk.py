"""Changes to many scenes at once: each is one transaction with one undo entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from core.plurals import count_noun
from generation.catalogue import Model
from generation.connections import roster_for
from generation.models import with_takes
from generation.quoting.quotes import model_names
from projects import scene_edits
from projects.models import Project, Scene, UndoEntry
from projects.scene_edits import FieldChange
from projects.undo import record_change
from storyboard.table import CellForm, read_paste
from teams.access import parse_id
from teams.models import User, Verb


@dataclass(frozen=True)
class Change:
    """A sentence for the person, and the entry that undoes the change; None if nothing changed."""

    text: str
    entry: UndoEntry | None


def parse_ids(texts: Sequence[str]) -> list[int]:
    """Raises ValidationError for text that is not an id, or for more ids than a storyboard can have scenes."""
    ids = [pk for text in texts if (pk := parse_id(text))]
    if not len(ids) == len(texts) <= scene_edits.MAX_SCENES:
        raise ValidationError("Unknown scenes. Reload the page, then try again.")
    return ids


def paste(project: Project, ids: Sequence[int], text: str, column: str, member: User) -> Change:
    """Write rows over these scenes, from `column` to the right; extra rows become new scenes.

    All or nothing: raises ValidationError if any cell is invalid.
    """
    scenes = with_takes(Scene.objects.filter(project=project, deleted_at=None)).in_bulk(list(ids))
    if len(scenes) < len(set(ids)):
        raise ValidationError("One of these scenes has been deleted in the meantime. Nothing was pasted.")
    ordered = [scenes[pk] for pk in dict.fromkeys(ids)]
    pasted = read_paste(project, ordered, text, column=column, models=model_names(roster_for(project.team_id)))
    with transaction.atomic():
        written = scene_edits.write_fields(project.pk, pasted.values)
        added = scene_edits.add_many(project.pk, pasted.new)
        entry = record_change(project, member, written=written, added=added)
    changed = len({change.scene for change in written})
    parts = [f"{count_noun(changed, 'scene')} changed"] if changed or not added else []
    parts += [f"{count_noun(len(added), 'scene')} added"] if added else []
    return Change(f"Pasted: {', '.join(parts)}.", entry)


@transaction.atomic
def change_scenes(project: Project, ids: list[int], action: str, values: Mapping[str, str], member: User) -> Change:
    """Delete, move, or set a field of these scenes. `values` is the posted form. Raises ValidationError."""
    changes: dict[str, Any]
    match action:
        case "delete":
            deleted = scene_edits.delete_many(project.pk, ids, member)
            text, changes = f"{count_noun(len(deleted), 'scene')} deleted.", {"deleted": deleted}
        case "move":
            moved = scene_edits.move_many(project.pk, ids, after=_find_scene_id(project, values.get("after", "")))
            text, changes = f"{count_noun(len(moved), 'scene')} moved.", {"moved": moved}
        case "duration" | "model_id" as column:
            value = _clean_value(project, column, values.get(column, ""))
            written = scene_edits.write_fields(project.pk, {pk: {column: value} for pk in ids})
            text, changes = f"{count_noun(len(written), 'scene')} changed.", {"written": written}
        case _:
            raise ValidationError("Unknown action. Reload the page, then try again.")
    return Change(text, record_change(project, member, **changes))


def _find_scene_id(project: Project, number: str) -> int | None:
    # The id of the scene with this number; None for 0 or an empty string, which mean the start.
    if number.strip() in {"", "0"}:
        return None
    if position := parse_id(number.strip()):
        scenes = project.scenes.filter(deleted_at=None, position=position)
        if scene_id := scenes.values_list("pk", flat=True).first():
            return scene_id
    raise ValidationError(f"No scene “{number}”. Enter the number of the scene to move after, or 0 for the start.")


def _clean_value(project: Project, column: str, text: str) -> Any:
    scene, models = Scene(project=project), model_names(roster_for(project.team_id))
    form = CellForm({column: text}, instance=scene, columns=[column], models=models)
    if not form.is_valid():
        raise ValidationError([str(error) for errors in form.errors.values() for error in errors])
    return form.cleaned_data[column]


@transaction.atomic
def set_project_model(project: Project, model: Model, member: User) -> Change:
    # Scenes that choose a model themselves keep it.
    written = scene_edits.write_fields(project.pk, {}, of_project={"model_id": model.id})
    return _model_change(project, model, written, member)


@transaction.atomic
def replace_model(project: Project, old: str, model: Model, member: User) -> Change:
    # Replace the model `old` in the project and in the scenes that choose it themselves.
    written = scene_edits.switch_model(project.pk, old, model.id)
    return _model_change(project, model, written, member)


def _model_change(project: Project, model: Model, written: Sequence[FieldChange], member: User) -> Change:
    has_project = any(change.scene is None for change in written)
    scenes = count_noun(len(written) - has_project, "scene")
    targets = [*["the project"] * has_project, *[scenes] * (len(written) > has_project)]
    text = f"Model set to {model.name}." if has_project else f"Model of {scenes} set to {model.name}."
    what = f"the model of {' and '.join(targets)} to {model.id}"
    return Change(text, record_change(project, member, what=what, written=written))


@transaction.atomic
def apply_style(
    project: Project, ids: list[int], values: Mapping[str, str], *, only_empty: bool, member: User
) -> Change:
    written = scene_edits.apply_style(project.pk, ids, values, only_empty=only_empty)
    scenes = count_noun(len({change.scene for change in written}), "scene")
    entry = record_change(project, member, what=f"the style of {scenes}", written=written)
    return Change(f"Style applied to {scenes}.", entry)


@transaction.atomic
def import_scenes(
    project: Project, selected: Iterable[Scene], *, after: int | None, member: User
) -> tuple[list[Scene], Change]:
    """Add the selected scenes of a script. Raises ValidationError if there are none, or too many."""
    unsaved = list(selected)
    if not unsaved:
        raise ValidationError("Select at least one scene.")
    added = scene_edits.add_many(project.pk, unsaved, after=after)
    scenes = count_noun(len(added), "scene")
    entry = record_change(project, member, verb=Verb.SCRIPT_IMPORTED, what=f"{scenes} from a script", added=added)
    return added, Change(f"{scenes} imported.", entry)
