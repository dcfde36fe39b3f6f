"""A flasher that says how far it is."""

from __future__ import annotations

import sys
import time

print(f"firmware for {sys.argv[1]}")
for percent in range(0, 101, 20):
    print(f"writing {percent} %", flush=True)
    time.sleep(0.1)
print("verified")
