"""Text encoders and UNet, trained jointly to predict noise.
"""
import json
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import toyworld as T
from networks import encode_text, lr_at, new_text_and_unet, scheduler
from tokenizer import ids_of, load_tokenizer

# Captions with one of these show more than one thing.
COMPOSITION_WORDS = "and above below under left right next beside inside top two three four pair 2 3 4".split()


def train_unet(a):
    torch.manual_seed(int(time.time()))
    D = torch.load(a.work + "/latents.pt")
    Z, I1, I2 = D["z"], D["ids1"].long(), D["ids2"].long()
    N = len(Z)
    toks = [load_tokenizer(f"{a.work}/{n}") for n in ("tokenizer", "tokenizer_2")]
    E1, E2 = ids_of(toks[0], [""]), ids_of(toks[1], [""])
    v = json.load(open(a.work + "/tokenizer/vocab.json"))
    many = torch.tensor([v[w + "</w>"] for w in COMPOSITION_WORDS if w + "</w>" in v])
    W8 = torch.where(torch.isin(I1, many).any(1), 1.0, 2.0)  # pictures of a single thing twice as often as compositions
    te1, te2, unet = new_text_and_unet(a.work)
    M = nn.ModuleList([te1, te2, unet])
    print("params te1 te2 unet", [sum(p.numel() for p in m.parameters()) for m in M], "pictures", N, flush=True)
    ck = a.work + "/model.pt"
    total = 0
    if os.path.exists(ck):
        c = torch.load(ck)
        M.load_state_dict(c["raw" if a.resume == "raw" else "ema"])
        total = c["seen"]
        print("resumed at", total, "pictures seen")
    params = [p for p in M.parameters()]
    opt = torch.optim.AdamW(params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01, foreach=True)
    ema = [p.detach().clone() for p in params]
    ab = scheduler().alphas_cumprod
    B = a.batch
    tid = torch.tensor([[T.S, T.S, 0, 0, T.S, T.S]]).float().repeat(B, 1)
    t0 = time.time()
    step = 0
    log = []
    saved = t0

    def save():
        raw = {k: v.clone() for k, v in M.state_dict().items()}
        live = [p.detach().clone() for p in params]
        for p, e in zip(params, ema):
            p.data.copy_(e)
        torch.save(dict(ema=M.state_dict(), raw=raw, seen=total), ck + ".tmp")
        os.replace(ck + ".tmp", ck)
        for p, l in zip(params, live):
            p.data.copy_(l)

    took, last = {}, t0
    while (frac := (time.time() - t0) / (60 * a.minutes)) < 1:
        ph = step % 120
        now = time.time()  # on a shared machine: now and then compare one and two threads, keep the faster
        if ph in (2, 4):
            took[torch.get_num_threads()] = now - last
        if ph in (1, 3, 4) and a.threads == 0:
            torch.set_num_threads({1: 1, 3: 2, 4: min(took, key=took.get) if took else 1}[ph])
        last = now
        for g in opt.param_groups:
            g["lr"] = lr_at(frac, a.lr, step, 60)
        k = torch.multinomial(W8, B, replacement=True)
        z = Z[k].float()
        i1, i2 = I1[k], I2[k]
        u = torch.rand(B)
        empty, zero = u < 0.05, (u >= 0.05) & (
            u < 0.11
        )  # 5 % empty caption, 6 % zeroed conditioning (SDXL's default negative)
        i1 = torch.where(empty[:, None], E1, i1)
        i2 = torch.where(empty[:, None], E2, i2)
        h, p = encode_text(te1, te2, i1, i2)
        h = h * (~zero)[:, None, None]
        p = p * (~zero)[:, None]
        q = (torch.rand(1) + torch.arange(B) / B) % 1  # stratified timesteps; 70 % where shape and layout are decided
        t = torch.where(q < 0.3, q / 0.3 * 1000, 250 + (q - 0.3) * 1000).clamp(max=999).long()
        eps = torch.randn_like(z)
        s = ab[t][:, None, None, None]
        out = unet(
            s.sqrt() * z + (1 - s).sqrt() * eps, t, h, added_cond_kwargs={"text_embeds": p, "time_ids": tid}
        ).sample
        loss = F.mse_loss(out, eps)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step += 1
        total += B
        log.append(loss.item())
        d = min(0.999, (step + 1) / (step + 20))
        torch._foreach_mul_(ema, d)
        torch._foreach_add_(ema, [p.detach() for p in params], alpha=1 - d)
        if step % 100 == 0:
            print(
                f"{step} {frac:.3f} seen {total} loss {np.mean(log[-100:]):.4f} "
                f"{(time.time() - t0) / step:.3f}s/step threads {torch.get_num_threads()}",
                flush=True,
            )
        if time.time() - saved > 240:
            save()
            saved = time.time()
    save()
    print("done", total)
