"""Changes to many scenes at once: each is one transaction, and one entry that undoes it."""

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
from projects import storyboard
from projects.models import Project, Scene, UndoEntry
from projects.storyboard import FieldChange
from projects.undo import record_change
from storyboard.table import CellForm, read_paste
from teams.access import parse_id
from teams.models import User, Verb


@dataclass(frozen=True)
class Change:
    """What to say was done, and the entry that undoes it; None where nothing changed."""

    text: str
    entry: UndoEntry | None


def parse_ids(texts: Sequence[str]) -> list[int]:
    """Raises ValidationError for more ids than a storyboard has scenes, or for what is no id."""
    ids = [pk for text in texts if (pk := parse_id(text))]
    if not len(ids) == len(texts) <= storyboard.MAX_SCENES:
        raise ValidationError("Unknown scenes. Reload the page, then try again.")
    return ids


def paste(project: Project, ids: Sequence[int], text: str, column: str, member: User) -> Change:
    """Lay rows over these scenes, from `column` to the right; rows left over become new scenes. Raises ValidationError."""
    scenes = with_takes(Scene.objects.filter(project=project, deleted_at=None)).in_bulk(list(ids))
    if len(scenes) < len(set(ids)):
        raise ValidationError("One of these scenes has been deleted in the meantime. Nothing was pasted.")
    in_order = [scenes[pk] for pk in dict.fromkeys(ids)]
    pasted = read_paste(project, in_order, text, column=column, models=model_names(roster_for(project.team_id)))
    with transaction.atomic():
        written = storyboard.write_fields(project.pk, pasted.values)
        added = storyboard.add_many(project.pk, pasted.new)
        entry = record_change(project, member, written=written, added=added)
    changed = len({one.scene for one in written})
    done = [f"{count_noun(changed, 'scene')} changed"] if changed or not added else []
    done += [f"{count_noun(len(added), 'scene')} added"] if added else []
    return Change(f"Pasted: {', '.join(done)}.", entry)


@transaction.atomic
def change_scenes(project: Project, ids: list[int], act: str, values: Mapping[str, str], member: User) -> Change:
    """Delete, move, or set a field of these scenes; `values` has what the act needs. Raises ValidationError."""
    changes: dict[str, Any]
    match act:
        case "delete":
            deleted = storyboard.delete_many(project.pk, ids, member)
            text, changes = f"{count_noun(len(deleted), 'scene')} deleted.", {"deleted": deleted}
        case "move":
            moved = storyboard.move_many(project.pk, ids, after=_scene_at(project, values.get("behind", "")))
            text, changes = f"{count_noun(len(moved), 'scene')} moved.", {"moved": moved}
        case "duration" | "model_id" as column:
            value = _clean_value(project, column, values.get(column, ""))
            written = storyboard.write_fields(project.pk, {pk: {column: value} for pk in ids})
            text, changes = f"{count_noun(len(written), 'scene')} changed.", {"written": written}
        case _:
            raise ValidationError("Unknown action. Reload the page, then try again.")
    return Change(text, record_change(project, member, **changes))


def _scene_at(project: Project, number: str) -> int | None:
    """The id of the scene with that number; None for 0 or nothing, which is the start."""
    if number.strip() in {"", "0"}:
        return None
    if position := parse_id(number.strip()):
        scenes = project.scenes.filter(deleted_at=None, position=position)
        if found := scenes.values_list("pk", flat=True).first():
            return found
    raise ValidationError(
        f"There is no scene “{number}”. Enter the number of the scene to move after, 0 for the start."
    )


def _clean_value(project: Project, column: str, text: str) -> Any:
    scene, models = Scene(project=project), model_names(roster_for(project.team_id))
    form = CellForm({column: text}, instance=scene, columns=[column], models=models)
    if not form.is_valid():
        raise ValidationError([str(error) for errors in form.errors.values() for error in errors])
    return form.cleaned_data[column]


@transaction.atomic
def set_project_model(project: Project, model: Model, member: User) -> Change:
    """Scenes with a model of their own keep it."""
    written = storyboard.write_fields(project.pk, {}, of_project={"model_id": model.id})
    return _model_change(project, model, written, member)


@transaction.atomic
def replace_model(project: Project, old: str, model: Model, member: User) -> Change:
    """Give the project and the scenes that are set to `old` another model."""
    written = storyboard.switch_model(project.pk, old, model.id)
    return _model_change(project, model, written, member)


def _model_change(project: Project, model: Model, written: Sequence[FieldChange], member: User) -> Change:
    of_project = any(one.scene is None for one in written)
    scenes = count_noun(len(written) - of_project, "scene")
    targets = [*["the project"] * of_project, *[scenes] * (len(written) > of_project)]
    text = f"Model set to {model.name}." if of_project else f"Model of {scenes} set to {model.name}."
    what = f"the model of {' and '.join(targets)} to {model.id}"
    return Change(text, record_change(project, member, what=what, written=written))


@transaction.atomic
def apply_style(
    project: Project, ids: list[int], values: Mapping[str, str], *, only_empty: bool, member: User
) -> Change:
    written = storyboard.apply_style(project.pk, ids, values, only_empty=only_empty)
    scenes = count_noun(len({one.scene for one in written}), "scene")
    entry = record_change(project, member, what=f"the style of {scenes}", written=written)
    return Change(f"Style applied to {scenes}.", entry)


@transaction.atomic
def import_scenes(
    project: Project, wanted: Iterable[Scene], *, after: int | None, member: User
) -> tuple[list[Scene], Change]:
    """Add the scenes of a script. Raises ValidationError where there are none, or too many."""
    drafts = list(wanted)
    if not drafts:
        raise ValidationError("Select at least one scene.")
    added = storyboard.add_many(project.pk, drafts, after=after)
    scenes = count_noun(len(added), "scene")
    entry = record_change(project, member, verb=Verb.SCRIPT_IMPORTED, what=f"{scenes} from a script", added=added)
    return added, Change(f"{scenes} imported.", entry)
