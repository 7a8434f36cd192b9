"""Gemini's interactions: /gemini/{version}/interactions and the files they make, as strict as Google's.

`state.flavour["omni"]`: "inline" puts the clip into the answer, "elsewhere" redirects the download to another address,
"gateway" names the vendor's own host as the address of the file, as behind a gateway.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from tests.standin.server import route
from tests.standin.state import Clip, State

PREFIX = "/gemini/{version}"
MODELS = {"gemini-omni-1.2-flash": 15, "gemini-omni-1.1-flash": 10, "gemini-omni-flash-preview": 10}
FIELDS = {"model", "background", "store", "input", "generation_config", "response_format", "previous_interaction_id"}
CONFIG = {"video_config", "seed"}
FORMAT = {"type", "aspect_ratio", "resolution", "duration", "delivery"}
TASKS = {"text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale"}
#: The longest extended clip.
MOST_SECONDS = {"gemini-omni-1.2-flash": 30, "gemini-omni-1.1-flash": 40}
MOST_PICTURES = {"text_to_video": 0, "image_to_video": 2, "reference_to_video": 6, "edit": 6, "extend": 0, "upscale": 0}


class Refused(Exception):
    def __init__(self, message: str, status: int = 400, name: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.status, self.name = status, name


def routes(state: State) -> list[BaseRoute]:
    gemini = Gemini(state)
    one = "/interactions/{id}"
    return [
        gemini.route("/interactions", "POST", "omni.create", gemini.create),
        gemini.route(f"{one}/cancel", "POST", "omni.cancel", gemini.cancel),
        gemini.route(one, "GET", "omni.get", gemini.get),
        gemini.route(one, "DELETE", "omni.delete", gemini.delete),
        gemini.route("/models/{model}", "GET", "omni.model", gemini.model),
        gemini.route("/files/{name}:download", "GET", "omni.content", gemini.content),
        route(state, "/elsewhere/{name}", "GET", "omni.elsewhere", gemini.elsewhere),
    ]


class Gemini:
    def __init__(self, state: State) -> None:
        self.state = state

    def route(self, path: str, method: str, name: str, handler: Any) -> BaseRoute:
        def answer(request: Request, fields: dict[str, Any]) -> Response:
            try:
                if self.state.key is not None and request.headers.get("x-goog-api-key") != self.state.key:
                    raise Refused("API key not valid. Please pass a valid API key.", 400)
                response: Response = handler(request, fields)
            except Refused as refused:
                error = {"code": refused.status, "message": str(refused), "status": refused.name}
                return JSONResponse({"error": error}, refused.status)
            return response

        return route(self.state, PREFIX + path, method, name, answer)

    def create(self, request: Request, fields: dict[str, Any]) -> Response:
        check_names(fields, FIELDS, "")
        model = fields.get("model")
        if model not in MODELS:
            raise Refused(f"models/{model} is not found.", 404, "NOT_FOUND")
        if fields.get("background") is not True or fields.get("store") is not True:
            raise Refused("This model needs background and store.")
        config, wanted = fields.get("generation_config") or {}, fields.get("response_format") or {}
        check_names(config, CONFIG, "generation_config.")
        check_names(wanted, FORMAT, "response_format.")
        task = (config.get("video_config") or {}).get("task")
        if task not in TASKS:
            raise Refused(f"Invalid task: {task}.")
        if not isinstance(config.get("seed", 0), int):
            raise Refused("generation_config.seed must be an integer.")
        prompt = check_input(fields.get("input"), task)
        seconds = float(str(wanted.get("duration", "0s")).rstrip("s") or 0)
        if task in ("edit", "extend"):
            earlier = self.find_finished(fields.get("previous_interaction_id"))
            if task == "extend" and (seconds := seconds + earlier.details["seconds_made"]) > MOST_SECONDS[model]:
                raise Refused(f"An extended video lasts at most {MOST_SECONDS[model]} seconds.")
        check_format(wanted, task, MODELS[model])
        clip = self.state.make_clip("omni.create", prefix="int_", model=model, prompt=prompt, seconds_made=seconds)
        return JSONResponse({"id": clip.id, "status": "in_progress", "model": model, **TIMES})

    def get(self, request: Request, fields: dict[str, Any]) -> Response:
        clip = self.find_clip(request.path_params["id"])
        answer: dict[str, Any] = {"id": clip.id, "model": clip.model, **TIMES}
        if clip.cancelled:
            return JSONResponse(answer | {"status": "cancelled"})
        if not clip.is_over:
            return JSONResponse(answer | {"status": "in_progress" if clip.progress else "queued"})
        if clip.outcome == "failed":
            error = {"code": clip.code or "INTERNAL", "message": clip.reason or "An internal error."}
            return JSONResponse(answer | {"status": self.state.flavour.get("omni.status", "failed"), "errors": [error]})
        content: dict[str, Any] = {"type": "text", "text": clip.reason or "I can't make that."}
        if clip.outcome == "completed":
            content = {"type": "video", "mime_type": "video/mp4"} | self.place(request, clip)
        steps = [{"type": "model_output", "content": [content]}]
        return JSONResponse(answer | {"status": "completed", "steps": steps})

    def place(self, request: Request, clip: Clip) -> dict[str, str]:
        if self.state.flavour.get("omni") == "inline":
            return {"data": base64.b64encode(self.state.content).decode()}
        root = f"{request.base_url}gemini"
        if self.state.flavour.get("omni") == "gateway":
            root = "https://generativelanguage.googleapis.com"
        version = request.path_params["version"]
        return {"uri": f"{root}/{version}/files/{clip.id}:download?alt=media"}

    def cancel(self, request: Request, fields: dict[str, Any]) -> Response:
        clip = self.find_clip(request.path_params["id"])
        if clip.is_over:
            raise Refused("The interaction is over.")
        clip.cancelled = True
        return JSONResponse({"id": clip.id, "status": "cancelled", "model": clip.model, **TIMES})

    def delete(self, request: Request, fields: dict[str, Any]) -> Response:
        clip = self.find_clip(request.path_params["id"])
        self.state.deleted.append(clip.id)
        del self.state.clips[clip.id]
        return JSONResponse({})

    def model(self, request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse({"name": f"models/{request.path_params['model']}"})

    def content(self, request: Request, fields: dict[str, Any]) -> Response:
        self.find_finished(request.path_params["name"])
        if self.state.flavour.get("omni") == "elsewhere":
            return RedirectResponse(f"/elsewhere/{request.path_params['name']}", 302)
        return Response(self.state.content, media_type="video/mp4")

    def elsewhere(self, request: Request, fields: dict[str, Any]) -> Response:
        assert "x-goog-api-key" not in request.headers, "no key may follow a redirect"
        return Response(self.state.content, media_type="video/mp4")

    def find_clip(self, clip_id: Any) -> Clip:
        clip = self.state.clips.get(clip_id)
        if clip is None:
            raise Refused(f"Interaction {clip_id} not found.")
        return clip

    def find_finished(self, clip_id: Any) -> Clip:
        clip = self.find_clip(clip_id)
        if not clip.is_over or clip.outcome != "completed":
            raise Refused(f"Interaction {clip_id} has no clip.")
        return clip


TIMES = {"created": "2026-11-24T12:00:00Z", "updated": "2026-11-24T12:00:00Z"}


def check_names(fields: dict[str, Any], allowed: set[str], where: str) -> None:
    for name in fields.keys() - allowed:
        raise Refused(f'Invalid JSON payload received. Unknown name "{where}{name}": Cannot find field.')


def check_input(value: Any, task: str) -> str:
    """The prompt. Media come first, then the text."""
    content = value[0]["content"] if isinstance(value, list) and value and "content" in value[0] else value
    if not isinstance(content, list) or not content or content[-1].get("type") != "text":
        raise Refused("input must end with text.")
    *media, text = content
    for part in media:
        if part.get("type") != "image" or part.get("mime_type") not in ("image/png", "image/jpeg", "image/webp"):
            raise Refused("Unsupported media.")
        base64.b64decode(part["data"], validate=True)
    least = 1 if task in ("image_to_video", "reference_to_video") else 0
    if not least <= len(media) <= MOST_PICTURES[task]:
        raise Refused(f"{task} takes {least} to {MOST_PICTURES[task]} images, not {len(media)}.")
    if not text.get("text"):
        raise Refused("The text is empty.")
    return str(text["text"])


def check_format(wanted: dict[str, Any], task: str, most_seconds: int) -> None:
    if wanted.get("type") != "video" or wanted.get("delivery", "uri") != "uri":
        raise Refused("response_format must be a video by uri.")
    if wanted.get("aspect_ratio", "16:9") not in ("16:9", "9:16"):
        raise Refused("aspect_ratio must be 16:9 or 9:16.")
    if wanted.get("resolution", "720p") not in ("360p", "720p", "1080p", "4k"):
        raise Refused("resolution must be 360p, 720p, 1080p or 4k.")
    match = re.fullmatch(r"(\d+)s", str(wanted.get("duration", "8s")))
    if not match or not 3 <= int(match[1]) <= most_seconds:
        raise Refused(f'duration must be "3s" to "{most_seconds}s".')
