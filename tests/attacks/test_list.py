"""docs/security.md refers to tests that exist."""

from __future__ import annotations

import re

from bench.installation import ROOT

NAMED = re.compile(
    r"`((?:attacks|browser|core|generation|imageai_web|projects|storyboard|teams)/[\w/]*test_\w+\.py)`"
    r"((?::|,)? ?(?:`test_\w+`(?:, )?)*)"
)


def test_every_attack_refers_to_tests_that_exist():
    documentation = (ROOT / "docs" / "security.md").read_text()
    missing = []
    for path, names in NAMED.findall(documentation):
        source = (ROOT / "tests" / path).read_text()
        missing += [f"{path}: {name}" for name in re.findall(r"`(test_\w+)`", names) if f"def {name}(" not in source]
    assert missing == []
    assert len(NAMED.findall(documentation)) > 20
