"""Two takes of a scene side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.connections import roster_for
from generation.models import Generation, live_takes, shown_take
from generation.quoting.freshness import Freshness
from generation.takes import diff
from projects.models import Scene
from storyboard.cards import build_take_entry
from storyboard.loaders import load_scene
from teams.models import Role


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    # `a` and `b` are numbers of finished takes; the take strip's checkboxes send `take` twice instead.
    scene, role = load_scene(request, pk)
    done = [take for take in live_takes(scene) if take.is_done]
    context = {"scene": scene, "project": scene.project, "done": done, "can_edit": role.includes(Role.EDITOR)}
    if len(done) > 1:
        a, b = choose_pair(scene, done, request)
        roster = roster_for(scene.project.team_id)
        freshness = Freshness(scene, roster)
        context |= {
            "a": a,
            "b": b,
            "sides": [(name, build_take_entry(take, {}, roster, freshness)) for name, take in (("A", a), ("B", b))],
        }
        context["comparison"] = diff.compare(a, b, roster)
    return render(request, "storyboard/compare.html", context)


def choose_pair(scene: Scene, done: list[Generation], request: HttpRequest) -> tuple[Generation, Generation]:
    # The requested takes. A missing one is replaced: first by the take the board shows, then by the newest other one.
    newest_first = sorted(done, key=lambda take: -take.number)
    numbered = {str(take.number): take for take in newest_first}
    a, b = (numbered.get(request.GET.get(name, "")) for name in "ab")
    if checked := [take for number, take in numbered.items() if number in request.GET.getlist("take")]:
        b, a = checked[0], checked[1] if len(checked) > 1 else None
    a = a or next(take for take in [shown_take(scene), *newest_first] if take and take != b)
    if b is None or b == a:
        b = next(take for take in newest_first if take != a)
    return a, b
