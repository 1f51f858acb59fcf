"""Automatic annotation: backends that draft masks and captions, and the steps that run them over a corpus."""
