"""Pictures as text, for web pages that hold all that they show."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

from PIL import Image


def jpeg_url(picture: Image.Image, **options: Any) -> str:
    """A picture as a data URL of JPEG; `options` are those of Pillow's writer."""
    file = BytesIO()
    picture.save(file, **{**options, "format": "JPEG"})
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
