"""The example in docs/reference/records.md is what the code writes."""

from pathlib import Path

from unstuck.chain.records import Batch, Kind, Record, decode, encode

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "records.md"


def test_the_example_of_the_reference_is_what_is_written() -> None:
    example = PAGE.read_text().split("### Example")[1].split("```")[1]
    data = bytes.fromhex("".join(line.split(";")[0] for line in example.splitlines()))
    batch = Batch.of(
        [
            Record(3, 10, Kind.MINUTE, 1_460_548_800, 60, (7, 71, 12, 1)),
            Record(3, 11, Kind.MINUTE, 1_460_548_860, 60, (0, 70, 12, 1)),
        ]
    )
    assert encode(batch) == data
    assert decode(data) == batch
