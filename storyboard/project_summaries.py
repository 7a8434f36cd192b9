"""What the cards of the project list show. The database counts; only takes whose posters are shown are loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.money import exact
from generation.models import Budget, Generation, shown_take
from projects.models import Project, Scene


@dataclass(frozen=True)
class ProjectSummary:
    project: Project
    first_scene: Scene | None
    poster_take: Generation | None
    scenes: int
    with_clip: int
    running: int
    spent: Decimal
    cap: Decimal | None


def summarize_projects(projects: Iterable[Project]) -> list[ProjectSummary]:
    # Three queries for any number of projects.
    facts = {row["pk"]: row for row in _query_counts([project.pk for project in projects])}
    done = Generation.objects.live().done().only("scene", "number", "status", "is_selected", "deleted_at", "version")
    pictured = {row[name] for row in facts.values() for name in ("first_scene", "poster_scene")}
    scenes = Scene.objects.select_related("project").prefetch_related(Prefetch("takes", done)).in_bulk(pictured)
    return [_build_summary(project, facts[project.pk], scenes) for project in projects]


def _build_summary(project: Project, facts: dict[str, Any], scenes: dict[int, Scene]) -> ProjectSummary:
    with_poster = scenes.get(facts["poster_scene"])
    return ProjectSummary(
        project=project,
        first_scene=scenes.get(facts["first_scene"]),
        poster_take=shown_take(with_poster) if with_poster else None,
        scenes=facts["scene_count"],
        with_clip=facts["with_clip"],
        running=facts["running"],
        spent=exact(facts["spent"]),
        cap=facts["cap"],
    )


def _query_counts(project_ids: list[int]) -> QuerySet[Any, Any]:
    scenes = Scene.objects.filter(project=OuterRef("pk"), deleted_at=None).order_by("position", "pk")
    of_scene = Generation.objects.live().filter(scene=OuterRef("pk"))
    with_clip = scenes.filter(Exists(of_scene.final()))
    takes = Generation.objects.filter(scene__project=OuterRef("pk"))
    running = takes.live().active().filter(scene__deleted_at=None)
    budgets = Budget.objects.filter(project=OuterRef("pk"))
    return Project.objects.filter(pk__in=project_ids).values(
        "pk",
        first_scene=Subquery(scenes.values("pk")[:1]),
        poster_scene=Subquery(scenes.filter(Exists(of_scene.done())).values("pk")[:1]),
        scene_count=_count(scenes, "project"),
        with_clip=_count(with_clip, "project"),
        running=_count(running, "scene__project"),
        spent=Subquery(budgets.values("spent")),
        cap=Subquery(budgets.values("cap_total")),
    )


def _count(rows: QuerySet[Any], project: str) -> Coalesce:
    of_project = rows.order_by().values(project).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(of_project, output_field=IntegerField()), 0)
