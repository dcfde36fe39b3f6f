"""From YAML text to a checked, frozen ``Sequence``: loader, schema, builder, every problem with its place."""
