"""What `hardseq check --help` says."""

from __future__ import annotations

from click.testing import CliRunner

from sequencer.cli.check import command


def test_the_usage_says_that_a_path_may_be_left_out() -> None:
    """Without a path `hardseq check` checks the folder that it is called in, and its usage says so."""
    usage = CliRunner().invoke(command, ["--help"]).output.splitlines()[0]
    assert usage.endswith("[PATH...]")
