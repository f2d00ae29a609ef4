"""What `experiments/feature_extraction.toml` does, as a notebook's user would write it with Keras, scikit-learn and
matplotlib: `python feature_extraction.py OUTPUT_FOLDER THREADS`."""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
threads = int(sys.argv[2])

import matplotlib

matplotlib.use("agg")

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.metrics import classification_report, confusion_matrix

from common import mnist, report

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
tf.config.threading.set_intra_op_parallelism_threads(threads)
keras.utils.set_random_seed(0)

(x, y), (x_test, y_test) = [(images[:10_000].reshape(-1, 784).astype("float32") / 255, labels[:10_000])
                            for images, labels in (mnist("train"), mnist("test"))]

encoder = keras.Sequential([keras.Input((784,)), layers.Dense(32, activation="relu")])
autoencoder = keras.Sequential([encoder, layers.Dense(784, activation="sigmoid")])
autoencoder.compile("adam", "binary_crossentropy")
trained = autoencoder.fit(x, x, 256, 10, validation_data=(x_test, x_test), verbose=0).history
rebuilt = autoencoder.predict(x_test, 256, verbose=0)
codes, codes_test = encoder.predict(x, 256, verbose=0), encoder.predict(x_test, 256, verbose=0)

classifier = keras.Sequential([keras.Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
learnt = classifier.fit(codes, y, 32, 10, validation_data=(codes_test, y_test), verbose=0).history
probabilities = classifier.predict(codes_test, 256, verbose=0)
predicted = probabilities.argmax(1)

# The baselines: PCA with as many numbers, a linear classifier on the pixels.
pca = PCA(32).fit(x)
pca_mse = float(((pca.inverse_transform(pca.transform(x_test)) - x_test) ** 2).mean())
probe = LogisticRegression(max_iter=20).fit(x, y).score(x_test, y_test)

placed = TSNE(perplexity=30, init="pca", n_jobs=threads, random_state=0).fit_transform(codes_test[:2000])

for name, history, keys in (("autoencoder", trained, ("loss", "val_loss")), ("classifier", learnt, ("accuracy", "val_accuracy"))):
    plt.figure()
    for key in keys:
        plt.plot(history[key], label=key)
    plt.legend()
    plt.savefig(out / f"{name}.png")
plt.figure()
plt.scatter(placed[:, 0], placed[:, 1], c=y_test[:2000], cmap="tab10", s=4)
plt.savefig(out / "tsne.png")
plt.figure()
plt.imshow(confusion_matrix(y_test, predicted))
plt.savefig(out / "confusion.png")
chosen = np.random.default_rng(0).choice(10_000, 8, replace=False)
figure, axes = plt.subplots(3, 8, figsize=(16, 6))
for column, index in enumerate(chosen):
    axes[0, column].imshow(x_test[index].reshape(28, 28), cmap="gray")
    axes[1, column].imshow(rebuilt[index].reshape(28, 28), cmap="gray")
    axes[2, column].bar(range(10), probabilities[index])
figure.savefig(out / "predictions.png")
np.savetxt(out / "predictions.csv", np.c_[y_test, predicted, probabilities.max(1)], delimiter=",")
(out / "summary.txt").write_text(classification_report(y_test, predicted) + f"PCA MSE {pca_mse}\nprobe {probe}\n")

report(losses=[trained["val_loss"][-1]], accuracy=learnt["val_accuracy"][-1])
