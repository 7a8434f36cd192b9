"""CSV files for spreadsheets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.spreadsheets import csv_response, escape_cell, unescape_cell


def test_a_csv_file_has_a_name_a_byte_order_mark_and_no_formula():
    response = csv_response("costs.csv", [["What", "Price"], ["=1+1", Decimal("-0.40")], ["Öl, 2 l", None]])
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="costs.csv"'
    assert response.content == '\ufeffWhat,Price\r\n\'=1+1,-0.40\r\n"Öl, 2 l",\r\n'.encode()


@pytest.mark.parametrize(
    ("cell", "quoted"),
    [
        ("=1+1", "'=1+1"),
        ("'=1", "''=1"),
        ("-", "'-"),
        ("\tx", "'\tx"),
        ("'quoted'", "'quoted'"),
        ("x;=1+1", "x;'=1+1"),
        ("x;'=1+1\t@y", "x;''=1+1\t'@y"),
        ("close; -5 degrees", "close; -5 degrees"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_cell_is_escaped_and_restored(cell: str, quoted: str):
    assert (escape_cell(cell), unescape_cell(quoted)) == (quoted, cell)
