"""The networks, as the ordinary classes of diffusers and transformers, and what the trainers share.
"""
import json
import math

import numpy as np
import torch
import torch.nn as nn

import toyworld as T
from tokenizer import BOS, EOS, MAXLEN


def new_vae():
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 3,
        up_block_types=["UpDecoderBlock2D"] * 3,
        block_out_channels=[16, 32, 64],
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=2,
        sample_size=T.S,
    )


def load_vae(work):
    sd = torch.load(work + "/vae.pt")
    s = float(sd.pop("scale", 1.0))
    vae = new_vae()
    vae.load_state_dict(sd)
    vae.register_to_config(scaling_factor=round(s, 5))
    return vae.eval()


def new_text_and_unet(work):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection
    from diffusers import UNet2DConditionModel

    v = json.load(open(work + "/tokenizer/vocab.json"))
    n = len(v)
    cfg = lambda d, heads, act, pad: CLIPTextConfig(
        vocab_size=n,
        hidden_size=d,
        intermediate_size=4 * d,
        projection_dim=d,
        num_hidden_layers=3,
        num_attention_heads=heads,
        max_position_embeddings=MAXLEN,
        hidden_act=act,
        bos_token_id=v[BOS],
        eos_token_id=v[EOS],
        pad_token_id=pad,
    )
    te1 = CLIPTextModel(cfg(64, 2, "quick_gelu", v[EOS]))
    te2 = CLIPTextModelWithProjection(cfg(96, 3, "gelu", 0))
    for te in (te1, te2):
        nn.init.normal_(te.text_model.embeddings.token_embedding.weight, std=0.4)
        nn.init.normal_(te.text_model.embeddings.position_embedding.weight, std=0.1)
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=[64, 128],
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"],
        transformer_layers_per_block=[1, 1],
        cross_attention_dim=160,
        attention_head_dim=[2, 4],
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=6 * 32 + 96,
    )
    return te1, te2, unet


def scheduler():
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        num_train_timesteps=1000,
        prediction_type="epsilon",
        interpolation_type="linear",
        timestep_spacing="leading",
        steps_offset=1,
        use_karras_sigmas=False,
    )


def encode_text(te1, te2, i1, i2):
    """What the UNet gets: both encoders' last-but-one layers side by side, the second's pooled projection."""
    h1 = te1(i1, output_hidden_states=True).hidden_states[-2]
    o2 = te2(i2, output_hidden_states=True)
    return torch.cat([h1, o2.hidden_states[-2]], -1), o2.text_embeds


def lr_at(frac, peak, step, warm=200):
    return peak * min(1, (step + 1) / warm) * (0.5 + 0.5 * math.cos(math.pi * min(1, frac)))


def to_x(img):
    return torch.from_numpy(np.array(img)).permute(2, 0, 1).float() / 127.5 - 1
