"""On two workers of a local Ray cluster: the rows of one process, also when a worker is lost."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from overpaint.bench import rows
from overpaint.bench.making import Setting
from overpaint.bench.portraits import Portrait
from overpaint.bench.running import one_by_one, run
from overpaint.bench.ways import CALIBRATION, NOTHING, Way
from overpaint.errors import OptionError, OverpaintError
from overpaint.portraits.tasks import edits

ray = pytest.importorskip("ray")

from overpaint.bench import clusters  # noqa: E402
from overpaint.bench.clusters import on_ray  # noqa: E402

TIMES = ("seconds", "memory")
EDITS = [Portrait(each, 64) for each in edits("validation", 4)]
TINY = Way("sdedit", "tiny-text", {"num_inference_steps": 2})


@dataclass(frozen=True)
class Deadly(Portrait):
    """An edit at which the first `times` workers are killed."""

    folder: Path = Path()
    times: int = 1

    def pictures(self):
        died = len(list(self.folder.iterdir()))
        if died < self.times:
            (self.folder / str(died)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().pictures()


@pytest.fixture(scope="module", autouse=True)
def cluster():
    # Else workers stand back for whatever runs beside them, such as other tests.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        yield from _cluster()


def _cluster():
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=10**8)
    yield
    ray.shutdown()


def done(folder, tasks, ways, spread):
    found = run(tasks, ways, Setting(folder, 0, {"size": 64}), spread=spread)
    return {(row["edit"], row["way"]): row for row in found}


def timeless(found):
    return {key: {n: v for n, v in row.items() if n not in TIMES} for key, row in found.items()}


def test_two_workers_give_the_rows_of_one_process(tmp_path):
    ways = [*map(Way, CALIBRATION), TINY]
    alone = done(tmp_path / "alone", EDITS, ways, one_by_one)
    both = done(tmp_path / "both", EDITS, ways, on_ray)
    assert repr(sorted(timeless(both).items())) == repr(sorted(timeless(alone).items()))


def test_what_a_lost_worker_was_at_is_done_again_and_counts_once(tmp_path):
    (tmp_path / "died").mkdir()
    tasks = [*EDITS[:3], Deadly(EDITS[3].edit, 64, tmp_path / "died", 1)]
    found = done(tmp_path / "out", tasks, [Way(NOTHING)], on_ray)
    assert len(list((tmp_path / "died").iterdir())) == 1
    kept = rows.read(tmp_path / "out")
    assert sorted(row["edit"] for row in kept) == sorted(each.name for each in tasks)
    assert len(found) == 4


def test_an_edit_that_kills_every_worker_is_told_and_the_rest_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "RETRIES", 1)
    (tmp_path / "died").mkdir()
    tasks = [*EDITS[:2], Deadly(EDITS[3].edit, 64, tmp_path / "died", 99)]
    with pytest.raises(OverpaintError, match="lost 2 times"):
        done(tmp_path / "out", tasks, [Way(NOTHING)], on_ray)
    assert len(rows.read(tmp_path / "out")) == 2


def test_without_ray_it_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionError, match="library ray") as error:
        done(tmp_path, EDITS[:1], [Way(NOTHING)], on_ray)
    assert "overpaint[ray]" in error.value.hint
