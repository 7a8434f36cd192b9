"""Clicks, steps, deaths, late writes and answers in any order: after each, no invariant is violated.

A step is interrupted at any of its events: the worker dies there, or it is suspended there until its lease has run out and
others have continued, and then wakes up. FAULTS_DEEP=20 runs twenty times as long, and shortens the failing orders.
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
from tests.clips import make_long_clip
from tests.faults import invariants
from tests.standin import Fault, StandIn, State, standing_in

DEEP = float(os.environ.get("FAULTS_DEEP", "0"))
pytestmark = [pytest.mark.faults, pytest.mark.timeout(0 if DEEP else 300)]
EFFORT = effort(
    stateful_step_count=25,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    # Shortening a failing order takes minutes: worth it only when looking for the cause.
    phases=tuple(Phase) if DEEP else (Phase.generate,),
)
BODY = {"error": {"message": "Not now"}}
FAULTS: dict[str, list[Fault]] = {
    "sora.create": [Fault(drop=True), Fault(refuse=True), Fault(status=429, body=BODY), Fault(status=500, body=BODY)],
    "sora.get": [Fault(status=500, body=BODY), Fault(garbage=True)],
    "sora.list": [Fault(status=500, body=BODY)],
    "sora.content": [Fault(html=True), Fault(empty=True), Fault(truncate=True)],
}
numbers = st.integers(min_value=0, max_value=20)
#: The event at which a step is interrupted: a submit has two, a download eight.
moments = st.sampled_from([1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8])


class Died(BaseException):
    """Stands for SIGKILL: a BaseException, so that no handler in the application catches it."""


class Events:
    """Counts the events of a step, and interrupts it at one of them."""

    def __init__(self) -> None:
        self.left, self.interrupt = 0, lambda: None

    @contextmanager
    def interrupting(self, at: int, interrupt: Callable[[], None]) -> Iterator[None]:
        self.left, self.interrupt = at, interrupt
        try:
            yield
        finally:
            self.left = 0

    def count_one(self) -> None:
        # Other workers cannot see what a transaction has not committed yet.
        if self.left and not connection.in_atomic_block:
            self.left -= 1
            if not self.left:
                self.interrupt()

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.count_one()
            result = function(*args, **kwargs)
            self.count_one()
            return result

        return counted


events = Events()


@contextmanager
def cap_may_refuse() -> Iterator[None]:
    """A budget's cap is the only reason for which a click may be refused here."""
    try:
        yield
    except ValidationError as error:
        if "An owner can raise the cap." not in str(error):
            raise


class Machine(RuleBasedStateMachine):
    provider: StandIn

    @property
    def state(self) -> State:
        return self.provider.state

    @initialize(cap=st.sampled_from(["1.20", "2.40", "40"]))
    def begin(self, cap: str) -> None:
        LedgerEntry._base_manager.all().delete()  # the default manager refuses: the ledger is append-only
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
        self.click()
        self.click()

    def pick_take(self, number: int, **fields: Any) -> Generation | None:
        rows = Generation.objects.select_related("scene__project", "connection", "source").filter(**fields)
        takes = list(rows.order_by("pk"))
        return takes[number % len(takes)] if takes else None

    # -- People --------------------------------------------------------------------------------------------------------

    @rule(twice=st.booleans(), second_scene=st.sampled_from([False, False, True]))
    def click(self, twice: bool = False, second_scene: bool = False) -> None:
        """The second half of a double click carries the same number. All takes of a scene have the same prompt."""
        scene = with_takes(Scene.objects.all()).get(position=1 + second_scene)
        number = next_take_number(scene)
        for _ in range(1 + twice):
            with cap_may_refuse():
                pipeline.enqueue(scene, number=number, member=self.member)

    @rule()
    def generate_missing(self) -> None:
        with cap_may_refuse():
            pipeline.enqueue_missing(self.project, member=self.member)

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        if take := self.pick_take(number):
            pipeline.cancel(take)

    @rule(number=numbers)
    def check_again(self, number: int) -> None:
        if take := self.pick_take(number, status=Status.UNKNOWN):
            with suppress(ProviderError):
                resolve.check_again(take)

    @rule(number=numbers)
    def resolve_truthfully(self, number: int) -> None:
        """A person checks the provider's own page and decides accordingly."""
        take = self.pick_take(number, status=Status.UNKNOWN, remote_id="")
        if take is None:
            return
        known = set(Generation.objects.values_list("remote_id", flat=True))
        unclaimed = [
            charge for charge in self.state.charges if charge.prompt == take.prompt and charge.clip_id not in known
        ]
        candidates = Generation.objects.filter(
            prompt=take.prompt, remote_id="", status__in=[Status.UNKNOWN, Status.SUBMITTING]
        )
        with suppress(ProviderError):
            if unclaimed:
                resolve.use_clip(take, unclaimed[0].clip_id)
            elif candidates.count() == 1:
                resolve.mark_not_created(take)

    # -- Workers -------------------------------------------------------------------------------------------------------

    def step(self, take: Generation) -> None:
        Generation.objects.filter(pk=take.pk).update(next_step_at=Now())
        pipeline.advance(take.pk)

    @rule(number=numbers, times=st.integers(min_value=1, max_value=3))
    def advance(self, number: int, times: int) -> None:
        """Up to three messages for one step: the later ones find that it is not due."""
        if take := self.pick_take(number):
            self.step(take)
            for _ in range(times - 1):
                pipeline.advance(take.pk)

    @rule()
    def poll_all(self) -> None:
        running = Generation.objects.filter(status=Status.RUNNING)
        running.update(next_step_at=Now())
        pipeline.poll_many(list(running.values_list("pk", flat=True)))

    @rule(number=numbers, moment=moments)
    def advance_and_die(self, number: int, moment: int) -> None:
        def die() -> None:
            raise Died

        if take := self.pick_take(number):
            with suppress(Died), events.interrupting(moment, die):
                self.step(take)
                return
            self.dead.add(take.pk)

    @rule(number=numbers, moment=moments, others=st.lists(numbers, min_size=1, max_size=4))
    def advance_and_be_overtaken(self, number: int, moment: int, others: list[int]) -> None:
        """Suspended past its lease; others take this row's next steps, and those of similar rows; then it wakes up."""
        if take := self.pick_take(number):

            def sleep() -> None:
                self.expire_lease(take)
                self.step(take)
                self.step_others(others)

            with events.interrupting(moment, sleep):
                self.step(take)

    @rule(number=numbers, moment=moments, others=st.lists(numbers, min_size=1, max_size=4))
    def advance_slowly(self, number: int, moment: int, others: list[int]) -> None:
        """Meanwhile others continue with their own rows."""
        if take := self.pick_take(number):
            with events.interrupting(moment, lambda: self.step_others(others)):
                self.step(take)

    def step_others(self, others: list[int]) -> None:
        """Rows left by dead workers are picked up too."""
        for other in map(self.pick_take, others):
            if other:
                if other.pk in self.dead:
                    self.expire_lease(other)
                self.step(other)

    def expire_lease(self, take: Generation) -> None:
        held = Generation.objects.filter(pk=take.pk).exclude(lease_token=None)
        held.update(lease_expires_at=Now() - timedelta(seconds=1))

    @rule(number=numbers)
    def lease_runs_out(self, number: int) -> None:
        if take := self.pick_take(number):
            self.expire_lease(take)

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

    # -- Invariants ----------------------------------------------------------------------------------------------------

    def find_violations(self, *, settled: bool) -> list[str]:
        charges = [invariants.Charge(*charge) for charge in self.state.booked()]
        return invariants.find_violations(charges, settled=settled)

    @invariant()
    def nothing_is_violated(self) -> None:
        assert self.find_violations(settled=False) == []

    def teardown(self) -> None:
        """In the end every take has ended or needs review."""
        self.state.faults.clear()
        for clip in self.state.clips.values():
            clip.seconds_needed = 0.0
        self.state.seconds_needed = 0.0
        for _ in range(30):
            Connection.objects.update(paused_until=None)
            active = list(Generation.objects.active())
            for take in active:
                self.expire_lease(take)
                self.step(take)
            if not active:
                break
        assert self.find_violations(settled=True) == []


@pytest.mark.parametrize("orders", [10, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.django_db(transaction=True)
def test_no_order_of_events_violates_an_invariant(settings: Any, monkeypatch: pytest.MonkeyPatch, orders: int):
    monkeypatch.setattr(import_module("generation.pipeline.enqueue"), "DOUBLE_CLICK_SECONDS", 0)
    counted = (
        (Lease, ("write", "release")),
        (sora, ("submit", "find", "fetch")),
        (storage, ("store_files",)),
    )
    for holder, names in counted:
        for name in names:
            monkeypatch.setattr(holder, name, events.around(getattr(holder, name)))
    with standing_in() as provider:
        provider.state.content = make_long_clip()
        account = {"provider": "sora", "name": "Sora", "key": "any", "base_url": f"{provider.url}/openai/v1"}
        limits = {"max_in_flight": 4, "requests_per_minute": 10_000}
        settings.CONNECTIONS = {"sora": account | limits | {"preset": "openai"}}
        monkeypatch.setattr(Machine, "provider", provider, raising=False)
        run_state_machine_as_test(Machine, settings=effort(EFFORT, max_examples=int(orders * max(1.0, DEEP))))
