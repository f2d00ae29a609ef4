"""Runs this program and its peers alternately on the same work and prints the ratios of their times.

    PIPELINE_DATA_DIR=FOLDER python benches/peers/compare.py [--pairs 5] [--threads 2] [--peer NAME] [dense] [conv] [features] [sweep] [trainings] [tsne]

FOLDER holds `mnist/`. Everybody gets the same number of threads, the same images in the same order and the same batches.
The median of the pairs' ratios counts; memory is the largest process' peak.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


class Bench:
    def __init__(self, threads, scratch):
        self.threads, self.scratch = str(threads), scratch
        self.environment = dict(os.environ, OMP_NUM_THREADS=self.threads, RAYON_NUM_THREADS=self.threads)
        self.points = scratch / "points.npy"

    def call(self, command):
        """Wall seconds, peak MiB, the JSON of the last line and all lines."""
        began = time.perf_counter()
        # A file, for a pipe that nobody reads yet would stop a peer with many warnings.
        with tempfile.TemporaryFile("w+") as errors:
            child = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=self.environment, text=True,
                                     stdout=subprocess.PIPE, stderr=errors)
            out = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            if status:
                errors.seek(0)
                sys.exit(f"{command} failed:\n{errors.read()}")
        seconds = time.perf_counter() - began
        lines = out.strip().splitlines()
        return dict(wall=seconds, peak=usage.ru_maxrss / 1024, lines=lines, **json.loads(lines[-1]))

    def peer(self, script, *arguments):
        return lambda: self.call([sys.executable, HERE / script, *arguments, self.threads])

    def own_bench(self, name, *arguments):
        return lambda: self.call([executable(name), *arguments, self.threads])

    def own_run(self, *arguments):
        def run():
            shutil.rmtree(self.scratch / "project", ignore_errors=True)
            places = [f"--{place}-dir={self.scratch}/project/{place}" for place in ("cache", "reports")]
            found = self.call([ROOT / "target/release/pipeline", "run", *arguments, "--json",
                               f"--threads={self.threads}", *places])
            assert found["failed"] == 0 and found["cached"] == 0, found
            return dict(found, seconds=[training_span(found["lines"])])
        return run


def training_span(lines):
    """Seconds from the start of the first training to the end of the last."""
    events = [event for event in map(json.loads, lines) if event.get("kind") == "train-autoencoder"]
    times = [datetime.datetime.fromisoformat(event["time"]) for event in events]
    return (max(times) - min(times)).total_seconds()


def executable(name):
    """The benchmark's program, built if need be."""
    lines = subprocess.run(["cargo", "bench", "--bench", name, "--no-run", "--message-format=json"], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    return next(one["executable"] for one in found if one.get("target", {}).get("name") == name and one.get("executable"))


def per_epoch(found):
    return statistics.median(found["seconds"][1:])


def whole(found):
    return found["wall"]


def inside(found):
    return found["seconds"][0]


def works(bench):
    """Each: what is timed, of ours and of the peers', ours, the peers."""
    embedded = {name: bench.scratch / f"{name}.npy" for name in ("ours", "fft", "bh")}
    small = ["--sweep", "latent_dim=2,4,8,16,32,64", "--set", "epochs=5", "--only", "autoencoder"]
    return {
        "dense": (per_epoch, per_epoch, bench.own_bench("training", "dense", 4),
                  {"PyTorch": bench.peer("torch_train.py", "dense", 4), "Keras": bench.peer("keras_train.py", "dense", 4)}),
        "conv": (per_epoch, per_epoch, bench.own_bench("training", "conv", 2),
                 {"PyTorch": bench.peer("torch_train.py", "conv", 2), "Keras": bench.peer("keras_train.py", "conv", 2)}),
        "features": (whole, whole, bench.own_run("experiments/feature_extraction.toml"),
                     {"Keras script": bench.peer("feature_extraction.py", bench.scratch / "features")}),
        "sweep": (whole, whole, bench.own_run("experiments/deep_dense.toml", *small),
                  {"PyTorch": bench.peer("torch_train.py", "sweep", 5)}),
        # The same without start and reading, ours with the baseline that is computed meanwhile.
        "trainings": (inside, inside, bench.own_run("experiments/deep_dense.toml", *small),
                      {"PyTorch": bench.peer("torch_train.py", "sweep", 5)}),
        "tsne": (inside, inside, bench.own_bench("tsne", bench.points, embedded["ours"]),
                 {f"openTSNE, {name}": bench.peer("opentsne.py", name, bench.points, embedded[name]) for name in ("fft", "bh")}),
    }


def divergence(bench, name):
    embedded = bench.scratch / f"{name}.npy"
    return bench.call([sys.executable, HERE / "tsne_points.py", "kl", bench.points, embedded])["losses"][0]


def spread(values):
    return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g})"


def compare(bench, work, times_of, ours, peers, pairs):
    for name, theirs in peers.items():
        found = [(ours(), theirs()) for _ in range(pairs)]
        times = [[time_of(one) for time_of, one in zip(times_of, pair)] for pair in found]
        ratios = [here / there for here, there in times]
        peaks = [max(one["peak"] for one in side) for side in zip(*found)]
        seconds = [spread(side) for side in zip(*times)]
        last = [f"{side[-1]['losses'][-1]:.4f}" if side[-1].get("losses") else "-" for side in zip(*found)]
        if work == "tsne":
            last = [f"{divergence(bench, side):.3f}" for side in ("ours", name.split()[-1])]
        print(f"| {work} | {name} | {spread(ratios)} | {seconds[0]} | {seconds[1]} "
              f"| {peaks[0]:.0f} | {peaks[1]:.0f} | {last[0]} | {last[1]} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="WORK", help="dense, conv, features, sweep, trainings, tsne; all when none is named")
    parser.add_argument("--peer", default="", help="only peers with this in their name")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if "PIPELINE_DATA_DIR" not in os.environ:
        parser.error("PIPELINE_DATA_DIR must name the folder that holds mnist/")
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(arguments.threads, pathlib.Path(scratch))
        known = works(bench)
        unknown = set(arguments.works) - set(known)
        if unknown:
            parser.error(f"no such work: {', '.join(unknown)}; one of: {', '.join(known)}")
        if not arguments.works or "tsne" in arguments.works:
            subprocess.run([sys.executable, HERE / "tsne_points.py", "make", bench.points], cwd=ROOT, check=True)
        print(f"load {os.getloadavg()[0]:.2f}, {arguments.threads} threads, {arguments.pairs} pairs")
        print("| work | peer | ratio of times | seconds here | there | peak MiB here | there | loss or KL here | there |")
        print("|---|---|---|---|---|---|---|---|---|")
        for work in arguments.works or known:
            *times_of, ours, peers = known[work]
            peers = {name: peer for name, peer in peers.items() if arguments.peer.lower() in name.lower()}
            if not peers and arguments.works:
                parser.error(f"{work} has no such peer: {arguments.peer}; one of: {', '.join(known[work][-1])}")
            compare(bench, work, times_of, ours, peers, arguments.pairs)


main()
