"""The captioner: features of a release's photographs, a decoder trained on them, and the captions that it writes."""
