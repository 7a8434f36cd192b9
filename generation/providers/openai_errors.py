"""Errors of the OpenAI SDK as ProviderErrors, with the provider's words as plain text."""

from __future__ import annotations

import re
from typing import Any

from openai import APIConnectionError, APIStatusError, OpenAIError

from generation.providers.base import ErrorKind, ProviderError
from generation.providers.http import KINDS, about, no_answer, plain, retry_after

#: What people call the fields that errors name.
INPUTS = {
    "prompt": "the prompt",
    "input_reference": "the start frame",
    "image": "a picture it was to be made from",
    "video": "the clip it was to be made from",
}
_MODERATION = re.compile(r"moderat|content.polic|safety|sentinel|flagged|disallowed|blocked by", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient.quota|billing|exceeded your current quota|out of credit", re.IGNORECASE)
_AUTH = re.compile(r"authentication error|auth_error|invalid.api.key|no api key|no connected db", re.IGNORECASE)


def as_provider_error(error: OpenAIError | ValueError, *, sending: bool) -> ProviderError:
    """`sending`: the call buys something, so an answer that leaves open whether it was accepted is UNKNOWN.

    The SDK raises ValueError for a JSON content type with another body.
    """
    if isinstance(error, APIStatusError):
        return _refusal(error, sending=sending)
    if isinstance(error, APIConnectionError):
        cause = error.__cause__
        return no_answer(cause if isinstance(cause, Exception) else error, who="The server", sending=sending)
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(kind, "The server answered with something that cannot be read. Check its address.")


def job_error(code: object, message: object) -> ProviderError:
    """Why an accepted job failed, from the answer to a poll."""
    words = plain(str(message or "")) or "The provider gave no reason."
    is_moderation = _MODERATION.search(f"{code or ''} {words}")
    return ProviderError(
        ErrorKind.MODERATION if is_moderation else ErrorKind.PROVIDER, words, code=str(code) if code else ""
    )


def _refusal(error: APIStatusError, *, sending: bool) -> ProviderError:
    status, body = error.status_code, error.body
    details: dict[str, Any] = body if isinstance(body, dict) else {}
    code = str(details.get("code") or "")
    words = plain(str(details.get("message") or details.get("detail") or ""))
    text = f"{code} {details.get('type') or ''} {words}"
    kind = _kind(status, text, has_words=bool(words), sending=sending)
    field = re.split(r"[\[.]", str(details.get("param") or ""))[0]  # image[0] means image, video.id means video
    return ProviderError(
        kind,
        about(words, kind, INPUTS.get(field, ""))
        if words
        else f"The server answered {status} and gave no reason. Check its address.",
        code=code,
        request_id=error.request_id or "",
        retry_after=retry_after(error.response.headers),
    )


def _kind(status: int, text: str, *, has_words: bool, sending: bool) -> ErrorKind:
    if status in (400, 403, 422) and _MODERATION.search(text):
        return ErrorKind.MODERATION
    if status in (402, 403, 429) and _QUOTA.search(text):
        return ErrorKind.QUOTA
    if status in KINDS:
        return KINDS[status]
    # LiteLLM without a database answers a wrong key with 400: "No connected db."
    if status == 400 and _AUTH.search(text):
        return ErrorKind.AUTH
    if status == 404 and not sending:
        # An error page comes from a proxy in between, which says nothing about the clip.
        return ErrorKind.LOST if has_words else ErrorKind.NETWORK
    if 400 <= status < 500 and status != 408:
        return ErrorKind.INVALID
    return ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
