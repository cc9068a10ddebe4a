"""A QR code as a picture that needs nothing else: text enters, a data address leaves."""


def data_address(text: str) -> str:
    """The code as SVG in an address for ``<img src>``. Always dark on light, with the quiet zone that scanners need."""
    import segno  # only this page needs it

    return segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
