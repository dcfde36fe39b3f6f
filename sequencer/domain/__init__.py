"""What can be decided without input or output: limits, values, expressions, units, the fold from events to report."""
