"""Runs gRPC's interop tests among Swift, Go and Python, and h2spec against a Swift server."""
