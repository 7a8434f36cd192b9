"""What a take that did not succeed tells people: what happened, in whose words, whether it cost something, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from core.money import money
from generation.models import Generation, Job
from generation.providers.base import ErrorKind
from generation.states import Status

TITLES = {
    ErrorKind.MODERATION: "Declined by the provider",
    ErrorKind.QUOTA: "The account is out of credit",
    ErrorKind.RATE_LIMIT: "Too many requests",
    ErrorKind.AUTH: "The key was refused",
    ErrorKind.INVALID: "The provider did not accept the request",
    ErrorKind.PROVIDER: "Failed at the provider",
    ErrorKind.NETWORK: "The provider could not be reached",
    ErrorKind.LOST: "The provider lost this clip",
    ErrorKind.OVERDUE: "It never finished",
    ErrorKind.UNKNOWN: "Nobody knows whether this was made",
    ErrorKind.STORAGE: "This server could not store it",
}
NEXT_STEPS = {
    ErrorKind.MODERATION: "Change the wording or the pictures, then make a new take.",
    ErrorKind.QUOTA: "Add credit at the provider or choose another model, then make a new take.",
    ErrorKind.RATE_LIMIT: "Wait a few minutes, then make a new take; fewer at a time helps.",
    ErrorKind.AUTH: "“Test connection” tells whether it works. An owner, or whoever runs this server, can change it.",
    ErrorKind.INVALID: "Change what the provider names, then make a new take.",
    ErrorKind.PROVIDER: "Make a new take; if it happens again, choose another model.",
    ErrorKind.NETWORK: "Test the connection under Connections, then make a new take.",
    ErrorKind.LOST: "Look at the provider's own page, then say on the queue page what became of it.",
    ErrorKind.OVERDUE: "Look again to go on waiting, or say on the queue page what became of it.",
    ErrorKind.UNKNOWN: "Look at the provider's own page, then say on the queue page what became of it.",
    ErrorKind.STORAGE: "Ask whoever runs this server to look at its disk, then make a new take.",
}


@dataclass(frozen=True)
class Failure:
    """`details` are the provider's code and request number, for those who ask it about them."""

    title: str
    words: str
    money: str
    next_step: str
    details: str
    is_warning: bool


def explain_failure(take: Job) -> Failure | None:
    """None for a take that is under way, done or cancelled."""
    if take.status not in (Status.FAILED, Status.UNKNOWN):
        return None
    kind = ErrorKind(take.error_kind or ErrorKind.PROVIDER)
    paid_for = (
        isinstance(take, Generation)
        and bool(take.remote_id)
        and take.status == Status.UNKNOWN
        and kind not in (ErrorKind.LOST, ErrorKind.OVERDUE)
    )
    details = [f"code {take.error_code}" if take.error_code else "", take.error_request_id]
    return Failure(
        title="The clip is made, but could not be downloaded" if paid_for else TITLES[kind],
        words=take.error_message,
        money=_money(take),
        next_step="It is paid for. Look again, or look for it at the provider." if paid_for else NEXT_STEPS[kind],
        details=" · ".join(detail for detail in details if detail),
        is_warning=kind == ErrorKind.MODERATION,
    )


def _money(take: Job) -> str:
    if take.status == Status.UNKNOWN:
        return "It may have been charged."
    return f"{money(take.actual_cost)} was charged." if take.actual_cost else "Nothing was charged."
