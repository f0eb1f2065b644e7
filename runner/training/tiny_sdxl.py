"""Train, export and verify a very small SDXL-family text-to-image model on a CPU.

Needs torch, numpy, Pillow, diffusers and transformers. Order of use (WORK is scratch):

    python tiny_sdxl.py tok      WORK                 # train the CLIP-style BPE on the captions
    python tiny_sdxl.py vae      WORK --minutes 5     # 64x64x3 <-> 16x16x4 autoencoder
    python tiny_sdxl.py latents  WORK --n 44000       # draw and encode the training set once
    python tiny_sdxl.py unet     WORK --minutes 40    # text encoders + UNet, jointly (resumes from WORK)
    python tiny_sdxl.py export   WORK --out DIR       # diffusers folder, fp16 safetensors, EMA weights
    python tiny_sdxl.py eval     WORK --out DIR       # measured prompt accuracy on 100 held-out prompts
    python tiny_sdxl.py sheet    WORK --out DIR --png contact-sheet.png
    python tiny_sdxl.py goldens  WORK --out DIR --goldens DIR2

The schedule of every training command is by wall clock: the learning rate reaches zero when the minutes are spent.
--threads 0 (unet only) lets the trainer choose between one and two threads by measuring, for a shared machine.
The shipped weights: vae 5 minutes on one core; unet 20 minutes with uniform timesteps and pictures at --lr 9e-4, then
20 minutes with the sampling in train_unet.py at --lr 7e-4 --resume raw. The libraries were torch 1.13.1, diffusers
0.25.1 and transformers 4.27.1; nothing here depends on those versions.
"""
import argparse
import os

import torch

from evaluate import evaluate
from goldens import goldens
from pipeline import export, make_sheet
from tokenizer import train_bpe
from train_unet import train_unet
from train_vae import make_latents, train_vae

COMMANDS = {
    "tok": train_bpe,
    "vae": train_vae,
    "latents": make_latents,
    "unet": train_unet,
    "export": export,
    "eval": evaluate,
    "sheet": make_sheet,
    "goldens": goldens,
}
OPTIONS = {
    "minutes": 10.0,
    "n": 44000,
    "batch": 32,
    "lr": 1e-3,
    "out": "out",
    "png": "sheet.png",
    "goldens": "goldens",
    "threads": 2,
    "steps": 25,
    "cfg": 4.0,
    "seed": 0,
    "resume": "ema",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("work")
    for name, default in OPTIONS.items():
        parser.add_argument("--" + name, type=type(default), default=default)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads or 1)
    torch.set_flush_denormal(True)
    os.makedirs(arguments.work, exist_ok=True)
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    main()
