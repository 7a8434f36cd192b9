"""Text that a spreadsheet would take for a formula, made harmless for CSV files."""

from __future__ import annotations

import re

#: A spreadsheet takes a cell that begins so for a formula; one that begins with the quote against it gets another.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def harmless(cell: str) -> str:
    """The cell as text in every spreadsheet."""
    return f"'{cell}" if FORMULA.match(cell) else cell
