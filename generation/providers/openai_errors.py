"""Errors of the OpenAI SDK as ProviderErrors, with the provider's message as plain text."""

from __future__ import annotations

import re
from typing import Any

from openai import APIConnectionError, APIStatusError, OpenAIError

from generation.providers.base import ErrorKind, ProviderError
from generation.providers.http import KIND_BY_STATUS, connection_error, name_input, one_line, read_retry_after

#: The fields that errors name, as pages call them.
INPUTS = {
    "prompt": "the prompt",
    "input_reference": "the start frame",
    "image": "an input image",
    "video": "the source clip",
}
_MODERATION = re.compile(r"moderat|content.polic|safety|sentinel|flagged|disallowed|blocked by", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient.quota|billing|exceeded your current quota|out of credit", re.IGNORECASE)
_AUTH = re.compile(r"authentication error|auth_error|invalid.api.key|no api key|no connected db", re.IGNORECASE)


def as_provider_error(error: OpenAIError | ValueError, *, sending: bool) -> ProviderError:
    """`sending`: the call buys something, so an answer that leaves open whether it was accepted is UNKNOWN.

    The SDK raises ValueError for an answer that claims to be JSON and is not.
    """
    if isinstance(error, APIStatusError):
        return _refusal(error, sending=sending)
    if isinstance(error, APIConnectionError):
        cause = error.__cause__
        return connection_error(cause if isinstance(cause, Exception) else error, service="The server", sending=sending)
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(kind, "The server's answer could not be read. Check its address.")


def job_error(code: object, message: object) -> ProviderError:
    """The error of an accepted job that failed later."""
    reason = one_line(str(message or "")) or "The provider gave no reason."
    is_moderation = _MODERATION.search(f"{code or ''} {reason}")
    return ProviderError(
        ErrorKind.MODERATION if is_moderation else ErrorKind.PROVIDER, reason, code=str(code) if code else ""
    )


def _refusal(error: APIStatusError, *, sending: bool) -> ProviderError:
    status, body = error.status_code, error.body
    details: dict[str, Any] = body if isinstance(body, dict) else {}
    code = str(details.get("code") or "")
    message = one_line(str(details.get("message") or details.get("detail") or ""))
    text = f"{code} {details.get('type') or ''} {message}"
    kind = _find_kind(status, text, has_message=bool(message), sending=sending)
    field = re.split(r"[\[.]", str(details.get("param") or ""))[0]  # image[0] means image, video.id means video
    return ProviderError(
        kind,
        name_input(message, kind, INPUTS.get(field, ""))
        if message
        else f"The server answered {status} and gave no reason. Check its address.",
        code=code,
        request_id=error.request_id or "",
        retry_after=read_retry_after(error.response.headers),
    )


def _find_kind(status: int, text: str, *, has_message: bool, sending: bool) -> ErrorKind:
    if status in (400, 403, 422) and _MODERATION.search(text):
        return ErrorKind.MODERATION
    if status in (402, 403, 429) and _QUOTA.search(text):
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
