"""CSV files that spreadsheets open as they are meant: in the right letters, and with nothing that is run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from django.http import HttpResponse

from core.attachments import attachment_response

#: A spreadsheet takes a cell that begins so for a formula; one that begins with the quote against it gets another.
FORMULA = re.compile(r"'*[=+\-@\t\r]")
QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")


def escape_cell(cell: str) -> str:
    """The cell as text in every spreadsheet."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unescape_cell(cell: str) -> str:
    """The cell before it was made harmless."""
    return cell[1:] if QUOTED_FORMULA.match(cell) else cell


def write_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """Texts are made harmless, numbers stay what they are."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in rows:
        writer.writerow(escape_cell(cell) if isinstance(cell, str) else cell for cell in row)
    return file.getvalue().encode("utf-8-sig")  # without its mark spreadsheets take UTF-8 for something else


def csv_response(name: str, rows: Iterable[Iterable[object]]) -> HttpResponse:
    return attachment_response(name, "text/csv; charset=utf-8", write_csv(rows))
