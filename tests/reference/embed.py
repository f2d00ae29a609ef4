"""Reference values for the unit tests of src/embed (pip install numpy scikit-learn)."""
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

np.set_printoptions(precision=12)


def samples(n, d, salt):
    i, j = np.mgrid[:n, :d]
    v = ((i * (j + 3) * 37 + j * j * 11 + salt * 29) % 101).astype(np.float32) / np.float32(100)
    return (v * (1 + j).astype(np.float32)).astype(np.float64)


train, test = samples(700, 6, 0), samples(40, 6, 5)
pca = PCA(6, svd_solver="full").fit(train)
signs = np.sign(pca.components_[np.arange(6), np.abs(pca.components_).argmax(1)])
components = pca.components_ * signs[:, None]
print("VARIANCES", pca.explained_variance_.tolist())
print("FIRST_COMPONENT", components[0].tolist())
print("EXPLAINED", pca.explained_variance_ratio_[:1].tolist())
centerd = test - pca.mean_
mse = [np.mean((centerd - centerd @ components[:k].T @ components[:k]) ** 2) for k in range(4)]
print("MSE", [float(x) for x in mse])
print("PROJECTED", (centerd @ components[:3].T)[0].tolist())

i, j = np.mgrid[:600, :3]
noise = ((i * 37 + j * 11 + i * j * 7) % 101).astype(np.float32) / np.float32(50)
groups = np.array([[0, 0, 1], [3, 0, 0], [0, 2.5, 0], [3, 3, 2]], np.float32)
points = (groups[i % 4, j] + noise).astype(np.float64)
lloyd = KMeans(5, init=points[:5], n_init=1, tol=0).fit(points)
print("LLOYD_INERTIA", lloyd.inertia_)
print("LLOYD_CENTERS", lloyd.cluster_centers_.ravel().tolist())
print("BEST_INERTIA", KMeans(4, n_init=50, random_state=0).fit(points).inertia_)

i = np.arange(505)
v = ((i * 37 + 11) % 101).astype(np.float32) / np.float32(100)
original = (v * v + np.float32(0.001) * i.astype(np.float32)).astype(np.float64).reshape(101, 5)
print("TRUSTWORTHINESS", trustworthiness(original, original[:, :2], n_neighbors=12))

from scipy.spatial.distance import pdist, squareform
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence

i, j = np.mgrid[:12, :4]
x = ((i * i * 13 + j * 7 + i * j * 5) % 23).astype(np.float32)
distances = squareform(pdist(x, "sqeuclidean")).astype(np.float32)
p = _joint_probabilities(distances, 3.0, 0)
print("JOINT_FIRST_ROW", squareform(p)[0].tolist())
y = np.stack([np.cos(np.arange(12) * 1.7) * 2, np.sin(np.arange(12) * 0.9) * 3], 1)
kl, gradient = _kl_divergence(y.ravel(), p, 1.0, 12, 2)
print("KL", kl)
print("GRADIENT", gradient[:6].tolist())

from sklearn.manifold import spectral_embedding

i, j = np.mgrid[:12, :12]
graph = np.where((np.abs(i - j) < 5) & (i != j), 1.0 / (1 + (i + j + i * j) % 7), 0.0)
maps = spectral_embedding(graph, n_components=2, eigen_solver="arpack", eigen_tol=1e-14, random_state=0)
print("EIGENMAPS", (maps * np.sign(maps[np.abs(maps).argmax(0), [0, 1]])).tolist())
