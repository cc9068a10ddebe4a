"""Fuzz targets, one per reader; see README.md. Not part of the product."""
