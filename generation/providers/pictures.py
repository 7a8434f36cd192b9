"""Reads the frames, references and input images of a request."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from generation.providers.base import ErrorKind, ProviderError


@dataclass(frozen=True)
class Picture:
    """An image file. `content_type` is detected from the data, not from the name."""

    name: str
    data: bytes
    content_type: str

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode()

    @property
    def as_upload(self) -> tuple[str, bytes, str]:
        return self.name, self.data, self.content_type


def read_picture(path: Path) -> Picture:
    """Raises ProviderError if the file is missing or no image."""
    try:
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as image:  # noqa: TID251  # the header alone
            return Picture(path.name, data, image.get_format_mimetype() or "")
    except OSError as error:
        raise ProviderError(ErrorKind.INVALID, f"{path.name} could not be read as an image.") from error
