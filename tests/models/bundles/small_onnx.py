"""The network Bright as an ONNX file, field by field, so that no library that writes ONNX is needed.

Numbers of fields are those of onnx.proto, version 10 of the format: message, then what it holds.
"""

import struct
from pathlib import Path

INT, FLOAT = 2, 1
"""An attribute's type and an element's type."""


def bright_onnx(path: Path) -> None:
    """Write a network that says tumour where the grey value is above a hundred."""
    nodes = [
        _node("Mul", ("image", "zero"), "nothing"),
        _node("Add", ("nothing", "hundred"), "background"),
        _node("Concat", ("background", "image"), "scores") + _field(5, _attribute("axis", 1)),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "bright")
    graph += _field(5, _number("zero", 0.0)) + _field(5, _number("hundred", 100.0))
    graph += _field(11, _volume("image")) + _field(12, _volume("scores"))
    path.write_bytes(_field(1, 10) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 17)))


def _node(operation: str, inputs: tuple[str, ...], output: str) -> bytes:
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, operation)


def _attribute(name: str, value: int) -> bytes:
    return _field(1, name) + _field(3, value) + _field(20, INT)


def _number(name: str, value: float) -> bytes:
    return _field(2, FLOAT) + _field(8, name) + _field(9, struct.pack("<f", value))


def _volume(name: str) -> bytes:
    """Five axes of any length."""
    axes = b"".join(_field(1, _field(2, f"{name} {axis}")) for axis in range(5))
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, axes)))


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    told = b""
    while value > 127:
        told, value = told + bytes([value & 127 | 128]), value >> 7
    return told + bytes([value])
