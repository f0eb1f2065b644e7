"""Writes a language model of a few kilobytes that llama.cpp loads: its words are noise, its weights too.

GGUF, version 3; architecture llama with one layer; a vocabulary of all bytes, which any text can be made of.
"""

import random
import struct

UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
ALIGNMENT = 32


def _text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _value(kind, value):
    if kind == STRING:
        return _text(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f"}[kind], value)


def _pair(name, kind, value):
    if isinstance(value, list):
        body = struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(_value(kind, element) for element in value)
    else:
        body = struct.pack("<I", kind) + _value(kind, value)
    return _text(name) + body


def tiny_gguf(width=32, heads=2, hidden=64, context=2048):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256
    letters = [chr(letter) for letter in range(97, 123)] + ["\u2581"]
    tokens, kinds = tokens + letters, kinds + [NORMAL] * len(letters)
    pairs = [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "tiny noise"),
        ("llama.context_length", UINT32, context),
        ("llama.embedding_length", UINT32, width),
        ("llama.block_count", UINT32, 1),
        ("llama.feed_forward_length", UINT32, hidden),
        ("llama.attention.head_count", UINT32, heads),
        ("llama.attention.head_count_kv", UINT32, heads),
        ("llama.rope.dimension_count", UINT32, width // heads),
        ("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        ("llama.vocab_size", UINT32, len(tokens)),
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.tokens", STRING, tokens),
        ("tokenizer.ggml.scores", FLOAT32, [0.0] * len(tokens)),
        ("tokenizer.ggml.token_type", INT32, kinds),
        ("tokenizer.ggml.bos_token_id", UINT32, 1),
        ("tokenizer.ggml.eos_token_id", UINT32, 2),
        ("tokenizer.ggml.unknown_token_id", UINT32, 0),
        ("tokenizer.chat_template", STRING, "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }} {% endfor %}assistant:"),
    ]
    shapes = {
        "token_embd.weight": (width, len(tokens)), "output_norm.weight": (width,), "output.weight": (width, len(tokens)),
        "blk.0.attn_norm.weight": (width,), "blk.0.ffn_norm.weight": (width,), "blk.0.attn_q.weight": (width, width),
        "blk.0.attn_k.weight": (width, width), "blk.0.attn_v.weight": (width, width),
        "blk.0.attn_output.weight": (width, width), "blk.0.ffn_gate.weight": (width, hidden),
        "blk.0.ffn_up.weight": (width, hidden), "blk.0.ffn_down.weight": (hidden, width),
    }  # fmt: skip
    noise = random.Random(7)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(pairs)) + b"".join(_pair(*pair) for pair in pairs)
    data = b""
    for name, shape in shapes.items():
        count = 1
        for size in shape:
            count *= size
        head += _text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", 0, len(data))  # 32-bit floats
        numbers = [1.0] * count if len(shape) == 1 else [noise.gauss(0, 0.2) for _ in range(count)]
        data += struct.pack(f"<{count}f", *numbers)
        data += bytes(-len(data) % ALIGNMENT)
    return head + bytes(-len(head) % ALIGNMENT) + data
