"""Real pictures and films, small or as large as wanted, that follow from a text."""

import hashlib
import random
import struct
import zlib


def seed_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(text, width=64, height=64, at_least=0):
    """A picture of noise that follows from the text. at_least: bytes that it has at the least, whatever its size would be."""
    noise = random.Random(seed_of(text))
    if at_least:
        width, height = 2048, at_least // (2048 * 3) + 1
        block = noise.randbytes(1 << 20) * (at_least // (1 << 20) + 2)
        rows = b"".join(b"\0" + block[row * width * 3 : (row + 1) * width * 3] for row in range(height))
        pixels = zlib.compress(rows, 0)
    else:
        rows = (b"\0" + noise.randbytes(3) * width) * height
        pixels = zlib.compress(rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


class _Bits:
    def __init__(self):
        self.bits = ""

    def u(self, count, value):
        self.bits += f"{value:0{count}b}"
        return self

    def ue(self, value):
        text = f"{value + 1:b}"
        self.bits += "0" * (len(text) - 1) + text
        return self

    def bytes(self, trailing=True):
        bits = self.bits + ("1" if trailing else "")
        bits += "0" * (-len(bits) % 8)
        return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _box(kind, *content):
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind, *content, version_and_flags=0):
    return _box(kind, struct.pack(">I", version_and_flags), *content)


# H.264, baseline: every picture by itself, and in it macroblocks that carry their samples as they are (I_PCM).
def _parameter_sets(blocks_wide, blocks_high):
    sequence = _Bits().u(8, 66).u(8, 0xC0).u(8, 31).ue(0).ue(0).ue(2).ue(1).u(1, 0)
    sequence.ue(blocks_wide - 1).ue(blocks_high - 1).u(1, 1).u(1, 0).u(1, 0).u(1, 0)
    picture = _Bits().ue(0).ue(0).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(2, 0).ue(0).ue(0).ue(0)
    picture.u(1, 1).u(1, 0).u(1, 0)
    return b"\x67" + sequence.bytes(), b"\x68" + picture.bytes()


def _frame(blocks, number, luma):
    # first_mb, slice_type I, pps, frame_num, idr_pic_id, no output of earlier pictures, no long term, qp, no deblocking
    head = _Bits().ue(0).ue(7).ue(0).u(4, 0).ue(number % 2).u(1, 0).u(1, 0).ue(0).ue(1)
    first = _Bits()
    first.bits = head.bits
    first.ue(25)
    samples = bytes([luma]) * 256 + b"\x80" * 128
    data = first.bytes(trailing=False) + samples + (b"\x0d\x00" + samples) * (blocks - 1) + b"\x80"
    return struct.pack(">I", len(data) + 1) + b"\x65" + data


def mp4(text, width=64, height=48, frames=8, fps=8, at_least=0):
    """A film whose brightness follows from the text; MP4 with H.264, and its index behind its samples."""
    if at_least:
        width, height = 1024, 768
        frames = at_least // (width * height * 3 // 2) + 1
    blocks_wide, blocks_high = width // 16, height // 16
    noise = random.Random(seed_of(text))
    pictures = [_frame(blocks_wide * blocks_high, number, noise.randrange(16, 236)) for number in range(frames)]
    sequence, picture = _parameter_sets(blocks_wide, blocks_high)
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    samples = _box(b"mdat", *pictures)
    first_sample = len(kind) + 8
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    settings = _box(
        b"avcC", b"\x01", sequence[1:4], b"\xff\xe1", struct.pack(">H", len(sequence)), sequence,
        b"\x01", struct.pack(">H", len(picture)), picture,
    )  # fmt: skip
    entry = _box(
        b"avc1", bytes(6), b"\0\x01", bytes(16), struct.pack(">HH", width, height),
        struct.pack(">IIIH", 0x480000, 0x480000, 0, 1), bytes(32), struct.pack(">Hh", 24, -1), settings,
    )  # fmt: skip
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">III", 1, frames, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, frames, 1)),
        _full(b"stsz", struct.pack(">II", 0, frames), *(struct.pack(">I", len(sample)) for sample in pictures)),
        _full(b"stco", struct.pack(">II", 1, first_sample)),
    )
    data = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", version_and_flags=1)))
    media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, fps, frames, 0x55C4, 0)),
        _full(b"hdlr", bytes(4), b"vide", bytes(12), b"film\0"),
        _box(b"minf", _full(b"vmhd", bytes(8), version_and_flags=1), data, table),
    )
    track = _full(
        b"tkhd", struct.pack(">IIIII", 0, 0, 1, 0, frames), bytes(16), matrix,
        struct.pack(">II", width << 16, height << 16), version_and_flags=3,
    )  # fmt: skip
    head = _full(
        b"mvhd", struct.pack(">IIIIIH", 0, 0, fps, frames, 0x10000, 0x100), bytes(10), matrix, bytes(24),
        struct.pack(">I", 2),
    )  # fmt: skip
    return kind + samples + _box(b"moov", head, _box(b"trak", track, media))


def _riff(kind, content):
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp(text, width=64, height=48, frames=5, at_least=0):
    """An animation: each of its frames has one colour, without loss. at_least: a chunk of noise makes it that large."""
    noise = random.Random(seed_of(text))

    def lossless():
        bits = 0x2F | (width - 1) << 8 | (height - 1) << 22  # no alpha, version 0; no transform, no cache, one set of codes
        at = 8 + 14 + 14 + 1 + 3 + 1 + 1 + 1
        for symbol in (noise.randrange(256), noise.randrange(256), noise.randrange(256), 255, 0):
            bits |= (1 | 1 << 2 | symbol << 3) << at  # a simple code of one symbol, which has eight bits
            at += 11
        return _riff(b"VP8L", bits.to_bytes((at + 7) // 8, "little"))

    def size(number):
        return (number - 1).to_bytes(3, "little")

    shown = b"".join(
        _riff(b"ANMF", bytes(6) + size(width) + size(height) + (125).to_bytes(3, "little") + b"\0" + lossless())
        for _ in range(frames)
    )
    head = _riff(b"VP8X", b"\x02\0\0\0" + size(width) + size(height)) + _riff(b"ANIM", bytes(6))
    more = _riff(b"nois", noise.randbytes(at_least)) if at_least else b""
    return _riff(b"RIFF", b"WEBP" + head + shown + more)
