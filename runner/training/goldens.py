"""Reference tensors for checking another implementation against diffusers.

All values come from the real StableDiffusionXLPipeline and its modules, in float32, with the weights of the fp16 files.
"""
import json
import os

import numpy as np
import torch
from PIL import Image

from pipeline import load_pipe
from tokenizer import ids_of

# A negative prompt of None means zeroed embeddings, "" the encoded empty string.
CASES = [
    dict(
        prompt="a red circle on a blue background",
        negative_prompt=None,
        guidance_scale=4.0,
        steps=25,
        seed=101,
    ),
    dict(
        prompt="A small WHITE star above a large purple circle, at night!",
        negative_prompt="blurry, ugly",
        guidance_scale=5.5,
        steps=25,
        seed=102,
    ),
    dict(
        prompt="an orange fish \u2014 caf\u00e9 na\u00efve \u65e5\u672c\u8a9e \U0001f41f under the sea",
        negative_prompt="",
        guidance_scale=3.0,
        steps=25,
        seed=103,
    ),
    dict(
        prompt="three red hearts on a white background, " * 14 + "the end",
        negative_prompt=None,
        guidance_scale=1.0,
        steps=25,
        seed=104,
    ),
]
STRINGS = [
    "",
    " ",
    "a red circle on a blue background",
    "A Red CIRCLE",
    "  leading,   inner \t and\ntrailing  ",
    "!",
    "!!!",
    "wow! a cat",
    "stars!moon",
    "don't you'll we've I'm he's they'd she're",
    "it's 2 blue stars, 12345",
    "(red:1.2) [blue] {green} a_b-c/d\\e",
    "...?!,;:\"'",
    "caf\u00e9",
    "cafe\u0301",
    "\u00dcBER stra\u00dfe \u0130stanbul",
    "\u65e5\u672c\u8a9e\u306e\u7d75",
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440",
    "\U0001f41f\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u00bd \u0663 x\u00b2 \u2167",
    "non\u00a0breaking\u2003spaces\u200bzero",
    "<b>html</b> &amp; 50% off",
    "'s 't 're",
    "supercalifragilisticexpialidocious",
    "a" * 100,
    "red " * 75,
    "red " * 76,
    "red " * 200,
]


def steps_of(pipe, case, extra=None):
    rec = {}
    unet_out = []
    lat = []
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(case["seed"]))
    hook = pipe.unet.register_forward_hook(lambda m, i, o: unet_out.append((i[0].clone(), o[0].clone())))
    img = pipe(
        prompt=case["prompt"],
        negative_prompt=case["negative_prompt"],
        guidance_scale=case["guidance_scale"],
        num_inference_steps=case["steps"],
        latents=noise.clone(),
        height=64,
        width=64,
        output_type="latent",
        callback_on_step_end=lambda p, i, t, k: lat.append(k["latents"].clone()) or {},
    ).images
    hook.remove()
    pos, neg, pp, npool = pipe.encode_prompt(
        prompt=case["prompt"],
        negative_prompt=case["negative_prompt"],
        do_classifier_free_guidance=case["guidance_scale"] > 1,
        num_images_per_prompt=1,
    )
    for tag, text in (("prompt", case["prompt"]), ("negative", case["negative_prompt"])):
        if text is None or (tag == "negative" and neg is None):
            continue
        i1, i2 = ids_of(pipe.tokenizer, [text]), ids_of(pipe.tokenizer_2, [text])
        o2 = pipe.text_encoder_2(i2, output_hidden_states=True)
        rec.update(
            {
                f"{tag}.ids_1": i1,
                f"{tag}.ids_2": i2,
                f"{tag}.text_encoder.hidden_states_m2": pipe.text_encoder(i1, output_hidden_states=True).hidden_states[
                    -2
                ],
                f"{tag}.text_encoder_2.hidden_states_m2": o2.hidden_states[-2],
                f"{tag}.text_encoder_2.text_embeds": o2.text_embeds,
            }
        )
    cfg = neg is not None
    rec["unet.encoder_hidden_states"] = torch.cat([neg, pos]) if cfg else pos
    rec["unet.text_embeds"] = torch.cat([npool, pp]) if cfg else pp
    rec["unet.time_ids"] = torch.tensor([[64.0, 64.0, 0.0, 0.0, 64.0, 64.0]]).repeat(2 if cfg else 1, 1)
    rec["noise"] = noise
    rec["timesteps"] = pipe.scheduler.timesteps.float()
    rec["sigmas"] = pipe.scheduler.sigmas.float()
    rec["unet.sample_step0"], rec["unet.out_step0"] = unet_out[0]
    rec["unet.out_last"] = unet_out[-1][1]
    for n in (1, 10, case["steps"]):
        rec[f"latents_after_{n}"] = lat[n - 1]
    assert torch.equal(img, lat[-1])
    raw = pipe.vae.decode(img / pipe.vae.config.scaling_factor).sample
    rec["vae.decoded"] = raw
    rec["image"] = (raw / 2 + 0.5).clamp(0, 1)
    # the same loop written out with plain formulas must agree (this is what a reimplementation does)
    ab = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float32) ** 2, 0)
    S = ((1 - ab) / ab) ** 0.5
    ts = np.arange(case["steps"])[::-1] * (1000 // case["steps"]) + 1
    sg = [float(S[t]) for t in ts] + [0.0]
    x = noise * (sg[0] ** 2 + 1) ** 0.5
    for k, t in enumerate(ts):
        xin = (torch.cat([x, x]) if cfg else x) / (sg[k] ** 2 + 1) ** 0.5
        e = pipe.unet(
            xin,
            torch.tensor(float(t)),
            rec["unet.encoder_hidden_states"],
            added_cond_kwargs={"text_embeds": rec["unet.text_embeds"], "time_ids": rec["unet.time_ids"]},
        ).sample
        e = e[:1] + case["guidance_scale"] * (e[1:] - e[:1]) if cfg else e
        x = x + (sg[k + 1] - sg[k]) * e
    return rec, (x - lat[-1]).abs().max().item()


def shape_of_sdxl(path):
    """A model with random weights and the block structure of SDXL base: three levels, depths 1, 2, 3 for 1, 2, 10,
    two resnets in a block, a VAE of four levels. It tests code that must also load the large one."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from safetensors.torch import save_file

    torch.manual_seed(42)
    u = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=2,
        block_out_channels=[8, 16, 24],
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        transformer_layers_per_block=[1, 2, 3],
        cross_attention_dim=48,
        attention_head_dim=[1, 2, 3],
        norm_num_groups=4,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 24,
    )
    v = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        block_out_channels=[8, 16, 16, 16],
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=128,
        scaling_factor=0.13025,
    )
    for m in (u, v):
        m.eval()
        for n, p in m.named_parameters():
            p.data = (p.data + (0.05 * torch.randn_like(p) if p.ndim == 1 else 0)).half().float()
        m.half().save_pretrained(path + ("/unet" if m is u else "/vae"), safe_serialization=True)
        m.float()
    g = torch.Generator().manual_seed(7)
    R = lambda *s: torch.randn(*s, generator=g)
    i = dict(
        sample=R(2, 4, 16, 24),
        timestep=torch.tensor([961.0]),
        encoder_hidden_states=R(2, 77, 48),
        text_embeds=R(2, 24),
        time_ids=torch.tensor([[1024.0, 1024, 0, 0, 1024, 1024], [768.0, 1344, 8, 16, 768, 1344]]),
        latents=R(1, 4, 16, 24),
    )
    o = u(
        i["sample"],
        i["timestep"][0],
        i["encoder_hidden_states"],
        added_cond_kwargs={"text_embeds": i["text_embeds"], "time_ids": i["time_ids"]},
    ).sample
    save_file(
        {
            **{"in." + k: t for k, t in i.items()},
            "out.unet": o,
            "out.vae_decode": v.decode(i["latents"] / 0.13025).sample,
        },
        path + "/golden.safetensors",
    )
    print("sdxl-shape params", sum(p.numel() for p in u.parameters()), sum(p.numel() for p in v.parameters()))


@torch.no_grad()
def goldens(a):
    import diffusers
    import transformers
    from safetensors.torch import save_file

    torch.set_flush_denormal(False)
    pipe = load_pipe(a.out)
    os.makedirs(a.goldens, exist_ok=True)
    meta = []
    for n, case in enumerate(CASES):
        rec, diff = steps_of(pipe, case)
        print(n, "plain-formula loop differs by", diff)
        save_file({k: t.contiguous() for k, t in rec.items()}, f"{a.goldens}/case{n}.safetensors")
        Image.fromarray((rec["image"][0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)).save(
            f"{a.goldens}/case{n}.png"
        )
        meta.append(
            dict(
                file=f"case{n}.safetensors",
                png=f"case{n}.png",
                width=64,
                height=64,
                **case,
                max_abs_difference_of_plain_formula_loop=diff,
                tensors={k: [str(t.dtype)[6:], list(t.shape)] for k, t in rec.items()},
            )
        )
    shape_of_sdxl(a.goldens + "/sdxl-shape")
    json.dump(
        dict(
            made_with=dict(
                diffusers=diffusers.__version__,
                transformers=transformers.__version__,
                torch=torch.__version__,
                dtype="float32 compute, weights from the fp16 files",
                device="cpu",
            ),
            notes=[
                "noise is torch.randn with the seed (CPU generator), not yet multiplied by init_noise_sigma; "
                "feed the stored tensor",
                "unet.* tensors have the negative half first, then the prompt; guidance_scale 1.0 means no "
                "negative half",
                "negative_prompt null: negative embeddings and pooled embedding are zeros "
                "(force_zeros_for_empty_prompt); an empty string is encoded like any other",
                "unet.sample_step0 is the scaled model input: noise*init_noise_sigma/sqrt(sigma0^2+1), which "
                "equals noise up to rounding",
                "image is (vae.decoded/2+0.5) clamped to [0,1]; the PNG is round(255*image)",
                "token ids: text is NFC-normalised, white space collapsed to single spaces and stripped, lower-"
                "cased (the CLIP fast tokenizer's rule; no ftfy)",
            ],
            cases=meta,
            sdxl_shape=dict(
                folder="sdxl-shape",
                note=(
                    "random weights, block structure of SDXL base (3 UNet levels, depth 1/2/3, 2 resnets per block, "
                    "4-level VAE, non-square latents, per-row time_ids); golden.safetensors: in.sample, in.timestep,"
                    " in.encoder_hidden_states, in.text_embeds, in.time_ids -> out.unet; in.latents/0.13025 -> "
                    "out.vae_decode"
                ),
            ),
            tokenization=[
                dict(
                    text=s,
                    ids_1=ids_of(pipe.tokenizer, [s])[0].tolist(),
                    ids_2=ids_of(pipe.tokenizer_2, [s])[0].tolist(),
                )
                for s in STRINGS
            ],
        ),
        open(a.goldens + "/goldens.json", "w"),
        indent=None,
        ensure_ascii=True,
    )
    print({f: os.path.getsize(os.path.join(r, f)) for r, _, fs in os.walk(a.goldens) for f in fs})
