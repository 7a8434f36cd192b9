"""Measures what an animatic costs: Previz beside encoding ready frames, and a move over a photo beside ffmpeg's zoompan.

Every measurement runs in its own process; the contenders take turns and the median counts. CPU is user and system time of all
threads per second of clip, including reading the still. Smoothness tracks discs in the decoded frames to a fraction of a
pixel and compares their travel between frames with the ideal eased camera.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from generation.providers import animatic
from generation.providers.base import Request
from generation.providers.photo_moves import Camera, sheet_from_picture
from previz.picture import frames, panel
from previz.shot import Shot

WIDTH, HEIGHT, FPS = 1280, 720, 24
MOVES = ("zoom-in", "pan-right", "handheld", "orbit-left")
CONTENDERS = ("ours", "zoompan", "zoompan-4x")
_SHOT = Shot(subject="A sailor", location="harbour town", shot_type="wide")
_BLOBS = tuple((x, y) for x in (0.36, 0.5, 0.64) for y in (0.36, 0.5, 0.62))


#: Shots that cost little and much: a still camera, outdoors, a room, several people, blur, rain.
PREVIZ = {
    "static, outdoors": {"shot_type": "wide"},
    "dolly in, outdoors": {"shot_type": "wide", "camera_move": "dolly-in"},
    "pan, room, two people": {
        "location": "INT. OFFICE",
        "cast": "Anna, Ben",
        "shot_type": "two-shot",
        "camera_move": "pan-left",
    },
    "orbit, six people": {"cast": "A, B, C, D, E, F", "shot_type": "full", "camera_move": "orbit-right"},
    "handheld, shallow": {
        "cast": "Anna, Ben",
        "shot_type": "over-the-shoulder",
        "camera_move": "handheld",
        "depth_of_field": "shallow",
    },
    "truck, rain at night": {
        "cast": "Anna",
        "camera_move": "truck-left",
        "weather": "rain",
        "time_of_day": "night",
        "shot_type": "medium",
    },
}


def draw_still(path: Path, *, blobs: bool) -> None:
    """Draw a Previz panel, or dark discs on grey that can be tracked."""
    if not blobs:
        Image.fromarray(panel(_SHOT, (WIDTH, HEIGHT))).save(path)
        return
    scale = 4
    still = Image.new("L", (WIDTH * scale, HEIGHT * scale), 190)
    pen = ImageDraw.Draw(still)
    for x, y in _BLOBS:
        radius = 17 * scale
        pen.ellipse(
            (
                x * WIDTH * scale - radius,
                y * HEIGHT * scale - radius,
                x * WIDTH * scale + radius,
                y * HEIGHT * scale + radius,
            ),
            fill=60,
        )
    still.filter(ImageFilter.GaussianBlur(2 * scale)).resize((WIDTH, HEIGHT), Image.Resampling.BOX).convert("RGB").save(
        path
    )


def render_ours(move: str, still: Path | None, seconds: int, destination: Path) -> None:
    shot = Shot(**{**vars(_SHOT), "camera_move": move})
    animatic.render(
        Request("", shot, WIDTH, HEIGHT, Decimal(seconds), FPS, start_frame=still), destination, lambda _: None
    )


def zoompan_arguments(move: str, seconds: int) -> str:
    """The same eased move in zoompan's expressions; it zooms to make room for a pan, as our overscan does."""
    frames = seconds * FPS
    camera = Camera(move, seconds)
    eased = f"(on/{frames - 1})*(on/{frames - 1})*(3-2*on/{frames - 1})"
    start, end = camera.at(0.0), camera.at(1.0)
    zoom = f"{camera.move.overscan}*({start.zoom}+({end.zoom}-{start.zoom})*{eased})"
    x = f"iw/2-iw/zoom/2+iw/{camera.move.overscan}*({start.x}+({end.x}-{start.x})*{eased})"
    y = "ih/2-ih/zoom/2"
    return f"z='{zoom}':x='{x}':y='{y}':d={frames}:s={WIDTH}x{HEIGHT}:fps={FPS}".replace(",", r"\,")


def render_zoompan(move: str, still: Path, seconds: int, enlarged: int, destination: Path) -> None:
    with av.open(str(destination), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video: Any = container.add_stream("libx264", rate=FPS, options=animatic.encoder_options(FPS))
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio: Any = container.add_stream("aac", rate=animatic.SAMPLE_RATE, layout="stereo")
        audio.bit_rate = 64_000
        pixels = np.asarray(Image.open(still).convert("RGB"))
        source = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        graph = av.filter.Graph()
        entry = graph.add_buffer(
            width=source.width, height=source.height, format=source.format, time_base=Fraction(1, FPS)
        )
        steps = [entry]
        if enlarged > 1:
            steps.append(graph.add("scale", f"{WIDTH * enlarged}:{HEIGHT * enlarged}:flags=bicubic"))
        steps.append(graph.add("zoompan", zoompan_arguments(move, seconds)))
        steps.append(graph.add("buffersink"))
        for first, second in pairwise(steps):
            first.link_to(second)
        graph.configure()
        source.pts, source.time_base = 0, Fraction(1, FPS)
        entry.push(source)
        entry.push(None)
        for index in range(seconds * FPS):
            frame: Any = steps[-1].pull()
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        for index in range(0, seconds * animatic.SAMPLE_RATE, 1024):
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts = animatic.SAMPLE_RATE, index
            container.mux(audio.encode(silence))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def encode_ready(shot: Shot, size: tuple[int, int], seconds: int, destination: Path) -> float:
    """CPU seconds of encoding frames that are drawn beforehand."""
    drawn: dict[int, Any] = {}
    ready = [drawn.setdefault(id(picture), picture) for picture in frames(shot, size, seconds, FPS)]
    before = time.process_time()
    prepare = partial(animatic.write_pictures, iter(ready))
    animatic.write_clip(Request("", shot, *size, Decimal(seconds), FPS), prepare, destination, lambda _: None)
    return time.process_time() - before


def previz_cpu(shot: Shot, size: tuple[int, int], seconds: int, destination: Path) -> float:
    before = time.process_time()
    animatic.render(Request("", shot, *size, Decimal(seconds), FPS), destination, lambda _: None)
    return time.process_time() - before


def previz_rows(folder: Path, seconds: int, repetitions: int) -> list[list[str]]:
    """Drawing and encoding beside encoding alone, in turns."""
    rows = [["previz", "size", "cpu s/s", "encoding alone", "x"]]
    for name, fields in PREVIZ.items():
        shot = Shot.from_fields(fields)
        for size in ((1280, 720), (1920, 1080)):
            both, alone = [], []
            for _ in range(repetitions):
                both.append(previz_cpu(shot, size, seconds, folder / "previz.mp4") / seconds)
                alone.append(encode_ready(shot, size, seconds, folder / "ready.mp4") / seconds)
            whole, encoding = statistics.median(both), statistics.median(alone)
            rows.append([name, f"{size[1]}p", f"{whole:.3f}", f"{encoding:.3f}", f"{whole / encoding:.2f}"])
    return rows


def measure(task: dict[str, Any]) -> dict[str, float]:
    """Render once in a fresh process and return its CPU seconds."""
    still, destination = Path(task["still"]), Path(task["clip"])
    before = resource.getrusage(resource.RUSAGE_SELF)
    if task["contender"] == "ours":
        render_ours(task["move"], still, task["seconds"], destination)
    else:
        render_zoompan(task["move"], still, task["seconds"], 4 if task["contender"] == "zoompan-4x" else 1, destination)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def in_fresh_process(task: dict[str, Any]) -> dict[str, float]:
    process = subprocess.run(
        [sys.executable, __file__, "--task", json.dumps(task)], check=True, capture_output=True, text=True
    )
    result: dict[str, float] = json.loads(process.stdout)
    return result


def blob_tracks(clip: Path) -> np.ndarray[Any, Any]:
    """Centres of the nine discs in every frame: (frames, discs, 2)."""
    tracks = []
    last: np.ndarray[Any, Any] | None = None
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray").astype(np.float64)
            dark = np.clip(luma[4:60, 4:60].mean() - luma - 6, 0, None)
            if last is None:
                last = _first_centres(dark)
            last = np.array([_centre(dark, x, y) for x, y in last])
            tracks.append(last)
    return np.array(tracks)


def _first_centres(dark: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    count, _, stats, centres = cv2.connectedComponentsWithStats((dark > 20).astype(np.uint8))
    discs = [centres[index] for index in range(1, count) if stats[index, cv2.CC_STAT_AREA] > 200]
    return np.array(sorted(discs, key=lambda centre: (round(centre[0] / 90), centre[1])))


def _centre(dark: np.ndarray[Any, Any], x: float, y: float, reach: int = 46) -> tuple[float, float]:
    left, top = max(round(x) - reach, 0), max(round(y) - reach, 0)
    window = dark[top : round(y) + reach + 1, left : round(x) + reach + 1]
    total = window.sum()
    columns, rows = np.arange(window.shape[1]), np.arange(window.shape[0])
    return left + float((window.sum(axis=0) * columns).sum() / total), top + float(
        (window.sum(axis=1) * rows).sum() / total
    )


def smoothness(move: str, seconds: int, clip: Path) -> tuple[float, float]:
    """RMS and largest error, in pixels, of how far the discs travel from one frame to the next."""
    tracks = blob_tracks(clip)
    frames = len(tracks)
    camera = Camera(move, seconds)
    sheet = WIDTH * 4, HEIGHT * 4
    ideal = np.empty_like(tracks)
    still = np.array([(x * sheet[0], y * sheet[1], 1.0) for x, y in _BLOBS])
    for index in range(frames):
        matrix = np.linalg.inv(
            sheet_from_picture(camera.at(index / (frames - 1)), (WIDTH, HEIGHT), sheet, camera.move.overscan)
        )
        seen = still @ matrix.T
        ideal[index] = seen[:, :2] / seen[:, 2:]
    order = [int(np.argmin(np.hypot(*(ideal[0] - centre).T))) for centre in tracks[0]]
    error = np.diff(tracks, axis=0) - np.diff(ideal[:, order], axis=0)
    distance = np.hypot(error[..., 0], error[..., 1])
    return float(np.sqrt((distance**2).mean())), float(distance.max())


def panel_milliseconds(size: tuple[int, int], repetitions: int) -> float:
    times = []
    for _ in range(repetitions):
        for fields in PREVIZ.values():
            started = time.process_time()
            panel(Shot.from_fields(fields), size)
            times.append(time.process_time() - started)
    return statistics.median(times) * 1000


def table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=6, help="length of each clip")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        print(json.dumps(measure(json.loads(arguments.task))))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), arguments.seconds, arguments.repetitions, in_fresh_process)


def report(folder: Path, seconds: int, repetitions: int, run: Callable[[dict[str, Any]], dict[str, float]]) -> None:
    panel, discs = folder / "panel.png", folder / "discs.png"
    draw_still(panel, blobs=False)
    draw_still(discs, blobs=True)
    rows = [["move", "by", "cpu s/s", "x zoompan", "x 4x", "rms px", "max px"]]
    for move in MOVES:
        contenders = CONTENDERS if move in ("zoom-in", "pan-right") else CONTENDERS[:1]
        cpu: dict[str, list[float]] = {contender: [] for contender in contenders}
        for _ in range(repetitions):
            for contender in contenders:
                task = {
                    "move": move,
                    "contender": contender,
                    "still": str(panel),
                    "clip": str(folder / "clip.mp4"),
                    "seconds": seconds,
                }
                cpu[contender].append(run(task)["cpu"] / seconds)
        medians = {contender: statistics.median(values) for contender, values in cpu.items()}
        for contender in contenders:
            clip = folder / "discs.mp4"
            run({"move": move, "contender": contender, "still": str(discs), "clip": str(clip), "seconds": seconds})
            rms, largest = smoothness(move, seconds, clip)
            ratios = [
                f"{medians['ours'] / medians[other]:.2f}" if contender == "ours" and other in medians else ""
                for other in CONTENDERS[1:]
            ]
            rows.append([move, contender, f"{medians[contender]:.3f}", *ratios, f"{rms:.3f}", f"{largest:.3f}"])
    print(table(rows))
    print()
    print(table(previz_rows(folder, seconds, repetitions)))
    print()
    sizes = ((640, 360), (1280, 720))
    print(
        table([["panel", "", "p50 ms"], *([f"{w}x{h}", "", f"{panel_milliseconds((w, h), 5):.0f}"] for w, h in sizes)])
    )


if __name__ == "__main__":
    main()
