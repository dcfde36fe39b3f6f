"""From a ``Sequence`` to readable pytest modules; pure and deterministic."""
