"""Runs the stand-in for manual tests: `python -m tests.standin [port]`."""

import os
import sys
import tempfile
import threading
from decimal import Decimal
from pathlib import Path

from generation.providers import animatic
from generation.providers.base import Request
from previz.shot import Shot
from tests.standin import standing_in
from tests.standin.state import State

state = State()
state.seconds_needed = 8.0
with tempfile.TemporaryDirectory() as folder:
    clip = Path(folder) / "clip.mp4"
    shot = Shot(subject="A clip of the stand-in", camera_move="pan-right")
    animatic.render(Request("", shot, 1280, 720, Decimal(8)), clip, lambda fraction: None)
    state.content = clip.read_bytes()
state.key = os.environ.get("STANDIN_KEY")
keys = f"the valid key is {state.key}" if state.key else "any key is valid (STANDIN_KEY sets one)"
with standing_in(state, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8787) as stand_in:
    print(f"""The stand-in for providers runs at {stand_in.url}; {keys}. Set for the application:
export OPENAI_API_KEY=any OPENAI_BASE_URL={stand_in.url}/openai/v1
export GEMINI_API_KEY=any GOOGLE_GEMINI_BASE_URL={stand_in.url}/gemini
export GOOGLE_CLOUD_PROJECT=any GOOGLE_ACCESS_TOKEN=any GOOGLE_VERTEX_BASE_URL={stand_in.url}/vertex
export GOOGLE_STORAGE_URL={stand_in.url}/storage GOOGLE_VEO_OUTPUT_GCS_URI=gs://takes/
export OPENROUTER_API_KEY=any OPENROUTER_BASE_URL={stand_in.url}/openrouter/api/v1""")
    threading.Event().wait()
