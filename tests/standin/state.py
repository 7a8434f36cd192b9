"""What the stand-in remembers, and how it is told to misbehave."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Arrived:
    """A request as it came over the wire. `fields` are form or JSON fields; a file is (name, bytes, content type)."""

    operation: str
    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, Any]
    #: The port it came from, by which the process that waits for the answer can be found.
    port: int = 0


@dataclass(frozen=True)
class Charge:
    operation: str
    clip_id: str
    model: str
    prompt: str = ""


@dataclass
class Clip:
    """A clip at the provider. It is done `seconds_needed` after it was made, unless `outcome` says otherwise."""

    id: str
    model: str
    prompt: str
    created_at: float
    seconds_needed: float
    outcome: Literal["completed", "failed", "filtered", "stuck"] = "completed"
    reason: str = ""
    code: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    cancelled: bool = False

    @property
    def progress(self) -> int:
        if self.outcome == "stuck":
            return 40
        if self.seconds_needed <= 0:
            return 100
        return min(100, int(100 * (time.time() - self.created_at) / self.seconds_needed))

    @property
    def is_over(self) -> bool:
        return self.progress >= 100


@dataclass(frozen=True)
class Fault:
    """What happens instead of the next call of one operation.

    `status` with `body` answers so and does no work. `drop` does the work (and charges), then hangs up without an answer;
    `refuse` hangs up before doing anything; `garbage` answers 200 with something that is not the protocol's; `wait`
    seconds pass before the call is answered, `late` seconds after it has done its work; `truncate`, `html` and `empty` spoil
    a download, `drip` sends it byte by byte.
    """

    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    refuse: bool = False
    garbage: bool = False
    wait: float = 0
    late: float = 0
    truncate: bool = False
    html: bool = False
    empty: bool = False
    drip: bool = False


class State:
    """Shared by all protocols; safe to use from the test's thread while the server runs in its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.arrived: list[Arrived] = []
        #: How many of the next pictures of an answer cannot be read.
        self.spoiled_pictures = 0
        self.charges: list[Charge] = []
        self.clips: dict[str, Clip] = {}
        self.deleted: list[str] = []
        self.faults: dict[str, list[Fault]] = {}
        #: The MP4 that every finished clip is.
        self.content = b""
        #: The picture that every finished clip's thumbnail is.
        self.thumbnail = b""
        #: The key that is right; None takes any.
        self.key: str | None = None
        #: How long a clip takes here.
        self.seconds_needed = 0.0
        #: How long every answer takes.
        self.latency = 0.0
        #: The outcome of clips made from now on.
        self.outcome: Literal["completed", "failed", "filtered", "stuck"] = "completed"
        self.reason = ""
        self.code = ""
        #: Per protocol: what this server is (e.g. {"sora": "vllm"}); each protocol's module says what it knows.
        self.flavour: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def fail(self, operation: str, *faults: Fault) -> None:
        """The next calls of the operation, e.g. "sora.create", go so, in this order; then all is well again."""
        with self.lock:
            self.faults.setdefault(operation, []).extend(faults)

    def next_fault(self, operation: str) -> Fault | None:
        with self.lock:
            waiting = self.faults.get(operation, [])
            return waiting.pop(0) if waiting else None

    def note(self, arrived: Arrived) -> None:
        with self.lock:
            self.arrived.append(arrived)

    def calls(self, operation: str) -> list[Arrived]:
        with self.lock:
            return [arrived for arrived in self.arrived if arrived.operation == operation]

    def booked(self) -> list[tuple[str, str, bool]]:
        """Each charge: the clip, its prompt, and whether it can be had, unless it failed here or was deleted."""
        with self.lock:
            made = {clip.id for clip in self.clips.values() if clip.outcome == "completed" and not clip.cancelled}
            return [(charge.clip_id, charge.prompt, charge.clip_id in made) for charge in self.charges]

    def make_clip(self, operation: str, *, prefix: str, model: str, prompt: str, **details: Any) -> Clip:
        """Accept a clip: it is charged here, and nowhere else."""
        with self.lock:
            clip = Clip(
                id=f"{prefix}{next(self._numbers)}",
                model=model,
                prompt=prompt,
                created_at=time.time(),
                seconds_needed=self.seconds_needed,
                outcome=self.outcome,
                reason=self.reason,
                code=self.code,
                details=details,
            )
            self.clips[clip.id] = clip
            self.charges.append(Charge(operation, clip.id, model, prompt))
            return clip
