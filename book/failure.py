"""What the reader of a message can put right; shown as one line."""


class BookError(Exception):
    """The book cannot be made; the text says why, and what to do."""
