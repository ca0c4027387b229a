"""Runs mixed clusters of Swift, Go and Python nodes as real processes and checks what they do together."""
