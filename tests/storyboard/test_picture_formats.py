"""Uploads from phones, cameras and other programs: formats, colours, and what is refused with what to do instead."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pillow_heif
import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from core.decoding.gate import decode
from generation.media import fitting
from projects import pictures, references
from tests.colour_profiles import green_ink, swapped
from tests.hostile_media import animation, encode, motion

pytestmark = pytest.mark.django_db
RED, GREEN = (230, 20, 20), (20, 230, 20)


def stored(data: bytes) -> Image.Image:
    kept = Image.open(io.BytesIO(references.clean_picture(io.BytesIO(data), len(data)).read()))
    kept.load()
    return kept


def plain(kind: str, mode: str = "RGB", color: Any = RED, **options: Any) -> bytes:
    return encode(Image.new(mode, (320, 180), color), kind, **options)


def heic(**options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    return plain("HEIF", **options)


def is_near(image: Image.Image, color: tuple[int, ...]) -> bool:
    middle = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(middle, tuple)
    return all(abs(seen - wanted) <= 12 for seen, wanted in zip(middle, color, strict=True))


@pytest.mark.parametrize(
    ("make", "kept_as"),
    [
        (heic, "JPEG"),
        (lambda: plain("AVIF"), "JPEG"),
        (lambda: plain("AVIF", "RGBA", (*RED, 90)), "PNG"),
        (lambda: plain("TIFF", compression="tiff_lzw"), "PNG"),
        (lambda: plain("TIFF", save_all=True, append_images=[Image.new("RGB", (99, 99), GREEN)] * 9), "PNG"),
    ],
)
def test_pictures_of_phones_and_scanners_are_taken(make: Callable[[], bytes], kept_as: str):
    kept = stored(make())
    assert (kept.format, kept.size, is_near(kept.convert("RGB"), RED)) == (kept_as, (320, 180), True)


def test_a_picture_with_a_second_one_keeps_the_first_as_a_jpeg():
    kept = stored(motion("MPO"))
    assert (kept.format, kept.size) == ("JPEG", (400, 300))


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF", "JPEG"])
def test_a_turned_picture_is_stored_upright(kind: str):
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    assert stored(plain(kind, exif=exif.tobytes())).size == (180, 320)


@pytest.mark.parametrize(
    "make",
    [
        lambda: plain("JPEG", icc_profile=swapped()),
        lambda: plain("PNG", icc_profile=swapped()),
        lambda: plain("WEBP", icc_profile=swapped()),
        lambda: plain("TIFF", icc_profile=swapped()),
        lambda: plain("AVIF", icc_profile=swapped()),
        lambda: heic(icc_profile=swapped()),
        lambda: encode(Image.new("RGB", (320, 180), RED).quantize(4), icc_profile=swapped()),
    ],
)
def test_the_colours_of_a_profile_become_srgb(make: Callable[[], bytes]):
    kept = stored(make())
    assert (is_near(kept, GREEN), "icc_profile" in kept.info) == (True, False)


def test_transparency_outlives_the_colour_profile():
    kept = stored(plain("PNG", "RGBA", (*RED, 90), icc_profile=swapped()))
    assert (is_near(kept.convert("RGB"), GREEN), kept.getchannel("A").getextrema()) == (True, (90, 90))


def test_the_profile_of_inks_is_used():
    assert is_near(stored(plain("JPEG", "CMYK", (0, 200, 200, 0), icc_profile=green_ink())), (0, 255, 0))


@pytest.mark.parametrize("profile", [b"no profile", green_ink(), swapped()[:200]])
def test_a_profile_that_does_not_fit_is_ignored(profile: bytes):
    assert is_near(stored(plain("JPEG", icc_profile=profile)), RED)


def test_a_frame_for_a_provider_has_the_colours_of_its_profile():
    picture = plain("PNG", icc_profile=swapped())
    fitted = decode(fitting.fit_picture, picture, 160, 90, "crop", limits=pictures.LIMITS)
    assert is_near(Image.open(io.BytesIO(fitted)), GREEN)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: animation("GIF", 3), "GIF is not supported. Save one frame of it as a PNG, then try again."),
        (
            lambda: plain("WEBP", save_all=True, append_images=[Image.new("RGB", (320, 180), GREEN)]),
            "This image is an animation of 2 frames. Save one of them, then try again.",
        ),
        (lambda: animation("PNG", 2), "This image is an animation of 2 frames. Save one of them, then try again."),
        (
            lambda: b'<?xml version="1.0"?>\n<svg/>',
            "SVG drawings are not supported. Export it as a PNG, then try again.",
        ),
        (lambda: b"8BPS" + bytes(99), "Photoshop files are not supported. Export it as a PNG, then try again."),
        (
            lambda: plain("TIFF", tiffinfo={pictures.NEWSUBFILETYPE: 1}),
            "Raw files of cameras are not supported. Export it as a JPEG, then try again.",
        ),
        (lambda: b"\0\0\0\x18ftypheic" + bytes(400), pictures.HEIC),
        (lambda: heic()[:-50], pictures.HEIC),
    ],
)
def test_what_is_refused_is_named_with_what_to_do(make: Callable[[], bytes], words: str):
    with pytest.raises(ValidationError) as refused:
        stored(make())
    assert refused.value.messages == [words]


@pytest.mark.parametrize("make", [lambda: plain("TIFF"), lambda: plain("AVIF"), heic])
def test_a_provider_sends_pictures_of_the_web_only(make: Callable[[], bytes]):
    with pytest.raises(ValidationError, match="PNG, JPEG or WebP"):
        references.check_generated_picture(make())
