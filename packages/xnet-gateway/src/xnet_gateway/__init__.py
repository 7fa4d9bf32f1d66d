"""xnet-gateway: see README.md."""
