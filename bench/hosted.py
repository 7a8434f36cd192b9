"""Runs the providers' stand-in in a process of its own, so that its CPU time is not counted. It logs what arrives.

As a program: `python -m bench.hosted FOLDER`, with `settings.json` in the folder; it writes `address` and `arrivals` there.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.installation import ROOT, clean_environment

CLIP_SECONDS = 2


@dataclass(frozen=True)
class Arrival:
    operation: str
    clip_id: str
    at: float


class StandInProcess:
    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address

    def environment(self, **extra: str) -> dict[str, str]:
        return {"SORA_BASE_URL": f"{self.address}/openai/v1", "SORA_API_KEY": "any", "SORA_PRESET": "openai"} | extra

    def arrivals(self) -> list[Arrival]:
        lines = (self.folder / "arrivals").read_text().splitlines()
        return [Arrival(name, clip, float(at)) for name, clip, at in (line.split("\t") for line in lines)]


@contextlib.contextmanager
def stand_in_process(folder: Path, **settings: Any) -> Iterator[StandInProcess]:
    """`settings` are attributes of the stand-in's state; `clips` are ids of clips that exist from the start."""
    (folder / "settings.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "bench.hosted", str(folder)]
    process = subprocess.Popen(command, env=clean_environment(), cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not (folder / "address").exists():
            if time.monotonic() > deadline or process.poll() is not None:
                raise TimeoutError("The stand-in did not start.")
            time.sleep(0.05)
        yield StandInProcess(folder, (folder / "address").read_text())
    finally:
        process.kill()
        process.wait()


def serve(folder: Path) -> None:
    import threading
    from decimal import Decimal

    from generation.providers import animatic
    from generation.providers.base import Request
    from previz.shot import Shot
    from tests.standin import standing_in
    from tests.standin.state import Arrived, Clip, State

    class LoggingState(State):
        """Writes arrivals to a file instead of keeping them in memory."""

        def note(self, arrived: Arrived) -> None:
            log.write(f"{arrived.operation}\t{arrived.path.split('/videos/')[-1].split('/')[0]}\t{time.time()}\n")

    state = LoggingState()
    settings = json.loads((folder / "settings.json").read_text())
    clips = settings.pop("clips", [])
    for name, value in settings.items():
        setattr(state, name, value)
    for clip_id in clips:
        details = {"size": "1280x720", "seconds": "4"}
        state.clips[clip_id] = Clip(clip_id, "sora-2", "A boat.", time.time(), 3600, "stuck", details=details)
    path = folder / "clip.mp4"
    shot = Shot(subject="A clip", camera_move="pan-right")
    animatic.render(Request("", shot, 640, 360, Decimal(CLIP_SECONDS)), path, lambda fraction: None)
    state.content = path.read_bytes()
    with (folder / "arrivals").open("w", buffering=1) as log, standing_in(state) as running:
        # Renamed when complete: the parent reads the file as soon as it exists.
        (folder / "address.new").write_text(running.url)
        (folder / "address.new").rename(folder / "address")
        threading.Event().wait()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
