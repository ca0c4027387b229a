"""Puts and gets a large file on a Swift and a Go cluster in turn, and measures time, CPU and memory."""
