"""What a provider takes and answers: plain frozen values, no ORM, no Django.

A provider is one module. It receives a `Request`, talks to its vendor (or to this machine's processor) and answers with
the values below. It raises only `ProviderError`; anything else is a defect and is reported as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class ErrorKind(StrEnum):
    """Why a generation did not succeed; decides whether it is tried again and what the card says."""

    MODERATION = "moderation"
    QUOTA = "quota"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    INVALID = "invalid"
    PROVIDER = "provider"
    NETWORK = "network"
    LOST = "lost"
    UNKNOWN = "unknown"
    STORAGE = "storage"


class ProviderError(Exception):
    """A failure in the provider's own words, as plain text, with its kind and what the provider told about it."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after


@dataclass(frozen=True)
class Shot:
    """What the storyboard says of a scene. Choice fields hold preset keys (projects/presets.toml); the rest is free text."""

    number: int = 1
    title: str = ""
    action: str = ""
    shot_type: str = ""
    subject: str = ""
    camera_angle: str = ""
    camera_move: str = ""
    lens: str = ""
    depth_of_field: str = ""
    location: str = ""
    time_of_day: str = ""
    weather: str = ""
    atmosphere: str = ""
    visual_style: str = ""
    color_grading: str = ""
    dialogue: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Shot:
        """Ignores keys this version does not know, so that takes made by another version stay readable."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known})


@dataclass(frozen=True)
class Request:
    """One clip to make. `width` and `height` in pixels, `duration` in seconds."""

    prompt: str
    shot: Shot
    width: int
    height: int
    duration: Decimal
    fps: int = 24
    start_frame: Path | None = None


#: Told the fraction done (0 to 1) at least once a second; raises to stop the work.
OnProgress = Callable[[float], None]


class LocalRenderer(Protocol):
    """Makes the clip on this machine; costs nothing, so it is simply done again after a crash."""

    def render(self, request: Request, destination: Path, on_progress: OnProgress) -> None:
        """Write a playable MP4 to `destination`. Raises ProviderError, OSError on a full disk, or what on_progress raises."""


class ProgressState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Progress:
    """Where a provider says a clip is. `percent` 0-100; `poll_after` in seconds, when the provider gave a hint."""

    state: ProgressState
    percent: int = 0
    error: ProviderError | None = None
    poll_after: float | None = None


class RemoteProvider(Protocol):
    """Makes clips elsewhere, for money. Every call is one short request; none of them retries a submit."""

    def submit(self, request: Request) -> str:
        """The provider's id of the new clip. Raises ProviderError; UNKNOWN where the answer does not tell."""

    def check(self, remote_id: str) -> Progress:
        """Raises ProviderError only for what says nothing about the clip itself (network, rate limit, LOST)."""

    def fetch(self, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
        """Stream the finished clip to `destination`."""

    def find(self, request: Request, since: datetime) -> str | None:
        """The id of a clip submitted with exactly this request since then, where the provider can list; else None."""

    def cancel(self, remote_id: str) -> bool:
        """Whether the provider has stopped it (it may still have charged)."""
