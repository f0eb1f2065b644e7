"""The tokenizers: a small CLIP-style byte-pair encoding, trained on the captions.
"""
import collections
import json
import os
import unicodedata

import numpy as np

import toyworld as T

BOS, EOS, MAXLEN = "<|startoftext|>", "<|endoftext|>", 77


def bytes_to_unicode():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs = bs[:]
    n = 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return [chr(c) for c in cs]


def train_bpe(a):
    rng = np.random.default_rng(1)
    freq = collections.Counter()
    for _ in range(12000):
        freq.update(w for w in T.sample(rng)[1].lower().replace(",", " ,").split() if w.isalpha())
    freq = collections.Counter({w: n for w, n in freq.items() if n >= 8})
    for w in "the of with and in on to sky bird cat dog car boat sun cloud shape shapes gold silver".split():
        freq[w] += 30
    words = {w: list(w[:-1]) + [w[-1] + "</w>"] for w in freq}
    merges = []
    while True:
        pairs = collections.Counter()
        for w, s in words.items():
            for p in zip(s, s[1:]):
                pairs[p] += freq[w]
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for w, s in words.items():
            i = 0
            while i < len(s) - 1:
                if (s[i], s[i + 1]) == best:
                    s[i : i + 2] = [s[i] + s[i + 1]]
                i += 1
    alphabet = bytes_to_unicode()
    vocab = alphabet + [c + "</w>" for c in alphabet] + ["".join(m) for m in merges] + [BOS, EOS]
    assert len(set(vocab)) == len(vocab)
    for name, pad in (("tokenizer", EOS), ("tokenizer_2", "!")):  # as in SDXL: the second one pads with id 0
        d = os.path.join(a.work, name)
        os.makedirs(d, exist_ok=True)
        json.dump({t: i for i, t in enumerate(vocab)}, open(d + "/vocab.json", "w"), ensure_ascii=False)
        open(d + "/merges.txt", "w").write("#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n")
        tok = lambda s: {
            "content": s,
            "lstrip": False,
            "normalized": True,
            "rstrip": False,
            "single_word": False,
        }
        json.dump(
            {"bos_token": tok(BOS), "eos_token": tok(EOS), "pad_token": pad, "unk_token": tok(EOS)},
            open(d + "/special_tokens_map.json", "w"),
            indent=2,
        )
        json.dump(
            {
                "add_prefix_space": False,
                "bos_token": dict(tok(BOS), __type="AddedToken"),
                "do_lower_case": True,
                "eos_token": dict(tok(EOS), __type="AddedToken"),
                "errors": "replace",
                "model_max_length": MAXLEN,
                "pad_token": pad,
                "tokenizer_class": "CLIPTokenizer",
                "unk_token": dict(tok(EOS), __type="AddedToken"),
            },
            open(d + "/tokenizer_config.json", "w"),
            indent=2,
        )
    print("vocabulary", len(vocab), "merges", len(merges), "words", len(freq))


def load_tokenizer(d):
    """CLIPTokenizer with the canonical text clean-up: NFC, collapsed white space, lower case."""
    from transformers import CLIPTokenizer

    t = CLIPTokenizer.from_pretrained(d)
    t.fix_text = lambda s: unicodedata.normalize("NFC", s)
    return t


def ids_of(tok, texts):
    return tok(texts, padding="max_length", max_length=MAXLEN, truncation=True, return_tensors="pt").input_ids
