"""What is compiled is kept until any source of the renderer changes."""

import importlib.util
import shutil
from pathlib import Path

import numba

from overpaint.portraits import compiling


def test_the_kept_code_belongs_to_all_sources(tmp_path):
    copy = Path(shutil.copy(compiling.__file__, tmp_path))
    spec = importlib.util.spec_from_file_location("copy", copy)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    before = module._sources()
    assert before == module._sources()
    (tmp_path / "another.py").write_text("RADIUS = 1.0\n")
    assert module._sources() != before


def test_numba_is_left_as_it_was():
    before = numba.config.CACHE_DIR
    assert compiling.entry(lambda x: x + 1)(1) == 2
    assert before == numba.config.CACHE_DIR
