"""OpenRouter: /openrouter/api/v1 to submit, poll and download clips, and to list models with their prices.

A clip with `state.outcome` "failed" ends as `state.code`, where that is "cancelled" or "expired".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from tests.standin.server import route
from tests.standin.state import Clip, State

PREFIX = "/openrouter/api/v1"
FIELDS = frozenset(
    {
        "model",
        "prompt",
        "duration",
        "resolution",
        "aspect_ratio",
        "size",
        "frame_images",
        "input_references",
        "generate_audio",
        "seed",
        "callback_url",
        "provider",
    }
)


def listed(model_id: str, name: str, **differences: Any) -> dict[str, Any]:
    return {
        "id": model_id,
        "canonical_slug": model_id,
        "hugging_face_id": None,
        "name": name,
        "description": f"{name}, as the stand-in has it.",
        "created": 1_790_000_000,
        "supported_durations": None,
        "supported_resolutions": None,
        "supported_aspect_ratios": None,
        "supported_sizes": None,
        "supported_frame_images": None,
        "generate_audio": None,
        "seed": None,
        "allowed_passthrough_parameters": [],
        "pricing_skus": None,
    } | differences


MODELS = {
    model["id"]: model
    for model in (
        listed(
            "google/veo-3.1",
            "Google: Veo 3.1",
            supported_durations=[4, 6, 8],
            supported_resolutions=["720p", "1080p", "4K"],
            supported_aspect_ratios=["16:9", "9:16"],
            supported_sizes=["1280x720", "720x1280", "1920x1080", "1080x1920", "3840x2160", "2160x3840"],
            supported_frame_images=["first_frame", "last_frame"],
            generate_audio=True,
            seed=True,
            pricing_skus={
                "duration_seconds_with_audio": "0.40",
                "duration_seconds_without_audio": "0.20",
                "duration_seconds_with_audio_4k": "0.60",
                "duration_seconds_without_audio_4k": "0.40",
            },
        ),
        listed(
            "x-ai/grok-imagine-video",
            "xAI: Grok Imagine Video",
            supported_durations=list(range(1, 16)),
            supported_resolutions=["480p", "720p"],
            supported_aspect_ratios=["16:9", "9:16", "1:1", "4:3", "3:4"],
            supported_frame_images=["first_frame"],
            pricing_skus={
                "cents_per_image_input": "1",
                "cents_per_video_output_second_480p": "2",
                "cents_per_video_output_second_720p": "3",
            },
        ),
        listed(
            "minimax/hailuo-3",
            "MiniMax: Hailuo 3",
            supported_durations=[6, 10],
            supported_resolutions=["768p", "1080p"],
            supported_aspect_ratios=["16:9"],
            supported_sizes=["1366x768", "1920x1080"],
            supported_frame_images=["first_frame", "last_frame"],
            generate_audio=False,
            pricing_skus={"duration_seconds": "0.13", "reference_images": "0.04"},
        ),
    )
}


class Refused(Exception):
    def __init__(self, message: str, status: int = 400, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.metadata = status, metadata


def routes(state: State) -> list[BaseRoute]:
    def guarded(work: Callable[[Request, dict[str, Any]], Response]) -> Callable[[Request, dict[str, Any]], Response]:
        def handler(request: Request, fields: dict[str, Any]) -> Response:
            try:
                if state.key is not None and request.headers.get("authorization") != f"Bearer {state.key}":
                    raise Refused("User not found.", 401)
                return work(request, fields)
            except Refused as refused:
                error = {"code": refused.status, "message": str(refused)}
                metadata = {"metadata": refused.metadata} if refused.metadata else {}
                return JSONResponse({"error": error | metadata}, refused.status)

        return handler

    def create(request: Request, fields: dict[str, Any]) -> Response:
        check(fields)
        clip = state.make_clip(
            "openrouter.create",
            prefix="gen-vid-",
            model=fields["model"],
            prompt=fields["prompt"],
            cost=0.1 * fields.get("duration", 4),
        )
        return JSONResponse({"id": clip.id, "polling_url": f"/api/v1/videos/{clip.id}", "status": "pending"}, 202)

    def get(request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse(build_status(find_clip(state, request)))

    def content(request: Request, fields: dict[str, Any]) -> Response:
        clip = find_clip(state, request)
        if request.query_params.get("index") != "0":
            raise Refused("index: expected 0")
        if build_status(clip)["status"] != "completed":
            raise Refused("The video is not ready.")
        return Response(state.content, media_type=state.content_type)

    def models(request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse({"data": list(MODELS.values())})

    def key(request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse({"data": {"label": "sk-or-v1-abc", "limit": 20, "limit_remaining": 12.5, "usage": 7.5}})

    return [
        route(state, f"{PREFIX}/videos", "POST", "openrouter.create", guarded(create)),
        route(state, f"{PREFIX}/videos/models", "GET", "openrouter.models", guarded(models)),
        route(state, f"{PREFIX}/videos/{{id}}", "GET", "openrouter.get", guarded(get)),
        route(state, f"{PREFIX}/videos/{{id}}/content", "GET", "openrouter.content", guarded(content)),
        route(state, f"{PREFIX}/key", "GET", "openrouter.key", guarded(key)),
    ]


def find_clip(state: State, request: Request) -> Clip:
    clip = state.clips.get(request.path_params["id"])
    if clip is None or clip.id in state.deleted:
        raise Refused("Video generation job not found.", 404)
    return clip


def build_status(clip: Clip) -> dict[str, Any]:
    about = {"id": clip.id, "generation_id": f"generation-{clip.id}", "polling_url": f"/api/v1/videos/{clip.id}"}
    if clip.cancelled:
        return about | {"status": "cancelled"}
    if not clip.is_over:
        return about | {"status": "in_progress" if clip.progress else "pending"}
    match clip.outcome:
        case "completed":
            usage = {"cost": clip.details["cost"], "is_byok": False}
            urls = [f"https://openrouter.ai/api/v1/videos/{clip.id}/content?index=0"]
            return about | {"status": "completed", "unsigned_urls": urls, "usage": usage}
        case "filtered":
            return about | {"status": "failed", "error": clip.reason or "The output was flagged by content moderation."}
        case _:
            status = clip.code if clip.code in ("cancelled", "expired") else "failed"
            return about | {"status": status, "error": clip.reason or "The provider could not make the video."}


# -- Checking ----------------------------------------------------------------------------------------------------------


def check(fields: dict[str, Any]) -> None:
    """Raises Refused."""
    for name in fields.keys() - FIELDS:
        raise Refused(f"Unrecognized key: {name}")
    model = MODELS.get(fields.get("model", ""))
    if model is None:
        raise Refused(f"Model {fields.get('model')} does not exist", 404)
    if not isinstance(fields.get("prompt"), str) or not fields["prompt"]:
        raise Refused("prompt: required")
    for name, kind in (("duration", int), ("seed", int), ("generate_audio", bool), ("resolution", str)):
        if name in fields and type(fields[name]) is not kind:
            raise Refused(f"{name}: expected {kind.__name__}")
    for name, allowed in (("duration", "durations"), ("resolution", "resolutions"), ("aspect_ratio", "aspect_ratios")):
        if name in fields and fields[name] not in (model[f"supported_{allowed}"] or ()):
            raise Refused(f"{name}: {fields[name]} is not supported by {model['id']}")
    for name in ("seed", "generate_audio"):
        if name in fields and not model[name]:
            raise Refused(f"{name}: not supported by {model['id']}")
    for frame in fields.get("frame_images", []):
        if frame.get("frame_type") not in (model["supported_frame_images"] or ()):
            raise Refused(f"frame_images: {frame.get('frame_type')} is not supported by {model['id']}")
        check_picture("frame_images", frame, {"type", "image_url", "frame_type"})
    for reference in fields.get("input_references", []):
        check_picture("input_references", reference, {"type", "image_url"})


def check_picture(name: str, part: dict[str, Any], keys: set[str]) -> None:
    if part.keys() != keys or part["type"] != "image_url" or part["image_url"].keys() != {"url"}:
        raise Refused(f"{name}: expected {', '.join(sorted(keys))}")
    match = re.fullmatch(r"data:image/(?:png|jpeg|webp);base64,(.+)", part["image_url"]["url"])
    try:
        base64.b64decode(match[1] if match else "-", validate=True)
    except binascii.Error:
        raise Refused(f"{name}: not a picture") from None
