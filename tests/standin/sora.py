"""The /v1/videos protocol: /openai/v1/videos, as strict as the real servers.

`state.flavour["sora"]` is the make: openai (default), vllm, sglang or litellm, with the differences in docs/providers.md.
With any `state.flavour["sora.url"]`, finished clips have a URL of their own.
"""

from __future__ import annotations

import base64
import io
import re
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from tests.standin.server import route
from tests.standin.state import Charge, Clip, State

PREFIX = "/openai/v1"
SIZES = {
    "sora-2": ("1280x720", "720x1280"),
    "sora-2-pro": ("1280x720", "720x1280", "1792x1024", "1024x1792"),
}
SECONDS = ("4", "8", "12", "16", "20")
PROMPT_LIMIT = 32_000
FIELDS = {"prompt", "model", "seconds", "size", "input_reference"}
EXTRA_FIELDS = {"seed", "negative_prompt", "fps", "num_inference_steps", "guidance_scale"}


class Refused(Exception):
    def __init__(self, message: str, param: str = "", code: str = "invalid_value", status: int = 400) -> None:
        super().__init__(message)
        self.param, self.code, self.status = param, code, status


def routes(state: State) -> list[BaseRoute]:
    server = Server(state)
    return [
        server.route("/videos", "POST", "sora.create", server.create),
        server.route("/videos", "GET", "sora.list", server.listing),
        server.route("/videos/edits", "POST", "sora.edit", server.edit),
        server.route("/videos/extensions", "POST", "sora.extend", server.extend),
        server.route("/videos/{id}", "GET", "sora.get", server.get),
        server.route("/videos/{id}", "DELETE", "sora.delete", server.delete),
        server.route("/videos/{id}/content", "GET", "sora.content", server.content),
        server.route("/videos/{id}/remix", "POST", "sora.remix", server.remix),
        route(state, "/files/{name}", "GET", "sora.file", server.file),
    ]


class Server:
    def __init__(self, state: State) -> None:
        self.state = state

    @property
    def flavour(self) -> str:
        return self.state.flavour.get("sora", "openai")

    def route(self, path: str, method: str, name: str, handler: Any) -> BaseRoute:
        def answer(request: Request, fields: dict[str, Any]) -> Response:
            try:
                self.check_key(request)
                response: Response = handler(request, fields)
            except Refused as refused:
                return self.refusal(refused)
            return response

        return route(self.state, PREFIX + path, method, name, answer)

    def check_key(self, request: Request) -> None:
        if self.state.key is None or request.headers.get("authorization") == f"Bearer {self.state.key}":
            return
        if self.flavour == "litellm":
            raise Refused("No connected db.", code="400")
        raise Refused("Incorrect API key provided.", code="invalid_api_key", status=401)

    def refusal(self, refused: Refused) -> Response:
        error: dict[str, Any] = {"message": str(refused)}
        if self.flavour != "sglang":
            error |= {"type": "invalid_request_error", "param": refused.param or None, "code": refused.code}
        return JSONResponse({"error": error}, refused.status, headers={"x-request-id": "req_refused"})

    # -- Making --------------------------------------------------------------------------------------------------------

    def create(self, request: Request, fields: dict[str, Any]) -> Response:
        is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
        if not is_form and self.flavour != "sglang":
            raise Refused("Unsupported content type.", code="unsupported_content_type", status=415)
        takes_extras = self.flavour in ("vllm", "sglang")
        allowed = FIELDS | EXTRA_FIELDS if takes_extras else FIELDS
        for name in fields.keys() - allowed:
            raise Refused(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        check_prompt(fields)
        model, size, seconds = fields.get("model", "sora-2"), fields.get("size", "720x1280"), fields.get("seconds", "4")
        if takes_extras:
            check_free(size, seconds)
        elif self.flavour == "openai":
            check_fixed(model, size, seconds)
        if "input_reference" in fields:
            check_picture(fields["input_reference"], size if self.flavour == "openai" else "")
        return self.make("sora.create", model, fields["prompt"], size=size, seconds=seconds)

    def remix(self, request: Request, fields: dict[str, Any]) -> Response:
        self.require_reworks("remix")
        source = self.find_finished(request.path_params["id"])
        if fields.keys() != {"prompt"}:
            raise Refused("Remix takes the prompt only.", code="unknown_parameter")
        check_prompt(fields)
        return self.make("sora.remix", source.model, fields["prompt"], **source.details, remixed_from=source.id)

    def edit(self, request: Request, fields: dict[str, Any]) -> Response:
        self.require_reworks("edits")
        source = self.find_source(fields, {"prompt", "video"})
        return self.make("sora.edit", source.model, fields["prompt"], **source.details, remixed_from=source.id)

    def extend(self, request: Request, fields: dict[str, Any]) -> Response:
        self.require_reworks("extensions")
        source = self.find_source(fields, {"prompt", "video", "seconds"})
        if fields.get("seconds") not in SECONDS:
            raise Refused(f"Invalid value: '{fields.get('seconds')}'.", "seconds")
        total = str(int(source.details["seconds"]) + int(fields["seconds"]))
        return self.make("sora.extend", source.model, fields["prompt"], size=source.details["size"], seconds=total)

    def find_source(self, fields: dict[str, Any], allowed: set[str]) -> Clip:
        for name in fields.keys() - allowed:
            raise Refused(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        check_prompt(fields)
        video = fields.get("video")
        if not isinstance(video, dict) or video.keys() != {"id"}:
            raise Refused("Missing required parameter: 'video'.", "video", "missing_required_parameter")
        return self.find_finished(video["id"])

    def make(self, operation: str, model: str, prompt: str, **details: Any) -> Response:
        clip = self.state.make_clip(operation, prefix="video_", model=model, prompt=prompt, **details)
        if self.flavour == "litellm":
            del self.state.clips[clip.id]
            clip.id = base64.b64encode(
                f"litellm:custom_llm_provider:openai;model_id:;video_id:{clip.id}".encode()
            ).decode()
            self.state.clips[clip.id] = clip
            self.state.charges[-1] = Charge(operation, clip.id, model, prompt)
        return JSONResponse(self.job(clip, id=clip.id))

    def require_reworks(self, what: str) -> None:
        if self.flavour in ("vllm", "sglang"):
            raise Refused(f"Not Found: {what}", code="not_found", status=404)

    # -- Status --------------------------------------------------------------------------------------------------------

    def get(self, request: Request, fields: dict[str, Any]) -> Response:
        clip = self.find_clip(request.path_params["id"])
        # In LiteLLM's answers to polls the clip has another id, which cannot be used for requests.
        job = self.job(clip, id=f"other-{len(clip.id)}" if self.flavour == "litellm" else clip.id)
        if self.state.flavour.get("sora.url") and job["status"] == "completed":
            root = str(request.base_url).rstrip("/")
            job["url"] = f"{root}/files/{clip.id}.mp4"
        return JSONResponse(job, 500 if self.flavour == "vllm" and job["status"] == "failed" else 200)

    def listing(self, request: Request, fields: dict[str, Any]) -> Response:
        if self.flavour == "litellm":
            raise Refused("Listing needs a provider.", code="400")
        own = [clip for clip in self.state.clips.values() if "seconds" in clip.details]
        clips = sorted(own, key=lambda clip: clip.created_at, reverse=True)
        limit = int(request.query_params.get("limit", 20))
        jobs = [self.job(clip, id=clip.id) for clip in clips[:limit]]
        last = jobs[-1]["id"] if jobs else None
        return JSONResponse({"object": "list", "data": jobs, "last_id": last, "has_more": len(clips) > limit})

    def delete(self, request: Request, fields: dict[str, Any]) -> Response:
        if self.flavour == "litellm":
            raise Refused("Method Not Allowed", code="405", status=405)
        clip = self.find_clip(request.path_params["id"])
        if self.flavour == "openai" and not clip.is_over:
            raise Refused("A video that is still being made cannot be deleted.")
        clip.cancelled = self.flavour == "vllm" and not clip.is_over
        self.state.deleted.append(clip.id)
        if self.flavour != "sglang" or clip.is_over:
            del self.state.clips[clip.id]
        return JSONResponse({"id": clip.id, "object": "video.deleted", "deleted": True})

    def job(self, clip: Clip, *, id: str) -> dict[str, Any]:
        status: str = clip.outcome if clip.is_over else "in_progress" if clip.progress else "queued"
        if status == "filtered":
            status = "failed"
        if status == "failed" and clip.code == "expired":
            status = "expired"
        if self.flavour == "litellm" and status in ("queued", "in_progress"):
            status = "processing"
        job: dict[str, Any] = {
            "id": id,
            "object": "video",
            "model": clip.model,
            "status": status,
            "progress": clip.progress,
            "created_at": int(clip.created_at),
            "prompt": clip.prompt,
            "seconds": clip.details["seconds"],
            "size": clip.details["size"],
            "remixed_from_video_id": clip.details.get("remixed_from"),
            "error": None,
        }
        if status == "failed":
            code = clip.code or ("moderation_blocked" if clip.outcome == "filtered" else "server_error")
            job["error"] = {"code": code, "message": clip.reason or "The clip could not be made."}
            if self.flavour == "sglang":
                del job["error"]["code"]
        return job

    # -- Downloads -----------------------------------------------------------------------------------------------------

    def content(self, request: Request, fields: dict[str, Any]) -> Response:
        clip = self.find_finished(request.path_params["id"])
        variant = request.query_params.get("variant", "video")
        if self.flavour in ("vllm", "litellm", "sglang") and variant != "video":
            raise Refused("Unknown variant.", "variant")
        if variant == "thumbnail":
            return Response(self.state.thumbnail, media_type="image/webp")
        if self.state.flavour.get("sora.url"):
            raise Refused(f"{clip.id} stands at its url.", status=404, code="not_found")
        return Response(self.state.content, media_type=self.state.content_type)

    def file(self, request: Request, fields: dict[str, Any]) -> Response:
        assert "authorization" not in request.headers, "no key may be sent to an address that is not the account's"
        self.find_finished(request.path_params["name"].removesuffix(".mp4"))
        return Response(self.state.content, media_type=self.state.content_type)

    def find_clip(self, clip_id: str) -> Clip:
        clip = self.state.clips.get(clip_id)
        if clip is None:
            raise Refused(f"Video with id '{clip_id}' not found.", "id", "not_found", 404)
        return clip

    def find_finished(self, clip_id: str) -> Clip:
        clip = self.find_clip(clip_id)
        if not clip.is_over or clip.outcome != "completed":
            raise Refused("The video is not ready.", "id", "not_ready", 409)
        return clip


def check_prompt(fields: dict[str, Any]) -> None:
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Refused("Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter")
    if len(prompt) > PROMPT_LIMIT:
        raise Refused(f"Expected at most {PROMPT_LIMIT} characters.", "prompt", "string_above_max_length")


def check_fixed(model: Any, size: Any, seconds: Any) -> None:
    if model not in SIZES:
        raise Refused(f"The model '{model}' does not exist.", "model", "model_not_found")
    if size not in SIZES[model]:
        raise Refused(f"Invalid value: '{size}'. Supported values are {', '.join(SIZES[model])}.", "size")
    if seconds not in SECONDS:
        raise Refused(f"Invalid value: '{seconds}'. Supported values are {', '.join(SECONDS)}.", "seconds")


def check_free(size: Any, seconds: Any) -> None:
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", str(size)):
        raise Refused("size is WIDTHxHEIGHT.", "size")
    if not re.fullmatch(r"[1-9]\d*", str(seconds)):
        raise Refused("seconds is a positive number.", "seconds")


def check_picture(upload: Any, size: str) -> None:
    if not isinstance(upload, tuple):
        raise Refused("Expected a file.", "input_reference", "invalid_type")
    _, content, content_type = upload
    try:
        with Image.open(io.BytesIO(content)) as image:
            real, found = image.get_format_mimetype(), f"{image.width}x{image.height}"
    except UnidentifiedImageError:
        raise Refused("Invalid image.", "input_reference", "invalid_image") from None
    if content_type != real:
        raise Refused(f"Unsupported mimetype ('{content_type}').", "input_reference", "invalid_image")
    if size and found != size:
        raise Refused("Inpaint image must match the requested width and height", "input_reference")
