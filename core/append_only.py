"""Rows that are added and never changed: the ledger, the activity log."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

APPEND_ONLY = "Append-only: rows can be added, not changed or deleted."
RowT = TypeVar("RowT", bound="AppendOnly", covariant=True)


class AppendOnlyQuerySet(models.QuerySet[RowT]):
    """Raises TypeError for bulk changes, as the model does for a single row."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError(APPEND_ONLY)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(APPEND_ONLY)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[RowT]:
        if kwargs.get("update_conflicts"):
            raise TypeError(APPEND_ONLY)
        return super().bulk_create(*args, **kwargs)


class AppendOnly(models.Model):
    """Raises TypeError for changes and deletions.

    on_delete of its foreign keys still applies: Django's collector uses the base manager and calls neither method.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(APPEND_ONLY)
        # Without force_insert a new instance that carries an existing primary key would overwrite that row.
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(APPEND_ONLY)
