"""The inversions in a few words, at hand without any library."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "ddim": "the plain step walked up",
    "fixed-point": "each step up solved for",
    "edict": "exact, by two coupled states",
    "bdia": "exact, at the price of ddim",
    "edit-friendly": "noise that holds the picture",
    "null-text": "fitted texts for the empty one",
    "negative-prompt": "the source text for the empty one",
    "direct": "the picture's states put back",
}
