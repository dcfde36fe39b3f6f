"""Reports in one file of this machine: the embedded database."""
