"""The command line: one verb a file, and no logic."""

from overpaint.cli.app import main

__all__ = ["main"]
