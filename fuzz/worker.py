"""One fuzzing process, started by ``python -m fuzz``: libFuzzer ends the process it runs in."""

import importlib
import shlex
import sys

import atheris


def main() -> None:
    """Arguments: target, then what libFuzzer takes."""
    target = sys.argv[1]
    with atheris.instrument_imports(include=["unstuck"]):
        module = importlib.import_module(f"fuzz.fuzz_{target}")
    # libFuzzer starts this command again through a shell when it merges, so it must be whole.
    again = f"{shlex.quote(sys.executable)} -m fuzz.worker {shlex.quote(target)}"
    atheris.Setup([again, *sys.argv[2:]], module.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
