"""hardseq: a declarative test sequencer for people who test electronics."""

__version__ = "0.1.0"
