"""toyworld: procedurally drawn, captioned 64x64 pictures (the training data of tiny-sdxl).

    sample(rng) -> (PIL image, caption, spec)     one random captioned picture
    draw(spec, rng) -> PIL image                  render a spec
    simple_prompts(n)                             held-out test prompts "a red star on a blue background"

Everything is drawn with PIL at 4x supersampling and reduced, so edges are anti-aliased.
"""
import math, zlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

S, SS = 64, 4  # picture size, supersampling
COLORS = {
    "red": (218, 38, 42),
    "orange": (246, 138, 28),
    "yellow": (250, 216, 48),
    "green": (46, 160, 72),
    "cyan": (64, 206, 222),
    "blue": (40, 84, 216),
    "purple": (128, 56, 176),
    "pink": (250, 142, 190),
    "white": (250, 250, 250),
    "black": (24, 24, 30),
    "gray": (132, 134, 140),
    "brown": (122, 78, 44),
}
SHAPES = [
    "circle",
    "square",
    "triangle",
    "star",
    "heart",
    "moon",
    "diamond",
    "ring",
    "house",
    "tree",
    "flower",
    "fish",
]
SCENES = {
    "night": ["at night", "in the night sky", "under the stars"],
    "sunset": ["at sunset", "in front of a sunset"],
    "meadow": ["in a meadow", "on green grass"],
    "snow": ["in the snow", "in winter"],
    "sea": ["under the sea", "underwater"],
}
PLURAL = {s: s + "s" for s in SHAPES} | {"fish": "fish"}
NUM = {2: ["two", "two", "2", "a pair of"], 3: ["three", "three", "3"], 4: ["four", "four", "4"]}


def held_out(color, shape, bg):
    """One tenth of the (colour, shape, background) triples never occurs as a training picture of one object."""
    return zlib.crc32(f"{color}|{shape}|{bg}".encode()) % 10 == 0


def jitter(c, rng, a=9):
    return tuple(int(np.clip(v + rng.uniform(-a, a), 0, 255)) for v in c)


def mix(a, b, t):
    return tuple(int(x * (1 - t) + y * t) for x, y in zip(a, b))


def parts(shape, r, rng):
    """Shape of radius r around the origin as [(kind, points or box, tone)].

    A tone is main, dark, light, hole or an RGB tuple.
    """
    ngon = lambda n, ro, ri=None, a0=-90: [
        (
            (ri if ri and i % 2 else ro) * math.cos(math.radians(a0 + 360 * i / n)),
            (ri if ri and i % 2 else ro) * math.sin(math.radians(a0 + 360 * i / n)),
        )
        for i in range(n)
    ]
    el = lambda x, y, a, b=None: ("ellipse", [x - a, y - (b or a), x + a, y + (b or a)])
    if shape == "circle":
        return [el(0, 0, r) + ("main",)]
    if shape == "square":
        return [
            (
                "polygon",
                [(-0.86 * r, -0.86 * r), (0.86 * r, -0.86 * r), (0.86 * r, 0.86 * r), (-0.86 * r, 0.86 * r)],
                "main",
            )
        ]
    if shape == "triangle":
        return [("polygon", [(0, -r), (r, 0.8 * r), (-r, 0.8 * r)], "main")]
    if shape == "diamond":
        return [("polygon", [(0, -1.08 * r), (0.74 * r, 0), (0, 1.08 * r), (-0.74 * r, 0)], "main")]
    if shape == "star":
        return [("polygon", ngon(10, 1.1 * r, 0.46 * r), "main")]
    if shape == "ring":
        return [el(0, 0, r) + ("main",), el(0, 0, 0.52 * r) + ("hole",)]
    if shape == "moon":
        return [el(0, 0, r) + ("main",), el(0.5 * r, -0.18 * r, 0.82 * r) + ("hole",)]
    if shape == "heart":
        t = np.linspace(0, 2 * math.pi, 60)
        return [
            (
                "polygon",
                list(
                    zip(
                        r * np.sin(t) ** 3,
                        -r / 16 * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)),
                    )
                ),
                "main",
            )
        ]
    if shape == "house":
        return [
            ("polygon", [(-0.75 * r, -0.1 * r), (0.75 * r, -0.1 * r), (0.75 * r, r), (-0.75 * r, r)], "main"),
            ("polygon", [(0, -r), (1.05 * r, -0.05 * r), (-1.05 * r, -0.05 * r)], "dark"),
            ("polygon", [(-0.2 * r, 0.4 * r), (0.2 * r, 0.4 * r), (0.2 * r, r), (-0.2 * r, r)], "light"),
        ]
    if shape == "tree":
        return [
            (
                "polygon",
                [(-0.16 * r, 0.3 * r), (0.16 * r, 0.3 * r), (0.2 * r, r), (-0.2 * r, r)],
                (112, 72, 40),
            ),
            el(-0.4 * r, 0.05 * r, 0.48 * r) + ("main",),
            el(0.4 * r, 0.05 * r, 0.48 * r) + ("main",),
            el(0, -0.4 * r, 0.6 * r) + ("main",),
        ]
    if shape == "flower":
        return [
            el(0.6 * r * math.cos(a), 0.6 * r * math.sin(a), 0.42 * r) + ("main",) for a in np.arange(6) * math.pi / 3
        ] + [el(0, 0, 0.34 * r) + ("light",)]
    if shape == "fish":
        return [
            el(-0.15 * r, 0, 0.85 * r, 0.58 * r) + ("main",),
            ("polygon", [(0.5 * r, 0), (1.1 * r, -0.6 * r), (1.1 * r, 0.6 * r)], "main"),
            el(-0.6 * r, -0.12 * r, 0.13 * r) + ("light",),
        ]
    raise KeyError(shape)


def paint(img, o, rng):
    """Draw object o = dict(shape, color, r, x, y, style) onto the supersampled image."""
    W = S * SS
    main = jitter(COLORS[o["color"]], rng)
    lum = sum(main) / 3
    tones = {
        "main": main,
        "dark": mix(main, (0, 0, 0), 0.45) if lum > 50 else (80, 80, 90),
        "light": mix(main, (255, 250, 225), 0.8) if lum < 225 else (150, 150, 160),
    }
    rot = 0 if o["shape"] in ("house", "tree", "fish") else math.radians(rng.uniform(-8, 8))
    c, s = math.cos(rot), math.sin(rot)
    X, Y = o["x"] * SS, o["y"] * SS

    def render(d, fill, scale=1.0):
        for kind, p, tone in parts(o["shape"], o["r"] * SS * scale, rng):
            if kind == "polygon":
                d.polygon([(X + c * a - s * b, Y + s * a + c * b) for a, b in p], fill=fill(tone))
            else:
                cx, cy, a, b = (p[0] + p[2]) / 2, (p[1] + p[3]) / 2, (p[2] - p[0]) / 2, (p[3] - p[1]) / 2
                cx, cy = X + c * cx - s * cy, Y + s * cx + c * cy
                d.ellipse([cx - a, cy - b, cx + a, cy + b], fill=fill(tone))

    holes = o["shape"] in ("ring", "moon")
    if o["style"] == "plain" and not holes:
        return render(ImageDraw.Draw(img), lambda t: tones.get(t, t))
    mask = Image.new("L", (W, W))
    render(ImageDraw.Draw(mask), lambda t: 0 if t == "hole" else 255)
    fill = Image.new("RGB", (W, W), main)
    if o["style"] == "striped":
        d = ImageDraw.Draw(fill)
        step = 10 * SS
        pale = mix(main, (255, 255, 255), 0.62) if lum < 190 else mix(main, (60, 60, 70), 0.45)
        for k in range(-1, W // step + 1):
            d.rectangle([0, Y % step + k * step, W, Y % step + k * step + step // 2 - 1], fill=pale)
    if o["style"] == "outlined":
        k = 2 * (max(5, int(o["r"] * SS / 5)) // 2) + 1
        small = mask.resize((W // 2, W // 2))
        k = max(3, 2 * (k // 4) + 1)
        inner = small.filter(ImageFilter.MinFilter(k)).filter(ImageFilter.MinFilter(k)).resize((W, W))
        mask = Image.fromarray(np.where(np.asarray(inner) > 127, 0, np.asarray(mask)).astype(np.uint8))
    img.paste(fill, (0, 0), mask)


def backdrop(bg, rng):
    W = S * SS
    kind = bg[0]
    vgrad = lambda stops: Image.fromarray(
        np.stack(
            [np.interp(np.linspace(0, 1, W), np.linspace(0, 1, len(stops)), [c[i] for c in stops]) for i in range(3)],
            -1,
        )
        .astype(np.uint8)[:, None]
        .repeat(W, 1)
    )
    if kind == "solid":
        return Image.new("RGB", (W, W), jitter(COLORS[bg[1]], rng))
    if kind == "none":
        return Image.new("RGB", (W, W), jitter((244, 238, 224), rng, 5))
    if kind == "gradient":
        return vgrad([jitter(COLORS[bg[1]], rng), jitter(COLORS[bg[2]], rng)])
    dots = lambda d, n, y1, r, col: [
        d.ellipse([x - r, y - r, x + r, y + r], fill=col) for x, y in zip(rng.uniform(0, W, n), rng.uniform(0, y1, n))
    ]
    if kind == "night":
        im = vgrad([jitter((14, 16, 52), rng), jitter((44, 48, 110), rng)])
        dots(ImageDraw.Draw(im), 9, W, 3.6, (250, 246, 210))
    elif kind == "sunset":
        im = vgrad([jitter((96, 60, 150), rng), jitter((236, 96, 96), rng), jitter((252, 190, 80), rng)])
    elif kind == "meadow":
        im = vgrad([jitter((120, 190, 245), rng), jitter((205, 232, 250), rng)])
        y = W * rng.uniform(0.6, 0.7)
        ImageDraw.Draw(im).ellipse([-W * 0.6, y, W * 1.6, y + W * 1.6], fill=jitter((96, 178, 70), rng))
    elif kind == "snow":
        im = vgrad([jitter((140, 170, 205), rng), jitter((190, 210, 232), rng)])
        y = W * rng.uniform(0.64, 0.72)
        d = ImageDraw.Draw(im)
        d.ellipse([-W * 0.6, y, W * 1.6, y + W * 1.6], fill=(246, 249, 253))
        dots(d, 12, W * 0.7, 4, (252, 253, 255))
    elif kind == "sea":
        im = vgrad([jitter((70, 190, 210), rng), jitter((16, 60, 130), rng)])
        dots(ImageDraw.Draw(im), 7, W, 5, (150, 220, 235))
    return im


def draw(spec, rng):
    img = backdrop(spec["bg"], rng)
    for o in spec["objs"]:
        paint(img, o, rng)
    if spec.get("pixel"):
        return img.reduce(16).resize((S, S), Image.NEAREST)
    return img.reduce(SS)


SIZES = {"small": ["small", "little", "tiny"], "big": ["large", "big", "huge"]}


def pick(rng, xs):
    return xs[int(rng.integers(len(xs)))]


def art(s):
    return ("an " if s[0] in "aeiou" else "a ") + s


def cname(rng, c):
    return "grey" if c == "gray" and rng.random() < 0.3 else c


def describe(rng, o, article=True, plural=False):
    w = []
    if o.get("size"):
        w.append(pick(rng, SIZES[o["size"]]))
    if o["style"] != "plain":
        w.append(o["style"])
    if rng.random() < 0.03:
        w.insert(0, pick(rng, ["cute", "beautiful", "simple", "bright", "nice"]))
    s = " ".join(w + [cname(rng, o["color"]), PLURAL[o["shape"]] if plural else o["shape"]])
    return art(s) if article and not plural else s


def sample(rng):
    names = list(COLORS)
    while True:
        u = rng.random()
        style = "plain"
        if rng.random() < 0.16:
            style = pick(rng, ["outlined", "striped"])
        b = rng.random()
        bg = (
            ("solid", pick(rng, names))
            if b < 0.62
            else ("gradient", pick(rng, names), pick(rng, names))
            if b < 0.70
            else (pick(rng, list(SCENES)),)
            if b < 0.88
            else ("none",)
        )

        def obj(**k):
            return dict(dict(shape=pick(rng, SHAPES), color=pick(rng, names), style=style, size=None), **k)

        J = lambda a=3: rng.uniform(-a, a)
        if u < 0.54:  # one object
            o = obj()
            z = rng.random()
            o["size"] = "small" if z < 0.16 else "big" if z < 0.32 else None
            o["r"] = {"small": rng.uniform(8, 10), "big": rng.uniform(24, 27)}.get(o["size"], rng.uniform(16, 19))
            o["x"], o["y"] = 32 + J(), 32 + J()
            if bg[0] in ("meadow", "snow") and o["shape"] in ("house", "tree", "flower") and o["size"] != "big":
                o["y"] += 7
            objs = [o]
            text = describe(rng, o)
            if bg[0] == "solid" and held_out(o["color"], o["shape"], bg[1]):
                continue
        elif u < 0.78:  # two objects in a relation
            a, c = obj(), obj()
            rel = pick(rng, ["above", "below", "left", "right", "and", "inside"])
            if rel == "inside":
                a.update(r=rng.uniform(8, 10), x=32 + J(2), y=32 + J(2), size=pick(rng, [None, "small"]))
                c.update(
                    r=rng.uniform(25, 28),
                    x=32 + J(1),
                    y=32 + J(1),
                    shape=pick(rng, ["circle", "square", "diamond", "heart"]),
                    size=pick(rng, [None, "big"]),
                )
                a["style"] = c["style"] = "plain"
                if a["color"] == c["color"]:
                    continue
                objs = [c, a]
                text = describe(rng, a) + " inside " + describe(rng, c)
            else:
                d = 15.5
                for o in (a, c):
                    z = rng.random()
                    o["size"] = "small" if z < 0.18 else "big" if z < 0.36 else None
                    o["r"] = {"small": rng.uniform(6.5, 7.5), "big": rng.uniform(14, 15)}.get(
                        o["size"], rng.uniform(10, 12)
                    )
                sx, sy = {
                    "above": (0, -1),
                    "below": (0, 1),
                    "left": (-1, 0),
                    "right": (1, 0),
                    "and": (-1, 0),
                }[rel]
                a.update(x=32 + sx * d + J(1.5), y=32 + sy * d + J(1.5))
                c.update(x=32 - sx * d + J(1.5), y=32 - sy * d + J(1.5))
                word = {
                    "above": ["above", "on top of"],
                    "below": ["below", "under"],
                    "left": ["to the left of", "left of"],
                    "right": ["to the right of", "right of"],
                    "and": ["and", "next to", "beside"],
                }[rel]
                objs = [a, c]
                text = describe(rng, a) + " " + pick(rng, word) + " " + describe(rng, c)
        elif u < 0.90:  # counts
            n = int(rng.integers(2, 5))
            o = obj()
            pos = {
                2: [(16, 32), (48, 32)],
                3: pick(rng, [[(32, 16), (16, 46), (48, 46)], [(12, 32), (32, 32), (52, 32)]]),
                4: [(17, 17), (47, 17), (17, 47), (47, 47)],
            }[n]
            r = 8.5 if pos[0] == (12, 32) else 11.5
            objs = [dict(o, r=r + J(0.8), x=x + J(1.2), y=y + J(1.2)) for x, y in pos]
            text = pick(rng, NUM[n]) + " " + describe(rng, o, plural=True)
        elif u < 0.96:  # two of one kind and one of another
            o, p = obj(), obj()
            r = 10.5
            objs = [
                dict(o, r=r, x=16 + J(1.5), y=46 + J(1.5)),
                dict(o, r=r, x=48 + J(1.5), y=46 + J(1.5)),
                dict(p, r=r, x=32 + J(1.5), y=16 + J(1.5)),
            ]
            text = pick(rng, ["two", "2"]) + " " + describe(rng, o, plural=True) + " and " + describe(rng, p)
        else:  # background only
            if bg[0] == "none":
                continue
            objs = []
            text = ""
        cols = {o["color"] for o in objs}
        if bg[0] == "gradient" and bg[1] == bg[2]:
            continue
        if cols & set(bg[1:]) and not (len(objs) == 2 and u < 0.78 and objs[0]["r"] > 20):
            continue  # object would vanish
        if len(bg) == 1 and bg[0] in ("night", "sea") and cols & {"black", "blue"}:
            continue
        if bg[0] in ("snow", "none") and "white" in cols:
            continue
        if bg[0] == "none" and rng.random() < 0.3:
            bg = ("solid", "white") if "white" not in cols else bg
        bgtext = {
            "solid": lambda: pick(
                rng,
                ["on a {0} background"] * 5 + ["on {0}", "{0} background", "in front of a {0} background"],
            ).format(cname(rng, bg[1])),
            "gradient": lambda: pick(
                rng,
                [
                    "on a {0} to {1} gradient background",
                    "on a {0} to {1} gradient",
                    "on a {0} and {1} gradient background",
                ],
            ).format(*bg[1:]),
            "none": lambda: "",
        }.get(bg[0], lambda: pick(rng, SCENES[bg[0]]))()
        if bg[0] == "solid" and bg[1] == "white" and rng.random() < 0.3:
            bgtext = ""
        bgtext = bgtext.replace(" a orange", " an orange")
        if not objs:
            text = {
                "solid": f"{art(bg[-1])} background",
                "gradient": f"a {bg[min(1, len(bg) - 1)]} to {bg[-1]} gradient",
                "night": "the night sky",
                "sunset": "a sunset",
                "meadow": "a meadow",
                "snow": "snow in winter",
                "sea": "the sea",
            }[bg[0]]
            bgtext = ""
        sep = (
            ", "
            if bgtext and (bgtext.endswith("background") and not bgtext.startswith(("on", "in")) or rng.random() < 0.06)
            else " "
        )
        pixel = rng.random() < 0.06
        text = (text + sep + bgtext).strip()
        if pixel:
            text = pick(rng, ["pixel art of " + text, "pixel art, " + text, text + ", pixel art"])
        elif rng.random() < 0.14:
            text = (
                pick(
                    rng,
                    [
                        "a picture of ",
                        "a drawing of ",
                        "an image of ",
                        "a photo of ",
                        "an illustration of ",
                        "a painting of ",
                    ],
                )
                + text
            )
        if rng.random() < 0.06:
            text += pick(
                rng,
                [
                    ", simple",
                    ", cute",
                    ", high quality",
                    ", beautiful",
                    ", flat design",
                    ", detailed",
                    ", colorful",
                ],
            )
        if rng.random() < 0.05:  # words that mean nothing here must not disturb the picture
            text += pick(rng, [", ", " "]) + " ".join(
                "".join(pick(rng, "etaoinshrdlucmfwypvbgk") for _ in range(int(rng.integers(2, 9))))
                for _ in range(int(rng.integers(1, 4)))
            )
        if rng.random() < 0.08:  # telegram style: no articles
            text = " ".join(w for w in text.split(" ") if w not in ("a", "an"))
        spec = dict(objs=objs, bg=bg, pixel=pixel)
        return draw(spec, rng), text, spec


def simple_prompts(n, seed=7):
    """Held-out simple prompts: [(prompt, colour, shape, background)].

    White backgrounds are left out: sample() turns some pictures without a background into white ones after its
    held-out test, so those triples may have been seen.
    """
    trip = [(c, s, b) for c in COLORS for s in SHAPES for b in COLORS if c != b and b != "white" and held_out(c, s, b)]
    rng = np.random.default_rng(seed)
    rng.shuffle(trip)
    return [(f"{art(c)} {s} on {art(b)} background", c, s, b) for c, s, b in trip[:n]]
