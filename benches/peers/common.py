"""What the peers' scripts share: MNIST as NumPy reads it, and one line of JSON as the result."""

import gzip
import json
import os
import pathlib
import resource

import numpy as np

FILES = {"train": ("train-images", "train-labels"), "test": ("t10k-images", "t10k-labels")}


def mnist(split):
    """Images as uint8 [n, 28, 28] and labels as uint8 [n], from $PIPELINE_DATA_DIR/mnist."""
    folder = pathlib.Path(os.environ["PIPELINE_DATA_DIR"]) / "mnist"
    read = lambda name, skip: np.frombuffer(gzip.decompress(next(folder.glob(f"{name}*.gz")).read_bytes())[skip:], np.uint8)
    images, labels = FILES[split]
    return read(images, 16).reshape(-1, 28, 28), read(labels, 8)


def report(**fields):
    """Prints the result, with this process' peak memory in MiB."""
    fields["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(fields))


# The two models that are trained. Weights start by Glorot's rule, biases at zero, with everybody.
DENSE = {"layers": [784, 256, 128, 32, 128, 256, 784], "samples": 50_000, "batch": 256, "loss": "bce"}
CONV = {"samples": 54_000, "batch": 128, "loss": "mse"}
