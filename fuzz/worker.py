"""One fuzzing process, started by ``python -m fuzz``: libFuzzer ends the process it runs in."""

import importlib
import sys

import atheris


def main() -> None:
    """Arguments: target, then what libFuzzer takes."""
    target = sys.argv[1]
    with atheris.instrument_imports(include=["unstuck"]):
        module = importlib.import_module(f"fuzz.fuzz_{target}")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], module.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
