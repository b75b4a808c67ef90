#!/usr/bin/env python3
"""Prints a log as JSON lines: a second reader, written from docs/wal-format.md alone.

Usage: wal_reader.py FOLDER          (a log that is whole: it begins with segment 1)

Exit code 1 if the log is damaged; what is wrong goes to standard error.
"""
import json
import re
import struct
import sys
from pathlib import Path

TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Damage(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damage(what)


class Fields:
    """The binary codec: each record as the object that the other codec would have."""

    def __init__(self, data, slots):
        self.data, self.at, self.slots = data, 0, slots

    def take(self, count):
        need(self.at + count <= len(self.data), "record cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                need(value < 1 << 64 and (byte or shift == 7), "malformed number")
                return value

    def text(self):
        return self.take(self.number()).decode()

    def quantity(self):
        number = self.number()
        return number - 1 if number else "unlimited"

    def change(self):
        number = self.number()
        return number - 1 if number else None

    def quantity_change(self):
        number = self.number()
        return (None, "unlimited")[number] if number < 2 else number - 2

    def items(self):
        count, bits = self.number(), self.take(1)[0]
        need(bits == max(len(self.slots) - 1, 0).bit_length(), "wrong number of bits")
        packed = int.from_bytes(self.take((count * bits + 7) // 8), "little")
        return [self.slots[packed >> i * bits & (1 << bits) - 1] for i in range(count)]

    RECORDS = {
        b"D": ("draw-run", ("item_ids", items)),
        b"X": ("refused-run", ("count", number)),
        b"R": ("requested-draw", ("key", text), ("user", text), ("count", number),
               ("item_ids", items)),
        b"A": ("item-added", ("item_id", text), ("weight", number), ("quantity", quantity)),
        b"U": ("item-updated", ("item_id", text), ("weight", change),
               ("quantity", quantity_change)),
        b"M": ("item-removed", ("item_id", text)),
        b"C": ("catalog-item", ("item_id", text), ("weight", number), ("quantity", quantity)),
        b"P": ("pool-created", ("item_count", number)),
        b"S": ("snapshot-taken", ("after_request_id", number)),
        b"Z": ("pool-closed",),
    }

    def records(self):
        while self.at < len(self.data):
            tag, version = self.take(1), self.take(1)[0]
            need(tag in self.RECORDS and version == 1, f"unknown record {tag}, version {version}")
            name, *fields = self.RECORDS[tag]
            yield {"type": name, **{field: read(self) for field, read in fields}}


def json_records(data):
    need(data.endswith(b"\n"), "line without an end")
    for line in data.decode().split("\n")[:-1]:
        record = json.loads(line)
        need(record.pop("version") == 1, "unknown version")
        yield record


class Reader:
    def __init__(self):
        self.slots = []  # ids by position, None where free
        self.last_id = 0
        self.previous_length = self.previous_crc = 0

    def print(self, record):
        print(json.dumps(record, ensure_ascii=False, separators=(",", ":")))

    def request(self, kind, fields):
        self.last_id += 1
        self.print({"type": kind, "request_id": self.last_id, **fields})

    def apply(self, record):
        kind = record.pop("type")
        if kind == "draw-run":
            for item_id in record["item_ids"]:
                need(item_id in self.slots, "a draw of what does not exist")
                self.request("draw", {"item_id": item_id})
        elif kind == "refused-run":
            for _ in range(record["count"]):
                self.request("draw", {"error": "exhausted"})
        elif kind == "requested-draw":
            ids = record.pop("item_ids")
            outcome = {"item_ids": ids} if ids else {"error": "exhausted"}
            if len(ids) == 1:
                outcome = {"item_id": ids[0], **outcome}
            self.request("draw", {**{k: v for k, v in record.items() if v != ""}, **outcome})
        elif kind in ("item-added", "item-updated", "item-removed"):
            self.request(kind, {k: v for k, v in record.items() if v is not None})
        else:
            self.print({"type": kind, **record})
        if kind in ("catalog-item", "item-added"):
            position = (self.slots + [None]).index(None)
            self.slots[position:position + 1] = [record["item_id"]]
        elif kind == "item-removed":
            self.slots[self.slots.index(record["item_id"])] = None
            while self.slots and self.slots[-1] is None:
                self.slots.pop()

    def schema_hash(self):
        value = 0
        for position, item_id in enumerate(self.slots):
            if item_id is not None:
                h = crc32c(struct.pack("<I", position) + item_id.encode())
                h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
                h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
                value ^= h ^ h >> 16
        return value

    def frame_at(self, data, at, salt):
        """(type, request id low, previous crc, crc, payload), or None."""
        if len(data) - at <= 16:
            return None
        crc, length_and_type, low, previous = struct.unpack_from("<IIII", data, at)
        length = length_and_type & 0xFFFFFF
        if not 0 < length <= len(data) - at - 16:
            return None
        if crc32c(salt + data[at + 4:at + 16 + length]) != crc:
            return None
        return length_and_type >> 24, low, previous, crc, data[at + 16:at + 16 + length]

    def segment(self, data, number, is_last):
        need(len(data) >= 64 and data[:8] == b"RPOOLWAL", "no header")
        (version, flags, length, own_number, first_id, salt, previous_length, previous_crc, schema,
         reserved, crc) = struct.unpack_from("<HHIQQ8sQIIII", data, 8)
        need(crc == crc32c(data[:60]), "header does not match its checksum")
        need(version == 1, f"version {version} is not known")
        need((flags, length, reserved, own_number) == (0, 64, 0, number), "wrong header")
        need((previous_length, previous_crc) == (self.previous_length, self.previous_crc),
             "does not follow the segment before")
        need(first_id == self.last_id + 1, "request ids have a gap")
        need(schema == self.schema_hash(), "written for other items")
        at, chain = 64, crc
        while (frame := self.frame_at(data, at, salt)) and frame[2] == chain:
            kind, low, _, chain, payload = frame
            need(low == self.last_id + 1 & 0xFFFFFFFF, f"offset {at}: wrong request id")
            need(kind & 0x7F in (1, 2), f"offset {at}: unknown codec {kind & 0x7F}")
            binary = kind & 0x7F == 1
            for record in Fields(payload, self.slots).records() if binary else json_records(payload):
                self.apply(record)
            at += 16 + len(payload)
        if any(data[at:]):
            need(is_last, f"offset {at}: not a valid frame")
            for later in range(at, len(data) - 16):
                frame = data[later + 7] & 0x80 and self.frame_at(data, later, salt)
                need(not frame, f"offset {at}: damaged; the frame at {later} was synced after it")
        self.previous_length, self.previous_crc = at, chain

    def begun(self, data):
        return len(data) >= 64 and crc32c(data[:60]) == int.from_bytes(data[60:64], "little")

    def log(self, folder):
        names = sorted(p for p in Path(folder).iterdir() if re.fullmatch(r"wal-\d{20}\.log", p.name))
        files = [(path, path.read_bytes()) for path in names]
        while files and not any(files[-1][1][64:]) and not self.begun(files[-1][1]):
            files.pop()  # prepared, or torn while it was begun
        for number, (path, data) in enumerate(files, 1):
            try:
                need(path.name == f"wal-{number:020}.log", f"segment {number} is missing")
                self.segment(data, number, number == len(files))
            except (Damage, ValueError, LookupError) as problem:
                sys.stdout.flush()
                sys.exit(f"{path.name}: {problem}")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    Reader().log(sys.argv[1])
