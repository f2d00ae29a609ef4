"""Seconds an epoch in Keras on TensorFlow: `python keras_train.py dense|conv EPOCHS THREADS`."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from keras import layers

from common import CONV, DENSE, mnist, report


def dense():
    sizes = DENSE["layers"]
    hidden = [layers.Dense(size, activation="relu") for size in sizes[1:-1]]
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1], activation="sigmoid")])


def conv():
    def convolution(filters, activation="relu"):
        return layers.Conv2D(filters, 3, padding="same", activation=activation)

    return keras.Sequential([
        keras.Input((28, 28, 1)),
        convolution(32), layers.MaxPooling2D(2), convolution(64), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(64),
        layers.Dense(3136, activation="relu"), layers.Reshape((7, 7, 64)),
        convolution(64), layers.UpSampling2D(2), convolution(32), layers.UpSampling2D(2), convolution(1, "sigmoid"),
    ])


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)


def main(name, epochs, threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(0)
    settings = DENSE if name == "dense" else CONV
    images = mnist("train")[0][: settings["samples"]].astype("float32") / 255
    images = images.reshape(-1, 784) if name == "dense" else images[..., None]
    model = dense() if name == "dense" else conv()
    loss = "binary_crossentropy" if settings["loss"] == "bce" else "mse"
    model.compile(keras.optimizers.Adam(1e-3), loss)
    clock = Clock()
    history = model.fit(images, images, settings["batch"], epochs, shuffle=False, verbose=0, callbacks=[clock])
    report(seconds=clock.seconds, losses=history.history["loss"])


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
