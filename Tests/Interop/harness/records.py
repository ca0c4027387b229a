"""What is in a file of records: a reader of docs/formats/records.md that shares nothing with the Swift one."""

import struct

MAGIC, HEADER = b"DFSr", struct.Struct(">4sI16sI")

_TABLE = []
for _byte in range(256):
    _value = _byte
    for _ in range(8):
        _value = _value >> 1 ^ (0x82F63B78 if _value & 1 else 0)
    _TABLE.append(_value)


class Mismatch(Exception):
    """What is there is not what was acknowledged."""


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def frames(data):
    """Ids and payloads, in order, those that came twice too."""
    position, found = 0, []
    while position < len(data):
        if len(data) - position < HEADER.size:
            raise Mismatch(f"the bytes from {position} on are no record")
        magic, length, identity, checksum = HEADER.unpack_from(data, position)
        payload = data[position + HEADER.size:position + HEADER.size + length]
        if magic != MAGIC or len(payload) != length:
            raise Mismatch(f"no whole record begins at byte {position}")
        if crc32c(data[position:position + 24] + payload) != checksum:
            raise Mismatch(f"the record at byte {position} does not match its checksum")
        found.append((identity, payload))
        position += HEADER.size + length
    return found


def check(data, acknowledged):
    """Every acknowledged payload is there, and nothing that nobody wrote. Returns how many came more than once."""
    found = frames(data)
    by_identity = {}
    for identity, payload in found:
        if by_identity.setdefault(identity, payload) != payload:
            raise Mismatch("one id stands for two records")
    there = list(by_identity.values())
    if len(set(there)) != len(there):
        raise Mismatch("one record has two ids")
    if missing := set(acknowledged) - set(there):
        raise Mismatch(f"{len(missing)} acknowledged records are missing, such as {min(missing)!r}")
    if strange := set(there) - set(acknowledged):
        raise Mismatch(f"{len(strange)} records were written by nobody, such as {min(strange)!r}")
    return len(found) - len(there)


def self_test():
    """The checks find what they are for."""
    def frame(identity, payload):
        head = struct.pack(">4sI16s", MAGIC, len(payload), identity)
        return head + struct.pack(">I", crc32c(head + payload)) + payload
    if crc32c(b"123456789") != 0xE3069283:
        raise Mismatch("the checksum is another one")
    one, two = frame(b"1" * 16, b"one"), frame(b"2" * 16, b"two")
    if check(one + two + one, [b"one", b"two"]) != 1:
        raise Mismatch("a record that came twice is not counted")
    bad = [(one, [b"one", b"two"]), (one + two, [b"one"]), (one + two[:-1], [b"one", b"two"]),
           (one + b"x" + two, [b"one", b"two"]), (one[:-1] + b"x" + two, [b"one", b"two"]),
           (one + frame(b"1" * 16, b"two"), [b"one", b"two"]), (one + frame(b"3" * 16, b"one"), [b"one"])]
    for data, wanted in bad:
        try:
            check(data, wanted)
        except Mismatch:
            continue
        raise Mismatch(f"{data!r} passes for {wanted!r}")
