"""The gate before the decoding children: a few places, a short queue, and limits for each job."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any, TypeVar

from core.decoding.contract import MAX_ANSWER_BYTES, MEGABYTE, Busy, Job, LimitReached, Limits, Undecodable, load_answer
from core.slow_work import release_connection

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
OnProgress = Callable[[float], None]

ROOT = Path(__file__).resolve().parent.parent.parent
#: Nothing of the server's own environment: it holds keys. One arena and one thread each, so that memory is what is used.
ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
#: A child ends after so many jobs, or so long without one.
JOBS, IDLE_SECONDS = 200, 60.0
UNREADABLE = "This file can't be decoded."


class _Died(Exception):
    pass


class _Child:
    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        environment = ENVIRONMENT | {
            name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ
        }
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter and our own module
            [sys.executable, "-m", "core.decoding.child", str(theirs.fileno())],
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()  # else no end of file would arrive here when the child dies
        self.jobs_left = JOBS

    @property
    def is_usable(self) -> bool:
        return self.jobs_left > 0 and self.process.poll() is None

    def run(self, job: Job, on_progress: OnProgress | None) -> bytes:
        """The answer. Raises _Died, LimitReached, and whatever `on_progress` raises; the child is then of no more use."""
        self.jobs_left -= 1
        deadline = time.monotonic() + job.limits.wall_seconds
        answer = self._exchange(job, deadline, job)
        while answer.startswith(b"%"):
            if on_progress:
                on_progress(float(answer[1:]))
            answer = self._exchange(None, deadline, job)
        if answer == b"m":
            self.jobs_left = 0
        return answer

    def _exchange(self, sent: Job | None, deadline: float, job: Job) -> bytes:
        try:
            if sent:
                self.connection.send(sent)
            if self.connection.poll(max(0.0, deadline - time.monotonic())):
                return self.connection.recv_bytes(MAX_ANSWER_BYTES)
        except (EOFError, OSError):
            if self.end() == -signal.SIGXCPU:
                raise LimitReached(f"This file takes more than {job.limits.cpu_seconds} s to decode.") from None
            raise _Died from None
        raise LimitReached(f"This file takes more than {job.limits.wall_seconds:.0f} s to decode.")

    def end(self) -> int:
        self.jobs_left = 0
        self.process.kill()
        assert self.process.stdin
        self.process.stdin.close()
        self.connection.close()
        return self.process.wait()


class Gate:
    """Runs at most `places` jobs at once; up to `waiting` more wait for `wait_seconds` at most, and others are refused."""

    def __init__(self, places: int, *, waiting: int = 8, wait_seconds: float = 10.0) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._queue = threading.BoundedSemaphore(places + waiting)
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._idle_timer: threading.Timer | None = None
        atexit.register(self.end_idle)
        os.register_at_fork(after_in_child=self._idle.clear)  # children belong to the process that started them

    def run(
        self,
        function: Callable[..., Result],
        *args: Any,
        limits: Limits,
        raises: tuple[type[Exception], ...] = (),
        returns: tuple[type, ...] = (),
        on_progress: OnProgress | None = None,
    ) -> Result:
        """Calls a function of a module with picklable arguments in a child, and gives the database connection back meanwhile.

        The result is made of plain values, decimals, fractions and the classes of `returns`. With `on_progress` the function
        is called with one of that name, to report a fraction to. Raises Undecodable and those of `raises` with the function's
        message; LimitReached; Undecodable for any other error of the function but an OSError with a number, which is raised
        here too; Busy; RuntimeError inside a transaction.
        """
        release_connection()
        job = Job(function, args, limits, (*raises, Undecodable), on_progress is not None)
        if not self._queue.acquire(blocking=False):
            raise Busy
        try:
            if not self._places.acquire(timeout=self._wait_seconds):
                raise Busy
            try:
                answer = self._run(job, on_progress)
            finally:
                self._places.release()
        finally:
            self._queue.release()
        result: Result = _read(answer, job, returns)
        return result

    def _run(self, job: Job, on_progress: OnProgress | None) -> bytes:
        # A child that was killed by others, as for want of memory, is replaced once.
        for _ in range(2):
            child = self._take()
            try:
                return child.run(job, on_progress)
            except _Died:
                logger.warning("A decoding process died with status %s.", child.process.returncode)
            except BaseException:
                child.end()
                raise
            finally:
                self._put(child)
        raise Undecodable(UNREADABLE)

    def _take(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_usable:
                    return child
                child.end()
        return _Child()

    def _put(self, child: _Child) -> None:
        if child.process.returncode is not None:
            return
        if not child.is_usable:
            child.end()
            return
        with self._lock:
            self._idle.append(child)
            if self._idle_timer:
                self._idle_timer.cancel()
            self._idle_timer = threading.Timer(IDLE_SECONDS, self.end_idle)
            self._idle_timer.daemon = True
            self._idle_timer.start()

    def end_idle(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().end()


def _read(answer: bytes, job: Job, returns: tuple[type, ...]) -> Any:
    error: Exception = Undecodable(UNREADABLE)
    try:
        match answer[:1]:
            case b"=":
                return load_answer(answer[1:], returns)
            case b"e":
                number, _, message = answer[1:].decode(errors="replace").partition(" ")
                error = job.raises[int(number)](message)
            case b"m":
                megabytes = job.limits.memory_bytes // MEGABYTE
                error = LimitReached(f"This file needs more than {megabytes} MB of memory to decode. Make it smaller.")
            case b"o":
                error = OSError(int(answer[1:]), os.strerror(int(answer[1:])))
    except Exception:  # a child that was taken over sends anything, and unpickling it raises anything
        logger.exception("A decoding process sent a bad answer.")
    raise error


def _places() -> int:
    return max(1, min(2, os.cpu_count() or 1))


#: Pictures and single frames, for which a person waits.
gate = Gate(_places())
#: Whole clips, which take minutes: apart, so that a picture never waits for them.
clip_gate = Gate(1)

decode = gate.run
decode_clip = clip_gate.run
