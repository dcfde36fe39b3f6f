"""``${{ expressions }}``: syntax, sandbox, functions, and the plain values they work on."""
