-- What people add to runs.
ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

-- A row of `runs` takes half a page, most of it JSON. Filters, sorting and groups read what is narrow instead: this index
-- has all that is not JSON, and `facts` has the rest, by name.
DROP INDEX runs_by_experiment;
DROP INDEX runs_by_status;
CREATE INDEX runs_brief
    ON runs (number, archived, id, launch, experiment, seed, status, started, seconds, note);

-- A name has a row for each type that its values are of: `number`, `boolean`, `text` or `list`.
CREATE TABLE names (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    UNIQUE (kind, name, type)
) STRICT;

CREATE TABLE facts (
    name INTEGER NOT NULL,
    run INTEGER NOT NULL,
    value ANY NOT NULL,
    PRIMARY KEY (name, run, value)
) STRICT, WITHOUT ROWID;

CREATE VIEW run_facts AS
    SELECT run, kind, name,
        CASE type WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' WHEN 'true' THEN 'boolean'
            WHEN 'false' THEN 'boolean' WHEN 'text' THEN 'text' ELSE 'list' END AS type,
        value
    FROM (
        SELECT runs.number AS run, 'param' AS kind, entry.key AS name, entry.type AS type, entry.value AS value
            FROM runs, json_each(runs.params) AS entry
        UNION ALL
        SELECT runs.number, 'metric', entry.key, entry.type, entry.value FROM runs, json_each(runs.metrics) AS entry
        UNION ALL
        SELECT runs.number, 'tag', 'tag', entry.type, entry.value FROM runs, json_each(runs.tags) AS entry
        UNION ALL
        SELECT runs.number, 'variant', 'variant', 'text', (
            SELECT group_concat(entry.key || '=' || coalesce(entry.value, 'none'), ', ') FROM json_each(runs.variant) AS entry
        ) FROM runs WHERE runs.variant != '{}'
    )
    WHERE type != 'null';

INSERT INTO names (kind, name, type) SELECT DISTINCT kind, name, type FROM run_facts ORDER BY kind, name, type;
INSERT OR IGNORE INTO facts (name, run, value)
    SELECT names.number, run, value FROM run_facts JOIN names USING (kind, name, type) ORDER BY 1, 2, 3;

CREATE TRIGGER run_facts_added AFTER INSERT ON runs BEGIN
    INSERT OR IGNORE INTO names (kind, name, type) SELECT kind, name, type FROM run_facts WHERE run = NEW.number;
    INSERT OR IGNORE INTO facts (name, run, value)
        SELECT names.number, run, value FROM run_facts JOIN names USING (kind, name, type) WHERE run = NEW.number;
END;
CREATE TRIGGER run_facts_changed AFTER UPDATE OF variant, params, metrics, tags ON runs BEGIN
    DELETE FROM facts WHERE run = OLD.number AND name IN (SELECT number FROM names);
    INSERT OR IGNORE INTO names (kind, name, type) SELECT kind, name, type FROM run_facts WHERE run = NEW.number;
    INSERT OR IGNORE INTO facts (name, run, value)
        SELECT names.number, run, value FROM run_facts JOIN names USING (kind, name, type) WHERE run = NEW.number;
END;
CREATE TRIGGER run_facts_removed AFTER DELETE ON runs BEGIN
    DELETE FROM facts WHERE run = OLD.number AND name IN (SELECT number FROM names);
END;
