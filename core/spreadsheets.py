"""CSV files for spreadsheets: the right encoding, and no formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from django.http import HttpResponse

from core.attachments import attachment_response

#: Spreadsheets run a cell that starts like this, and where semicolons or tabs separate columns, as in most of Europe, also
#: what follows one. A quote before it prevents that; what already looks escaped gets another quote, so that unescape_cell
#: restores every cell exactly.
FORMULA = re.compile(r"(^|[;\t])('*)(?=[=+\-@\t\r])")
QUOTED_FORMULA = re.compile(r"(^|[;\t])'('*)(?=[=+\-@\t\r])")


def escape_cell(cell: str) -> str:
    return FORMULA.sub(r"\1'\2", cell)


def unescape_cell(cell: str) -> str:
    return QUOTED_FORMULA.sub(r"\1\2", cell)


def write_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """Escapes text; numbers stay numbers, negative ones included."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in rows:
        writer.writerow(escape_cell(cell) if isinstance(cell, str) else cell for cell in row)
    return file.getvalue().encode("utf-8-sig")  # Excel reads UTF-8 without a byte order mark as Windows-1252


def csv_response(name: str, rows: Iterable[Iterable[object]]) -> HttpResponse:
    return attachment_response(name, "text/csv; charset=utf-8", write_csv(rows))
