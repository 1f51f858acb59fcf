"""Where releases are published to; each module needs its own packages and is imported when it is asked for."""
