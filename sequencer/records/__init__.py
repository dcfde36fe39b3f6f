"""Records that test programs keep of their runs, as reports: HardPy's, OpenHTF's, and hardseq's own exports."""
