//! Taking runs out of the log: what goes with them, and who needs them.

use std::path::PathBuf;

use rusqlite::{Connection, Row, Transaction};

use crate::run_log::{LogError, RunLog};

/// What removing runs takes away, and what speaks against it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Removal {
    pub runs: Vec<String>,
    /// Those of them that are going on.
    pub running: Vec<String>,
    /// A run that stays and took a result from the cache, and the run that executed it and is removed.
    pub needed: Vec<(String, String)>,
    /// Stages that no run has any more.
    pub stages: usize,
    /// Launches that have no runs any more.
    pub launches: usize,
    /// What stages were that no run in the log has had any more.
    pub fingerprints: Vec<String>,
    /// Reports that belong to no other run or launch.
    pub pages: Vec<PathBuf>,
}

/// Runs that are removed, stages that only they have, launches that have no others.
const CHOSEN: &str = "CREATE TEMP TABLE IF NOT EXISTS chosen (number INTEGER PRIMARY KEY);
    CREATE TEMP TABLE IF NOT EXISTS gone_stages (number INTEGER PRIMARY KEY, fingerprint TEXT);
    CREATE TEMP TABLE IF NOT EXISTS gone_launches (number INTEGER PRIMARY KEY);
    DELETE FROM temp.chosen; DELETE FROM temp.gone_stages; DELETE FROM temp.gone_launches;";

const GONE: &str = "INSERT INTO temp.gone_stages
        SELECT number, fingerprint FROM stages
        WHERE number IN (SELECT stage FROM run_stages WHERE run IN (SELECT number FROM temp.chosen))
            AND NOT EXISTS (SELECT 1 FROM run_stages
                WHERE stage = stages.number AND run NOT IN (SELECT number FROM temp.chosen));
    INSERT INTO temp.gone_launches
        SELECT DISTINCT launch FROM runs WHERE number IN (SELECT number FROM temp.chosen)
            AND NOT EXISTS (SELECT 1 FROM runs AS other
                WHERE other.launch = runs.launch AND other.number NOT IN (SELECT number FROM temp.chosen));
    INSERT OR IGNORE INTO temp.gone_stages
        SELECT number, fingerprint FROM stages WHERE launch IN (SELECT number FROM temp.gone_launches)";

const RUNNING: &str =
    "SELECT id FROM runs WHERE number IN (SELECT number FROM temp.chosen) AND status = 'running' ORDER BY number";

/// Nobody else who stays has executed it.
const NEEDED: &str = "SELECT DISTINCT needing.id, giving.id
    FROM temp.gone_stages AS gone
    JOIN stages AS made ON made.number = gone.number AND made.status = 'executed'
    JOIN stages AS taken ON taken.fingerprint = made.fingerprint AND taken.status = 'cached'
    JOIN run_stages AS of_taken ON of_taken.stage = taken.number
    JOIN runs AS needing ON needing.number = of_taken.run
    JOIN run_stages AS of_made ON of_made.stage = made.number
    JOIN runs AS giving ON giving.number = of_made.run
    WHERE needing.number NOT IN (SELECT number FROM temp.chosen)
        AND NOT EXISTS (SELECT 1 FROM stages AS other
            WHERE other.fingerprint = made.fingerprint AND other.status = 'executed'
                AND other.number NOT IN (SELECT number FROM temp.gone_stages))
    ORDER BY needing.number, giving.number";

const FINGERPRINTS: &str = "SELECT DISTINCT fingerprint FROM temp.gone_stages AS gone
    WHERE fingerprint IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM stages WHERE stages.fingerprint = gone.fingerprint
            AND stages.number NOT IN (SELECT number FROM temp.gone_stages))
    ORDER BY fingerprint";

const PAGES: &str = "SELECT report FROM runs WHERE number IN (SELECT number FROM temp.chosen) AND report IS NOT NULL
    EXCEPT SELECT report FROM runs WHERE number NOT IN (SELECT number FROM temp.chosen)
    UNION
    SELECT report FROM (
        SELECT report FROM launches WHERE number IN (SELECT number FROM temp.gone_launches) AND report IS NOT NULL
        EXCEPT SELECT report FROM launches WHERE number NOT IN (SELECT number FROM temp.gone_launches)
    )";

/// Names that no run has any more are forgotten.
const REMOVE: &str = "DELETE FROM runs WHERE number IN (SELECT number FROM temp.chosen);
    DELETE FROM stages WHERE number IN (SELECT number FROM temp.gone_stages);
    DELETE FROM launches WHERE number IN (SELECT number FROM temp.gone_launches);
    DELETE FROM names WHERE NOT EXISTS (SELECT 1 FROM facts WHERE facts.name = names.number);";

impl RunLog {
    /// What removing these runs, named by their ids, would mean. Changes nothing.
    pub fn removal(&mut self, ids: &[String]) -> Result<Removal, LogError> {
        self.change(|transaction| removal(transaction, ids))
    }

    /// Removes them with all that only they have. Launches that came since are asked for what they need again: the
    /// answer is what was removed, or, when `refuse` speaks against that, what was not.
    pub fn remove(
        &mut self,
        ids: &[String],
        refuse: impl FnOnce(&Removal) -> bool,
    ) -> Result<Result<Removal, Removal>, LogError> {
        self.change(|transaction| {
            let removal = removal(transaction, ids)?;
            if refuse(&removal) {
                return Ok(Err(removal));
            }
            transaction.execute_batch(REMOVE)?;
            Ok(Ok(removal))
        })
    }
}

fn removal(transaction: &Transaction, ids: &[String]) -> rusqlite::Result<Removal> {
    transaction.execute_batch(CHOSEN)?;
    let mut choose = transaction.prepare("INSERT OR IGNORE INTO temp.chosen SELECT number FROM runs WHERE id = ?1")?;
    for id in ids {
        choose.execute([id])?;
    }
    transaction.execute_batch(GONE)?;
    let count = |table: &str| -> rusqlite::Result<usize> {
        let sql = format!("SELECT count(*) FROM temp.{table}");
        transaction.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(|count| count.max(0) as usize)
    };
    let text = |row: &Row| row.get::<_, String>(0);
    Ok(Removal {
        runs: rows(transaction, "SELECT id FROM runs JOIN temp.chosen USING (number) ORDER BY number", text)?,
        running: rows(transaction, RUNNING, text)?,
        needed: rows(transaction, NEEDED, |row| Ok((row.get(0)?, row.get(1)?)))?,
        stages: count("gone_stages")?,
        launches: count("gone_launches")?,
        fingerprints: rows(transaction, FINGERPRINTS, text)?,
        pages: rows(transaction, PAGES, |row| text(row).map(PathBuf::from))?,
    })
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], read)?.collect()
}
