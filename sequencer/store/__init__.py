"""Where reports are kept: the ``Store`` protocol and its backends."""
