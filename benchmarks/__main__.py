"""Run the benchmarks: ``python -m benchmarks [--smoke] [NAME...]``. Without a name, writes benchmarks/RESULTS.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

_HERE = Path(__file__).parent
_RESULTS = _HERE / "RESULTS.md"
_HEADINGS = ("what", "value", "bound", "held", "beside it", "ratio")

Row = Mapping[str, object]


def main() -> int:
    """Run, print, write. 1 if a bound is missed (not in a smoke run, which measures nothing), else 0."""
    known = sorted(path.stem.removeprefix("bench_") for path in _HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Unstuck.")
    parser.add_argument("--smoke", action="store_true", help="small inputs, one run each, no results written")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if arguments.smoke:
        os.environ["UNSTUCK_BENCH_SMOKE"] = "1"
    groups = {}
    for name in arguments.names or known:
        print(f"Measuring {name} ...", file=sys.stderr, flush=True)
        groups[name] = _run(name)
    table = _tables(groups)
    print(table)
    if arguments.smoke:
        return 0
    if not arguments.names:
        _RESULTS.write_text(_page(table))
        print(f"Written to {_RESULTS.relative_to(_HERE.parent)}", file=sys.stderr)
    return int(any(held(row) is False for rows in groups.values() for row in rows))


def _run(name: str) -> Sequence[Row]:
    """One benchmark in a process of its own: what others left in memory must not count, nor warm it up."""
    code = f"import json, benchmarks.bench_{name} as it; print(json.dumps(it.run()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=_HERE.parent, stdout=subprocess.PIPE, text=True, check=True)
    rows: Sequence[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def held(row: Row) -> bool | None:
    """Whether the row's value is within its bound (``<= 0.3``, ``>= 1000000``); None without a bound."""
    limit = row.get("limit")
    if limit is None:
        return None
    sense, bound = str(limit).split()
    value = float(str(row["value"]))
    if sense == "<=":
        return value <= float(bound)
    if sense == ">=":
        return value >= float(bound)
    raise ValueError(f"{row['name']}: a bound begins with <= or >=, not {sense!r}")


def _number(value: object) -> str:
    if not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _cells(row: Row) -> tuple[str, ...]:
    peer = "" if row.get("peer") is None else f"{row['peer']}: {_number(row.get('peer_value'))} {row['unit']}"
    verdict = held(row)
    sense, _, bound = str(row.get("limit") or "").partition(" ")
    limit = f"{sense} {_number(float(bound))} {row['unit']}" if bound else ""
    ratio = row.get("ratio")
    return (
        str(row["name"]),
        f"{_number(row['value'])} {row['unit']}",
        limit,
        {True: "yes", False: "**no**", None: ""}[verdict],
        peer,
        "" if ratio is None else f"{_number(ratio)}x",
    )


def _tables(groups: Mapping[str, Sequence[Row]]) -> str:
    parts = []
    for name, rows in groups.items():
        lines = [_HEADINGS, tuple("---" for _ in _HEADINGS), *(_cells(row) for row in rows)]
        parts.append(f"## {name}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def _page(table: str) -> str:
    return (
        "# Measured\n\nWritten by `make bench`; not edited by hand. Each value is a median.\n\n"
        f"- Machine: {os.cpu_count()} cores, {_cpu()}\n"
        f"- Python {platform.python_version()}, {platform.system()}\n"
        f"- {datetime.now(UTC):%Y-%m-%d}, commit {_commit()}\n\n{table}"
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return head.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
