"""OpenAI's images: /openai/v1/images/generations and /openai/v1/images/edits, as strict as each model's family.

Images are generated at a sixteenth of the requested size. `state.outcome` "filtered" refuses a prompt.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from tests.standin.server import route
from tests.standin.state import State

PREFIX = "/openai/v1"
LONGEST_EDGE, MOST_PIXELS = 3840, 3840 * 2160
GPT_SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536")
GPT_QUALITIES = ("auto", "low", "medium", "high")
WHOLE_NUMBERS = ("n", "output_compression")
#: Fields of edits only, and of generations only.
FOR_EDITS = frozenset({"image", "image[]", "mask"})
NOT_FOR_EDITS = frozenset({"moderation", "style"})


@dataclass(frozen=True)
class Family:
    fields: frozenset[str]
    sizes: tuple[str, ...]
    qualities: tuple[str, ...]
    most_pictures: int
    prompt_limit: int
    styles: tuple[str, ...] = ()
    free_size: bool = False
    most_images: int = 0


COMMON = frozenset({"model", "prompt", "n", "size", "user"})
GPT_FIELDS = COMMON | {"background", "output_format", "output_compression", "moderation", "quality"}
FAMILIES = {
    r"gpt-image-2\.5-\w+": Family(GPT_FIELDS, GPT_SIZES, (*GPT_QUALITIES, "xhigh", "max"), 10, 32_000, (), True, 16),
    r"gpt-image-2(\.6-\w+)?": Family(GPT_FIELDS, GPT_SIZES, GPT_QUALITIES, 10, 32_000, (), True, 16),
    r"(gpt-image-1|chatgpt-image-).*": Family(GPT_FIELDS, GPT_SIZES, GPT_QUALITIES, 10, 32_000, (), False, 16),
    r"dall-e-3": Family(
        COMMON | {"quality", "style", "response_format"},
        ("1024x1024", "1792x1024", "1024x1792"),
        ("standard", "hd"),
        1,
        4_000,
        ("vivid", "natural"),
    ),
    r"dall-e-2": Family(
        COMMON | {"quality", "response_format"},
        ("256x256", "512x512", "1024x1024"),
        ("standard",),
        10,
        1_000,
        most_images=1,
    ),
}


class Refused(Exception):
    def __init__(self, message: str, param: str | None, code: str = "invalid_value", status: int = 400) -> None:
        super().__init__(message)
        self.param, self.code, self.status = param, code, status


def routes(state: State) -> list[BaseRoute]:
    def generate(request: Request, fields: dict[str, Any]) -> Response:
        return answer(state, "images.generate", request, fields)

    def edit(request: Request, fields: dict[str, Any]) -> Response:
        return answer(state, "images.edit", request, fields)

    def models(request: Request, fields: dict[str, Any]) -> Response:
        if state.key is not None and request.headers.get("authorization") != f"Bearer {state.key}":
            error = {"message": "Incorrect API key provided.", "code": "invalid_api_key"}
            return JSONResponse({"error": error}, 401)
        names = ("gpt-image-2", "dall-e-3", "gpt-6")
        data = [{"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "openai"} for name in names]
        return JSONResponse({"object": "list", "data": data})

    return [
        route(state, f"{PREFIX}/models", "GET", "images.models", models),
        route(state, f"{PREFIX}/images/generations", "POST", "images.generate", generate),
        route(state, f"{PREFIX}/images/edits", "POST", "images.edit", edit),
    ]


def answer(state: State, operation: str, request: Request, fields: dict[str, Any]) -> Response:
    try:
        if state.key is not None and request.headers.get("authorization") != f"Bearer {state.key}":
            raise Refused("Incorrect API key provided.", None, "invalid_api_key", 401)
        values = check_fields(operation, fields, is_form="form-data" in request.headers.get("content-type", ""))
        if state.outcome == "filtered":
            raise Refused(
                state.reason or "Your request was rejected by the safety system.",
                None,
                state.code or "moderation_blocked",
            )
    except Refused as refused:
        kind = "image_generation_user_error" if refused.code == "moderation_blocked" else "invalid_request_error"
        error = {"message": str(refused), "type": kind, "param": refused.param, "code": refused.code}
        return JSONResponse({"error": error}, refused.status, headers={"x-request-id": "req_refused"})
    return JSONResponse(make_images(state, operation, values), headers={"x-request-id": "req_made"})


# -- Checking ----------------------------------------------------------------------------------------------------------


def check_fields(operation: str, fields: dict[str, Any], *, is_form: bool) -> dict[str, Any]:
    """The fields with numbers as numbers. Raises Refused."""
    edits = operation == "images.edit"
    if is_form != edits:
        raise Refused("Unsupported content type.", None, "unsupported_content_type")
    model = fields.get("model")
    family = next((family for name, family in FAMILIES.items() if re.fullmatch(name, str(model))), None)
    if family is None:
        raise Refused(f"The model '{model}' does not exist.", "model", "model_not_found", 404)
    allowed = (family.fields - NOT_FOR_EDITS) | FOR_EDITS if edits else family.fields
    for name in fields.keys() - allowed:
        raise Refused(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    values = dict(fields)
    if is_form:
        check_images(family, fields)
        values |= {name: parse_number(name, fields[name]) for name in WHOLE_NUMBERS if name in fields}
    check_prompt(family, values)
    check_size(family, values.get("size"))
    check_choice("quality", values, family.qualities)
    check_choice("style", values, family.styles)
    check_choice("background", values, ("auto", "opaque", "transparent"))
    check_choice("output_format", values, ("png", "webp", "jpeg"))
    check_choice("moderation", values, ("auto", "low"))
    check_choice("response_format", values, ("url", "b64_json"))
    check_range("n", values, 1, family.most_pictures)
    check_range("output_compression", values, 0, 100)
    output_format = values.get("output_format", "png")
    if values.get("background") == "transparent" and output_format == "jpeg":
        raise Refused("Transparent background is not supported for JPEG output.", "background")
    if "output_compression" in values and output_format == "png":
        raise Refused("Compression less than 100 is not supported for PNG output format.", "output_compression")
    return values


def check_prompt(family: Family, values: dict[str, Any]) -> None:
    prompt = values.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Refused("Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter")
    if len(prompt) > family.prompt_limit:
        raise Refused(
            f"Expected a string with maximum length {family.prompt_limit}.", "prompt", "string_above_max_length"
        )


def check_size(family: Family, size: Any) -> None:
    if size is None or size in family.sizes:
        return
    match = re.fullmatch(r"(\d+)x(\d+)", str(size))
    if match and family.free_size:
        width, height = int(match[1]), int(match[2])
        in_steps = width > 0 < height and width % 16 == height % 16 == 0
        if (
            in_steps
            and max(width, height) <= min(LONGEST_EDGE, 3 * min(width, height))
            and width * height <= MOST_PIXELS
        ):
            return
    raise Refused(f"Invalid value: '{size}'. Supported values are {', '.join(family.sizes)}.", "size")


def check_images(family: Family, fields: dict[str, Any]) -> None:
    images = uploads(fields.get("image[]")) + uploads(fields.get("image"))
    if not images:
        raise Refused("Missing required parameter: 'image'.", "image", "missing_required_parameter")
    if len(images) > family.most_images:
        raise Refused(f"At most {family.most_images} images.", "image")
    for name, content, content_type in images + uploads(fields.get("mask")):
        try:
            with Image.open(io.BytesIO(content)) as image:
                real = image.get_format_mimetype()
        except UnidentifiedImageError:
            real = None
        if content_type not in ("image/png", "image/webp", "image/jpeg") or content_type != real:
            raise Refused(f"Invalid file '{name}': unsupported mimetype ('{content_type}').", "image", "invalid_image")


def uploads(value: Any) -> list[tuple[str, bytes, str]]:
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, tuple) for item in items):
        raise Refused("Expected a file.", "image", "invalid_type")
    return items


def parse_number(name: str, value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        raise Refused(f"Invalid type for '{name}': expected an integer.", name, "invalid_type")
    return int(value)


def check_choice(name: str, values: dict[str, Any], allowed: tuple[str, ...]) -> None:
    if name in values and values[name] not in allowed:
        raise Refused(f"Invalid value: '{values[name]}'. Supported values are {', '.join(allowed)}.", name)


def check_range(name: str, values: dict[str, Any], least: int, most: int) -> None:
    value = values.get(name, least)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(f"Invalid type for '{name}': expected an integer.", name, "invalid_type")
    if not least <= value <= most:
        raise Refused(f"Invalid '{name}': expected a value from {least} to {most}.", name, "integer_out_of_range")


# -- Making ------------------------------------------------------------------------------------------------------------


def make_images(state: State, operation: str, values: dict[str, Any]) -> dict[str, Any]:
    model, count = values["model"], values.get("n", 1)
    for _ in range(count):
        state.make_clip(operation, prefix="image_", model=model, prompt=values["prompt"])
    picture = base64.b64encode(draw_picture(values)).decode()
    if "response_format" in FAMILIES.get(model, FAMILIES[r"gpt-image-2(\.6-\w+)?"]).fields:
        is_inline = values.get("response_format") == "b64_json"
        each = {"b64_json": picture} if is_inline else {"url": "https://images.example/picture.png"}
        if model == "dall-e-3":
            each |= {"revised_prompt": f"{values['prompt']}, finely drawn"}
        return {"created": 1_795_000_000, "data": [each] * count}
    text_tokens = len(values["prompt"].split())
    return {
        "created": 1_795_000_000,
        "data": [
            {"b64_json": base64.b64encode(b"no picture").decode() if number < state.spoiled_pictures else picture}
            for number in range(count)
        ],
        "output_format": values.get("output_format", "png"),
        "usage": {
            "input_tokens": text_tokens + 50,
            "output_tokens": 1_000 * count,
            "total_tokens": text_tokens + 50 + 1_000 * count,
            "input_tokens_details": {"text_tokens": text_tokens, "image_tokens": 50},
        },
    }


def draw_picture(values: dict[str, Any]) -> bytes:
    match = re.fullmatch(r"(\d+)x(\d+)", values.get("size", ""))
    size = (max(8, int(match[1]) // 16), max(8, int(match[2]) // 16)) if match else (64, 64)
    is_transparent = values.get("background") == "transparent"
    image = Image.new("RGBA" if is_transparent else "RGB", size, (0, 0, 0, 0) if is_transparent else (240, 240, 240))
    ImageDraw.Draw(image).ellipse((1, 1, size[0] - 2, size[1] - 2), fill=(200, 80, 40))
    written = io.BytesIO()
    image.save(written, values.get("output_format", "png"))
    return written.getvalue()
