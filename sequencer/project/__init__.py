"""A project on disk: ``hardseq.toml``, its folder, its state folder, and who holds which lock."""
