"""Small colour profiles that nobody mistakes for sRGB."""

from __future__ import annotations

import struct

from PIL import ImageCms


def swapped() -> bytes:
    """An RGB profile whose red is green, and whose green is red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tXYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tXYZ", b"gXYZ", 1)


def green_ink() -> bytes:
    """A CMYK profile in which every mixture of inks is the same green."""
    lightness, a, b = 224, 42, 211  # of Lab in 8 bits
    ramp = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    table += ramp * 4 + bytes([lightness, a, b]) * 16 + ramp * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"A2B0", table), (b"wtpt", white)]
    offset, index, content = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, tag in tags:
        index += name + struct.pack(">II", offset + len(content), len(tag))
        content += tag
    size = struct.pack(">I", offset + len(content))
    header = size + b"lcms\x02\x40\0\0prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28) + white[8:] + bytes(48)
    return header + index + content
