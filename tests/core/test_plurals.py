"""Counts and numbers in sentences."""

from __future__ import annotations

import pytest

from core.plurals import format_ranges, name_numbers


@pytest.mark.parametrize(("numbers", "words"), [([1], "1"), ([1, 2, 3, 7], "1-3, 7"), ([2, 4, 5], "2, 4-5"), ([], "")])
def test_consecutive_numbers_are_written_as_a_range(numbers: list[int], words: str):
    assert format_ranges(numbers) == words


@pytest.mark.parametrize(("numbers", "words"), [([3], "Scene 3"), ([1, 2, 5], "Scenes 1-2, 5")])
def test_several_numbers_have_a_plural(numbers: list[int], words: str):
    assert name_numbers("Scene", numbers) == words
