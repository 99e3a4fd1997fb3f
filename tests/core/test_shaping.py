"""From a soft map to a mask."""

import pytest
import torch

from overpaint.core.shaping import closed, eroded, feathered, largest, opened, otsu, overlap


def mask(*rows):
    """Rows of . and # as a mask."""
    return torch.tensor([[[[float(c == "#") for c in row] for row in rows]]])


def drawn(found):
    return tuple("".join("#" if v else "." for v in row) for row in found[0, 0].tolist())


def test_otsu_divides_two_heaps_between_them():
    rng = torch.Generator().manual_seed(0)
    dark = 0.15 + 0.05 * torch.randn(2, 300, generator=rng)
    light = torch.tensor([[0.5], [0.8]]) + 0.05 * torch.randn(2, 100, generator=rng)
    soft = torch.cat([dark, light], 1).clamp(0, 1).view(2, 1, 20, 20)
    there = otsu(soft)
    above = (soft > there).flatten(1)
    assert (above == (torch.arange(400) >= 300)).float().mean() > 0.99
    assert there[0] < 0.45 < there[1]
    assert torch.equal(there[:1], otsu(soft[:1]))  # each picture by itself


def test_otsu_is_the_best_of_all_thresholds():
    soft = torch.rand(1, 1, 6, 6, generator=torch.Generator().manual_seed(1)) ** 2

    def apart(threshold):
        low, high = soft[soft <= threshold], soft[soft > threshold]
        if not (len(low) and len(high)):
            return 0.0
        return float(len(low) * len(high) * (low.mean() - high.mean()) ** 2)

    assert apart(float(otsu(soft))) == pytest.approx(max(map(apart, soft.flatten().tolist())))


def test_otsu_of_an_even_map_leaves_nothing_above():
    even = torch.full((1, 1, 4, 4), 0.3)
    assert not (even > otsu(even)).any()


def test_opening_drops_specks_and_closing_fills_gaps():
    spotted = mask("#......", "...###.", "...###.", "...###.", ".......")
    holed = mask(".......", "..###..", "..#.#..", "..###..", ".......")
    assert drawn(opened(spotted, 1)) == drawn(spotted * (mask(*["...####"] * 5)))
    assert drawn(closed(holed, 1)) == drawn(
        mask(".......", "..###..", "..###..", "..###..", ".......")
    )
    for same in (opened(spotted, 0), closed(spotted, 0)):
        assert torch.equal(same, spotted)


def test_a_mask_does_not_shrink_from_where_the_picture_ends():
    assert torch.equal(eroded(torch.ones(1, 1, 5, 5), 2), torch.ones(1, 1, 5, 5))
    assert drawn(eroded(mask("###..", "###..", "###.."), 1)) == ("##...",) * 3


def test_the_largest_part_of_each_mask_is_kept():
    two = mask("##...#", ".....#", "#....#", ".#...#", "......")
    winding = mask("######", ".....#", "######", "#.....", "###..#")
    found = largest(torch.cat([two, winding, torch.zeros(1, 1, 5, 6)]))
    assert drawn(found[:1]) == (".....#", ".....#", ".....#", ".....#", "......")
    assert drawn(found[1:2]) == ("######", ".....#", "######", "#.....", "###...")
    assert not found[2].any()


def test_parts_hang_together_by_a_corner():
    assert torch.equal(largest(mask("#..", ".#.", "..#")), mask("#..", ".#.", "..#"))


def test_a_feathered_mask_falls_evenly_around_what_it_was():
    found = feathered(mask(".......", ".......", ".......", "...#...", *["......."] * 3), 2)
    assert found[0, 0, 3].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 0])


def test_overlap_is_the_share_of_what_either_has():
    assert overlap(mask("##.."), mask(".##.")).item() == pytest.approx(1 / 3)
    assert overlap(mask("...."), mask("....")).item() == 1
    assert overlap(mask("#..."), mask("....")).item() == 0
