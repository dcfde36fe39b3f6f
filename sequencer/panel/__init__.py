"""The operator panel: a Flask application over the live state and the store."""
