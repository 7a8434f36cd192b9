from projects.models.project import AspectRatio, Project, ProjectQuerySet, Resolution, frame_size
from projects.models.reference import Reference, ReferenceQuerySet
from projects.models.scene import (
    LONG_TEXT,
    MAX_SECONDS,
    MIN_SECONDS,
    SHORT_TEXT,
    Audio,
    Scene,
    SceneQuerySet,
    field_name,
    scene_field,
)
from projects.models.undo_entry import UndoEntry

__all__ = [
    "LONG_TEXT",
    "MAX_SECONDS",
    "MIN_SECONDS",
    "SHORT_TEXT",
    "AspectRatio",
    "Audio",
    "Project",
    "ProjectQuerySet",
    "Reference",
    "ReferenceQuerySet",
    "Resolution",
    "Scene",
    "SceneQuerySet",
    "UndoEntry",
    "field_name",
    "frame_size",
    "scene_field",
]
