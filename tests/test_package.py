"""The package's door: public names, found late."""

import subprocess
import sys
import time

import pytest

import overpaint

QUICK = """
import sys, time
began = time.perf_counter()
import overpaint
took = time.perf_counter() - began
heavy = {"torch", "diffusers", "transformers", "numpy", "PIL"} & set(sys.modules)
print(took, *heavy)
"""


def test_importing_takes_no_time_and_no_torch():
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True)
        took, *heavy = done.stdout.split()
        assert not heavy
        seconds.append(float(took))
    assert min(seconds) < 0.1


def test_there_are_at_most_fifteen_names_and_all_are_there():
    assert len(overpaint.__all__) <= 15
    for name in overpaint.__all__:
        assert getattr(overpaint, name) is not None
    assert set(overpaint.__all__) == set(dir(overpaint))


def test_the_listings_are_packages_too():
    from overpaint.methods import registry

    assert overpaint.methods() == registry.methods()
    assert set(overpaint.metrics()) >= {"mae", "psnr", "ssim"}
    assert isinstance(overpaint.models(), list)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such"):
        _ = overpaint.no_such


def test_the_version_is_the_distributions():
    began = time.perf_counter()
    assert overpaint.__version__.count(".") == 2
    assert time.perf_counter() - began < 1
