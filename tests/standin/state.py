"""The stand-in's state, which tests read, and the faults that they set."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Arrived:
    """A request as received. `fields` are form or JSON fields; a file is (name, bytes, content type)."""

    operation: str
    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, Any]
    #: The client's port, by which a test finds the process that waits for the answer.
    port: int = 0


@dataclass(frozen=True)
class Charge:
    operation: str
    clip_id: str
    model: str
    prompt: str = ""


@dataclass
class Clip:
    """A clip at the provider, finished `seconds_needed` after its creation unless `outcome` is "stuck"."""

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
    """What happens at the next call of one operation.

    `status` with `body` is answered without doing the work. `drop` does the work (and charges), then hangs up without an
    answer; `refuse` hangs up before doing the work; `garbage` answers 200 with an HTML page. `wait` is a delay in seconds
    before the work, `late` one after it. `truncate`, `html` and `empty` break a download, `drip` sends it byte by byte.
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
    """Shared by all protocols. Thread-safe, because the server runs in a thread of its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.arrived: list[Arrived] = []
        #: How many of an answer's images are broken.
        self.spoiled_pictures = 0
        self.charges: list[Charge] = []
        self.clips: dict[str, Clip] = {}
        self.deleted: list[str] = []
        self.faults: dict[str, list[Fault]] = {}
        #: The MP4 of every finished clip.
        self.content = b""
        #: The thumbnail of every finished clip.
        self.thumbnail = b""
        #: The valid key; None accepts any.
        self.key: str | None = None
        #: How long a new clip takes.
        self.seconds_needed = 0.0
        #: How long every answer takes, in seconds.
        self.latency = 0.0
        #: The content type of downloads.
        self.content_type = "video/mp4"
        #: The outcome of new clips.
        self.outcome: Literal["completed", "failed", "filtered", "stuck"] = "completed"
        self.reason = ""
        self.code = ""
        #: The make or variant of the server by protocol, such as {"sora": "vllm"}; each protocol's module lists its own.
        self.flavour: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def reset(self) -> None:
        """Forgets calls, charges, clips and settings; finished clips keep their content."""
        with self.lock:
            vars(self).update(vars(State()) | {"lock": self.lock, "content": self.content})

    def fail(self, operation: str, *faults: Fault) -> None:
        """Sets the faults of the operation's next calls, in this order, such as "sora.create"."""
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
        """Each charge: the clip, its prompt, and whether the clip can be downloaded (not failed, cancelled or deleted)."""
        with self.lock:
            finished = {clip.id for clip in self.clips.values() if clip.outcome == "completed" and not clip.cancelled}
            return [(charge.clip_id, charge.prompt, charge.clip_id in finished) for charge in self.charges]

    def make_clip(self, operation: str, *, prefix: str, model: str, prompt: str, **details: Any) -> Clip:
        """Accepts a clip. Charges are made here only."""
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
