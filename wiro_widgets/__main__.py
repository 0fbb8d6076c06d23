"""`python -m wiro_widgets`: the command line, where the script `wiro-widgets` is not on the path."""

import sys

from wiro_widgets.cli import main

sys.exit(main())
