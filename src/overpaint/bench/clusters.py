"""Jobs done by a Ray cluster; what a worker was at when it was lost is done again."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from overpaint.bench.making import Job, made
from overpaint.errors import OptionError, OverpaintError

RETRIES = 3  # of a job whose worker is lost
AHEAD = 2  # jobs that wait, for each that can be done at once


def on_ray(jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """Their rows as they are ready; each job counts once, however often it was begun.

    On the cluster of `RAY_ADDRESS`, or one that runs here, else on this machine's cores. The
    folder of results has to be at the same path on every machine.

    Raises:
        OptionError: ray is not installed.
        OverpaintError: a job's workers were lost again and again.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        ray.init(log_to_driver=False, logging_level="error", configure_logging=True)
    try:
        yield from _done(ray, jobs)
    finally:
        if ours:
            ray.shutdown()


def _done(ray: Any, jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """Few jobs are handed out ahead, so that a way's follow each other in a worker."""
    once = int(ray.cluster_resources().get("CPU", 1))
    graphics = 1 if jobs and jobs[0].setting.device.startswith("cuda") else 0
    do = ray.remote(num_cpus=1, num_gpus=graphics, max_retries=RETRIES)(made)
    waiting, pending = iter(jobs), list[Any]()
    try:
        while True:
            free = AHEAD * once - len(pending)
            pending += [do.remote(_anywhere(job)) for job in islice(waiting, free)]
            if not pending:
                return
            (ready,), pending = ray.wait(pending)
            yield _row(ray, ready)
    finally:
        for each in pending:
            ray.cancel(each, force=True)


def _row(ray: Any, ready: Any) -> dict[str, Any]:
    try:
        return ray.get(ready)
    except ray.exceptions.WorkerCrashedError as error:
        what = f"an edit's worker was lost {RETRIES + 1} times"
        hint = "What is done is kept: run it again."
        raise OverpaintError(what, str(error), hint) from error


def _anywhere(job: Job) -> Job:
    """With a folder that does not hang on where a worker was started."""
    return replace(job, setting=replace(job.setting, folder=job.setting.folder.absolute()))


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    try:
        import ray
    except ImportError as error:
        what, why = "workers of a cluster need the library ray", f"it cannot be loaded: {error}"
        raise OptionError(what, why, 'pip install "overpaint[ray]"') from error
    return ray
