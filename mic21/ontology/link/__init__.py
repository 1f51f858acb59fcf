"""Linking to wordnets that the user has: synsets for new words, and how our names agree with those of others."""
