"""A seal on stored arrays: whose they are, and a checksum over every byte.

``torch.save`` and ``numpy.savez`` write zip archives. Such an archive ends in a comment that every
reader skips; the seal is that comment, so a sealed file is read by both as any other.
"""

from __future__ import annotations

import hashlib

__all__ = ["ForeignSeal", "SealError", "opened", "sealed"]

_MARK = b"hrgrad-seal "


class SealError(ValueError):
    """A file carries no seal, or its bytes are not those that were sealed."""


class ForeignSeal(SealError):
    """The file is whole, and another owner's."""


def sealed(archive: bytes, owner: str) -> bytes:
    """The archive (which has no comment yet) with a seal."""
    body = archive[:-2]  # the last two bytes are the length of the comment
    comment = _MARK + _digest(body, owner.encode()) + b" " + owner.encode()
    return body + len(comment).to_bytes(2, "little") + comment


def opened(content: bytes, owner: str) -> bytes:
    """The content, once its seal is found whole and the owner's.

    Raises:
        ForeignSeal: it is sealed for another owner.
        SealError: it carries no seal, or some byte differs.
    """
    body, mark, rest = content.rpartition(_MARK)
    digest, _, found = rest.partition(b" ")
    length = int.from_bytes(body[-2:], "little")
    if not mark:
        raise SealError("carries no checksum")
    if length != len(mark + rest) or _digest(body[:-2], found) != digest:
        raise SealError("does not fit its checksum")
    if found != owner.encode():
        raise ForeignSeal("belongs to another run")
    return content


def _digest(body: bytes, owner: bytes) -> bytes:
    return hashlib.sha256(body + owner).hexdigest().encode()
