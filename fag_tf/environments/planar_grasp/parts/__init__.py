"""Outlines of parts: named, random, and from files."""
