"""Owns the test process: starts, listens, stops, kills, stores what it reported."""
