"""xnet-channel: see README.md."""
