"""Images from OpenAI's images API, through the official SDK. A request is sent at most once.

With input images it is an edit, without them a generation. The answer contains the images; the fields that a model needs for
that are in the catalogue.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from openai import DefaultHttpxClient, OpenAI, OpenAIError

from generation.providers import answers, bounds, egress, pictures
from generation.providers.base import PLAIN_BACKGROUNDS, Account, ErrorKind, ImageRequest, ImageResult, ProviderError
from generation.providers.bounds import Answer, Bounds
from generation.providers.http import NO_RETRIES, validate_key
from generation.providers.openai_errors import as_provider_error, require_success

#: Fixed, so that the SDK does not read OPENAI_BASE_URL and send the key to another host than the account's.
BASE_URL = "https://api.openai.com/v1"
SECONDS = 180
#: Room for one image as base64: 4K without any compression.
IMAGE_BYTES = 48 * bounds.MEGABYTE
MAX_COUNTS, MAX_TOKENS = 50, 10**9


def make(account: Account, request: ImageRequest) -> ImageResult:
    fields = _build_fields(request)
    images = [pictures.read_picture(path).as_upload for path in request.images]
    with _client(account, request.count * IMAGE_BYTES) as client:
        if images:
            answer = _call(
                lambda: client.images.edit(image=images[0] if len(images) == 1 else images, **fields), sending=True
            )
        else:
            answer = _call(lambda: client.images.generate(**fields), sending=True)
    made = next(answers.read_each([answers.parse_object(require_success(answer, sending=True))], _Images), None)
    if made is None or not made.data:
        raise ProviderError(ErrorKind.UNKNOWN, "OpenAI's answer contains no images.")
    return ImageResult(images=tuple(_decode(image) for image in made.data), usage=_flatten_usage(made.usage or {}))


def test(account: Account, models: Sequence[str]) -> str:
    with _client(account, bounds.ANSWER_BYTES) as client:
        listed = answers.read(require_success(_call(client.models.list)), _Models, "The server")
    known = {model.id for model in answers.read_each(listed.data, _Model)}
    return f"The key works; {len(known.intersection(models))} image models are available."


def _call(send: Callable[[], object], *, sending: bool = False) -> Answer:
    """Raises ProviderError if no answer arrives."""
    try:
        with bounds.record() as answer:
            send()
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=sending) from error
    return answer


def _client(account: Account, decoded_bytes: int) -> OpenAI:
    # A fresh connection each time: a POST over a kept-alive connection that has died would end as UNKNOWN.
    options = egress.client_options(account, Bounds(SECONDS, decoded_bytes))
    return OpenAI(
        api_key=validate_key(account.key) or "none",
        base_url=account.base_url or BASE_URL,
        timeout=SECONDS,
        max_retries=0,
        default_headers=NO_RETRIES,
        http_client=DefaultHttpxClient(**options),
    )


# -- Requests ----------------------------------------------------------------------------------------------------------


def _build_fields(request: ImageRequest) -> dict[str, Any]:
    """Raises ProviderError for options that edits lack. OpenAI itself refuses those that the model lacks."""
    for name in ("style", "moderation"):
        if request.images and getattr(request, name):
            raise ProviderError(ErrorKind.INVALID, f"Images made from other images don't support {name}.")
    prompt, background = request.prompt, request.background
    if background in PLAIN_BACKGROUNDS:
        prompt, background = f"{prompt}, on a plain {background} background", "opaque"
    fields = {
        "model": request.model,
        "prompt": prompt,
        "n": request.count,
        "size": request.size,
        "quality": request.quality,
        "background": background,
        "output_format": request.output_format,
        "output_compression": request.compression,
        "style": request.style,
        "moderation": request.moderation,
        **request.always_sent,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}


# -- Answers -----------------------------------------------------------------------------------------------------------


class _Image(answers.Shape):
    b64_json: str


class _Images(answers.Shape):
    data: list[Any]
    usage: answers.Loose[dict[str, Any]] = None


class _Model(answers.Shape):
    id: answers.Word


class _Models(answers.Shape):
    data: list[Any]


def _decode(image: object) -> bytes:
    content = b""
    for found in answers.read_each([image], _Image):
        with suppress(binascii.Error, ValueError):
            content = base64.b64decode(found.b64_json, validate=True)
    if not content:
        raise ProviderError(ErrorKind.UNKNOWN, "OpenAI sent an image that could not be decoded.")
    return content


def _flatten_usage(usage: dict[str, Any]) -> dict[str, int]:
    # Token counts with nested names joined by dots, such as input_tokens_details.text_tokens.
    counts: dict[str, int] = {}
    for name, value in list(usage.items())[:MAX_COUNTS]:
        if isinstance(value, dict):
            counts |= {f"{name}.{inner}": number for inner, number in _flatten_usage(value).items()}
        elif isinstance(value, int) and 0 <= value <= MAX_TOKENS and len(name) <= 100 and name.isprintable():
            counts[name] = value
    return counts
