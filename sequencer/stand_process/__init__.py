"""The stand process: holds what several slots share, hands it out in turns, and counts who came to a sync point."""
