"""Run the command line: `python -m assets`, or `assets`.

Nothing to do is told before anything is imported, and what is asked most is answered without a parser.
"""

import sys

from assets.engine import stamp
from assets.environment import PREFIXES


def main() -> int:
    """Answer `materialize` from its stamp while that holds, and a bare `status`; hand everything else on."""
    project, prefixes, arguments = "study", PREFIXES, sys.argv[1:]
    module = None
    if len(arguments) > 2 and arguments[0] in ("-m", "--module"):
        module = project = arguments[1]
        prefixes, arguments = (), arguments[2:]
    if arguments == ["materialize"]:
        found = stamp.read(stamp.path_of(project, "all"), prefixes)
        if found is not None:
            print(found.summary)
            return 0
    if arguments == ["status"]:
        from types import SimpleNamespace

        from assets.commands.running import run

        return run("looking", "status", SimpleNamespace(module=module, selection=[], json=False, check=False))
    from assets.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
