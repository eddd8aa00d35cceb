"""Parts that all HTTP servers of this package share."""
