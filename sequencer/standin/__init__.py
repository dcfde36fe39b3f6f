"""A StandCloud to try things with: nothing of the product imports it."""
