"""Tables of a sequence: CSV files, matrix cases and what is known of their rows before a run."""
