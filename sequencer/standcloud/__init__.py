"""Reports on their way to StandCloud: client, outbox and the job that empties it."""
