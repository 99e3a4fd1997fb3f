"""Portraits-CF: what is asked for can be seen, is said truly, and is the same each time."""

import numpy as np
import pytest

from overpaint.errors import OptionError
from overpaint.portraits.changes import CHANGES
from overpaint.portraits.scene import VALUES, visible
from overpaint.portraits.tasks import LEAST, SPLITS, edit, edits, named

each_change = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)


@each_change
def test_what_shall_change_changes_and_can_be_seen(change):
    asked = edit("test", change, 0)
    assert asked.wanted
    for name, value in asked.wanted.items():
        assert value in VALUES[name]
        assert getattr(asked.before, name) != value
        for scene in (asked.before, asked.after):
            assert name in (*visible(scene), "style")
    for name in VALUES:
        same = getattr(asked.before, name) == getattr(asked.after, name)
        assert same == (name not in asked.wanted)
    before, after, region = asked.drawn(64)
    assert region.mean() >= LEAST
    assert (np.abs(after.astype(int) - before).max(2)[~region] <= 6).all()


@each_change
def test_both_texts_differ_by_the_change_alone(change):
    asked = edit("test", change, 0)
    assert asked.prompt != asked.source_prompt
    common = set(asked.prompt.split()) & set(asked.source_prompt.split())
    assert len(common) >= min(map(len, (asked.prompt.split(), asked.source_prompt.split()))) / 2
    assert not set(asked.shown) & set(asked.wanted)
    assert asked.instruction


def test_there_are_kinds_of_every_group():
    groups = {change.group for change in CHANGES}
    assert len({change.name for change in CHANGES}) == len(CHANGES) >= 40
    assert groups == {
        *("attribute", "expression", "hair", "add", "remove"),
        *("colour", "style", "kind", "background", "two"),
    }


def test_kinds_take_turns_and_an_edit_is_the_same_among_many_and_alone():
    many = edits("test", len(CHANGES) + 2)
    assert many[: len(CHANGES)] == [edit("test", change, 0) for change in CHANGES]
    assert many[-1] == named(many[-1].name) == edit("test", CHANGES[1], 1)
    assert many[-1].before != many[1].before


def test_splits_share_no_scene():
    one, other = ({each.before for each in edits(split, 8)} for split in SPLITS)
    assert not one & other


@pytest.mark.parametrize("name", ["test/no-such/0", "train/skin/0", "test/skin/x", "test", ""])
def test_names_of_no_edit_are_refused(name):
    with pytest.raises(OptionError, match="There is no edit"):
        named(name)


def test_an_unknown_split_is_refused():
    with pytest.raises(OptionError, match="There is no split 'train'"):
        edits("train", 1)
