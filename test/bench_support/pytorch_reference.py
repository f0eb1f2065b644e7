"""The same picture in plain PyTorch: the yardstick for the runner's speed.

A direct transcription of the SDXL formulas with torch.nn.functional, the way a careful user would write them:
inference mode, negative and positive prompt in one batch, nothing precomputed across steps, no compilation.
It needs torch and nothing else, starts from token ids (so it needs no tokenizer) and reads one line per picture
from standard input, answering each with the milliseconds it took, so that a caller can interleave measurements.
"""
import argparse
import json
import math
import pathlib
import sys
import time

import torch
import torch.nn.functional as F


def load_safetensors(path):
    raw = path.read_bytes()
    header_size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + header_size])
    data = bytearray(raw[8 + header_size :])
    dtypes = {"F16": torch.float16, "F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            flat = torch.frombuffer(data[begin:end], dtype=dtypes[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"])
    return tensors


class Weights:
    """Weights of one component below a dotted prefix."""

    def __init__(self, tensors, prefix=""):
        self.tensors, self.prefix = tensors, prefix

    def __getitem__(self, name):
        return self.tensors[self.prefix + name]

    def get(self, name):
        return self.tensors.get(self.prefix + name)

    def at(self, name):
        return Weights(self.tensors, self.prefix + name + ".")


def linear(w, x):
    return F.linear(x, w["weight"], w.get("bias"))


def conv(w, x, stride=1, padding=1):
    return F.conv2d(x, w["weight"], w["bias"], stride, padding)


def layer_norm(w, x):
    return F.layer_norm(x, x.shape[-1:], w["weight"], w["bias"], 1e-5)


def group_norm(w, x, groups, eps):
    return F.group_norm(x, groups, w["weight"], w["bias"], eps)


def attend(q, k, v, heads, mask=None):
    def split(x):
        return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2).reshape(-1, x.shape[1], x.shape[2] // heads)

    q, k, v = split(q), split(k), split(v)
    scores = torch.bmm(q, k.transpose(1, 2)) * (q.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores + mask
    out = torch.bmm(scores.softmax(-1), v)
    return (
        out.view(-1, heads, out.shape[1], out.shape[2]).transpose(1, 2).reshape(-1, out.shape[1], heads * out.shape[2])
    )


class TextEncoder:
    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        self.w = Weights(
            {
                k: v.float() if v.is_floating_point() else v
                for k, v in load_safetensors(folder / "model.safetensors").items()
            }
        )

    def __call__(self, ids):
        heads = self.config["num_attention_heads"]
        text = self.w.at("text_model")
        x = (
            text["embeddings.token_embedding.weight"][ids]
            + text["embeddings.position_embedding.weight"][: ids.shape[1]]
        )
        mask = torch.full((ids.shape[1], ids.shape[1]), -math.inf).triu(1)
        states = [x]
        for index in range(self.config["num_hidden_layers"]):
            layer = text.at(f"encoder.layers.{index}")
            h = layer_norm(layer.at("layer_norm1"), x)
            q, k, v = (linear(layer.at(f"self_attn.{n}_proj"), h) for n in "qkv")
            x = x + linear(layer.at("self_attn.out_proj"), attend(q, k, v, heads, mask))
            h = linear(layer.at("mlp.fc1"), layer_norm(layer.at("layer_norm2"), x))
            h = h * torch.sigmoid(1.702 * h) if self.config["hidden_act"] == "quick_gelu" else F.gelu(h)
            x = x + linear(layer.at("mlp.fc2"), h)
            states.append(x)
        pooled = None
        if self.w.get("text_projection.weight") is not None:
            last = layer_norm(text.at("final_layer_norm"), x)
            pooled = F.linear(last[torch.arange(ids.shape[0]), ids.argmax(-1)], self.w["text_projection.weight"])
        return states[-2], pooled


def sinusoids(values, size):
    frequencies = torch.exp(-math.log(10000) * torch.arange(size // 2) / (size // 2))
    angles = values[:, None].float() * frequencies
    return torch.cat([angles.cos(), angles.sin()], -1)


class UNet:
    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        self.w = Weights(
            {k: v.float() for k, v in load_safetensors(folder / "diffusion_pytorch_model.safetensors").items()}
        )
        self.groups = self.config["norm_num_groups"]

    def resnet(self, w, x, emb):
        h = conv(w.at("conv1"), F.silu(group_norm(w.at("norm1"), x, self.groups, 1e-5)))
        h = h + linear(w.at("time_emb_proj"), F.silu(emb))[:, :, None, None]
        h = conv(w.at("conv2"), F.silu(group_norm(w.at("norm2"), h, self.groups, 1e-5)))
        return h + (x if w.get("conv_shortcut.weight") is None else conv(w.at("conv_shortcut"), x, padding=0))

    def attention(self, w, x, context, heads):
        q, k, v = linear(w.at("to_q"), x), linear(w.at("to_k"), context), linear(w.at("to_v"), context)
        return linear(w.at("to_out.0"), attend(q, k, v, heads))

    def transformer(self, w, x, context, heads, depth):
        b, c, height, width = x.shape
        h = group_norm(w.at("norm"), x, self.groups, 1e-6).permute(0, 2, 3, 1).reshape(b, height * width, c)
        h = linear(w.at("proj_in"), h)
        for index in range(depth):
            block = w.at(f"transformer_blocks.{index}")
            n = layer_norm(block.at("norm1"), h)
            h = h + self.attention(block.at("attn1"), n, n, heads)
            h = h + self.attention(block.at("attn2"), layer_norm(block.at("norm2"), h), context, heads)
            value, gate = linear(block.at("ff.net.0.proj"), layer_norm(block.at("norm3"), h)).chunk(2, -1)
            h = h + linear(block.at("ff.net.2"), value * F.gelu(gate))
        h = linear(w.at("proj_out"), h).reshape(b, height, width, c).permute(0, 3, 1, 2)
        return x + h

    def __call__(self, x, timestep, context, pooled, time_ids):
        c, w = self.config, self.w
        heads, depths = c["attention_head_dim"], c["transformer_layers_per_block"]
        emb = linear(
            w.at("time_embedding.linear_2"),
            F.silu(
                linear(
                    w.at("time_embedding.linear_1"),
                    sinusoids(timestep, c["block_out_channels"][0]).expand(x.shape[0], -1),
                )
            ),
        )
        extra = torch.cat(
            [pooled, sinusoids(time_ids.flatten(), c["addition_time_embed_dim"]).reshape(x.shape[0], -1)], -1
        )
        emb = emb + linear(w.at("add_embedding.linear_2"), F.silu(linear(w.at("add_embedding.linear_1"), extra)))
        x = conv(w.at("conv_in"), x)
        skips = [x]
        levels = len(c["block_out_channels"])
        for i, kind in enumerate(c["down_block_types"]):
            for j in range(c["layers_per_block"]):
                x = self.resnet(w.at(f"down_blocks.{i}.resnets.{j}"), x, emb)
                if kind == "CrossAttnDownBlock2D":
                    x = self.transformer(w.at(f"down_blocks.{i}.attentions.{j}"), x, context, heads[i], depths[i])
                skips.append(x)
            if i + 1 < levels:
                x = conv(w.at(f"down_blocks.{i}.downsamplers.0.conv"), x, stride=2)
                skips.append(x)
        x = self.resnet(w.at("mid_block.resnets.0"), x, emb)
        x = self.transformer(w.at("mid_block.attentions.0"), x, context, heads[-1], depths[-1])
        x = self.resnet(w.at("mid_block.resnets.1"), x, emb)
        for i, kind in enumerate(c["up_block_types"]):
            for j in range(c["layers_per_block"] + 1):
                x = self.resnet(w.at(f"up_blocks.{i}.resnets.{j}"), torch.cat([x, skips.pop()], 1), emb)
                if kind == "CrossAttnUpBlock2D":
                    x = self.transformer(
                        w.at(f"up_blocks.{i}.attentions.{j}"), x, context, heads[-1 - i], depths[-1 - i]
                    )
            if i + 1 < levels:
                x = conv(w.at(f"up_blocks.{i}.upsamplers.0.conv"), F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return conv(w.at("conv_out"), F.silu(group_norm(w.at("conv_norm_out"), x, self.groups, 1e-5)))


class Vae:
    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        self.w = Weights(
            {k: v.float() for k, v in load_safetensors(folder / "diffusion_pytorch_model.safetensors").items()}
        )
        self.groups = self.config["norm_num_groups"]

    def resnet(self, w, x):
        h = conv(w.at("conv1"), F.silu(group_norm(w.at("norm1"), x, self.groups, 1e-6)))
        h = conv(w.at("conv2"), F.silu(group_norm(w.at("norm2"), h, self.groups, 1e-6)))
        return h + (x if w.get("conv_shortcut.weight") is None else conv(w.at("conv_shortcut"), x, padding=0))

    def attention(self, w, x):
        b, c, height, width = x.shape
        h = group_norm(w.at("group_norm"), x, self.groups, 1e-6).view(b, c, height * width).transpose(1, 2)
        h = attend(linear(w.at("to_q"), h), linear(w.at("to_k"), h), linear(w.at("to_v"), h), 1)
        return x + linear(w.at("to_out.0"), h).transpose(1, 2).reshape(b, c, height, width)

    def decode(self, latents):
        x = conv(self.w.at("post_quant_conv"), latents / self.config["scaling_factor"], padding=0)
        d = self.w.at("decoder")
        x = conv(d.at("conv_in"), x)
        x = self.resnet(d.at("mid_block.resnets.0"), x)
        x = self.attention(d.at("mid_block.attentions.0"), x)
        x = self.resnet(d.at("mid_block.resnets.1"), x)
        levels = len(self.config["block_out_channels"])
        for i in range(levels):
            for j in range(self.config["layers_per_block"] + 1):
                x = self.resnet(d.at(f"up_blocks.{i}.resnets.{j}"), x)
            if i + 1 < levels:
                x = conv(d.at(f"up_blocks.{i}.upsamplers.0.conv"), F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return conv(d.at("conv_out"), F.silu(group_norm(d.at("conv_norm_out"), x, self.groups, 1e-6)))


class Pipeline:
    def __init__(self, folder):
        self.encoders = [TextEncoder(folder / "text_encoder"), TextEncoder(folder / "text_encoder_2")]
        self.unet, self.vae = UNet(folder / "unet"), Vae(folder / "vae")
        config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        betas = (
            torch.linspace(config["beta_start"] ** 0.5, config["beta_end"] ** 0.5, config["num_train_timesteps"]) ** 2
        )
        alphas = torch.cumprod(1 - betas, 0)
        self.sigmas, self.train_steps = ((1 - alphas) / alphas).sqrt(), config["num_train_timesteps"]
        self.offset = config["steps_offset"]

    def picture(self, ids_1, ids_2, steps, guidance, noise, size):
        hidden_1, _ = self.encoders[0](ids_1)
        hidden_2, pooled = self.encoders[1](ids_2)
        context = torch.cat([hidden_1, hidden_2], -1)
        context, pooled = torch.cat([torch.zeros_like(context), context]), torch.cat([torch.zeros_like(pooled), pooled])
        time_ids = torch.tensor([[size, size, 0.0, 0.0, size, size]] * 2)
        timesteps = torch.arange(steps).flip(0) * (self.train_steps // steps) + self.offset
        sigmas = torch.cat([self.sigmas[timesteps], torch.zeros(1)])
        x = noise * (sigmas[0] ** 2 + 1) ** 0.5
        for index, timestep in enumerate(timesteps):
            scaled = torch.cat([x, x]) / (sigmas[index] ** 2 + 1) ** 0.5
            negative, positive = self.unet(scaled, timestep[None], context, pooled, time_ids).chunk(2)
            x = x + (sigmas[index + 1] - sigmas[index]) * (negative + guidance * (positive - negative))
        self.latents = x
        picture = (self.vae.decode(x) / 2 + 0.5).clamp(0, 1)
        return (picture * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("golden", type=pathlib.Path, help="safetensors file with prompt.ids_1, prompt.ids_2 and noise")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, default=4.0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with torch.inference_mode():
        pipeline = Pipeline(arguments.model)
        case = load_safetensors(arguments.golden)
        size = 64 * case["noise"].shape[-1] // 16

        def run():
            return pipeline.picture(
                case["prompt.ids_1"], case["prompt.ids_2"], arguments.steps, arguments.guidance, case["noise"], size
            )

        run()
        last = case["latents_after_25"]
        error = (pipeline.latents - last).norm() / last.norm()
        print(f"ready {error.item():.3g}", flush=True)
        for _ in sys.stdin:
            start = time.perf_counter()
            run()
            print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    main()
