"""A child's main loop: `python -m core.decoding.child FD` takes jobs from that connection until the server ends."""

from __future__ import annotations

import errno
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from core.decoding.contract import Job, Limits

#: Seconds between two reports of progress.
PROGRESS_SECONDS = 0.25


def main() -> None:
    # The server ends its children itself. A signal to the whole group must not make a paid clip look broken.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_server, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    jobs = Connection(int(sys.argv[1]))
    while True:
        try:
            job: Job = jobs.recv()
        except EOFError:
            return
        jobs.send_bytes(_run(jobs, job))


def _end_with_server() -> None:
    # The server holds the other end of standard input and never writes to it. Not PR_SET_PDEATHSIG: that follows the
    # thread that started this child, and a web request's thread ends with the request.
    os.read(0, 1)
    os._exit(0)


def _run(jobs: Connection, job: Job) -> bytes:
    # The first byte says what follows: a result, or what went wrong.
    try:
        _limit(job.limits)
        keywords = {"on_progress": _reporter(jobs)} if job.reports_progress else {}
        return b"=" + pickle.dumps(job.function(*job.args, **keywords), protocol=5)
    except job.raises as error:
        number = next(number for number, known in enumerate(job.raises) if isinstance(error, known))
        return b"e%d %s" % (number, str(error).encode(errors="replace"))
    except MemoryError:
        return b"m"
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return b"m"
        if error.errno:
            return b"o%d" % error.errno
        traceback.print_exc()
        return b"?"
    except Exception:  # whatever a decoder raises, this file is the reason
        traceback.print_exc()
        return b"?"


def _limit(limits: Limits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_seconds
    wanted = {
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_AS: _address_space() + limits.memory_bytes,
    }
    for limit, value in wanted.items():
        with suppress(ValueError, OSError):  # systems that lack one: the server's deadline still holds
            resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 2 * 1024**3


def _reporter(jobs: Connection) -> Callable[[float], None]:
    reported_at = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= PROGRESS_SECONDS:
            reported_at = time.monotonic()
            jobs.send_bytes(b"%" + str(fraction).encode())

    return report


if __name__ == "__main__":
    main()
