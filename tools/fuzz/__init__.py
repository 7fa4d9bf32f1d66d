"""Recorded conversations, changed at random, played to everything of ours that listens to a peer."""
