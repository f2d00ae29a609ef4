//! `[sweep]` fitted to the pipeline's params: what varies and how, not yet which points that makes.

use std::collections::{BTreeMap, BTreeSet};

use super::distribution::{self, Drawn};
use super::layers::Layers;
use super::{MAX_POINTS, WORDS};
use crate::config::reader::{Reader, wrong_type};
use crate::config::value::{Entry, Kind, Located};
use crate::config::{ParamDef, Pipeline, params};
use crate::diagnostic::{Diagnostic, Span};

/// What varies.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// In the order written.
    pub dims: Vec<Dim>,
    /// Names of params that advance together, each with its place.
    pub zip: Vec<Vec<(String, Span)>>,
    pub points: Option<Rows>,
    pub exclude: Option<Rows>,
    pub include: Option<Rows>,
    pub draws: Option<(usize, Span)>,
    pub draw_seed: u64,
    /// Words that are used, and where.
    pub words: BTreeMap<String, Span>,
    /// See [`Layers`].
    pub overridden: BTreeSet<String>,
    /// Nothing is wrong so far.
    pub sound: bool,
}

impl Spec {
    /// Where the first thing that varies is written.
    pub fn first_place(&self) -> Option<Span> {
        self.dims.iter().map(|dim| dim.span).chain(self.words.values().copied()).min()
    }
}

/// A list of tables.
#[derive(Debug, Clone)]
pub struct Rows {
    pub span: Span,
    pub rows: Vec<Row>,
}

/// A table of params and their values.
#[derive(Debug, Clone)]
pub struct Row {
    pub span: Span,
    pub values: Vec<Named>,
}

/// A param's value.
#[derive(Debug, Clone)]
pub struct Named {
    pub param: String,
    pub span: Span,
    pub value: Located,
}

/// A param that varies by itself.
#[derive(Debug, Clone)]
pub struct Dim {
    pub param: String,
    pub span: Span,
    pub spread: Spread,
    /// It is varied only where all of these are met.
    pub when: Vec<Need>,
}

/// How a param varies.
#[derive(Debug, Clone)]
pub enum Spread {
    /// Over all of these.
    Grid(Vec<Located>),
    /// Drawn.
    Drawn(Drawn),
}

/// A param that must have one of these values.
#[derive(Debug, Clone)]
pub struct Need {
    pub param: String,
    pub span: Span,
    pub values: Vec<Located>,
}

/// Fits what is swept to the params. What is wrong is reported, and left out.
pub fn read(layers: &Layers, pipeline: &Pipeline, reader: &mut Reader) -> Spec {
    let before = reader.diagnostics.len();
    let mut reading = Reading { pipeline, reader, zipped: names_in(layers, "zip") };
    let mut spec = Spec { overridden: layers.overridden.clone(), ..Spec::default() };
    for entry in &layers.entries {
        match WORDS.contains(&entry.key.as_str()) {
            true => {
                spec.words.insert(entry.key.clone(), entry.key_span);
                reading.word(entry, &mut spec);
            }
            false => spec.dims.extend(reading.dim(entry)),
        }
    }
    // What was refused when the file was read, such as an infinite number, is reported already.
    let params = layers.entries.iter().filter(|entry| !WORDS.contains(&entry.key.as_str())).count();
    spec.sound = reader.diagnostics.len() == before && spec.dims.len() == params;
    if spec.sound {
        refuse_two_places(&spec, reader);
        spec.sound = reader.diagnostics.len() == before;
    }
    spec
}

/// All texts in the list of lists under a word.
fn names_in(layers: &Layers, word: &str) -> BTreeSet<String> {
    let lists = layers.entries.iter().filter(|entry| entry.key == word).filter_map(|entry| entry.value.as_list());
    let names = lists.flatten().filter_map(Located::as_list).flatten().filter_map(Located::as_text);
    names.map(str::to_owned).collect()
}

struct Reading<'a> {
    pipeline: &'a Pipeline,
    reader: &'a mut Reader,
    zipped: BTreeSet<String>,
}

impl Reading<'_> {
    /// The declaration of a param; that there is none is reported.
    fn def(&mut self, param: &str, span: Span) -> Option<ParamDef> {
        let def = self.pipeline.params.get(param).cloned();
        if def.is_none() {
            params::report_unknown(param, span, self.pipeline, self.reader);
        }
        def
    }

    fn fit(&mut self, param: &str, def: &ParamDef, value: &Located) -> Option<Located> {
        params::fit(param, def, value).map_err(|problem| self.reader.report_of_param(param, problem)).ok()
    }

    fn dim(&mut self, entry: &Entry) -> Option<Dim> {
        let param = &entry.key;
        let def = self.def(param, entry.key_span)?;
        let (spread, when) = match &entry.value.kind {
            Kind::List(values) => (Spread::Grid(self.values(entry, &def, values)?), Vec::new()),
            Kind::Table(table) => {
                let spread = self.spread(entry, &def, table)?;
                let when = entry.value.get("when").map(|when| self.when(param, &when.value));
                (spread, when.unwrap_or_default())
            }
            _ => {
                let problem = wrong_type(param, "a list of values in [sweep]", &entry.value);
                self.reader.report(problem.help("write the values in a list, or the one value under [params]"));
                return None;
            }
        };
        Some(Dim { param: param.clone(), span: entry.key_span, spread, when })
    }

    fn spread(&mut self, entry: &Entry, def: &ParamDef, table: &[Entry]) -> Option<Spread> {
        match table.iter().find(|entry| entry.key == "values") {
            None => distribution::read(entry, def, table, self.reader).map(Spread::Drawn),
            Some(values) => {
                self.reader.refuse_unknown_keys(table, &["values", "when"], &format!("`{}`", entry.key));
                let list = self.reader.take(table, "values", "a list", Located::as_list)?;
                let own = Entry { key: entry.key.clone(), key_span: values.key_span, value: values.value.clone() };
                self.values(&own, def, list).map(Spread::Grid)
            }
        }
    }

    /// The values of a list that fit. Only zipped params may repeat one.
    fn values(&mut self, entry: &Entry, def: &ParamDef, values: &[Located]) -> Option<Vec<Located>> {
        let param = &entry.key;
        if values.is_empty() {
            let problem = Diagnostic::new("empty-sweep", format!("the sweep over `{param}` has no values"));
            self.reader.report(problem.at(entry.key_span, "").help("list the values to try, or remove the axis"));
            return None;
        }
        let fitted: Vec<Located> = values.iter().filter_map(|value| self.fit(param, def, value)).collect();
        if !self.zipped.contains(param) {
            const HELP: &str = "remove one of them; `repeats` runs more seeds";
            distribution::refuse_repeated(param, &fitted, HELP, self.reader);
        }
        (!fitted.is_empty()).then_some(fitted)
    }

    fn when(&mut self, param: &str, when: &Located) -> Vec<Need> {
        const HELP: &str = "write `when = { architecture = \"conv\" }`, or a list of values that will do";
        let Some(table) = when.as_table().filter(|table| !table.is_empty()) else {
            let what = if when.as_table().is_some() { "names no param" } else { "is no table of params" };
            let problem = Diagnostic::new("bad-condition", format!("`when` of `{param}` {what}"));
            self.reader.report(problem.at(when.span, "").help(HELP));
            return Vec::new();
        };
        let needs: Vec<Option<Need>> = table.iter().map(|entry| self.need(entry)).collect();
        needs.into_iter().flatten().collect()
    }

    fn need(&mut self, entry: &Entry) -> Option<Need> {
        let def = self.def(&entry.key, entry.key_span)?;
        let is_list = matches!(def.default.kind, Kind::List(_));
        let values = match &entry.value.kind {
            // Of a param that is a list itself, several values are a list of lists.
            Kind::List(items) if !is_list || items.iter().any(|item| item.as_list().is_some()) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        let values: Vec<Located> = values.iter().filter_map(|value| self.fit(&entry.key, &def, value)).collect();
        Some(Need { param: entry.key.clone(), span: entry.value.span, values })
    }

    fn word(&mut self, entry: &Entry, spec: &mut Spec) {
        match entry.key.as_str() {
            "zip" => spec.zip = self.zip(entry).unwrap_or_default(),
            "points" => spec.points = self.rows(entry),
            "exclude" => spec.exclude = self.rows(entry),
            "include" => spec.include = self.rows(entry),
            "draws" => {
                let draws = self.number(entry, 1, "the number of points to draw", "20");
                spec.draws = draws.map(|draws| (draws as usize, entry.value.span));
            }
            _ => spec.draw_seed = self.number(entry, 0, "an integer from 0 on", "0").unwrap_or_default(),
        }
    }

    /// Under a word stands something else; perhaps a param has the word's name.
    fn misused(&mut self, entry: &Entry, wants: &str, example: &str) {
        let word = &entry.key;
        let problem = wrong_type(word, wants, &entry.value);
        self.reader.report(match self.pipeline.params.get(word) {
            Some(def) => problem
                .context(def.span, "a param of this name")
                .help(format!("`{word}` is a word of [sweep]: give the param another name to sweep over it")),
            None => problem.help(format!("write `{word} = {example}`")),
        });
    }

    fn number(&mut self, entry: &Entry, least: i64, wants: &str, example: &str) -> Option<u64> {
        let number = entry.value.as_integer();
        if number.is_none() {
            self.misused(entry, wants, example);
        }
        let most = if entry.key == "draws" { MAX_POINTS as i64 } else { i64::MAX };
        self.reader.within(&entry.key, number?, (least, most), entry.value.span)
    }

    fn zip(&mut self, entry: &Entry) -> Option<Vec<Vec<(String, Span)>>> {
        let names = |group: &Located| -> Option<Vec<(String, Span)>> {
            group.as_list()?.iter().map(|name| Some((name.as_text()?.to_owned(), name.span))).collect()
        };
        let groups: Option<Vec<Vec<(String, Span)>>> =
            entry.value.as_list().and_then(|groups| groups.iter().map(names).collect());
        if groups.is_none() {
            self.misused(entry, "a list of lists of params", "[[\"a\", \"b\"]]");
        }
        groups
    }

    fn rows(&mut self, entry: &Entry) -> Option<Rows> {
        let tables: Option<Vec<(&[Entry], Span)>> = entry
            .value
            .as_list()
            .and_then(|items| items.iter().map(|item| Some((item.as_table()?, item.span))).collect());
        let Some(tables) = tables else {
            self.misused(entry, "a list of tables of params", "[{ a = 1, b = 2 }]");
            return None;
        };
        if tables.is_empty() && entry.key == "points" {
            let problem = Diagnostic::new("empty-sweep", "the list of points is empty").at(entry.key_span, "");
            self.reader.report(problem.help("write the points, as in `points = [{ a = 1, b = 2 }]`, or remove it"));
            return None;
        }
        let mut rows = Vec::new();
        for (table, span) in tables {
            if table.is_empty() && entry.key != "points" {
                let problem = Diagnostic::new("empty-entry", format!("an entry of `{}` names no param", entry.key));
                self.reader.report(problem.at(span, "").help("name params and their values, or remove it"));
            }
            let mut values = Vec::new();
            for entry in table {
                let Some(def) = self.def(&entry.key, entry.key_span) else { continue };
                let Some(value) = self.fit(&entry.key, &def, &entry.value) else { continue };
                values.push(Named { param: entry.key.clone(), span: entry.key_span, value });
            }
            rows.push(Row { span, values });
        }
        Some(Rows { span: entry.key_span, rows })
    }
}

/// Reports params that are swept in two ways, and groups of params that cannot be zipped.
fn refuse_two_places(spec: &Spec, reader: &mut Reader) {
    let by_param: BTreeMap<&str, &Dim> = spec.dims.iter().map(|dim| (dim.param.as_str(), dim)).collect();
    let mut told = BTreeSet::new();
    for named in spec.points.iter().flat_map(|points| &points.rows).flat_map(|row| &row.values) {
        if let Some(dim) = by_param.get(named.param.as_str()).filter(|_| told.insert(&named.param)) {
            let message = format!("`{}` is swept by itself and in `points`", named.param);
            let problem = Diagnostic::new("swept-twice", message).at(named.span, "a value of the same param");
            let help = "keep one of the two; `points` is combined with every value of the other params";
            reader.report(problem.context(dim.span, "swept here").help(help));
        }
    }
    let mut grouped: BTreeMap<&str, Span> = BTreeMap::new();
    for group in spec.zip.iter().filter(|group| !group.is_empty()) {
        for (name, span) in group {
            if let Some(first) = grouped.insert(name, *span) {
                let problem = Diagnostic::new("swept-twice", format!("`{name}` is zipped twice")).at(*span, "again");
                reader.report(problem.context(first, "zipped here").help("name each param once"));
            }
        }
        refuse_group(group, &by_param, reader);
    }
}

fn refuse_group(group: &[(String, Span)], by_param: &BTreeMap<&str, &Dim>, reader: &mut Reader) {
    if let [(name, span)] = group {
        let problem = Diagnostic::new("zipped-alone", format!("`{name}` is zipped with nothing")).at(*span, "");
        reader.report(problem.help("name those that advance together, as in `zip = [[\"a\", \"b\"]]`, or remove it"));
    }
    let mut lists = Vec::new();
    for (name, span) in group {
        let problem = match by_param.get(name.as_str()).map(|dim| (dim, &dim.spread)) {
            Some((dim, Spread::Grid(values))) => {
                lists.push((dim, values));
                continue;
            }
            Some((dim, Spread::Drawn(_))) => {
                Diagnostic::new("not-a-list", format!("`{name}` is drawn, and cannot be zipped"))
                    .context(dim.span, "drawn here")
                    .help("params that are drawn advance together anyway: take it out of `zip`")
            }
            None => Diagnostic::new("not-swept", format!("`{name}` is zipped, but not swept"))
                .help(format!("give it a list of values: `{name} = [...]`, as long as the others'")),
        };
        reader.report(problem.at(*span, "zipped here"));
    }
    if lists.iter().any(|(_, values)| values.len() != lists[0].1.len()) {
        let counts: Vec<String> =
            lists.iter().map(|(dim, values)| format!("`{}` has {}", dim.param, values.len())).collect();
        let message = format!("zipped params need equally many values: {}", counts.join(", "));
        let mut problem = Diagnostic::new("unequal-lengths", message).at(group[0].1, "in this group");
        for (dim, values) in lists {
            problem = problem.context(dim.span, crate::text::count(values.len(), "value"));
        }
        reader.report(problem.help("give each the same number of values, one for each step"));
        return;
    }
    let mut seen = BTreeMap::new();
    for step in 0..lists.first().map_or(0, |(_, values)| values.len()) {
        let values: Vec<String> = lists.iter().map(|(_, values)| values[step].to_toml()).collect();
        let span = lists[0].1[step].span;
        if let Some(first) = seen.insert(values, span) {
            let problem =
                Diagnostic::new("repeated-point", "zipped params have the same values twice").at(span, "again");
            reader.report(problem.context(first, "the first").help("remove one of them; `repeats` runs more seeds"));
        }
    }
}
