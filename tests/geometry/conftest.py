"""No deadline for an example: the machine may be busy, and no test of ours asserts a time."""

from hypothesis import settings

settings.register_profile("mic21", deadline=None)
settings.load_profile("mic21")
