"""The rows of a benchmark as one table, for whatever reads Parquet."""

from importlib.util import find_spec
from pathlib import Path

from overpaint.bench import rows
from overpaint.data.writing import write_data

TABLE = "rows.parquet"


def available() -> bool:
    """Whether the library that writes it is installed."""
    return find_spec("pyarrow") is not None


def write(folder: Path) -> None:
    """A column for every name that any row has; what a row lacks is null."""
    import pyarrow
    from pyarrow import parquet

    found = rows.read(folder)
    names = dict.fromkeys(name for row in found for name in row)
    table = pyarrow.table({name: [row.get(name) for row in found] for name in names})
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink)
    write_data(sink.getvalue().to_pybytes(), folder / TABLE, ".parquet", overwrite=True)
