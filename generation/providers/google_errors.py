"""Errors of the google-genai SDK as ProviderErrors, with Google's message as plain text.

The SDK raises two families of errors, and lets those of its HTTP library and its JSON decoder through.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from google.auth.exceptions import GoogleAuthError

# Private, but interactions raise its subclasses and the SDK exports no base class for them.
from google.genai._interactions_errors import GeminiNextGenAPIClientError
from google.genai.errors import APIError

from generation.providers import answers
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.bounds import Answer, record
from generation.providers.http import connection_error, one_line, read_retry_after

#: Everything a call may raise. A ValueError is an answer that is not JSON.
CALL_ERRORS = (APIError, GeminiNextGenAPIClientError, httpx2.HTTPError, GoogleAuthError, ValueError)
_MODERATION = re.compile(
    r"safety|blocked|moderat|prohibited|policy|sensitive|responsible ai|usage guidelines", re.IGNORECASE
)
_QUOTA = re.compile(r"billing|quota exceeded for the project|credit|budget|free tier|spend", re.IGNORECASE)
_UNKNOWN_ID = re.compile(r"not found|unknown (interaction|operation)|does not exist|expired", re.IGNORECASE)
_BAD_KEY = re.compile(r"api.key|credential|unauthenticated", re.IGNORECASE)


def as_provider_error(error: Exception, *, sending: bool) -> ProviderError:
    """The error for a call without an answer. `sending`: the call buys something that may have been accepted."""
    if isinstance(error, GoogleAuthError):
        reason = f"The Google credentials don't work: {one_line(str(error))}"
        return ProviderError(ErrorKind.AUTH, f"{reason} Set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_ACCESS_TOKEN.")
    cause = error.__cause__ if isinstance(error, GeminiNextGenAPIClientError) and error.__cause__ else error
    if isinstance(cause, httpx2.HTTPError):
        return connection_error(cause, service="Google", sending=sending)
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(kind, f"The request could not be sent ({type(error).__name__}). Check the address.")


def call(send: Callable[[], object], *, sending: bool = False) -> Answer:
    """A success. Raises ProviderError for anything else, and unless `sending` for an answer that broke off."""
    try:
        with record() as answer:
            send()
    except CALL_ERRORS as error:
        raise as_provider_error(error, sending=sending) from error
    return require_success(answer, sending=sending)


async def call_async(send: Callable[[], Awaitable[object]]) -> Answer:
    try:
        with record() as answer:
            await send()
    except CALL_ERRORS as error:
        raise as_provider_error(error, sending=False) from error
    return require_success(answer)


def require_success(answer: Answer, *, sending: bool = False) -> Answer:
    if not answer.is_success:
        raise _refusal(answer, sending=sending)
    if answer.failure and not sending:
        raise connection_error(answer.failure, service="Google", sending=False)
    return answer


def require_remote_id(answer: Answer, name: str) -> str:
    if remote_id := answers.read_remote_id(answer, name):
        return remote_id
    if answer.failure:
        raise connection_error(answer.failure, service="Google", sending=True)
    raise ProviderError(ErrorKind.UNKNOWN, "Google's answer has no clip ID.")


def job_error(code: object, message: object) -> ProviderError:
    """The error of an accepted clip that failed later. `code` is a google.rpc.Code, as a number or a name."""
    reason = one_line(answers.as_text(message)) or "Google gave no reason."
    if _MODERATION.search(reason):
        kind = ErrorKind.MODERATION
    else:
        kind = {8: ErrorKind.QUOTA, "RESOURCE_EXHAUSTED": ErrorKind.QUOTA, 3: ErrorKind.INVALID}.get(
            code if isinstance(code, int | str) else 0, ErrorKind.PROVIDER
        )
    return ProviderError(kind, reason, code=answers.as_text(code))


def _refusal(answer: Answer, *, sending: bool) -> ProviderError:
    status, body = answer.status, _read_body(answer)
    message = one_line(answers.as_text(body.get("message")))
    if message.lstrip().startswith("<"):
        message = ""  # an HTML page, so the server is not Google's API
    return ProviderError(
        _find_kind(status, message, sending=sending),
        message or f"The server answered {status}, but is not Google's API. Check the address under Connections.",
        code=answers.as_text(body.get("status")),
        request_id=answer.headers.get("x-request-id", "") or answer.headers.get("x-goog-request-id", ""),
        retry_after=read_retry_after(answer.headers) or _read_retry_info(body),
    )


def _find_kind(status: int, message: str, *, sending: bool) -> ErrorKind:
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(message)):
        return ErrorKind.AUTH
    if status == 429:
        return ErrorKind.QUOTA if _QUOTA.search(message) else ErrorKind.RATE_LIMIT
    if not sending and (status == 404 or (status == 400 and _UNKNOWN_ID.search(message))):
        # A 404 without Google's message comes from a proxy in between and says nothing about the clip.
        return ErrorKind.LOST if message else ErrorKind.NETWORK
    if status < 500 and status != 408:
        return ErrorKind.MODERATION if _MODERATION.search(message) else ErrorKind.INVALID
    return ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER


def _read_body(answer: Answer) -> dict[str, Any]:
    body = answers.parse(answer)
    if isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}


def _read_retry_info(body: dict[str, Any]) -> float | None:
    # Seconds from google.rpc.RetryInfo, which has them as "17s".
    details = body.get("details")
    for detail in details if isinstance(details, list) else []:
        delay = answers.as_text(detail.get("retryDelay")) if isinstance(detail, dict) else ""
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay):
            return float(delay[:-1])
    return None
