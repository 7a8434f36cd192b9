"""Measures what a hostile picture costs the server, and what slow ones cost everybody else.

Each case of tests/hostile_media.py is cleaned as an upload is, in a process of its own: CPU and peak memory of that process
and of its decoding children. Then a real web process on PostgreSQL gets UPLOADS slow pictures at once, while `/queue` is
asked for again and again. `--root` measures another checkout by the same command.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import POSTGRES, ROOT, Installation, clean_environment, print_table
from tests.hostile_media import LARGE_PICTURES, PICTURES, many_scans

UPLOADS = 11
CLEAN = """
import io, json, resource, sys, time
import django; django.setup()
from django.core.exceptions import ValidationError
from projects import references
data = open(sys.argv[1], "rb").read()
def cpu(who): return resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
before, began = cpu(resource.RUSAGE_SELF), time.monotonic()
try:
    answer = references.clean_picture(io.BytesIO(data), len(data)).name
except ValidationError as error:
    answer = error.messages[0]
except Exception as error:
    answer = type(error).__name__
seconds = time.monotonic() - began
try:
    from core.decoding.gate import gate
    gate.end_idle()
except ImportError:
    pass
own, children = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
peak = int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])  # ru_maxrss is inherited from the bench
peaks = [kilobytes // 1024 for kilobytes in (peak, resource.getrusage(children).ru_maxrss)]
print(json.dumps([answer, seconds, cpu(own) - before + cpu(children), *peaks]))
"""
PREPARE = """
import json, os
from bench.installation import make_storyboard, make_team, session_of
team, (owner, *_) = make_team()
_, scenes = make_storyboard(team, owner, scenes=int(os.environ["UPLOADS"]))
print(json.dumps([session_of(owner), [scene.pk for scene in scenes]]))
"""


def measure_picture(data: bytes, root: Path) -> tuple[str, float, float, int, int]:
    """The answer, seconds, seconds of CPU, and peak memory in MB of the server's process and of its children."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(data)
        environment = clean_environment() | {"IMAGEAI_DATA": folder, "DJANGO_SETTINGS_MODULE": "imageai_web.settings"}
        command = [sys.executable, "-c", CLEAN, str(path)]
        printed = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout
    answer, seconds, cpu, own, children = json.loads(printed)
    return answer, seconds, cpu, own, children


def measure_queue(installation: Installation, picture: bytes) -> tuple[list[float], list[int]]:
    """Seconds of each request for `/queue` while UPLOADS uploads of this picture are decoded, and their statuses."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", PREPARE]
    environment = installation.environment | {"UPLOADS": str(UPLOADS)}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    session, scenes = json.loads(printed)
    cookies = {"sessionid": session, "csrftoken": "c" * 32}
    installation.start("web")

    def upload(scene: int) -> int:
        return requests.post(
            f"{installation.url}/scenes/{scene}/pictures",
            data={"role": "start_frame"},
            files={"image": ("slow.jpg", picture)},
            cookies=cookies,
            headers={"X-CSRFToken": "c" * 32},
            allow_redirects=False,
            timeout=300,
        ).status_code

    times: list[float] = []
    with ThreadPoolExecutor(UPLOADS) as pool:
        uploads = [pool.submit(upload, scene) for scene in scenes]
        while not all(upload.done() for upload in uploads):
            began = time.monotonic()
            page = requests.get(f"{installation.url}/queue", cookies=cookies, timeout=300)
            assert page.status_code == 200
            times.append(time.monotonic() - began)
            threading.Event().wait(0.1)
    return times, [upload.result() for upload in uploads]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="a checkout (default: this one)")
    parser.add_argument("--no-queue", action="store_true", help="leave out the web process")
    arguments = parser.parse_args()
    rows = []
    for name, (make, _) in (PICTURES | LARGE_PICTURES).items():
        data = make()
        answer, seconds, cpu, own, children = measure_picture(data, arguments.root)
        rows.append([name, f"{len(data) / 1000:,.0f}", answer[:60], f"{seconds:.2f}", f"{cpu:.2f}", own, children])
    print_table(["case", "kB", "answer", "s", "CPU s", "server MB", "child MB"], rows)
    if not arguments.no_queue:
        with Installation(database=POSTGRES) as installation:
            times, statuses = measure_queue(installation, many_scans(80, 7000))
        answers = {status: statuses.count(status) for status in sorted(set(statuses))}
        print(
            f"{UPLOADS} slow uploads at once: /queue {max(times):.2f} s at most, {len(times)} requests; answers {answers}"
        )


if __name__ == "__main__":
    main()
