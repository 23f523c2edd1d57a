"""Run the command line: `python -m assets`."""

import sys

from assets.cli import main

sys.exit(main())
