"""Alarms: what is watched, what was raised, and who is told."""
