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
    many = [{**ONE, "edit": str(number)} for number in range(9)]
    for row in many:
        rows.add(tmp_path, row)
    with (tmp_path / rows.ROWS).open("a") as file:
        file.write('{"edit"')
    rows.add(tmp_path, OTHER)
    assert rows.read(tmp_path) == [*many, OTHER]


def test_json_holds_no_infinity(tmp_path):
    rows.add(tmp_path, {**ONE, "psnr": float("inf"), "identity": float("nan")})
    text = (tmp_path / rows.ROWS).read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(name))
    (row,) = rows.read(tmp_path)
    assert row["psnr"] is row["identity"] is None


DAMAGED = [
    *(b"{", b"[]", b'{"edit": "a"}', b'{"edit": 1, "way": "x"}', b"null", b"[" * 10**5, b"\xff"),
    *(b'{"edit": "a", "way": "x", "success": "many"}', b'{"edit": "a", "way": "x", "psnr": {}}'),
    *(b'{"edit": "\\udcff", "way": "x"}', b'{"edit": "a", "way": "x", "more": []}'),
]


@pytest.mark.parametrize("line", DAMAGED, ids=range(len(DAMAGED)))
def test_lines_that_are_no_rows_are_refused_with_their_number(tmp_path, line):
    rows.add(tmp_path, ONE)
    with (tmp_path / rows.ROWS).open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(UnsafeFileError, match="is damaged") as error:
        rows.read(tmp_path)
    assert "line 2" in error.value.why


def test_an_edit_that_was_made_again_counts_once(tmp_path):
    failed = {"edit": "a", "way": "x", "error": "no"}
    for row in (failed, OTHER, ONE):
        rows.add(tmp_path, row)
    assert rows.read(tmp_path) == [ONE, OTHER]


def test_what_is_none_of_ours_is_not_cut_off(tmp_path):
    (tmp_path / rows.ROWS).write_text("my diary")
    with pytest.raises(UnsafeFileError, match="is damaged"):
        rows.add(tmp_path, ONE)
    assert (tmp_path / rows.ROWS).read_text() == "my diary"
