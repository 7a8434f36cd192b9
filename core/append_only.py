"""Rows that are only ever added: what was written down stays as it was."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

APPEND_ONLY = "Rows of this kind are only ever added."
RowT = TypeVar("RowT", bound="AppendOnly", covariant=True)


class AppendOnlyQuerySet(models.QuerySet[RowT]):
    """Adds and reads: whoever would change many rows at once is stopped as one who would change a single one."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError(APPEND_ONLY)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(APPEND_ONLY)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[RowT]:
        if kwargs.get("update_conflicts"):
            raise TypeError(APPEND_ONLY)
        return super().bulk_create(*args, **kwargs)


class AppendOnly(models.Model):
    """Only the end of its team, or of a person it names, reaches a row: the database then does what the fields say."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(APPEND_ONLY)
        super().save(*args, **kwargs | {"force_insert": True})  # a row made with the id of another would replace it

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(APPEND_ONLY)
