"""Explains a take that failed or needs review: what happened, whether it was charged, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from core.money import money
from generation.models import Generation, Job
from generation.providers.base import ErrorKind
from generation.states import Status

TITLES = {
    ErrorKind.MODERATION: "Declined by the provider",
    ErrorKind.QUOTA: "Account out of credit",
    ErrorKind.RATE_LIMIT: "Too many requests",
    ErrorKind.AUTH: "Key refused",
    ErrorKind.INVALID: "Request refused by the provider",
    ErrorKind.PROVIDER: "Failed at the provider",
    ErrorKind.NETWORK: "Provider unreachable",
    ErrorKind.LOST: "Clip lost by the provider",
    ErrorKind.OVERDUE: "Overdue at the provider",
    ErrorKind.UNKNOWN: "Status unknown",
    ErrorKind.STORAGE: "Storage error",
    ErrorKind.INCOMPLETE: "Not what was ordered",
    ErrorKind.NOT_CREATED: "Not created",
    ErrorKind.WRITTEN_OFF: "Written off",
}
NEXT_STEPS = {
    ErrorKind.MODERATION: "Change the prompt or the images, then generate a new take.",
    ErrorKind.QUOTA: "Add credit at the provider or choose another model, then generate a new take.",
    ErrorKind.RATE_LIMIT: "Wait a few minutes, then generate again, with fewer takes at a time.",
    ErrorKind.AUTH: "Test the connection under Connections. An owner or the administrator can change the key.",
    ErrorKind.INVALID: "Correct what the provider names, then generate a new take.",
    ErrorKind.PROVIDER: "Generate a new take. If it fails again, choose another model.",
    ErrorKind.NETWORK: "Test the connection under Connections, then generate a new take.",
    ErrorKind.LOST: "Check the provider's own site, then resolve the take on the queue page.",
    ErrorKind.OVERDUE: "Check again to keep waiting, or resolve the take on the queue page.",
    ErrorKind.UNKNOWN: "Check the provider's own site, then resolve the take on the queue page.",
    ErrorKind.INCOMPLETE: "The file is kept. Accept it as it is, or report it.",
    ErrorKind.STORAGE: "Ask the administrator to check the server's disk, then generate a new take.",
    ErrorKind.NOT_CREATED: "Generate a new take.",
    ErrorKind.WRITTEN_OFF: "Ask the provider for a refund, or generate a new take.",
}


@dataclass(frozen=True)
class Failure:
    """`details` are the provider's error code and request id, for its support."""

    title: str
    words: str
    money: str
    next_step: str
    details: str
    is_warning: bool


def explain_failure(take: Job) -> Failure | None:
    """None for a take that is in progress, done or cancelled."""
    if take.status not in (Status.FAILED, Status.UNKNOWN):
        return None
    kind = ErrorKind(take.error_kind or ErrorKind.PROVIDER)
    is_ready_at_provider = (
        isinstance(take, Generation)
        and bool(take.remote_id)
        and take.status == Status.UNKNOWN
        and kind not in (ErrorKind.LOST, ErrorKind.OVERDUE, ErrorKind.INCOMPLETE)
    )
    details = [f"code {take.error_code}" if take.error_code else "", take.error_request_id]
    return Failure(
        title="Finished, but not downloaded" if is_ready_at_provider else TITLES[kind],
        words=take.error_message,
        money=_describe_charge(take, is_ready_at_provider),
        next_step="Check again, or find it on the provider's own site." if is_ready_at_provider else NEXT_STEPS[kind],
        details=" · ".join(detail for detail in details if detail),
        is_warning=kind == ErrorKind.MODERATION,
    )


def _describe_charge(take: Job, is_ready_at_provider: bool) -> str:
    # The only sentence about money: messages of errors have none, so nothing can repeat or contradict it.
    if take.status == Status.UNKNOWN and take.error_kind == ErrorKind.INCOMPLETE:
        return f"{money(take.cost)} is on hold until you decide."
    if is_ready_at_provider:
        return "Charged. The clip can still be downloaded."
    if take.status == Status.UNKNOWN:
        return "It may have been charged."
    return f"{money(take.actual_cost)} was charged." if take.actual_cost else "Nothing was charged."
