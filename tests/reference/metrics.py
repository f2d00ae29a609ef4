"""Reference values for the unit tests of src/metric (pip install numpy scikit-learn scikit-image)."""
import numpy as np
from skimage.metrics import structural_similarity
from sklearn import metrics


def values(n, salt):
    i = np.arange(n)
    return (((i * 37 + salt * 11) % 101).astype(np.float32) / np.float32(100)).astype(np.float64)


def labels(n, salt, classes):
    i = np.arange(n)
    return (i * 37 + salt * 11) % 101 % classes


def predictions(truth, classes):
    i = np.arange(len(truth))
    return np.where(i % 3 == 0, labels(len(truth), 8, classes), truth)


t, o = values(60, 1), values(60, 5)
print("MSE", repr(np.mean((t - o) ** 2)))
t, o = values(202, 1), values(202, 5)
c = np.clip(o, 1e-7, 1 - 1e-7)
print("BCE", repr(-np.mean(t * np.log(c) + (1 - t) * np.log(1 - c))))

t, noise = values(2 * 9 * 11 * 3, 1), values(2 * 9 * 11 * 3, 5)
o = 0.8 * t + 0.2 * noise
t4, o4 = t.reshape(2, 9, 11, 3), o.reshape(2, 9, 11, 3)
print("SSIM_COLOR", [structural_similarity(a, b, data_range=1, channel_axis=-1) for a, b in zip(t4, o4)])
t3, o3 = t[:198].reshape(2, 9, 11), o[:198].reshape(2, 9, 11)
print("SSIM_GRAY", [structural_similarity(a, b, data_range=1) for a, b in zip(t3, o3)])

t = labels(40, 3, 5)
p = predictions(t, 4)
print("MACRO_F1", metrics.f1_score(t, p, average="macro", zero_division=0))
print("RECALL", metrics.recall_score(t, p, average=None, zero_division=0, labels=range(5)).tolist())
print("PRECISION", metrics.precision_score(t, p, average=None, zero_division=0, labels=range(5)).tolist())
print("ACCURACY", metrics.accuracy_score(t, p))
print("NMI", metrics.normalized_mutual_info_score(t, p))

truth = labels(80, 3, 5) > 2
scores = np.arange(80) * 37 % 101 + 20 * truth
print("AUROC", metrics.roc_auc_score(truth, scores))
print("AUROC_TIES", metrics.roc_auc_score(truth, scores // 20))
