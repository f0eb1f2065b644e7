"""The finished model: written as a diffusers folder, read back, and asked for pictures.
"""
import json
import os

import numpy as np
import torch
import torch.nn as nn
from PIL import Image, ImageDraw, ImageFont

import toyworld as T
from networks import load_vae, new_text_and_unet, scheduler
from tokenizer import load_tokenizer


PROMPTS = [
    "a red circle on a blue background",
    "a yellow star at night",
    "a green triangle on a pink background",
    "a purple heart on a white background",
    "an orange fish under the sea",
    "a red house in the snow",
    "a green tree in a meadow",
    "a white moon at night",
    "a pink flower on a green background",
    "a cyan diamond on a black background",
    "a black ring on a yellow background",
    "a blue square at sunset",
    "a small white star above a large purple circle",
    "a yellow circle to the left of a blue square on a white background",
    "a red heart inside a large white circle on a pink background",
    "a tree next to a house in a meadow",
    "two green triangles and a yellow square on a gray background",
    "three red hearts on a white background",
    "four blue stars on an orange background",
    "two pink fish under the sea",
    "a striped blue circle on a yellow background",
    "an outlined red star on a white background",
    "pixel art of a green heart on a black background",
    "a brown house on an orange to purple gradient background",
    "a large yellow moon above a small black tree at sunset",
]


def export(a):
    from diffusers import StableDiffusionXLPipeline
    from safetensors.torch import load_file, save_file

    te1, te2, unet = new_text_and_unet(a.work)
    nn.ModuleList([te1, te2, unet]).load_state_dict(torch.load(a.work + "/model.pt")["ema"])
    toks = [load_tokenizer(f"{a.work}/{n}") for n in ("tokenizer", "tokenizer_2")]
    StableDiffusionXLPipeline(
        vae=load_vae(a.work).half(),
        text_encoder=te1.half(),
        text_encoder_2=te2.half(),
        tokenizer=toks[0],
        tokenizer_2=toks[1],
        unet=unet.half(),
        scheduler=scheduler(),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    ).save_pretrained(a.out, safe_serialization=True)
    for n in ("text_encoder", "text_encoder_2"):  # newer transformers do not store this buffer
        f = f"{a.out}/{n}/model.safetensors"
        sd = load_file(f)
        sd.pop("text_model.embeddings.position_ids", None)
        save_file(sd, f, metadata={"format": "pt"})
    for n in ("tokenizer", "tokenizer_2"):  # keep the hand-written files
        for f in os.listdir(f"{a.work}/{n}"):
            open(f"{a.out}/{n}/{f}", "w").write(open(f"{a.work}/{n}/{f}").read())
    idx = json.load(open(a.out + "/model_index.json"))
    json.dump({k: v for k, v in idx.items() if v != [None, None]}, open(a.out + "/model_index.json", "w"), indent=2)
    print(
        {
            os.path.join(r, f)[len(a.out) :]: os.path.getsize(os.path.join(r, f))
            for r, _, fs in os.walk(a.out)
            for f in fs
        }
    )


def load_pipe(out):
    """The real diffusers classes, weights from the fp16 files, everything computed in float32."""
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    f32 = dict(torch_dtype=torch.float32)
    p = StableDiffusionXLPipeline(
        vae=AutoencoderKL.from_pretrained(out + "/vae", **f32),
        text_encoder=CLIPTextModel.from_pretrained(out + "/text_encoder", **f32),
        text_encoder_2=CLIPTextModelWithProjection.from_pretrained(out + "/text_encoder_2", **f32),
        tokenizer=load_tokenizer(out + "/tokenizer"),
        tokenizer_2=load_tokenizer(out + "/tokenizer_2"),
        unet=UNet2DConditionModel.from_pretrained(out + "/unet", **f32),
        scheduler=EulerDiscreteScheduler.from_pretrained(out + "/scheduler"),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )
    p.set_progress_bar_config(disable=True)
    return p


@torch.no_grad()
def generate(pipe, prompts, steps=25, cfg=4.0, seed=0):
    """Plain batch sampling through the pipeline; one seed per picture."""
    out = []
    for k in range(0, len(prompts), 20):
        ps = prompts[k : k + 20]
        lat = torch.cat(
            [torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed + k + i)) for i in range(len(ps))]
        )
        out.append(
            torch.from_numpy(
                pipe(
                    prompt=ps,
                    latents=lat,
                    num_inference_steps=steps,
                    guidance_scale=cfg,
                    height=T.S,
                    width=T.S,
                    output_type="np",
                ).images
            )
        )
    return torch.cat(out)


def make_sheet(a):
    from PIL import ImageFont

    imgs = generate(load_pipe(a.out), PROMPTS, a.steps, a.cfg, seed=a.seed)
    W, P, X = 200, 192, 34
    sheet = Image.new("RGB", (5 * W, 5 * (P + X + 6)), "white")
    d = ImageDraw.Draw(sheet)
    font = ImageFont.load_default()
    for i, (im, p) in enumerate(zip(imgs, PROMPTS)):
        x, y = i % 5 * W + 4, i // 5 * (P + X + 6) + 4
        sheet.paste(Image.fromarray((im.numpy() * 255).round().astype(np.uint8)).resize((P, P), Image.BICUBIC), (x, y))
        line = ""
        lines = []
        for w in p.split():
            if len(line + w) > 30:
                lines.append(line)
                line = ""
            line += w + " "
        for j, l in enumerate(lines + [line]):
            d.text((x, y + P + 1 + 11 * j), l, fill="black", font=font)
    sheet.save(a.png)
