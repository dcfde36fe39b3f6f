"""``python -m sequencer`` is the ``hardseq`` command."""

from sequencer.cli.main import main

if __name__ == "__main__":
    main()
