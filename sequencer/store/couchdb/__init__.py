"""Reports in a CouchDB: one document a run, views for figures, replication to a factory."""
