"""Stands in for a vendor's flasher: checks an Intel HEX file and pretends to write it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def records(file: Path) -> list[bytes]:
    """The data records. Raises ValueError for a wrong checksum."""
    data = []
    for number, line in enumerate(file.read_text().split(), 1):
        record = bytes.fromhex(line.removeprefix(":"))
        if sum(record) % 256:
            raise ValueError(f"{file.name}:{number}: wrong checksum")
        if record[3] == 0:
            data.append(record[4:-1])
    return data


def main() -> int:
    """Returns 0 when the firmware was written and verified, 3 when the board did not answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--board", default="good")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    if options.board == "broken":
        print("error: target does not answer", file=sys.stderr)
        return 3
    size = sum(len(record) for record in records(options.file))
    print(f"erased, wrote and verified {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
