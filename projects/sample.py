"""The sample project of a new installation: a short film in five scenes that uses most fields of a scene.

Each scene has an illustration as its start frame, so a new user sees both a film of stills and Previz.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile

from projects import references
from projects.models import Project, Reference, Scene
from teams import activity
from teams.models import Team, User, Verb

TITLE = "The lighthouse keeper"

SCENES: list[dict[str, Any]] = [
    {
        "title": "The rock at dusk",
        "action": "A lighthouse stands alone on a rock. Waves break around it and run back; the lamp is still dark.",
        "duration": Decimal(5),
        "subject": "A white lighthouse",
        "shot_type": "extreme-wide",
        "camera_angle": "high",
        "camera_move": "dolly-in",
        "lens": "wide",
        "location": "EXT. A lighthouse on a rock in the open sea",
        "time_of_day": "dusk",
        "weather": "wind",
        "atmosphere": "Lonely, patient",
        "particles": "Spray",
        "physics": "Waves climb the rock and run back in sheets",
        "motion_quality": "Slow and heavy",
    },
    {
        "title": "Up the stairs",
        "action": "The keeper climbs the spiral stairs with a lamp in his left hand. His shadow turns ahead of him.",
        "duration": Decimal(4),
        "subject": "An old keeper in a yellow oilskin",
        "shot_type": "full",
        "camera_angle": "low",
        "camera_move": "tilt-up",
        "lens": "ultra-wide",
        "location": "INT. Lighthouse, a spiral staircase",
        "time_of_day": "night",
        "light_effects": "One oil lamp, long moving shadows",
        "continuity": "He carries the lamp in his left hand",
    },
    {
        "title": "A light answers",
        "action": "Through the rain on the window he sees a small light at sea. It goes out, and comes back.",
        "duration": Decimal(4),
        "subject": "The keeper at the window",
        "shot_type": "over-the-shoulder",
        "camera_angle": "eye-level",
        "camera_move": "pan-right",
        "lens": "normal",
        "depth_of_field": "rack-focus",
        "location": "INT. The lantern room, a window onto the sea",
        "time_of_day": "night",
        "weather": "rain",
        "dialogue": "KEEPER: Not tonight.",
        "continuity": "The lamp now stands on the sill, to his left",
    },
    {
        "title": "The match",
        "action": "His hands strike a match. The flame trembles, then steadies, and he lowers it to the wick.",
        "duration": Decimal(3),
        "subject": "Weathered hands, a match, a brass burner",
        "shot_type": "extreme-close-up",
        "camera_angle": "high",
        "camera_move": "handheld",
        "lens": "macro",
        "depth_of_field": "shallow",
        "location": "INT. The lantern room",
        "time_of_day": "night",
        "light_effects": "The flame is the only light and grows",
    },
    {
        "title": "The beam",
        "action": "The beam swings out over the sea and finds a fishing boat, which turns away from the rock.",
        "duration": Decimal(6),
        "subject": "A small fishing boat",
        "shot_type": "aerial",
        "camera_angle": "high",
        "camera_move": "orbit-left",
        "lens": "wide",
        "location": "EXT. The sea around the lighthouse",
        "time_of_day": "night",
        "weather": "storm",
        "atmosphere": "Relief",
        "light_effects": "The beam sweeps through rain and spray",
        "particles": "Rain, spray",
        "notes": "End on the boat's stern light getting smaller.",
    },
]


def illustrations() -> list[Path]:
    """One per scene, in their order."""
    return sorted((Path(__file__).parent / "sample_frames").glob("*.webp"))


def create_sample_project(team: Team, created_by: User) -> Project:
    project = Project.objects.create(
        team=team, title=TITLE, visual_style="cinematic", color_grading="teal-orange", created_by=created_by
    )
    for position, (fields, illustration) in enumerate(zip(SCENES, illustrations(), strict=True), start=1):
        scene = Scene.objects.create(project=project, position=position, **fields)
        picture = ContentFile(illustration.read_bytes(), name="illustration.webp")
        label = f"Illustration: {scene.title}"
        references.add_reference(project, scene, Reference.Role.START_FRAME, picture, member=created_by, label=label)
    activity.record(Verb.PROJECT_CREATED, created_by, "as a sample", project=project)
    return project
