"""A folder of measured edits as one self-contained page."""
