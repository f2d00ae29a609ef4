"""t-SNE by openTSNE: `python opentsne.py fft|bh POINTS.npy EMBEDDED.npy THREADS`."""

import sys
import time

import numpy as np
from openTSNE import TSNE

from common import report

method, points, embedded, threads = sys.argv[1], np.load(sys.argv[2]), sys.argv[3], int(sys.argv[4])
began = time.perf_counter()
found = TSNE(perplexity=30, initialization="pca", negative_gradient_method=method, n_jobs=threads, random_state=0).fit(points)
report(seconds=[time.perf_counter() - began])
np.save(embedded, np.asarray(found))
