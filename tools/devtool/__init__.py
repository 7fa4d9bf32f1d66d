"""What tools/dev.py does: makes `.venv` and runs one of our tools in it. Standard library only."""
