"""An external high-voltage tester: 0 passed, 1 broke down, 2 its interlock is open."""

from __future__ import annotations

import sys

serial = sys.argv[1]
if serial.endswith("002"):
    print("interlock open")
    raise SystemExit(2)
if serial.endswith("001"):
    print("breakdown at 1.1 kV")
    raise SystemExit(1)
print("1500 V for 1 s")
print("leakage 0.12 mA")
