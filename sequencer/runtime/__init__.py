"""What runs inside the pytest process: plugin, case context, drivers, journal. Never imports language or compiler."""
