"""Images from OpenAI's images API, through the official SDK. A request is sent at most once.

With input images it is an edit, without them a generation. The answer contains the images; the fields that a model needs for
that are in the catalogue.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from openai import DefaultHttpxClient, OpenAI, OpenAIError
from openai.types import Image as AnsweredImage
from openai.types import ImagesResponse

from generation.providers import egress, pictures
from generation.providers.base import PLAIN_BACKGROUNDS, Account, ErrorKind, ImageRequest, ImageResult, ProviderError
from generation.providers.http import validate_key
from generation.providers.openai_errors import as_provider_error

#: Fixed, so that the SDK does not read OPENAI_BASE_URL and send the key to another host than the account's.
BASE_URL = "https://api.openai.com/v1"
SECONDS = 180


def make(account: Account, request: ImageRequest) -> ImageResult:
    fields = _build_fields(request)
    images = [pictures.read_picture(path).as_upload for path in request.images]
    try:
        with _client(account) as client:
            answer: object
            if images:
                answer = client.images.edit(image=images[0] if len(images) == 1 else images, **fields)
            else:
                answer = client.images.generate(**fields)
    except OpenAIError as error:
        raise as_provider_error(error, sending=True) from error
    # The SDK does not validate: it returns an HTML page, or JSON of another shape, as if it were the answer.
    if not isinstance(answer, ImagesResponse) or not isinstance(answer.data, list) or not answer.data:
        raise ProviderError(ErrorKind.UNKNOWN, "OpenAI's answer contains no images.")
    return ImageResult(
        images=tuple(_decode(image) for image in answer.data),
        usage=_flatten_usage(answer.usage.to_dict()) if answer.usage else {},
    )


def test(account: Account, models: Sequence[str]) -> str:
    try:
        with _client(account) as client:
            listed = {model.id for model in client.models.list()}
    except OpenAIError as error:
        raise as_provider_error(error, sending=False) from error
    return f"The key works; {len(listed.intersection(models))} image models are available."


def _client(account: Account) -> OpenAI:
    # A fresh connection each time: a POST over a kept-alive connection that has died would end as UNKNOWN.
    options = egress.client_options(account)
    return OpenAI(
        api_key=validate_key(account.key) or "none",
        base_url=account.base_url or BASE_URL,
        timeout=SECONDS,
        max_retries=0,
        http_client=DefaultHttpxClient(**options) if options else None,
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


def _decode(image: AnsweredImage) -> bytes:
    try:
        content = base64.b64decode(image.b64_json or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        content = b""
    if not content:
        raise ProviderError(ErrorKind.UNKNOWN, "OpenAI sent an image that could not be decoded.")
    return content


def _flatten_usage(usage: dict[str, Any]) -> dict[str, int]:
    # Token counts with nested names joined by dots, such as input_tokens_details.text_tokens.
    counts: dict[str, int] = {}
    for name, value in usage.items():
        if isinstance(value, dict):
            counts |= {f"{name}.{inner}": number for inner, number in _flatten_usage(value).items()}
        elif isinstance(value, int):
            counts[name] = value
    return counts
