"""How often the pictures show what was asked for, judged by programs that never saw a generated picture.
"""
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

import toyworld as T
from networks import to_x
from pipeline import generate, load_pipe


class ShapeNet(nn.Sequential):
    def __init__(self):
        c = lambda i, o, s: [nn.Conv2d(i, o, 3, s, 1), nn.BatchNorm2d(o), nn.ReLU()]
        super().__init__(
            *c(3, 16, 2),
            *c(16, 32, 2),
            *c(32, 64, 2),
            *c(64, 64, 1),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(1024, len(T.SHAPES)),
        )


def shape_judge(a, vae, seconds=90):
    """Shape classifier, trained only on rendered pictures (a third of them passed through the VAE)."""
    f = a.work + "/judge.pt"
    net = ShapeNet()
    if os.path.exists(f):
        net.load_state_dict(torch.load(f))
        return net.eval()
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    X, Y = [], []
    while len(X) < 7000:
        img, _, spec = T.sample(rng)
        o = spec["objs"][0] if spec["objs"] else None
        if (
            len(spec["objs"]) == 1
            and o["style"] == "plain"
            and not spec["pixel"]
            and spec["bg"][0] in ("solid", "none")
        ):
            X.append(to_x(img))
            Y.append(T.SHAPES.index(o["shape"]))
    X, Y = torch.stack(X), torch.tensor(Y)
    with torch.no_grad():
        X[::3] = torch.cat([vae.decode(vae.encode(c).latent_dist.mode()).sample for c in X[::3].split(32)]).clamp(-1, 1)
    opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    t0 = time.time()
    while (fr := (time.time() - t0) / seconds) < 1:
        for g in opt.param_groups:
            g["lr"] = 2e-3 * (1 - fr)
        k = torch.randint(0, len(X), (64,))
        x = X[k] * (0.85 + 0.3 * torch.rand(64, 1, 1, 1)) + 0.05 * torch.randn(64, 3, T.S, T.S)
        loss = F.cross_entropy(net(x), Y[k], label_smoothing=0.05)
        opt.zero_grad()
        loss.backward()
        opt.step()
    torch.save(net.state_dict(), f)
    return net.eval()


def judge(net, imgs, wanted):
    """Which of shape, object colour and background are as wanted, as an array of booleans.

    The shape is the classifier's; the background is the palette colour nearest to the median of the frame; the object's
    colour is the most frequent palette colour among the pixels that clearly differ from the background.
    """
    pal = np.array(list(T.COLORS.values()), float)
    names = list(T.COLORS)
    x = imgs.numpy() * 255.0
    res = []
    with torch.no_grad():
        cls = net(imgs.permute(0, 3, 1, 2) * 2 - 1).argmax(1)
    for im, c, (_, col, shp, bg) in zip(x, cls, wanted):
        frame = np.concatenate(
            [
                im[:4].reshape(-1, 3),
                im[-4:].reshape(-1, 3),
                im[:, :4].reshape(-1, 3),
                im[:, -4:].reshape(-1, 3),
            ]
        )
        b = np.median(frame, 0)
        px = im.reshape(-1, 3)
        px = px[np.abs(px - b).sum(1) > 70]
        near = lambda q: np.sqrt(((q[:, None] - pal[None]) ** 2).sum(-1)).argmin(1)
        votes = np.bincount(near(px), minlength=len(pal)) if len(px) > 30 else np.zeros(len(pal))
        bi = near(b[None])[0]
        votes[bi] = 0
        res.append((T.SHAPES[c] == shp, votes.sum() > 0 and names[votes.argmax()] == col, names[bi] == bg))
    return np.array(res)


def evaluate(a):
    pipe = load_pipe(a.out)
    net = shape_judge(a, pipe.vae)
    W = T.simple_prompts(100)
    rng = np.random.default_rng(11)
    real = [
        T.draw(
            dict(
                objs=[dict(shape=s, color=c, r=rng.uniform(16, 19), x=32, y=32, style="plain")],
                bg=("solid", b),
            ),
            rng,
        )
        for _, c, s, b in W
    ]
    r = judge(net, torch.stack([(to_x(i) + 1) / 2 for i in real]).permute(0, 2, 3, 1), W)
    print(
        "judge on rendered held-out pictures: shape/colour/background",
        r.mean(0),
        "all three",
        r.all(1).mean(),
    )
    imgs = generate(pipe, [w[0] for w in W], a.steps, a.cfg, seed=1000)
    r = judge(net, imgs, W)
    print(
        f"generated, {a.steps} steps, guidance {a.cfg}: shape {r[:, 0].mean():.2f} colour {r[:, 1].mean():.2f} "
        f"background {r[:, 2].mean():.2f} all three {r.all(1).mean():.2f}"
    )
    for w, q in zip(W, r):
        if not q.all():
            print("  miss:", w[0], dict(zip(("shape", "colour", "background"), q.tolist())))
    g = Image.new("RGB", (10 * 66, 10 * 66))
    for i, im in enumerate(imgs):
        g.paste(Image.fromarray((im.numpy() * 255).round().astype(np.uint8)), (i % 10 * 66, i // 10 * 66))
    g.resize((1320, 1320), 0).save(a.work + "/eval.png")
