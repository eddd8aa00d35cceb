"""The next stretch of a vehicle's way: a cubic Bezier curve between rectangles."""
