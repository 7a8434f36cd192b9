"""Veo on Vertex: /vertex/... long-running predictions, and /storage for clips in buckets.

Finished clips are inside the answer unless the request names a bucket, or `state.flavour["veo"]` is "gcs". The valid token is
`state.key`.
"""

from __future__ import annotations

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from tests.standin.server import route
from tests.standin.state import Clip, State

MODEL = "/vertex/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}"
INSTANCE = {"prompt", "image", "lastFrame", "video", "referenceImages"}
PARAMETERS = {
    "sampleCount",
    "storageUri",
    "durationSeconds",
    "seed",
    "aspectRatio",
    "resolution",
    "personGeneration",
    "negativePrompt",
    "generateAudio",
}


class Refused(Exception):
    def __init__(self, message: str, status: int = 400, name: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.status, self.name = status, name


def routes(state: State) -> list[BaseRoute]:
    vertex = Vertex(state)
    return [
        vertex.route(f"{MODEL}:predictLongRunning", "POST", "veo.create", vertex.create),
        vertex.route(f"{MODEL}:fetchPredictOperation", "POST", "veo.get", vertex.get),
        vertex.route("/vertex/{version}/publishers/google/models/{model}", "GET", "veo.model", vertex.model),
        vertex.route("/storage/storage/v1/b/{bucket}/o/{name:path}", "GET", "veo.content", vertex.content),
    ]


class Vertex:
    def __init__(self, state: State) -> None:
        self.state = state

    def route(self, path: str, method: str, name: str, handler: Any) -> BaseRoute:
        def answer(request: Request, fields: dict[str, Any]) -> Response:
            try:
                if self.state.key is not None and request.headers.get("authorization") != f"Bearer {self.state.key}":
                    raise Refused("Request had invalid authentication credentials.", 401, "UNAUTHENTICATED")
                response: Response = handler(request, fields)
            except Refused as refused:
                error = {"code": refused.status, "message": str(refused), "status": refused.name}
                return JSONResponse({"error": error}, refused.status)
            return response

        return route(self.state, path, method, name, answer)

    def create(self, request: Request, fields: dict[str, Any]) -> Response:
        model = request.path_params["model"]
        if not model.startswith("veo-3.1"):
            raise Refused(f"Publisher Model {model} was not found.", 404, "NOT_FOUND")
        (instance,), parameters = fields["instances"], fields.get("parameters", {})
        check_names(instance, INSTANCE, "instances[0].")
        check_names(parameters, PARAMETERS, "parameters.")
        if not instance.get("prompt"):
            raise Refused("The prompt is empty.")
        check_pictures(instance)
        check_parameters(parameters, extends="video" in instance)
        clip = self.state.make_clip(
            "veo.create", prefix="op-", model=model, prompt=instance["prompt"], bucket=parameters.get("storageUri", "")
        )
        return JSONResponse(
            {"name": f"{request.url.path.partition('/v1beta1/')[2].partition(':')[0]}/operations/{clip.id}"}
        )

    def get(self, request: Request, fields: dict[str, Any]) -> Response:
        name = fields["operationName"]
        clip = self.find_clip(name.rpartition("/")[2])
        if not clip.is_over:
            return JSONResponse({"name": name})
        if clip.outcome == "failed":
            error = {"code": int(clip.code or 13), "message": clip.reason or "Internal error."}
            return JSONResponse({"name": name, "done": True, "error": error})
        response: dict[str, Any] = {"@type": "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"}
        if clip.outcome == "filtered":
            response |= {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [clip.reason or "Filtered."]}
        elif clip.details["bucket"]:
            response["videos"] = [
                {"gcsUri": f"{clip.details['bucket']}/{clip.id}/sample_0.mp4", "mimeType": "video/mp4"}
            ]
        else:
            encoded = base64.b64encode(self.state.content).decode()
            response["videos"] = [{"bytesBase64Encoded": encoded, "mimeType": "video/mp4"}]
        return JSONResponse({"name": name, "done": True, "response": response})

    def model(self, request: Request, fields: dict[str, Any]) -> Response:
        return JSONResponse({"name": f"publishers/google/models/{request.path_params['model']}"})

    def content(self, request: Request, fields: dict[str, Any]) -> Response:
        self.find_clip(request.path_params["name"].split("/")[-2])
        return Response(self.state.content, media_type="video/mp4")

    def find_clip(self, clip_id: str) -> Clip:
        clip = self.state.clips.get(clip_id)
        if clip is None:
            raise Refused(f"The operation {clip_id} was not found.", 404, "NOT_FOUND")
        return clip


def check_names(fields: dict[str, Any], allowed: set[str], where: str) -> None:
    for name in fields.keys() - allowed:
        raise Refused(f'Invalid JSON payload received. Unknown name "{where}{name}": Cannot find field.')


def check_pictures(instance: dict[str, Any]) -> None:
    references = instance.get("referenceImages", [])
    frames = [instance[name] for name in ("image", "lastFrame") if name in instance]
    if references and frames:
        raise Refused("Reference images cannot be combined with frames.")
    if len(references) > 3:
        raise Refused("At most 3 reference images.")
    for picture in [*frames, *(reference["image"] for reference in references)]:
        if picture.get("mimeType") not in ("image/png", "image/jpeg", "image/webp"):
            raise Refused("Unsupported image.")
        base64.b64decode(picture["bytesBase64Encoded"], validate=True)
    if "lastFrame" in instance and "image" not in instance:
        raise Refused("lastFrame needs image.")
    if "video" in instance and not instance["video"].get("gcsUri", "").startswith("gs://"):
        raise Refused("The video to extend must be in Cloud Storage.")


def check_parameters(parameters: dict[str, Any], *, extends: bool) -> None:
    if parameters.get("durationSeconds") not in ((7,) if extends else (4, 6, 8)):
        raise Refused("durationSeconds must be 4, 6 or 8, and 7 to extend.")
    if parameters.get("aspectRatio") not in ("16:9", "9:16"):
        raise Refused("aspectRatio must be 16:9 or 9:16.")
    if parameters.get("resolution") not in (("720p",) if extends else ("720p", "1080p", "4k")):
        raise Refused("Unsupported resolution.")
    if parameters.get("personGeneration", "allow_all") not in ("allow_all", "allow_adult", "dont_allow"):
        raise Refused("Unsupported personGeneration.")
    for name, kind in (("seed", int), ("generateAudio", bool), ("negativePrompt", str)):
        if name in parameters and not isinstance(parameters[name], kind):
            raise Refused(f"{name} has the wrong type.")
