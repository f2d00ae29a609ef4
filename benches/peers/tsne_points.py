"""Writes the points that t-SNE is compared on, MNIST's test images on their first 32 principal components, and tells the
exact divergence of an embedding of them: `python tsne_points.py make POINTS.npy | kl POINTS.npy EMBEDDED.npy`."""

import sys

import numpy as np

from common import mnist, report


def make(path):
    from sklearn.decomposition import PCA

    images = mnist("test")[0].reshape(-1, 784).astype("float32") / 255
    np.save(path, np.ascontiguousarray(PCA(32, svd_solver="full").fit_transform(images), "float32"))


def exact_divergence(points, embedded, perplexity=30):
    """Of scikit-learn's dense affinities at this perplexity from Student's t over all pairs."""
    from scipy.spatial.distance import pdist, squareform
    from sklearn.manifold._t_sne import _joint_probabilities

    distances = squareform(pdist(points.astype("float64"), "sqeuclidean")).astype("float32")
    p = _joint_probabilities(distances, perplexity, 0)
    q = 1 / (1 + pdist(embedded.astype("float64"), "sqeuclidean"))
    q /= 2 * q.sum()
    return float(2 * (p * np.log(np.maximum(p, 1e-300) / q)).sum())


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        report(losses=[exact_divergence(np.load(sys.argv[2]), np.load(sys.argv[3]))])
