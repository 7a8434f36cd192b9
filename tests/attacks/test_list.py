"""docs/security.md and docs/faults.md refer to tests that exist."""

from __future__ import annotations

import re

import pytest

from bench.installation import ROOT

NAMED = re.compile(
    r"`((?:attacks|browser|core|faults|generation|imageai_web|projects|storyboard|teams)/[\w/]*test_\w+\.py)`"
    r"((?::|,)? ?(?:`test_\w+`(?:, )?)*)"
)


@pytest.mark.parametrize("name", ["security.md", "faults.md"])
def test_every_test_named_in_the_documentation_exists(name: str):
    documentation = (ROOT / "docs" / name).read_text()
    missing = []
    for path, names in NAMED.findall(documentation):
        source = (ROOT / "tests" / path).read_text()
        missing += [f"{path}: {name}" for name in re.findall(r"`(test_\w+)`", names) if f"def {name}(" not in source]
    assert missing == []
    assert len(NAMED.findall(documentation)) > 20
