"""The autoencoder: 64x64x3 <-> 16x16x4, then every training picture encoded once.
"""
import math
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

import toyworld as T
from networks import load_vae, lr_at, new_vae, to_x
from tokenizer import MAXLEN, load_tokenizer


@torch.no_grad()
def linear_start(vae):
    """Start the autoencoder as a nearly linear codec, so that training only has to learn the edges.

    Latents 0 to 2 are the 4x4 means of red, green and blue, and the decoder enlarges them. Constant offsets in other
    channels keep the group norms from erasing flat colour.
    """
    for n, m in vae.named_modules():
        if n.endswith(("conv2", "to_out.0")):
            m.weight.mul_(0.05)
            m.bias.zero_()
        elif isinstance(m, nn.Conv2d) and not n.endswith("conv1"):
            o, i = min(3, m.out_channels), min(3, m.in_channels)
            m.weight.mul_(1.5)
            m.weight[:o] = 0
            m.bias[:o] = 0
            k = m.weight.shape[-1]
            for c in range(o):
                if "downsamplers" in n:
                    m.weight[c, c, :2, :2] = 0.25
                else:
                    m.weight[c, c, k // 2, k // 2] = 1.0
    for part, last in (
        (vae.encoder, vae.encoder.down_blocks[-1].resnets[0].conv_shortcut),
        (vae.decoder, vae.decoder.up_blocks[-1].resnets[0].conv_shortcut),
    ):
        g = part.conv_norm_out
        n = g.num_channels // g.num_groups
        off = torch.ones(n - 3)
        off[1::2] = -1
        last.bias[3:n] = 3 * off
        g.weight[:3] = 3 * ((n - 3) / n) ** 0.5
        g.bias[:3] = 4.0
        part.conv_out.bias[:3] = -4.1 + 3 * ((n - 3) % 2) / n
    vae.quant_conv.weight[3, :, 0, 0] *= 2
    vae.quant_conv.bias[4:] = -9
    vae.quant_conv.weight[4:] *= 0.1


def train_vae(a):
    torch.manual_seed(0)
    rng = np.random.default_rng(2)
    vae = new_vae()
    linear_start(vae)
    opt = torch.optim.AdamW(vae.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    print("vae params", sum(p.numel() for p in vae.parameters()))
    t0 = time.time()
    step = 0
    log = []
    grad = lambda x: (x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :])
    while (frac := (time.time() - t0) / (60 * a.minutes)) < 1:
        x = torch.stack([to_x(T.sample(rng)[0]) for _ in range(8)])
        for g in opt.param_groups:
            g["lr"] = lr_at(frac, 5e-4, step, 20)
        post = vae.encode(x).latent_dist
        y = vae.decode(post.sample()).sample
        l1 = (y - x).abs().mean()
        ge = sum((p - q).abs().mean() for p, q in zip(grad(y), grad(x)))
        loss = l1 + F.mse_loss(y, x) + 0.5 * ge + 1e-4 * post.kl().mean() / 1024
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        opt.step()
        step += 1
        log.append(l1.item())
        if step % 50 == 0:
            print(
                f"{step} {frac:.3f} l1 {np.mean(log[-50:]):.4f} edge {ge.item():.4f} "
                f"kl {post.kl().mean().item() / 1024:.2f} std {post.std.mean().item():.3f}",
                flush=True,
            )
        if step % 200 == 0:
            torch.save(vae.state_dict(), a.work + "/vae.pt")
    with torch.no_grad():
        x = torch.stack([to_x(T.sample(rng)[0]) for _ in range(256)])
        z = torch.cat([vae.encode(c).latent_dist.mode() for c in x.split(32)])
        y = torch.cat([vae.decode(c).sample for c in z.split(32)]).clamp(-1, 1)
        scale = 0.6 / z.std().item()
        print(
            "psnr",
            10 * math.log10(4 / F.mse_loss(y, x).item()),
            "latent std",
            z.std().item(),
            z.mean((0, 2, 3)),
            z.std((0, 2, 3)),
            "scaling_factor",
            scale,
        )
    torch.save(dict(vae.state_dict(), scale=torch.tensor(scale)), a.work + "/vae.pt")
    Image.fromarray(
        ((torch.cat([torch.cat(list(x[:16]), 2), torch.cat(list(y[:16]), 2)], 1) + 1) * 127.5)
        .round()
        .byte()
        .permute(1, 2, 0)
        .numpy()
    ).resize((2048, 256), 0).save(a.work + "/vae.png")


@torch.no_grad()
def make_latents(a):
    vae = load_vae(a.work)
    s = vae.config.scaling_factor
    rng = np.random.default_rng(3)
    toks = [load_tokenizer(f"{a.work}/{n}") for n in ("tokenizer", "tokenizer_2")]
    z, caps, t0 = [], [], time.time()
    for k in range(0, a.n, 32):
        B = [T.sample(rng) for _ in range(32)]
        z.append((vae.encode(torch.stack([to_x(b[0]) for b in B])).latent_dist.mode() * s).half())
        caps += [b[1] for b in B]
        if k % 6400 == 0:
            print(k, f"{time.time() - t0:.0f}s", flush=True)
    ids = []
    for tok in toks:
        cache = {c: tok(c, truncation=True, max_length=MAXLEN).input_ids for c in set(caps)}
        pad = tok.pad_token_id
        ids.append(torch.tensor([cache[c] + [pad] * (MAXLEN - len(cache[c])) for c in caps], dtype=torch.int32))
    torch.save(dict(z=torch.cat(z), ids1=ids[0], ids2=ids[1]), a.work + "/latents.pt")
    print("latents", len(caps), torch.cat(z).float().std())
