"""The contract of providers: plain frozen values, without the ORM or Django.

A provider is a module. It receives a `Request`, calls its vendor (or renders on this machine) and returns the values below.
It raises only `ProviderError`; any other exception is a defect and is reported as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from generation.providers import redaction
from previz.shot import Shot


class ErrorKind(StrEnum):
    """Why a generation failed. Decides whether it is retried, whether money may be spent, and the text on the card."""

    MODERATION = "moderation"
    QUOTA = "quota"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    INVALID = "invalid"
    PROVIDER = "provider"
    NETWORK = "network"
    LOST = "lost"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    STORAGE = "storage"
    #: Delivered, but far from what was ordered.
    INCOMPLETE = "incomplete"
    #: A member has resolved an unknown status: no clip was created, or it was charged and is lost.
    NOT_CREATED = "not_created"
    WRITTEN_OFF = "written_off"


class ProviderError(Exception):
    """A failure with its kind and the provider's message, as plain text without keys. `retry_after` is in seconds.

    The message never says what was charged: takes/failures.py adds that one sentence, from the row.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.kind = kind
        self.message = redaction.redact(_storable(message))
        super().__init__(self.message)
        self.code = redaction.redact(_storable(code))
        self.request_id = redaction.redact(_storable(request_id))
        self.retry_after = retry_after


def _storable(text: str) -> str:
    # A provider's words end in the database, which takes neither NUL nor half a surrogate pair.
    return text.replace("\0", "").encode(errors="replace").decode()


class Ability(StrEnum):
    """An operation or option beyond `submit`, `check` and `fetch`.

    A provider declares what its module can do. Where servers of several makes speak its protocol, a connection declares what
    its server supports of that. `Account.abilities` has what applies to a call.
    """

    #: The module has the functions of ListsClips.
    LIST = "list"
    #: The module has the function of CancelsClips.
    CANCEL = "cancel"
    #: The module has the function of DeletesClips.
    DELETE = "delete"
    #: `submit` takes this task.
    REMIX = "remix"
    EXTEND = "extend"
    EDIT = "edit"
    #: The module has the function of HasThumbnails.
    VARIANTS = "variants"
    #: `submit` takes `seed` and `negative_prompt`, whatever the model.
    EXTRA_FIELDS = "extra_fields"
    #: `submit` takes any width, height and length, whatever the model.
    FREE_SIZES = "free_sizes"


@dataclass(frozen=True)
class Account:
    """The address and credentials of a call. Hashable, so that a provider can keep a client per account.

    An empty `base_url` is the vendor's own. `options` are the provider's settings as (name, value) pairs. A team's account is
    `public_only`: it reaches no private address but that of `allowed_host`, which the operator allows.
    """

    base_url: str = ""
    key: str = field(default="", repr=False)
    abilities: frozenset[Ability] = frozenset()
    options: tuple[tuple[str, str], ...] = ()
    public_only: bool = False
    #: A host, or host:port.
    allowed_host: str = ""

    def __post_init__(self) -> None:
        redaction.remember(self.key)

    @property
    def trusted(self) -> str:
        """The host that may have a private address: the account's own, or for a team's account the `allowed_host`."""
        return self.allowed_host if self.public_only else (urlsplit(self.base_url).hostname or "")

    def option(self, name: str, default: str = "") -> str:
        return dict(self.options).get(name, default)


class Task(StrEnum):
    """A new clip, or a rework of the finished clip `Request.source_id`."""

    CREATE = "create"
    REMIX = "remix"
    EXTEND = "extend"
    EDIT = "edit"


@dataclass(frozen=True)
class Request:
    """A clip to make. `width` and `height` are in pixels, `duration` in seconds.

    `audio` is None where the model offers no choice. `source_id` is the provider's id of the clip to remix, extend or edit.
    """

    prompt: str
    shot: Shot
    width: int
    height: int
    duration: Decimal
    fps: int = 24
    model: str = ""
    aspect_ratio: str = "16:9"
    resolution: str = "720p"
    start_frame: Path | None = None
    end_frame: Path | None = None
    references: tuple[Path, ...] = ()
    seed: int | None = None
    negative_prompt: str = ""
    audio: bool | None = None
    task: Task = Task.CREATE
    source_id: str = ""


#: Backgrounds that no API has: they are sent as "opaque", with the colour in the prompt.
PLAIN_BACKGROUNDS = ("white", "black")


@dataclass(frozen=True)
class ImageRequest:
    """Images to make. Empty fields are not sent, so that the provider's defaults apply.

    `images` are edited or combined. `always_sent` has the fields that the catalogue requires for the model.
    """

    prompt: str
    model: str
    size: str = ""
    quality: str = ""
    background: str = ""
    output_format: str = ""
    compression: int | None = None
    style: str = ""
    moderation: str = ""
    count: int = 1
    images: tuple[Path, ...] = ()
    always_sent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageResult:
    """Encoded image files, and token counts under the provider's names."""

    images: tuple[bytes, ...]
    usage: Mapping[str, int] = field(default_factory=dict)


#: Called with the fraction done (0 to 1) at least once a second. It raises to stop the work; never catch what it raises.
OnProgress = Callable[[float], None]


class LocalRenderer(Protocol):
    """Makes the clip on this machine, free of charge. At least once: called again after a crash."""

    def render(self, request: Request, destination: Path, on_progress: OnProgress) -> None:
        """Write a playable MP4 to `destination`. Raises ProviderError, OSError on a full disk, or what on_progress raises."""


class ProgressState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Progress:
    """How far a clip is. `percent` is 0-100; `poll_after` (seconds) and `cost` are None unless the provider gives them."""

    state: ProgressState
    percent: int = 0
    error: ProviderError | None = None
    poll_after: float | None = None
    cost: Decimal | None = None


@dataclass(frozen=True)
class RemoteClip:
    id: str
    model: str
    created_at: datetime
    state: ProgressState
    prompt: str = ""


class CanBeTested(Protocol):
    def test(self, account: Account, models: Sequence[str]) -> str:
        """Returns one sentence on what works, free of charge. Raises ProviderError with the fix.

        `models` are the ids of the account's models, current ones first; empty only where the provider lists its own.
        """


class RemoteProvider(CanBeTested, Protocol):
    """Makes clips at a provider, for money. Each call raises ProviderError."""

    def submit(self, account: Account, request: Request) -> str:
        """The provider's id of the new clip. Sent at most once; UNKNOWN if the answer leaves open whether it was accepted."""

    async def check(self, account: Account, remote_id: str) -> Progress:
        """Sends one request. A failed clip is a `Progress`; of the errors raised, only LOST says something about the clip."""

    def fetch(self, account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
        """Stream the finished clip to `destination`. At least once: called again after a failure."""


class ImageProvider(CanBeTested, Protocol):
    def make(self, account: Account, request: ImageRequest) -> ImageResult:
        """Sent at most once. Raises ProviderError; UNKNOWN if the answer leaves open whether it was accepted."""


# -- Operations that a provider declares ---------------------------------------------------------------------------------


class ListsClips(Protocol):
    def find(self, account: Account, request: Request, since: datetime, known: frozenset[str]) -> str | None:
        """The id of a clip that was submitted with exactly this request since then, or None. Raises ProviderError.

        Never returns an id in `known`: those clips belong to other takes.
        """

    def list_clips(self, account: Account) -> list[RemoteClip]:
        """The newest clips, newest first. Raises ProviderError."""


class CancelsClips(Protocol):
    def cancel(self, account: Account, remote_id: str) -> bool:
        """True if the clip is stopped (it may still be charged), False if it is too late. Raises ProviderError."""


class DeletesClips(Protocol):
    def delete(self, account: Account, remote_id: str) -> None:
        """Remove a finished clip at the provider. Raises ProviderError."""


class HasThumbnails(Protocol):
    def thumbnail(self, account: Account, remote_id: str) -> bytes:
        """The provider's still of a finished clip, in any image format. Raises ProviderError."""


class ListsModels(Protocol):
    """Declared by `Provider.lists_models`."""

    def catalogue_rows(self, account: Account, today: date) -> list[dict[str, Any]]:
        """The models on offer, as rows of the catalogue. Raises ProviderError.

        `sizes` has the aspect ratios of each resolution instead of pixels.
        """


#: The functions of each ability. The other abilities are about what `submit` accepts.
OPERATIONS: Mapping[Ability, type] = {
    Ability.LIST: ListsClips,
    Ability.CANCEL: CancelsClips,
    Ability.DELETE: DeletesClips,
    Ability.VARIANTS: HasThumbnails,
}
