"""Review by people in Label Studio: drafts go out, corrections come back, nothing is lost or doubled."""
