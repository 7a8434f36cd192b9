"""Errors of the google-genai SDK as ProviderErrors, with Google's message as plain text.

The SDK raises two families of errors, and lets those of its HTTP library and its JSON decoder through.
"""

from __future__ import annotations

import re
from typing import Any

import httpx2
from google.auth.exceptions import GoogleAuthError

# Private, but interactions raise its subclasses and the SDK exports no base class for them.
from google.genai._interactions_errors import GeminiNextGenAPIClientError
from google.genai.errors import APIError

from generation.providers.base import ErrorKind, ProviderError
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
    """`sending`: the call buys something, so an answer that leaves open whether it was accepted is UNKNOWN."""
    if isinstance(error, GoogleAuthError):
        reason = f"The Google credentials don't work: {one_line(str(error))}"
        return ProviderError(ErrorKind.AUTH, f"{reason} Set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_ACCESS_TOKEN.")
    status = _read_status(error)
    if status is not None and status >= 400:
        return _refusal(error, status, sending=sending)
    cause = error.__cause__ if isinstance(error, GeminiNextGenAPIClientError) and error.__cause__ else error
    if isinstance(cause, httpx2.HTTPError):
        return connection_error(cause, service="Google", sending=sending)
    kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(kind, "The server's answer could not be read. Check its address.")


def job_error(code: object, message: object) -> ProviderError:
    """The error of an accepted clip that failed later. `code` is a google.rpc.Code, as a number or a name."""
    reason = one_line(str(message or "")) or "Google gave no reason."
    if _MODERATION.search(reason):
        kind = ErrorKind.MODERATION
    else:
        kind = {8: ErrorKind.QUOTA, "RESOURCE_EXHAUSTED": ErrorKind.QUOTA, 3: ErrorKind.INVALID}.get(
            code if isinstance(code, int | str) else 0, ErrorKind.PROVIDER
        )
    return ProviderError(kind, reason, code=str(code or ""))


def _read_status(error: Exception) -> int | None:
    # The HTTP status, which has a different name in each family.
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return status if isinstance(status, int) else None


def _refusal(error: Exception, status: int, *, sending: bool) -> ProviderError:
    body = _read_body(error)
    message = one_line(str(body.get("message") or ""))
    if message.lstrip().startswith("<"):
        message = ""  # an HTML page, so the server is not Google's API
    response = getattr(error, "response", None)
    headers = response.headers if isinstance(response, httpx2.Response) else httpx2.Headers()
    return ProviderError(
        _find_kind(status, message, sending=sending),
        message or f"The server answered {status}, but is not Google's API. Check the address under Connections.",
        code=str(body.get("status") or ""),
        request_id=headers.get("x-request-id", "") or headers.get("x-goog-request-id", ""),
        retry_after=read_retry_after(headers) or _read_retry_info(body),
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


def _read_body(error: Exception) -> dict[str, Any]:
    body = getattr(error, "details", None) or getattr(error, "body", None)
    if isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}


def _read_retry_info(body: dict[str, Any]) -> float | None:
    # Seconds from google.rpc.RetryInfo, which has them as "17s".
    details = body.get("details")
    for detail in details if isinstance(details, list) else []:
        delay = str(detail.get("retryDelay", "")) if isinstance(detail, dict) else ""
        if re.fullmatch(r"\d+(\.\d+)?s", delay):
            return float(delay[:-1])
    return None
