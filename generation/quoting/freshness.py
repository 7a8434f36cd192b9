"""What a model would be sent for a scene now, and whether a take was made from the same.

A take is stale once that differs: the rendered prompt, the pictures and options that its own model accepts, length and size,
and for Previz the fields it is drawn from. What is not sent, such as title and notes, makes no take stale.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from generation import prompting
from generation.catalogue import Model
from generation.connections import Roster
from generation.models import Generation, is_final, live_takes, selected_take, shown_take
from generation.providers.registry import is_local
from previz.shot import Shot
from projects.models import Audio, Reference, Scene


def collect_inputs(scene: Scene, model: Model) -> dict[str, Any]:
    """Gather the scene's frames, references and options that the model supports. What it does not support is left out."""
    supported = model.supports
    frames = (
        (Reference.Role.START_FRAME, supported.start_frame),
        (Reference.Role.END_FRAME, supported.end_frame),
    )
    inputs: dict[str, Any] = {}
    for role, is_supported in frames:
        if is_supported and (frame := scene.frame(role)):
            inputs[role.value] = {"name": frame.image.name, "fit": frame.fit}
    if supported.references and (references := scene.shown_references()):
        inputs["references"] = [reference.image.name for reference in references]
    if supported.seed and scene.seed is not None:
        inputs["seed"] = scene.seed
    if supported.negative_prompt and scene.negative_prompt:
        inputs["negative_prompt"] = scene.negative_prompt
    if supported.audio == "choice" and scene.audio:
        inputs["audio"] = scene.audio == Audio.ON
    return inputs


def request_digest(scene: Scene, model: Model) -> str:
    """Equal for two states of the scene for which the model would be sent the same."""
    sent = {
        "prompt": prompting.render(scene, model),
        "inputs": collect_inputs(scene, model),
        "seconds": str(model.seconds.nearest(scene.duration).normalize()),
        "size": [scene.resolution, scene.project.aspect_ratio],
        "shot": asdict(Shot.from_fields(scene.shot())) if is_local(model.provider) else None,
    }
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()[:16]


@dataclass
class Freshness:
    """Which takes of one scene are stale. Renders a prompt once per model; no queries for scenes read by `with_takes`."""

    scene: Scene
    roster: Roster
    _digests: dict[tuple[int | None, str], str] = field(default_factory=dict)

    def is_stale(self, take: Generation) -> bool:
        """False too for a take whose model is unknown by now: nothing can be compared."""
        key = (take.connection_id, take.model_id)
        if key not in self._digests:
            model = self.roster.resolve_model(take)
            self._digests[key] = request_digest(self.scene, model) if model else ""
        return self._digests[key] not in ("", take.scene_digest)

    def find_up_to_date(self) -> Generation | None:
        """The newest finished take that is not stale. Previz counts only where it is the scene's model."""
        finished = [take for take in live_takes(self.scene) if is_final(take, self.scene)]
        return next((take for take in reversed(finished) if not self.is_stale(take)), None)

    def find_alternative(self, model: Model | None = None) -> Generation | None:
        """An up-to-date take to select instead of buying another, of that model if one is given.

        None if the take that is shown is up to date itself.
        """
        shown = shown_take(self.scene)
        if shown is None or (is_final(shown, self.scene) and not self.is_stale(shown)):
            return None
        take = self.find_up_to_date()
        return take if take and (model is None or take.model_id == model.id) else None

    def find_newer(self) -> Generation | None:
        """The newest take that finished after a member selected an older one."""
        selected = selected_take(self.scene)
        if selected is None or selected.selected_at is None:
            return None
        takes = [
            take for take in live_takes(self.scene) if take.number > selected.number and is_final(take, self.scene)
        ]
        newer = [take for take in takes if take.finished_at and take.finished_at > selected.selected_at]
        return newer[-1] if newer else None
