"""Projects of other test programs, read without being run and written as projects of hardseq."""
