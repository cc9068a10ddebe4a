"""Write the example evidence: ``python -m examples OUT [STORY...]``."""

import argparse
from pathlib import Path

from examples.make_evidence import write
from examples.scenarios import SCENARIOS


def main() -> None:
    """Write the stories asked for (all of them without a name), each into a folder of its own below OUT."""
    parser = argparse.ArgumentParser(prog="python -m examples", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("stories", nargs="*", metavar="STORY", help=", ".join(SCENARIOS))
    arguments = parser.parse_args()
    unknown = set(arguments.stories) - SCENARIOS.keys()
    if unknown:
        parser.error(f"no such story: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    for story in arguments.stories or SCENARIOS:
        print(f"Synthetic evidence, no real person: {write(story, arguments.out)}")


if __name__ == "__main__":
    main()
