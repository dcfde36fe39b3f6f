"""A run on a terminal: live display, dialogs, verdict, problems and stored reports as lines."""
