"""Which keys and values a sequence file may have: schemas, compiled checks and their messages."""
