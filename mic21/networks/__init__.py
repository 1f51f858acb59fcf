"""Networks of others that look at photographs, for whichever layer above needs them."""
