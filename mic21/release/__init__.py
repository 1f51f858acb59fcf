"""Releases: folders that never change, built from a corpus, verified to the byte, and read back."""
