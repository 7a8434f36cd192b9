"""Tables: CSV files and what a spreadsheet puts on the clipboard. The first row names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from core.spreadsheets import unescape_cell
from projects.importers import terms
from projects.importers.drafts import Draft, Unreadable

DELIMITERS = "\t;,|"
#: A spreadsheet's own note on what it separates cells with.
SEPARATOR_LINE = re.compile(r"\s*sep=.[ \t]*\n")
MAX_COLUMNS = 100


def looks_like(text: str) -> bool:
    delimiter, cells = _heading(text)
    known = _known(cells)
    return len(cells) > 1 and (known > 1 or (known == 1 and delimiter == "\t"))


def read(text: str) -> tuple[list[Draft], list[str]]:
    delimiter, cells = _heading(text)
    if len(cells) > MAX_COLUMNS:
        raise Unreadable(f"This table has {len(cells)} columns; at most {MAX_COLUMNS} are read. Leave some out.")
    fields = [terms.find_field(cell) for cell in cells]
    if not {"title", "action", "dialogue", terms.NUMBER}.intersection(fields):
        raise Unreadable(
            f"The first row names no column that says what happens: “{', '.join(cells)[:80]}”. "
            "Begin with a row such as Title, Action, Dialogue, Duration."
        )
    rows = _rows(text, delimiter)
    next(rows)
    drafts = [_draft(row, cells, fields) for row in rows if any(cell.strip() for cell in row)]
    return drafts, _notes(cells, fields)


def _heading(text: str) -> tuple[str, list[str]]:
    """The delimiter with which the first row names the most columns that are known, and those names."""
    line = _without_separator_line(text).partition("\n")[0][:10_000]
    split = {delimiter: _split(line, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: (_known(split[delimiter]), len(split[delimiter])))
    return best, split[best]


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _known(cells: list[str]) -> int:
    return sum(terms.find_field(cell) is not None for cell in cells)


def _without_separator_line(text: str) -> str:
    return SEPARATOR_LINE.sub("", text.lstrip("\n"), count=1) if text.lstrip()[:4] == "sep=" else text.lstrip("\n")


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """A spreadsheet quotes cells on the clipboard only where it must, so a tab-separated one may begin with a quote."""
    text = _without_separator_line(text)
    wrong = ""
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE) if delimiter == "\t" else (csv.QUOTE_MINIMAL,):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        try:
            return iter(list(reader))
        except csv.Error as error:
            wrong = _what_is_wrong(reader.line_num, error)
    raise Unreadable(wrong)


def _what_is_wrong(line: int, error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quotation mark is opened and never closed. Close it, or save the table again as CSV."
    if "field larger" in str(error):
        return f"Line {line}: a cell has more than {csv.field_size_limit():,} characters. Is a quotation mark missing?"
    return f"Line {line}: a cell goes on after its closing quotation mark. Double the marks inside it."


def _draft(row: list[str], cells: list[str], fields: list[str | None]) -> Draft:
    draft = Draft()
    number = ""
    for heading, field, cell in zip(cells, fields, row, strict=False):
        text = unescape_cell(cell)
        if field == terms.NUMBER:
            number = number or text.strip()
        elif field is not None:
            draft.put(field, text)
        elif text.strip():
            draft.put("notes", f"{heading.strip() or 'No heading'}: {text.strip()}")
    if beyond := [cell.strip() for cell in row[len(cells) :] if cell.strip()]:
        draft.warnings.append("This row has more cells than the first row; the others are in the notes.")
        draft.put("notes", " | ".join(beyond))
    if number and not draft.fields.get("title") and not number.isdecimal():
        draft.put("title", number)
    return draft


def _notes(cells: list[str], fields: list[str | None]) -> list[str]:
    unknown = [cell.strip() for cell, field in zip(cells, fields, strict=True) if field is None and cell.strip()]
    return [f"Columns that no field is called after go into the notes: {', '.join(unknown)}."] if unknown else []
