"""xnet: see README.md."""
