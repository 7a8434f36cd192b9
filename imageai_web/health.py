"""What a load balancer asks: is the process there (healthz), and can it do its work (readyz)."""

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
    found = {}
    for name, check in checks.items():
        try:
            found[name] = check()
        except (DatabaseError, OSError) as error:
            found[name] = type(error).__name__
    ready = all(answer == "ok" for answer in found.values())
    return JsonResponse({"ready": ready, **found}, status=200 if ready else 503)


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
    return f"nothing executed in the last minute: {', '.join(idle)}" if idle else "ok"
