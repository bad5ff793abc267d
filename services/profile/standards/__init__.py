"""Standards as data: codes, regions, industries, size classes, names, the calendar."""
