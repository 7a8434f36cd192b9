"""Refusals of OpenAI's protocols as ProviderErrors, with the provider's message as plain text."""

from __future__ import annotations

import re
from typing import Any

from openai import APIConnectionError, OpenAIError

from generation.providers import answers
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.bounds import Answer
from generation.providers.http import KIND_BY_STATUS, connection_error, name_input, one_line, read_retry_after

#: The fields that errors name, as pages call them.
INPUTS = {
    "prompt": "the prompt",
    "input_reference": "the start frame",
    "image": "an input image",
    "video": "the source clip",
}
_MODERATION = re.compile(r"moderat|content.polic|safety|sentinel|flagged|disallowed|blocked by", re.IGNORECASE)
_QUOTA = re.compile(
    r"insufficient.quota|billing|exceeded your current quota|out of credit|budget.exceeded|budget has been exceeded",
    re.IGNORECASE,
)
_AUTH = re.compile(r"authentication error|auth_error|invalid.api.key|no api key|no connected db", re.IGNORECASE)


def as_provider_error(error: OpenAIError | ValueError, *, sending: bool) -> ProviderError:
    """The error for a call without an answer. `sending`: the call buys something that may have been accepted."""
    cause = error.__cause__ if isinstance(error, APIConnectionError) else None
    if isinstance(cause, Exception):
        return connection_error(cause, service="The server", sending=sending)
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(kind, f"The request could not be sent ({type(error).__name__}). Check the address.")


def require_success(answer: Answer, *, sending: bool = False) -> Answer:
    """Raises ProviderError for a refusal, and unless `sending` for an answer that broke off."""
    if not answer.is_success:
        raise refusal(answer, sending=sending)
    if answer.failure and not sending:
        raise connection_error(answer.failure, service="The server", sending=False)
    return answer


def job_error(code: object, message: object) -> ProviderError:
    """The error of an accepted job that failed later."""
    reason, code = one_line(answers.as_text(message)) or "The provider gave no reason.", answers.as_text(code)
    kind = ErrorKind.MODERATION if _MODERATION.search(f"{code} {reason}") else ErrorKind.PROVIDER
    return ProviderError(kind, reason, code=code)


def read_details(answer: Answer) -> dict[str, Any]:
    """The error of a refusal; empty if it is not in the format of the protocol."""
    body = answers.parse_object(answer)
    details = body.get("error", body)
    return details if isinstance(details, dict) else {}


def find_objects(answer: Answer) -> list[dict[str, Any]]:
    """The JSON objects of a refusal, outermost first: its body, and the one in the text of its message."""
    message = answers.as_text(read_details(answer).get("message"))
    text = message[message.find("{") : message.rfind("}") + 1]
    return [answers.parse_object(answer), answers.parse_object(Answer(body=bytearray(text.encode(errors="replace"))))]


def find_moderation(answer: Answer) -> ProviderError | None:
    """The error, if the refusal of a poll says that moderation declined the clip; None for any other.

    The word alone doesn't say so in a 403: firewalls block requests too, and the clip may be paid for.
    """
    error = refusal(answer, sending=False)
    is_certain = error.kind == ErrorKind.MODERATION and (answer.status != 403 or _MODERATION.search(error.code))
    return error if is_certain else None


def refusal(answer: Answer, *, sending: bool) -> ProviderError:
    status, details = answer.status, read_details(answer)
    code = answers.as_text(details.get("code"))
    message = one_line(answers.as_text(details.get("message")) or answers.as_text(details.get("detail")))
    text = f"{code} {answers.as_text(details.get('type'))} {message}"
    kind = _find_kind(status, text, has_message=bool(message), sending=sending)
    # image[0] means image, video.id means video
    field = re.split(r"[\[.]", answers.as_text(details.get("param")))[0]
    return ProviderError(
        kind,
        name_input(message, kind, INPUTS.get(field, ""))
        if message
        else f"The server answered {status} and gave no reason. Check its address.",
        code=code,
        request_id=answer.headers.get("x-request-id", ""),
        retry_after=read_retry_after(answer.headers, details),
    )


def _find_kind(status: int, text: str, *, has_message: bool, sending: bool) -> ErrorKind:
    if status in (400, 403, 422) and _MODERATION.search(text):
        return ErrorKind.MODERATION
    if status in (400, 402, 403, 429) and _QUOTA.search(text):
        return ErrorKind.QUOTA
    if status in KIND_BY_STATUS:
        return KIND_BY_STATUS[status]
    # LiteLLM without a database answers a wrong key with 400 "No connected db."
    if status == 400 and _AUTH.search(text):
        return ErrorKind.AUTH
    if status == 404 and not sending:
        # A 404 without the protocol's message comes from a proxy in between and says nothing about the clip.
        return ErrorKind.LOST if has_message else ErrorKind.NETWORK
    if 400 <= status < 500 and status != 408:
        return ErrorKind.INVALID
    return ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
