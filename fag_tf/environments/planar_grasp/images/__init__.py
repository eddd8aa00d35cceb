"""Pictures of parts: reading, segmentation, rendering, drawing."""
