"""Runs the processes of the Procfile, or those named, and starts each again when it ends: none takes another with it.

honcho and foreman stop all when one ends, and kill what has not stopped within five seconds: too soon for a request that
is being paid for. supervisord cannot write to a log that is a socket or a redirected file.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PROCFILE = Path(__file__).resolve().parent.parent / "Procfile"
CHECK_SECONDS, STOP_SECONDS = 0.2, 40.0
#: Seconds until a process that has ended starts again: longer each time, until one has run for as long as the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class Process:
    def __init__(self, name: str, command: str) -> None:
        self.name, self.command, self.pause = name, command, FIRST_PAUSE / 2
        self.start()

    def start(self) -> None:
        # In a session of its own, so that Ctrl-C reaches only this program, which then asks each to stop.
        self.process = subprocess.Popen(["/bin/sh", "-c", f"exec {self.command}"], start_new_session=True)  # noqa: S603
        self.started_at, self.starts_again_at = time.monotonic(), 0.0

    def keep_running(self) -> None:
        if self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.starts_again_at:
            self.pause = FIRST_PAUSE if now - self.started_at > LONGEST_PAUSE else min(2 * self.pause, LONGEST_PAUSE)
            self.starts_again_at = now + self.pause
            code = self.process.returncode
            print(f"{self.name} ended with code {code}; starting it again in {self.pause:.0f} s.", file=sys.stderr)
        elif now >= self.starts_again_at:
            self.start()

    def stop(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def run(procfile: Path, *names: str) -> None:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    commands = dict(line.split(": ", 1) for line in procfile.read_text().splitlines())
    processes = [Process(name, commands[name]) for name in names or commands]
    while not stopping.wait(CHECK_SECONDS):
        for process in processes:
            process.keep_running()
    for process in processes:
        process.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.stop(deadline)


if __name__ == "__main__":
    run(PROCFILE, *sys.argv[1:])
