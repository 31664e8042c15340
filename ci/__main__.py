"""Started by `action.yml` and the GitLab template, as a folder and with `-I`.

`python3 -I FOLDER github`, or `python3 -I FOLDER gitlab COMMAND`. In this way no file of the
repository under review is imported.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - what the runner has is not chosen here
    sys.exit(
        f"FlowDSL needs Python 3.11 or newer; this is {sys.version_info[0]}.{sys.version_info[1]}"
    )

from flowdsl_ci.main import main

sys.exit(main(sys.argv[1:]))
