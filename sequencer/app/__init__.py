"""What the commands and the panel share: keeping reports, choosing sequences, asking for runs."""
