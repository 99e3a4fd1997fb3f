"""Where models and parts lie: on disk, or in the cache of the Hugging Face hub; no network."""

import os
import re
from pathlib import Path

from overpaint.errors import ModelNotFoundError
from overpaint.models.folders import PICKLES, Folder

HUB_ID = re.compile(r"(?=.{3,96}$)(?!.*(--|\.\.))\w[\w.-]*/\w[\w.-]*")
FILES = PICKLES | {".safetensors"}


def is_id(name: str) -> bool:
    """Whether `name` can be of a model of the hub, and is not plainly a path to a file."""
    return HUB_ID.fullmatch(name) is not None and Path(name).suffix not in FILES


def cached(name: str) -> Folder:
    """The folder of a model that was downloaded from the hub before.

    Raises:
        ModelNotFoundError: it was not.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, FileNotFoundError) as error:
        raise ModelNotFoundError(
            f"The model {name!r} is not on this machine",
            f"looked in {constants.HF_HUB_CACHE}",
            f"Download it once with `hf download {name}`.",
        ) from error
    # Files of a snapshot are links into the blobs beside it.
    return Folder.at(path, root=path.parent.parent)


def located(where: str | Path, kind: str) -> Folder | Path:
    """Where a part of this kind lies: a folder on disk or in the cache, or the path of one file.

    Raises:
        ModelNotFoundError: it is in none of these places.
    """
    path = Path(os.path.expanduser(where))
    if os.path.isdir(path):  # False also for what can be no path
        return Folder.at(path)
    if os.path.isfile(path):
        return path
    if is_id(str(where)):
        return cached(str(where))
    raise ModelNotFoundError(
        f"There is no {kind} {str(where)!r}",
        "there is no such folder or file",
        "Give a folder, a file, or a Hugging Face id.",
    )
