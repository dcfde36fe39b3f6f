"""The command line: parses, wires, prints, returns exit codes."""
