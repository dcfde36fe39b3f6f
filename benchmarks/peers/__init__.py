"""The tools that are compared, one file each: how the same work is written for it, started, and proved done."""
