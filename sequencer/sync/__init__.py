"""The former place of the stand-in, whose command line scripts of others name."""
