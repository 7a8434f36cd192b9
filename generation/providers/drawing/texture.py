"""Paper tooth and marker streaks: the same sheet every time, cut to size."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

_SHEET = 512


@lru_cache(maxsize=1)
def _tooth_sheet() -> Plane:
    noise = np.random.default_rng(7).normal(0.0, 1.0, (_SHEET, _SHEET)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 0.7, borderType=cv2.BORDER_REFLECT)
    coarse = cv2.GaussianBlur(noise, (0, 0), 2.2, borderType=cv2.BORDER_REFLECT)
    mixed = fine / fine.std() * 0.8 + coarse / coarse.std() * 0.5
    return np.asarray(np.clip(205 + mixed * 30, 90, 255), dtype=np.uint8)


@lru_cache(maxsize=4)
def tooth(width: int, height: int) -> Plane:
    """How well the paper takes graphite, 255 the best."""
    sheet = _tooth_sheet()
    tiled = np.tile(sheet, (height // _SHEET + 1, width // _SHEET + 1))
    return np.asarray(tiled[:height, :width], dtype=np.uint8, order="C")


@lru_cache(maxsize=4)
def marker_streaks(width: int, height: int) -> Plane:
    """How much ink a broad marker leaves, 200 on average; bands run diagonally and overlap a little."""
    rng = np.random.default_rng(11)
    side = 640
    profile = np.empty(side, dtype=np.float32)
    at = 0
    while at < side:
        band = int(rng.integers(13, 24))
        profile[at : at + band] = rng.normal(198, 9)
        profile[at : at + 2] += 16
        at += band
    along = cv2.resize(rng.normal(0, 1, (side // 5, 8)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    bands = cv2.GaussianBlur(profile[:, None] + along * 5, (0, 0), 0.9)
    scale = max(width, height) / 400
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), 24, scale)
    centred = np.array([[1, 0, (width - side) / 2], [0, 1, (height - side) / 2], [0, 0, 1]])
    turn = (centred @ np.vstack([turn, [0, 0, 1]]))[:2]
    streaks = cv2.warpAffine(bands, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.clip(streaks, 0, 255).astype(np.uint8)
