"""A generated corpus: scenes composed by code, with exact masks, interactions and captions in several languages."""
