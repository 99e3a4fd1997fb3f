"""A folder in which one process works at a time."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from overpaint.data.locking import sole

HOLD = "import sys, time\nfrom pathlib import Path\nfrom overpaint.data.locking import sole\n"
HOLD += "with sole(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"


def holding(folder: Path) -> subprocess.Popen:
    """A process that works in `folder` until it is ended."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


def test_the_next_waits_and_a_killed_one_leaves_it_open(tmp_path: Path) -> None:
    folder, told = tmp_path / "work", []
    child = holding(folder)

    def watch(items: Iterable, total: int | None, label: str, /) -> Iterator:
        for item in items:
            told.append(label)
            if len(told) == 2:
                os.kill(child.pid, signal.SIGKILL)
            yield item

    with sole(folder, watch) as waited:
        assert waited
        assert child.wait() == -signal.SIGKILL
    assert "waiting for another process" in told[0]


def test_nobody_waits_where_nobody_works(tmp_path: Path) -> None:
    for _ in range(2):
        with sole(tmp_path / "work") as waited:
            assert not waited


def test_who_works_there_may_delete_it(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    with sole(folder):
        shutil.rmtree(folder)
    with sole(folder) as waited:
        assert folder.is_dir()
        assert not waited


def test_a_folder_made_anew_is_not_the_one_that_was_held(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    with sole(folder):
        shutil.rmtree(folder)
        began = time.monotonic()
        with sole(folder) as waited:
            assert not waited
        assert time.monotonic() - began < 5
