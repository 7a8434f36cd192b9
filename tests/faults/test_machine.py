"""Any order of clicks, steps, deaths, late writes and answers: after each, nothing that must never happen has happened.

A step is cut at any of its events: the worker dies there, or it is stopped there until its lease has run out and others have
gone on, and then wakes up. FAULTS_DEEP=20 goes on for twenty times as long, and shortens what it
finds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as application
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models.functions import Now
from django_q.models import OrmQ
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from generation import pipeline
from generation.billing import budget
from generation.jobs.lease import Lease
from generation.media import storage
from generation.models import Budget, Connection, Generation, LedgerEntry, next_take_number, with_takes
from generation.pipeline import resolve
from generation.providers import sora
from generation.providers.base import ProviderError
from generation.states import Status
from projects.models import Project, Scene
from teams.models import Role, Team, User
from tests.faults import invariants
from tests.faults.live_system import make_clip
from tests.standin import Fault, StandIn, State, standing_in

DEEP = float(os.environ.get("FAULTS_DEEP", "0"))
pytestmark = [pytest.mark.faults, pytest.mark.timeout(0 if DEEP else 300)]
EFFORT = effort(
    stateful_step_count=25,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    # To make a failing order shorter takes minutes, which only a person who looks for the cause has.
    phases=tuple(Phase) if DEEP else (Phase.generate,),
)
WORDS = {"error": {"message": "Not now"}}
FAULTS: dict[str, list[Fault]] = {
    "sora.create": [Fault(drop=True), Fault(refuse=True), Fault(status=429, body=WORDS), Fault(status=500, body=WORDS)],
    "sora.get": [Fault(status=500, body=WORDS), Fault(garbage=True)],
    "sora.list": [Fault(status=500, body=WORDS)],
    "sora.content": [Fault(html=True), Fault(empty=True), Fault(truncate=True)],
}
numbers = st.integers(min_value=0, max_value=20)
#: The event of a step at which it is cut: to send has two, to download eight.
moments = st.sampled_from([1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8])


class Died(BaseException):
    """What SIGKILL is to a process; nobody catches it on the way."""


class Events:
    """Counts what a step does, and cuts it at one of the events."""

    def __init__(self) -> None:
        self.left, self.cut = 0, lambda: None

    @contextmanager
    def cutting(self, at: int, cut: Callable[[], None]) -> Iterator[None]:
        self.left, self.cut = at, cut
        try:
            yield
        finally:
            self.left = 0

    def happens(self) -> None:
        # What a transaction has not committed yet nobody has seen.
        if self.left and not connection.in_atomic_block:
            self.left -= 1
            if not self.left:
                self.cut()

    def around(self, what: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.happens()
            answer = what(*args, **kwargs)
            self.happens()
            return answer

        return counted


events = Events()


@contextmanager
def above_the_cap() -> Iterator[None]:
    """The one reason for which a click is refused here."""
    try:
        yield
    except ValidationError as error:
        if "An owner can raise it." not in str(error):
            raise


class Life(RuleBasedStateMachine):
    provider: StandIn

    @property
    def state(self) -> State:
        return self.provider.state

    @initialize(cap=st.sampled_from(["1.20", "2.40", "40"]))
    def begin(self, cap: str) -> None:
        LedgerEntry._base_manager.all().delete()  # the manager refuses
        Generation.objects.all().delete()
        Scene.objects.all().delete()
        Budget.objects.all().delete()
        Project.objects.all().delete()
        Team.objects.all().delete()
        User.objects.all().delete()
        Connection.objects.all().delete()
        OrmQ.objects.all().delete()
        shutil.rmtree(application.MEDIA_ROOT, ignore_errors=True)
        vars(self.state).update(vars(State()) | {"content": self.state.content, "lock": self.state.lock})
        self.state.seconds_needed = 3600.0
        self.member = User.objects.create_user("alice@example.com", name="Alice")
        team = Team.objects.create(name="Night shift")
        team.add(self.member, Role.OWNER)
        self.project = Project.objects.create(team=team, title="The ferry", model_id="sora-2", created_by=self.member)
        for position in (1, 2):
            action, seconds = f"Wave {position} breaks.", Decimal(4)
            Scene.objects.create(project=self.project, position=position, action=action, duration=seconds)
        with transaction.atomic():
            budget.lock_budgets(self.project)
        Budget.objects.update(cap_total=cap)
        self.dead: set[int] = set()
        self.clicks()
        self.clicks()

    def one(self, number: int, **fields: Any) -> Generation | None:
        takes = Generation.objects.select_related("scene__project", "connection", "source").filter(**fields)
        found = list(takes.order_by("pk"))
        return found[number % len(found)] if found else None

    # -- People --------------------------------------------------------------------------------------------------------

    @rule(twice=st.booleans(), of_second=st.sampled_from([False, False, True]))
    def clicks(self, twice: bool = False, of_second: bool = False) -> None:
        """The second half of a double click carries the same number. Takes of a scene are asked for with the same words."""
        scene = with_takes(Scene.objects.all()).get(position=1 + of_second)
        wanted = next_take_number(scene)
        for _ in range(1 + twice):
            with above_the_cap():
                pipeline.enqueue(scene, number=wanted, member=self.member)

    @rule()
    def generate_missing(self) -> None:
        with above_the_cap():
            pipeline.enqueue_missing(self.project, member=self.member)

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        if take := self.one(number):
            pipeline.cancel(take)

    @rule(number=numbers)
    def check_again(self, number: int) -> None:
        if take := self.one(number, status=Status.UNKNOWN):
            with suppress(ProviderError):
                resolve.check_again(take)

    @rule(number=numbers)
    def say_what_became_of_it(self, number: int) -> None:
        """A person who looks at the provider's own page, and tells the truth."""
        take = self.one(number, status=Status.UNKNOWN, remote_id="")
        if take is None:
            return
        known = set(Generation.objects.values_list("remote_id", flat=True))
        theirs = [
            charge for charge in self.state.charges if charge.prompt == take.prompt and charge.clip_id not in known
        ]
        alike = Generation.objects.filter(
            prompt=take.prompt, remote_id="", status__in=[Status.UNKNOWN, Status.SUBMITTING]
        )
        with suppress(ProviderError):
            if theirs:
                resolve.use_clip(take, theirs[0].clip_id)
            elif alike.count() == 1:
                resolve.mark_not_created(take)

    # -- Workers -------------------------------------------------------------------------------------------------------

    def step(self, take: Generation) -> None:
        Generation.objects.filter(pk=take.pk).update(next_step_at=Now())
        pipeline.advance(take.pk)

    @rule(number=numbers, times=st.integers(min_value=1, max_value=3))
    def advance(self, number: int, times: int) -> None:
        """Three messages for one step: the later ones find that it is not due."""
        if take := self.one(number):
            self.step(take)
            for _ in range(times - 1):
                pipeline.advance(take.pk)

    @rule()
    def ask_about_all(self) -> None:
        running = Generation.objects.filter(status=Status.RUNNING)
        running.update(next_step_at=Now())
        pipeline.poll_many(list(running.values_list("pk", flat=True)))

    @rule(number=numbers, moment=moments)
    def advance_and_die(self, number: int, moment: int) -> None:
        def die() -> None:
            raise Died

        if take := self.one(number):
            with suppress(Died), events.cutting(moment, die):
                self.step(take)
                return
            self.dead.add(take.pk)

    @rule(number=numbers, moment=moments, others=st.lists(numbers, min_size=1, max_size=4))
    def advance_and_be_overtaken(self, number: int, moment: int, others: list[int]) -> None:
        """Stopped past its lease; others take this row's next steps, and those of rows like it; then it wakes up."""
        if take := self.one(number):

            def sleep() -> None:
                self.let_run_out(take)
                self.step(take)
                self.others_go_on(others)

            with events.cutting(moment, sleep):
                self.step(take)

    @rule(number=numbers, moment=moments, others=st.lists(numbers, min_size=1, max_size=4))
    def advance_slowly(self, number: int, moment: int, others: list[int]) -> None:
        """In the middle of it others go on with their own rows."""
        if take := self.one(number):
            with events.cutting(moment, lambda: self.others_go_on(others)):
                self.step(take)

    def others_go_on(self, others: list[int]) -> None:
        """What the dead have left is found on the way."""
        for other in map(self.one, others):
            if other:
                if other.pk in self.dead:
                    self.let_run_out(other)
                self.step(other)

    def let_run_out(self, take: Generation) -> None:
        held = Generation.objects.filter(pk=take.pk).exclude(lease_token=None)
        held.update(lease_expires_at=Now() - timedelta(seconds=1))

    @rule(number=numbers)
    def lease_runs_out(self, number: int) -> None:
        if take := self.one(number):
            self.let_run_out(take)

    # -- The provider --------------------------------------------------------------------------------------------------

    @rule(number=numbers)
    def finish(self, number: int) -> None:
        if clips := list(self.state.clips.values()):
            clips[number % len(clips)].seconds_needed = 0.0

    @rule(number=numbers)
    @precondition(lambda self: self.state.clips)
    def fail_later(self, number: int) -> None:
        clip = list(self.state.clips.values())[number % len(self.state.clips)]
        if not clip.is_over:
            clip.outcome, clip.seconds_needed = "failed", 0.0

    @rule(operation=st.sampled_from(sorted(FAULTS)), number=numbers)
    def misbehave(self, operation: str, number: int) -> None:
        self.state.fail(operation, FAULTS[operation][number % len(FAULTS[operation])])

    @rule()
    def pause_ends(self) -> None:
        Connection.objects.update(paused_until=None)

    # -- What holds ----------------------------------------------------------------------------------------------------

    def violations(self, *, settled: bool) -> list[str]:
        return invariants.violations([invariants.Charged(*charge) for charge in self.state.booked()], settled=settled)

    @invariant()
    def nothing_is_violated(self) -> None:
        assert self.violations(settled=False) == []

    def teardown(self) -> None:
        """In the end all is over, or somebody is asked."""
        self.state.faults.clear()
        for clip in self.state.clips.values():
            clip.seconds_needed = 0.0
        self.state.seconds_needed = 0.0
        for _ in range(30):
            Connection.objects.update(paused_until=None)
            active = list(Generation.objects.active())
            for take in active:
                self.let_run_out(take)
                self.step(take)
            if not active:
                break
        assert self.violations(settled=True) == []


@pytest.mark.parametrize("orders", [10, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.django_db(transaction=True)
def test_whatever_happens_in_whatever_order(settings: Any, monkeypatch: pytest.MonkeyPatch, orders: int):
    monkeypatch.setattr(import_module("generation.pipeline.enqueue"), "DOUBLE_CLICK_SECONDS", 0)
    for holder, names in (
        (Lease, ("write", "release")),
        (sora, ("submit", "find", "fetch")),
        (storage, ("store_files",)),
    ):
        for name in names:
            monkeypatch.setattr(holder, name, events.around(getattr(holder, name)))
    with standing_in() as provider:
        provider.state.content = make_clip()
        account = {"provider": "sora", "name": "Sora", "key": "any", "base_url": f"{provider.url}/openai/v1"}
        limits = {"max_in_flight": 4, "requests_per_minute": 100_000}
        settings.CONNECTIONS = {"sora": account | limits | {"preset": "openai"}}
        monkeypatch.setattr(Life, "provider", provider, raising=False)
        run_state_machine_as_test(Life, settings=effort(EFFORT, max_examples=int(orders * max(1.0, DEEP))))
