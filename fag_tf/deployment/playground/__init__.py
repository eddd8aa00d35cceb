"""The page to play with: what it asks, what it is told, and its server."""
