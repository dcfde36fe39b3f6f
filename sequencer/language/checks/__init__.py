"""What ``check`` asks beside keys and values: dependencies, conditions, evidence, facts of the stand."""
