"""A label printer that writes into a file."""

from __future__ import annotations

import sys
from pathlib import Path

part, serial = sys.argv[1:]
Path("label.zpl").write_text(f"^XA^FO50,50^FD{part} {serial}^FS^XZ\n", encoding="ascii")
print(f"label for {serial}")
