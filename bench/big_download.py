"""Measures how much a process grows while it downloads a clip of 500 MB: from the content endpoint, and from a URL.

python -m bench.big_download [--megabytes 500]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.installation import ROOT, clean_environment

CHUNK = b"\0" * 2**20


def serve(megabytes: int, *, with_url: bool) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.endswith("/videos/big"):
                job = {
                    "id": "big",
                    "object": "video",
                    "status": "completed",
                    "created_at": 1,
                    "model": "m",
                    "progress": 100,
                }
                if with_url:
                    job["url"] = f"http://127.0.0.1:{server.server_port}/files/big.mp4"
                self.answer(json.dumps(job).encode())
                return
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(megabytes * len(CHUNK)))
            self.end_headers()
            for _ in range(megabytes):
                self.wfile.write(CHUNK)

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def download(url: str) -> None:
    """Print the largest growth in MB, the seconds and the size in MB. Call in a fresh process."""
    import resource

    from generation.providers import sora
    from generation.providers.base import Account

    account = Account(base_url=f"{url}/v1", key="any")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.monotonic()
        sora.fetch(account, "big", clip, lambda fraction: None)
        seconds = time.monotonic() - began
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(json.dumps([growth / 1024, seconds, clip.stat().st_size / 2**20]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--from", dest="url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url:
        download(options.url)
        return
    for name, with_url in (("content endpoint", False), ("URL of the clip", True)):
        server = serve(options.megabytes, with_url=with_url)
        command = [sys.executable, "-m", "bench.big_download", "--from", f"http://127.0.0.1:{server.server_port}"]
        result = subprocess.run(command, env=clean_environment(), cwd=ROOT, check=True, capture_output=True, text=True)
        growth, seconds, size = json.loads(result.stdout)
        print(f"{size:.0f} MB from the {name:20}  grew by {growth:.1f} MB (< 32)   {size / seconds:.0f} MB/s")
        server.shutdown()


if __name__ == "__main__":
    main()
