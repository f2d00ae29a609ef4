-- JSON columns hold what is only ever read whole; the views below open them up for SQL.
CREATE TABLE launches (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment TEXT NOT NULL,
    file TEXT NOT NULL,
    status TEXT NOT NULL,
    host TEXT NOT NULL,
    started TEXT NOT NULL,
    seconds REAL,
    executed INTEGER,
    cached INTEGER,
    failed INTEGER,
    skipped INTEGER,
    report TEXT,
    provenance TEXT NOT NULL,
    config TEXT NOT NULL
) STRICT;
CREATE INDEX running_launches ON launches (number) WHERE status = 'running';

CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    launch INTEGER NOT NULL REFERENCES launches (number) ON DELETE CASCADE,
    experiment TEXT NOT NULL,
    variant TEXT NOT NULL,
    seed INTEGER NOT NULL,
    status TEXT NOT NULL,
    started TEXT NOT NULL,
    seconds REAL,
    params TEXT NOT NULL,
    metrics TEXT NOT NULL DEFAULT '{}',
    tags TEXT NOT NULL,
    report TEXT
) STRICT;
CREATE INDEX runs_by_launch ON runs (launch, number);
CREATE INDEX runs_by_experiment ON runs (experiment, number);
CREATE INDEX runs_by_status ON runs (status, number);

-- A stage is merged over all runs of its launch in which it is the same work.
CREATE TABLE stages (
    number INTEGER PRIMARY KEY,
    launch INTEGER NOT NULL REFERENCES launches (number) ON DELETE CASCADE,
    node INTEGER NOT NULL,
    kind TEXT NOT NULL,
    variant TEXT NOT NULL,
    params TEXT NOT NULL,
    status TEXT NOT NULL,
    fingerprint TEXT,
    started TEXT,
    seconds REAL,
    done INTEGER,
    total INTEGER,
    unit TEXT,
    reasons TEXT NOT NULL DEFAULT '[]',
    error TEXT,
    metrics TEXT NOT NULL DEFAULT '{}',
    series TEXT NOT NULL DEFAULT '{}',
    warnings TEXT NOT NULL DEFAULT '[]',
    artifacts TEXT NOT NULL DEFAULT '[]',
    UNIQUE (launch, node)
) STRICT;
CREATE INDEX stages_by_fingerprint ON stages (fingerprint);

CREATE TABLE run_stages (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    stage INTEGER NOT NULL REFERENCES stages (number) ON DELETE CASCADE,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_stages_by_stage ON run_stages (stage);

CREATE TABLE notices (
    number INTEGER PRIMARY KEY,
    launch INTEGER NOT NULL REFERENCES launches (number) ON DELETE CASCADE,
    stage INTEGER REFERENCES stages (number) ON DELETE CASCADE,
    time TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX notices_by_launch ON notices (launch, number);

CREATE VIEW params AS
    SELECT runs.id AS run, entry.key AS name, entry.value AS value FROM runs, json_each(runs.params) AS entry;
CREATE VIEW metrics AS
    SELECT runs.id AS run, entry.key AS name, entry.value AS value FROM runs, json_each(runs.metrics) AS entry;
CREATE VIEW tags AS
    SELECT runs.id AS run, entry.value AS tag FROM runs, json_each(runs.tags) AS entry;
CREATE VIEW series AS
    SELECT runs.id AS run, run_stages.name AS stage, entry.key AS name, point.key + 1 AS step, point.value AS value
    FROM runs JOIN run_stages ON run_stages.run = runs.number JOIN stages ON stages.number = run_stages.stage,
        json_each(stages.series) AS entry, json_each(entry.value) AS point;
CREATE VIEW artifacts AS
    SELECT runs.id AS run, run_stages.name AS stage, artifact.value ->> 'port' AS port, artifact.value ->> 'type' AS type,
        file.value ->> 'name' AS name, file.value ->> 'path' AS path, file.value ->> 'bytes' AS bytes,
        file.value ->> 'blake3' AS blake3
    FROM runs JOIN run_stages ON run_stages.run = runs.number JOIN stages ON stages.number = run_stages.stage,
        json_each(stages.artifacts) AS artifact, json_each(artifact.value, '$.files') AS file;
