"""What happened in a run: events, the report they fold into, its schema and its older format."""
