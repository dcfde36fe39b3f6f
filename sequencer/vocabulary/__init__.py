"""The terms of the field that every other layer speaks: problems, places, the sequence model, events, the report."""
