"""From a ``SequenceDefinition`` to readable pytest modules; pure and deterministic."""
