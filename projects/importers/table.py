"""Reads tables: CSV files and cells copied from a spreadsheet. The first row names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from core.spreadsheets import unescape_cell
from projects.importers import terms
from projects.importers.drafts import Draft, UnreadableScript

DELIMITERS = "\t;,|"
#: Written by spreadsheets as a first line that names the delimiter.
SEPARATOR_LINE = re.compile(r"\s*sep=.[ \t]*\n")
MAX_COLUMNS = 100


def looks_like(text: str) -> bool:
    delimiter, cells = _read_header(text)
    known = _count_known(cells)
    return len(cells) > 1 and (known > 1 or (known == 1 and delimiter == "\t"))


def read(text: str) -> tuple[list[Draft], list[str]]:
    delimiter, cells = _read_header(text)
    if len(cells) > MAX_COLUMNS:
        raise UnreadableScript(f"This table has {len(cells)} columns; the limit is {MAX_COLUMNS}. Remove some.")
    fields = [terms.find_field(cell) for cell in cells]
    if not {"title", "action", "dialogue", terms.NUMBER}.intersection(fields):
        raise UnreadableScript(
            f"No column for the title, action or dialogue in the first row: “{', '.join(cells)[:80]}”. "
            "Start with a row such as Title, Action, Dialogue, Duration."
        )
    rows = _read_rows(text, delimiter)
    next(rows)
    drafts = [_build_draft(row, cells, fields) for row in rows if any(cell.strip() for cell in row)]
    return drafts, _note_unknown_columns(cells, fields)


def _read_header(text: str) -> tuple[str, list[str]]:
    # The delimiter that splits the first row into the most known columns, and their names.
    line = _strip_separator_line(text).partition("\n")[0][:10_000]
    split = {delimiter: _split(line, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: (_count_known(split[delimiter]), len(split[delimiter])))
    return best, split[best]


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _count_known(cells: list[str]) -> int:
    return sum(terms.find_field(cell) is not None for cell in cells)


def _strip_separator_line(text: str) -> str:
    return SEPARATOR_LINE.sub("", text.lstrip("\n"), count=1) if text.lstrip()[:4] == "sep=" else text.lstrip("\n")


def _read_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows of cells. Raises UnreadableScript.

    Spreadsheets quote copied cells only if they contain a tab or line break: a tab-separated cell may start with a quotation
    mark that means nothing. Such text is read again without quoting.
    """
    text = _strip_separator_line(text)
    message = ""
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE) if delimiter == "\t" else (csv.QUOTE_MINIMAL,):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        try:
            return iter(list(reader))
        except csv.Error as error:
            message = _describe_error(reader.line_num, error)
    raise UnreadableScript(message)


def _describe_error(line: int, error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quotation mark is never closed. Close it, or save the table as CSV again."
    if "field larger" in str(error):
        return f"Line {line}: a cell has more than {csv.field_size_limit():,} characters. Is a quotation mark missing?"
    return f"Line {line}: text after a closing quotation mark. Double the quotation marks inside the cell."


def _build_draft(row: list[str], cells: list[str], fields: list[str | None]) -> Draft:
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
    if extra := [cell.strip() for cell in row[len(cells) :] if cell.strip()]:
        draft.warn("This row has more cells than the first row; the extra cells are in the notes.")
        draft.put("notes", " | ".join(extra))
    if number and not draft.fields.get("title") and not number.isdecimal():
        draft.put("title", number)
    return draft


def _note_unknown_columns(cells: list[str], fields: list[str | None]) -> list[str]:
    unknown = [cell.strip() for cell, field in zip(cells, fields, strict=True) if field is None and cell.strip()]
    return [f"Unknown columns go into the notes: {', '.join(unknown)}."] if unknown else []
