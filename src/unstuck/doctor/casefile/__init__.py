"""What was seen, asked and tried enters; one redacted bundle leaves, that opens wherever a part of it is left.

The bytes of a bundle come back in; what can still be read of them leaves.
"""
