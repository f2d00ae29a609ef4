//! Runs in groups: how many distinct ones, and what came out of them.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{OptionalExtension, params_from_iter};
use serde_json::Value;

use crate::merit::{Better, better};
use crate::run_log::filter::{Column, Field, FieldType, Kind, Sql};
use crate::run_log::query::Filter;
use crate::run_log::{LogError, RunLog};
use crate::statistics::Summary;

/// Runs that have the same values of some fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// One for each field; `null` for runs without a value.
    pub values: Vec<Value>,
    /// How many distinct runs: each experiment, params and seed once, the newest run that ended well.
    pub distinct: usize,
    /// How many more there are, launched again.
    pub again: usize,
    /// One for each measure; `None` where no run has a number.
    pub figures: Vec<Option<Figures>>,
}

/// What came out of a group's runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub summary: Summary,
    /// The best number and the id of the run that has it; `None` when neither way is known to be better.
    pub best: Option<(f64, String)>,
}

impl RunLog {
    /// The runs that pass the filter, whose order and limit do not matter here, in groups by the values of `by`: small
    /// numbers first, then words by the alphabet. `measures` are fields that have numbers.
    pub fn groups(&self, filter: &Filter, by: &[Field], measures: &[Field]) -> Result<Vec<Group>, LogError> {
        self.ask(|_| self.read_groups(filter, by, measures))
    }

    fn read_groups(&self, filter: &Filter, by: &[Field], measures: &[Field]) -> rusqlite::Result<Vec<Group>> {
        let mut numbers = self.numbers(&Filter { sort: vec![], limit: None, ..filter.clone() })?;
        numbers.sort_unstable();
        let columns: Vec<Vec<Value>> = by.iter().map(|field| self.column(field, &numbers)).collect::<Result<_, _>>()?;
        let mut groups: Vec<Group> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut group_of = Vec::with_capacity(numbers.len());
        for row in 0..numbers.len() {
            let key: String = columns.iter().map(|column| format!("{}\0", key(&column[row]))).collect();
            let group = *known.entry(key).or_insert_with(|| {
                let values = columns.iter().map(|column| column[row].clone()).collect();
                groups.push(Group { values, distinct: 0, again: 0, figures: Vec::new() });
                groups.len() - 1
            });
            group_of.push(group);
        }
        let counts = self.count_once(&numbers, &group_of)?;
        for (group, counts) in group_of.iter().zip(&counts) {
            let group = &mut groups[*group];
            *if *counts { &mut group.distinct } else { &mut group.again } += 1;
        }
        let kept = |(_, counts): &(_, &bool)| **counts;
        let (numbers, group_of): (Vec<i64>, Vec<usize>) =
            numbers.into_iter().zip(group_of).zip(&counts).filter(kept).map(|(both, _)| both).unzip();
        for measure in measures {
            let figures = self.figures(measure, &numbers, &group_of, groups.len())?;
            groups.iter_mut().zip(figures).for_each(|(group, figures)| group.figures.push(figures));
        }
        groups.sort_by(|one, other| compare_all(&one.values, &other.values));
        Ok(groups)
    }

    /// For each of these runs, which ascend, whether it counts: of several of a group with the same experiment, params
    /// and seed the newest that ended well does, one of all stages before one of some; or the newest when none did.
    fn count_once(&self, numbers: &[i64], group_of: &[usize]) -> rusqlite::Result<Vec<bool>> {
        let (mut work, ended_well) = self.brief(numbers, group_of)?;
        let catalog = self.read_catalog()?;
        for field in catalog.names(Kind::Param).filter_map(|name| catalog.field(&format!("param.{name}"))) {
            // Params are read only of runs that share the rest.
            let shared = shared(&work);
            if shared.is_empty() {
                break;
            }
            let values = self.column(&field, &shared.iter().map(|row| numbers[*row]).collect::<Vec<i64>>())?;
            if values.windows(2).all(|pair| pair[0] == pair[1]) {
                continue;
            }
            let mut known: HashMap<(usize, Value), usize> = HashMap::new();
            for (row, value) in shared.into_iter().zip(values) {
                work[row] = *known.entry((work[row], value)).or_insert(row);
            }
        }
        let again: Vec<i64> = shared(&work).iter().map(|row| numbers[*row]).collect();
        let partial = if again.is_empty() { HashSet::new() } else { self.of_partial_launches(&again)? };
        let worth = |row: usize| (ended_well[row], !partial.contains(&numbers[row]));
        let mut counted: HashMap<usize, usize> = HashMap::new();
        for (row, work) in work.iter().enumerate() {
            let best = counted.entry(*work).or_insert(row);
            if worth(row) >= worth(*best) {
                *best = row;
            }
        }
        Ok((0..numbers.len()).map(|row| counted[&work[row]] == row).collect())
    }

    /// Those of these runs, and perhaps others, whose launches were to run some stages only.
    fn of_partial_launches(&self, numbers: &[i64]) -> rusqlite::Result<HashSet<i64>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number FROM runs WHERE launch IN
                (SELECT number FROM launches WHERE config -> '$.only' IS NOT NULL AND number IN
                    (SELECT launch FROM json_each(?1) AS wanted JOIN runs ON runs.number = wanted.value))",
        )?;
        statement.query_map([Value::from(numbers).to_string()], |row| row.get(0))?.collect()
    }

    /// For each of these runs, which ascend, the first one of its group, experiment and seed, and whether it ended well.
    fn brief(&self, numbers: &[i64], group_of: &[usize]) -> rusqlite::Result<(Vec<usize>, Vec<bool>)> {
        let sql = "SELECT number, experiment, seed, status FROM runs INDEXED BY runs_brief ORDER BY number";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut experiments: HashMap<String, usize> = HashMap::new();
        let mut firsts: HashMap<(usize, usize, i64), usize> = HashMap::new();
        let (mut work, mut ended_well) = (Vec::with_capacity(numbers.len()), Vec::with_capacity(numbers.len()));
        while let Some(row) = rows.next()? {
            let at = work.len();
            if numbers.get(at) != Some(&row.get(0)?) {
                continue;
            }
            let (name, next) = (row.get_ref(1)?.as_str()?, experiments.len());
            let experiment = match experiments.get(name) {
                Some(experiment) => *experiment,
                None => *experiments.entry(name.to_owned()).or_insert(next),
            };
            work.push(*firsts.entry((group_of[at], experiment, row.get(2)?)).or_insert(at));
            ended_well.push(matches!(row.get_ref(3)?.as_str()?, "executed" | "cached"));
        }
        Ok((work, ended_well))
    }

    fn figures(
        &self,
        measure: &Field,
        numbers: &[i64],
        group_of: &[usize],
        groups: usize,
    ) -> rusqlite::Result<Vec<Option<Figures>>> {
        let direction = better(measure.name());
        let mut values = vec![Vec::new(); groups];
        let mut best: Vec<Option<(f64, i64)>> = vec![None; groups];
        for ((value, number), group) in self.column(measure, numbers)?.iter().zip(numbers).zip(group_of) {
            let Some(value) = value.as_f64() else { continue };
            values[*group].push(value);
            let beats = |than: f64| match direction {
                Some(Better::Lower) => value < than,
                Some(Better::Higher) => value > than,
                None => false,
            };
            if direction.is_some() && best[*group].is_none_or(|(than, _)| beats(than)) {
                best[*group] = Some((value, *number));
            }
        }
        let figures = |(values, best): (Vec<f64>, Option<(f64, i64)>)| -> rusqlite::Result<Option<Figures>> {
            let Some(summary) = Summary::of(&values) else { return Ok(None) };
            let best = match best {
                Some((value, number)) => self.id_of(number)?.map(|id| (value, id)),
                None => None,
            };
            Ok(Some(Figures { summary, best }))
        };
        values.into_iter().zip(best).map(figures).collect()
    }

    fn id_of(&self, number: i64) -> rusqlite::Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM runs WHERE number = ?1")?;
        statement.query_row([number], |row| row.get(0)).optional()
    }

    /// The values of the runs with these row numbers, which ascend; `null` where there is none. Several tags of a run
    /// are one text.
    fn column(&self, field: &Field, numbers: &[i64]) -> rusqlite::Result<Vec<Value>> {
        let mut values = vec![Value::Null; numbers.len()];
        for (sql, value_type) in reads(field) {
            let mut statement = self.connection.prepare(&sql.text)?;
            let mut rows = statement.query(params_from_iter(&sql.values))?;
            let mut at = 0;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                at += numbers[at..].iter().take_while(|other| **other < number).count();
                if numbers.get(at) != Some(&number) {
                    continue;
                }
                values[at] = match (values[at].take(), json(row.get_ref(1)?, value_type)?) {
                    (Value::String(one), Value::String(other)) => Value::String(format!("{one} {other}")),
                    (_, next) => next,
                };
            }
        }
        Ok(values)
    }
}

/// The rows whose work other rows have too.
fn shared(work: &[usize]) -> Vec<usize> {
    let mut sizes = vec![0_usize; work.len()];
    work.iter().for_each(|work| sizes[*work] += 1);
    (0..work.len()).filter(|row| sizes[work[*row]] > 1).collect()
}

/// Questions for the row numbers and values of a field, and the type of those values.
fn reads(field: &Field) -> Vec<(Sql, FieldType)> {
    match field {
        Field::Column(column) => {
            let mut sql = Sql::default();
            sql.text.push_str("SELECT runs.number, ");
            match column {
                Column::Launch => sql.text.push_str("(SELECT id FROM launches WHERE number = runs.launch)"),
                _ => sql.value_of(field),
            }
            sql.text.push_str(" FROM runs INDEXED BY runs_brief ORDER BY runs.number");
            vec![(sql, field.types()[0])]
        }
        Field::Facts { numbers, .. } => {
            let read = |(value_type, number): (&FieldType, &i64)| {
                let mut sql = Sql::default();
                sql.text.push_str("SELECT run, value FROM facts WHERE name = ");
                sql.bind(*number).text.push_str(" ORDER BY run");
                (sql, *value_type)
            };
            numbers.iter().map(read).collect()
        }
    }
}

fn json(value: ValueRef, value_type: FieldType) -> rusqlite::Result<Value> {
    Ok(match SqlValue::try_from(value)? {
        SqlValue::Integer(truth) if value_type == FieldType::Boolean => Value::Bool(truth != 0),
        SqlValue::Integer(number) => number.into(),
        SqlValue::Real(number) => number.into(),
        SqlValue::Text(text) => Value::String(text),
        SqlValue::Null | SqlValue::Blob(_) => Value::Null,
    })
}

/// The same text for equal values: 8 and 8.0 are.
fn key(value: &Value) -> String {
    match value.as_f64() {
        Some(number) => number.to_string(),
        None => value.to_string(),
    }
}

fn compare_all(one: &[Value], other: &[Value]) -> Ordering {
    let pairs = one.iter().zip(other);
    pairs.map(|(one, other)| compare(one, other)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Numbers before everything else, what is missing last.
pub fn compare(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::Bool(_) => 1,
        Value::Null => 3,
        _ => 2,
    };
    let numbers = one.as_f64().zip(other.as_f64());
    let by_value = || match (numbers, one, other) {
        (Some((one, other)), ..) => one.total_cmp(&other),
        (_, Value::String(one), Value::String(other)) => one.cmp(other),
        _ => one.to_string().cmp(&other.to_string()),
    };
    rank(one).cmp(&rank(other)).then_with(by_value)
}
