"""Seconds an epoch in PyTorch, eager: `python torch_train.py dense|conv EPOCHS THREADS`; `sweep` trains six dense models."""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from common import CONV, DENSE, mnist, report


def dense(code=32):
    sizes = [code if size == 32 else size for size in DENSE["layers"]]
    parts = [part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts[:-1])


def conv():
    def convolution(a, b):
        return nn.Conv2d(a, b, 3, padding=1)

    return nn.Sequential(
        convolution(1, 32), nn.ReLU(), nn.MaxPool2d(2), convolution(32, 64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 64),
        nn.Linear(64, 3136), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
        convolution(64, 64), nn.ReLU(), nn.Upsample(scale_factor=2),
        convolution(64, 32), nn.ReLU(), nn.Upsample(scale_factor=2), convolution(32, 1), nn.Sigmoid(),
    )


def start(model):
    for part in model:
        if hasattr(part, "weight"):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
    return model


def train(model, images, batch, loss, epochs, held_out=None):
    """Seconds and mean loss of each epoch, with the loss on `held_out` if given. `bce` takes logits, as PyTorch advises."""
    compare = F.binary_cross_entropy_with_logits if loss == "bce" else F.mse_loss
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7)
    seconds, losses = [], []
    for _ in range(epochs):
        began, total = time.perf_counter(), 0.0
        for x in images.split(batch):
            optimizer.zero_grad(set_to_none=True)
            found = compare(model(x), x)
            found.backward()
            optimizer.step()
            total += found.item() * len(x)
        if held_out is not None:
            with torch.no_grad():
                sum(compare(model(x), x).item() * len(x) for x in held_out.split(batch))
        seconds.append(time.perf_counter() - began)
        losses.append(total / len(images))
    return seconds, losses


def main(name, epochs, threads):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    settings = CONV if name == "conv" else DENSE
    used = None if name == "sweep" else settings["samples"]
    images = torch.from_numpy(mnist("train")[0][:used].copy()).float().div_(255)
    images = images[:, None] if name == "conv" else images.flatten(1)
    images, held_out = images[: settings["samples"]], images[settings["samples"] :]
    if name == "sweep":
        began = time.perf_counter()
        found = [train(start(dense(code)), images, 256, "bce", epochs, held_out)[1][-1] for code in (2, 4, 8, 16, 32, 64)]
        report(seconds=[time.perf_counter() - began], losses=found)
        return
    model = start(conv() if name == "conv" else dense())
    seconds, losses = train(model, images, settings["batch"], settings["loss"], epochs)
    report(seconds=seconds, losses=losses)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
