"""A series that gives no volume."""

from stream.hindrances import SAYS, Hindrance


class NoVolume(Exception):
    """A series gives no volume; the text is code and sentence."""

    def __init__(self, hindrance: Hindrance) -> None:
        super().__init__(f"{hindrance}: {SAYS[hindrance]}")
        self.hindrance = hindrance
