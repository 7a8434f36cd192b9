"""docs/security.md names tests that exist."""

from __future__ import annotations

import re

from bench.installation import ROOT

NAMED = re.compile(
    r"`((?:attacks|browser|core|generation|imageai_web|projects|storyboard|teams)/[\w/]*test_\w+\.py)`((?::|,)? ?(?:`test_\w+`(?:, )?)*)"
)


def test_every_attack_names_tests_that_exist():
    told = (ROOT / "docs" / "security.md").read_text()
    missing = []
    for path, names in NAMED.findall(told):
        source = (ROOT / "tests" / path).read_text()
        missing += [f"{path}: {name}" for name in re.findall(r"`(test_\w+)`", names) if f"def {name}(" not in source]
    assert missing == []
    assert len(NAMED.findall(told)) > 20
