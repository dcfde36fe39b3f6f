"""``python -m sequencer.sync.standin``: the former name of ``python -m sequencer.standin``."""

from __future__ import annotations

from sequencer.standin.__main__ import main

if __name__ == "__main__":
    main()
