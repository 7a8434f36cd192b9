"""Health checks: /healthz says that the process responds, /readyz that the installation can do its work."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from generation.jobs.dispatch import QUEUES
from generation.models import Worker


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "migrations": _migrations,
        "storage": _storage,
        "worker": _worker,
    }
    results: dict[str, str] = {}
    for name, check in checks.items():
        try:
            # Without a database each of its checks would wait as long as the first.
            unknown = name in ("migrations", "worker") and results["database"] != "ok"
            results[name] = "unknown" if unknown else check()
        except (DatabaseError, OSError) as error:
            results[name] = type(error).__name__
    ready = all(result == "ok" for result in results.values())
    return JsonResponse({"ready": ready, **results}, status=200 if ready else 503)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied" if missing else "ok"


def _storage() -> str:
    probe = settings.DATA_DIR / f".readyz-{id(connection)}"
    probe.write_bytes(b"ok")
    probe.unlink(missing_ok=True)
    return "ok"


def _worker() -> str:
    idle = [queue for queue in QUEUES if not Worker.executing(queue).exists()]
    return f"no task executed in the last minute: {', '.join(idle)}" if idle else "ok"
