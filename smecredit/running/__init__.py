"""The whole suite on one machine: its processes, its home folder, and the main job done on it end to end."""
