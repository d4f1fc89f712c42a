"""A window that shows frames."""

from __future__ import annotations

import numpy as np
from PIL import Image

from faststyle.errors import UserError


class Window:
    """A window of the operating system, by Python's tkinter.

    Raises:
        UserError: there is no screen, or no tkinter.
    """

    def __init__(self, title: str):
        try:
            import tkinter

            from PIL import ImageTk
        except ImportError as error:
            raise UserError(
                "--camera: this Python has no tkinter, which shows the window; install it "
                "(python3-tk), or give --output FILE"
            ) from error
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise UserError(
                f"--camera: no window can be shown here ({error}); give --output FILE"
            ) from error
        self._photo_image = ImageTk.PhotoImage
        self._root.title(title)
        self._root.protocol("WM_DELETE_WINDOW", self._on_close)
        self._label = tkinter.Label(self._root)
        self._label.pack()
        self.closed = False

    def _on_close(self) -> None:
        self.closed = True

    def show(self, pixels: np.ndarray, seconds: float) -> None:
        """Show a frame, (H, W, 3) levels of RGB, at once; `seconds` does not matter."""
        self._shown = self._photo_image(Image.fromarray(pixels))  # tkinter keeps no reference
        self._label.configure(image=self._shown)
        self._root.update()

    def close(self) -> None:
        """Take the window away."""
        self._root.destroy()
