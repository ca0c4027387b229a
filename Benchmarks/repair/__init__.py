"""Kills one of four storage nodes of this file system and of MooseFS, and measures until all chunks have two copies again."""
