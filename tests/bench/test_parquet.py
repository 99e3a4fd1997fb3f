"""All rows stand in one Parquet table, also those that lack a column."""

import sys

import pytest

from overpaint.bench import parquet, rows
from overpaint.bench.making import Setting
from overpaint.bench.portraits import Portrait
from overpaint.bench.running import run
from overpaint.bench.ways import NOTHING, Way
from overpaint.portraits.tasks import edits

pytest.importorskip("pyarrow")
from pyarrow.parquet import read_table

EDITS = [Portrait(each, 64) for each in edits("validation", 2)]


def test_what_a_row_lacks_is_null(tmp_path):
    rows.add(tmp_path, {"edit": "a", "way": "x", "psnr": 20.5})
    rows.add(tmp_path, {"edit": "b", "way": "x", "error": "no", "success": 0.0})
    parquet.write(tmp_path)
    table = read_table(tmp_path / parquet.TABLE)
    assert table.column_names == ["edit", "way", "psnr", "error", "success"]
    assert table.to_pylist()[1] == {**dict.fromkeys(table.column_names), **rows.read(tmp_path)[1]}


def test_a_run_ends_with_the_rows_of_before_and_its_own_in_the_table(tmp_path):
    for count in (1, 2):
        list(run(EDITS[:count], [Way(NOTHING)], Setting(tmp_path, 0, {"size": 64})))
        found = read_table(tmp_path / parquet.TABLE).to_pylist()
        assert [row["edit"] for row in found] == [each.name for each in EDITS[:count]]
        kept = rows.read(tmp_path)
        assert [[row.get(name) for name in found[0]] for row in kept] == [
            [*r.values()] for r in found
        ]


def test_without_the_library_the_lines_are_all(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    list(run(EDITS[:1], [Way(NOTHING)], Setting(tmp_path, 0, {"size": 64})))
    assert not (tmp_path / parquet.TABLE).exists()
    assert len(rows.read(tmp_path)) == 1
