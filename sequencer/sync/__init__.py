"""Deliveries: the outbox, the StandCloud client and the job that drains it."""
