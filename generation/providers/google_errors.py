"""Errors of the google-genai SDK as ProviderErrors, with Google's words as plain text.

The SDK has two families of errors, and lets those of its HTTP library and of JSON through.
"""

from __future__ import annotations

import re
from typing import Any

import httpx2
from google.auth.exceptions import GoogleAuthError

# Private, but the SDK raises its subclasses for interactions and exports no base of them.
from google.genai._interactions_errors import GeminiNextGenAPIClientError
from google.genai.errors import APIError

from generation.providers.base import ErrorKind, ProviderError
from generation.providers.http import no_answer, plain, retry_after

#: Everything a call may end with. A ValueError is an answer that is no JSON.
CALL_ERRORS = (APIError, GeminiNextGenAPIClientError, httpx2.HTTPError, GoogleAuthError, ValueError)
_MODERATION = re.compile(
    r"safety|blocked|moderat|prohibited|policy|sensitive|responsible ai|usage guidelines", re.IGNORECASE
)
_QUOTA = re.compile(r"billing|quota exceeded for the project|credit|budget|free tier|spend", re.IGNORECASE)
_UNKNOWN_ID = re.compile(r"not found|unknown (interaction|operation)|does not exist|expired", re.IGNORECASE)
_BAD_KEY = re.compile(r"api.key|credential|unauthenticated", re.IGNORECASE)


def as_provider_error(error: Exception, *, sending: bool) -> ProviderError:
    """`sending`: the call buys something, so an answer that leaves open whether it was accepted is UNKNOWN."""
    if isinstance(error, GoogleAuthError):
        message = f"Google's credentials do not work: {plain(str(error))}"
        return ProviderError(ErrorKind.AUTH, f"{message} Set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_ACCESS_TOKEN.")
    status = _status_of(error)
    if status is not None and status >= 400:
        return _refusal(error, status, sending=sending)
    cause = error.__cause__ if isinstance(error, GeminiNextGenAPIClientError) and error.__cause__ else error
    if isinstance(cause, httpx2.HTTPError):
        return no_answer(cause, who="Google", sending=sending)
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(kind, "The server answered with something that cannot be read. Check its address.")


def failed_later(code: object, message: object) -> ProviderError:
    """Why an accepted clip failed; `code` is a google.rpc.Code, by number or name."""
    words = plain(str(message or "")) or "Google gave no reason."
    if _MODERATION.search(words):
        kind = ErrorKind.MODERATION
    else:
        kind = {8: ErrorKind.QUOTA, "RESOURCE_EXHAUSTED": ErrorKind.QUOTA, 3: ErrorKind.INVALID}.get(
            code if isinstance(code, int | str) else 0, ErrorKind.PROVIDER
        )
    return ProviderError(kind, words, code=str(code or ""))


def _status_of(error: Exception) -> int | None:
    """The HTTP status, which the two families keep under different names."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return status if isinstance(status, int) else None


def _refusal(error: Exception, status: int, *, sending: bool) -> ProviderError:
    body = _body_of(error)
    words = plain(str(body.get("message") or ""))
    if words.lstrip().startswith("<"):
        words = ""  # a page: what answers is not Google's API
    response = getattr(error, "response", None)
    headers = response.headers if isinstance(response, httpx2.Response) else httpx2.Headers()
    return ProviderError(
        _kind(status, words, sending=sending),
        words or f"What answers there is not Google's API ({status}). Check the address under Connections.",
        code=str(body.get("status") or ""),
        request_id=headers.get("x-request-id", "") or headers.get("x-goog-request-id", ""),
        retry_after=retry_after(headers) or _retry_info(body),
    )


def _kind(status: int, words: str, *, sending: bool) -> ErrorKind:
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(words)):
        return ErrorKind.AUTH
    if status == 429:
        return ErrorKind.QUOTA if _QUOTA.search(words) else ErrorKind.RATE_LIMIT
    if not sending and (status == 404 or (status == 400 and _UNKNOWN_ID.search(words))):
        return ErrorKind.LOST if words else ErrorKind.NETWORK
    if status < 500 and status != 408:
        return ErrorKind.MODERATION if _MODERATION.search(words) else ErrorKind.INVALID
    return ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER


def _body_of(error: Exception) -> dict[str, Any]:
    body = getattr(error, "details", None) or getattr(error, "body", None)
    if isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}


def _retry_info(body: dict[str, Any]) -> float | None:
    """Seconds from google.rpc.RetryInfo: "17s"."""
    details = body.get("details")
    for detail in details if isinstance(details, list) else []:
        delay = str(detail.get("retryDelay", "")) if isinstance(detail, dict) else ""
        if re.fullmatch(r"\d+(\.\d+)?s", delay):
            return float(delay[:-1])
    return None
