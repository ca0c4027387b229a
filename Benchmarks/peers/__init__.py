"""Puts and gets a large file on this file system and on others, in network namespaces, and measures time and CPU."""
