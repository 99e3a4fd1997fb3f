"""`python -m overpaint`: the program, where its script is not on the path."""

import sys

from overpaint.cli import main

sys.exit(main())
