"""Rows are kept one a line; what a killed run tore is cut off, what is damaged is refused."""

import json

import pytest

from overpaint.bench import rows
from overpaint.errors import UnsafeFileError

ONE, OTHER = {"edit": "a", "way": "x", "success": 1.0}, {"edit": "b", "way": "x", "success": 0.0}


def test_rows_come_back_in_order(tmp_path):
    assert rows.read(tmp_path) == []
    for row in (ONE, OTHER):
        rows.add(tmp_path, row)
    assert rows.read(tmp_path) == [ONE, OTHER]


def test_a_torn_line_is_neither_read_nor_built_upon(tmp_path):
    rows.add(tmp_path, ONE)
    with (tmp_path / rows.ROWS).open("a") as file:
        file.write('{"edit": "b", "wa')
    assert rows.read(tmp_path) == [ONE]
    rows.add(tmp_path, OTHER)
    assert rows.read(tmp_path) == [ONE, OTHER]


def test_rows_behind_many_others_are_cut_and_added_too(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LONGEST", 60)
    for _ in range(9):
        rows.add(tmp_path, ONE)
    with (tmp_path / rows.ROWS).open("a") as file:
        file.write("torn")
    rows.add(tmp_path, OTHER)
    assert rows.read(tmp_path) == [ONE] * 9 + [OTHER]


def test_json_holds_no_infinity(tmp_path):
    rows.add(tmp_path, {**ONE, "psnr": float("inf"), "identity": float("nan")})
    text = (tmp_path / rows.ROWS).read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(name))
    (row,) = rows.read(tmp_path)
    assert row["psnr"] is row["identity"] is None


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"edit": "a"}', '{"edit": 1, "way": "x"}', "null", "[" * 10**5]
)
def test_lines_that_are_no_rows_are_refused_with_their_number(tmp_path, line):
    rows.add(tmp_path, ONE)
    with (tmp_path / rows.ROWS).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(UnsafeFileError, match="is damaged") as error:
        rows.read(tmp_path)
    assert "line 2" in error.value.why
