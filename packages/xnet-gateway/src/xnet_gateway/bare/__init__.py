"""The worker for interpreters where nothing of ours is installed, and how it gets there."""
