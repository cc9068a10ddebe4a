"""What the doctor found enters; the words, steps, timeline and JSON that every view shows leave.

No glyphs, colours or layout: those belong to the views.
"""
