#!/usr/bin/env bash
# Seconds of the whole process for 3,001 stages of next to no work, cold and again, and for a plan of 10,246 stages.
#     cargo build --release && benches/many_stages.sh
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
pipeline=$project/target/release/pipeline
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/experiments" "$scratch/pipelines"
cat >"$scratch/pipelines/many.toml" <<'TOML'
[params]
n = 10

[stages.load]
uses = "load"
dataset = "synthetic-digits"
train_count = 1100
test_count = 10

[stages.subset]
uses = "subset"
inputs = { dataset = "load" }
train = "${n}"

[stages.normalize]
uses = "normalize"
inputs = { dataset = "subset" }

[stages.split]
uses = "split"
inputs = { dataset = "normalize" }
validation = 0.1
TOML
printf 'pipeline = "../pipelines/many.toml"\n[sweep]\nn = [%s]\n' "$(seq -s, 20 1019)" >"$scratch/experiments/many.toml"

TIMEFORMAT='%R s'
cd "$scratch"
printf 'cold:  '; time "$pipeline" run experiments/many.toml --quiet >/dev/null 2>&1
printf 'again: '; time "$pipeline" run experiments/many.toml --quiet >/dev/null 2>&1
printf 'plan:  '; time "$pipeline" plan "$project/experiments/quickstart.toml" --cache-dir "$scratch/none" \
    --sweep "latent_dim=$(seq -s, 1 64)" --repeats 20 --json >plan.json
