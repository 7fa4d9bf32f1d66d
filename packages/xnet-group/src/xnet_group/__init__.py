"""xnet-group: see README.md."""
