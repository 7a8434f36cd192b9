from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generation.providers.base import ProviderError, Request
from previz.shot import Shot


def a_request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "prompt": "A heron lifts off the lake.",
        "shot": Shot(),
        "width": 1280,
        "height": 720,
        "duration": Decimal("8.0"),
        "model": "sora-2",
    }
    return Request(**(values | changes))


def catch_error(work: Callable[..., object], *args: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*args)
    return caught.value


def a_picture(path: Path, size: tuple[int, int] = (1280, 720)) -> Path:
    Image.new("RGB", size, "teal").save(path)
    return path
