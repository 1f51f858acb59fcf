"""Ways to look at what a corpus or a release holds: photographs with their masks, names and captions."""
