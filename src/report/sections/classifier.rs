//! How the classifiers learned and what they mistake.

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::draw::bars::{Bar, Bars};
use crate::report::draw::heat_map::{self, HeatMap, MOST_ROWS};
use crate::report::draw::palette::ACCENT;
use crate::report::figures::Material;
use crate::report::section::{Look, Section, Table};
use crate::report::sections::training::{curves, epochs, last_values};
use crate::report::source::Source;
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Classifier {
    #[serde(default)]
    on: Option<String>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let sources = material.of(ArtifactType::Classifier);
    let mut sections = sources.iter().map(|source| section(material, source)).collect::<Result<Vec<_>>>()?;
    if sources.len() > 1
        && let Some(first) = sections.first_mut()
    {
        first.tables.insert(0, comparison(&sources)?);
    }
    Ok(sections)
}

/// All classifiers of the run by test accuracy.
fn comparison(sources: &[&Source]) -> Result<Table> {
    let mut rows = Vec::new();
    for source in sources {
        let classifier: Classifier = source.json("model.json")?;
        let accuracy =
            Confusion::of(source)?.map_or_else(|| "–".into(), |confusion| number::percent(confusion.accuracy()));
        rows.push(vec![source.stage.clone(), classifier.on.unwrap_or_default(), accuracy]);
    }
    Ok(Table::new("All classifiers", &["classifier", "trained on", "test accuracy"], rows))
}

fn section(material: &Material<'_>, source: &Source) -> Result<Section> {
    let stage = &source.stage;
    let classifier: Classifier = source.json("model.json")?;
    let history = source.csv("history.csv")?;
    let confusion = Confusion::of(source)?;
    let on = classifier.on.map_or(String::new(), |on| format!(" on {on}"));
    let result = confusion.as_ref().map_or_else(
        || "there is no test split to try it on".to_owned(),
        |confusion| format!("{} of the test split is classified right", number::percent(confusion.accuracy())),
    );
    let mut section = Section {
        id: format!("classifier-{stage}"),
        title: material.title("Classifier", source),
        stage: stage.clone(),
        caption: format!("Trained{on}; {result}. {}", last_values(&history)),
        ..Section::default()
    };
    let accuracies = ["train_accuracy", "val_accuracy"];
    let losses = ["train_loss", "val_loss"];
    section.figures.extend(curves(material, source, &history, "accuracy", &accuracies, "share classified right")?);
    section.figures.extend(curves(material, source, &history, "loss", &losses, "loss (cross-entropy)")?);
    if let Some(confusion) = confusion {
        add_test_results(material, &mut section, &confusion)?;
    }
    section.tables.push(epochs(material, source, &history)?);
    Ok(section)
}

/// Adds what the test split says.
fn add_test_results(material: &Material<'_>, section: &mut Section, confusion: &Confusion) -> Result<()> {
    section.tables.push(confusion.table());
    if confusion.classes.len() > MOST_ROWS {
        return Ok(());
    }
    let stage = section.stage.clone();
    section.caption.push_str(
        " The confusion matrix counts test samples; a cell's shade is its share of the row, that of mistakes (orange) on a \
         square-root scale.",
    );
    let map = HeatMap {
        title: "Confusion matrix, test split",
        row_label: "true class",
        column_label: "predicted class",
        rows: confusion.classes.clone(),
        columns: confusion.classes.clone(),
        cells: heat_map::counts(&confusion.counts, true),
    };
    let accuracy = number::percent(confusion.accuracy());
    let alt = format!("Confusion matrix of {stage} on the test split; {accuracy} on the diagonal");
    section.figures.push(material.figure(&format!("confusion-{stage}"), Look::Picture, alt, &map.draw()?)?);
    let png = per_class(confusion).draw()?;
    let alt = format!("Bars: share of each class that {stage} recognizes");
    section.figures.push(material.figure(&format!("per-class-{stage}"), Look::Chart, alt, &png)?);
    Ok(())
}

/// Counts of test samples: one row per true class, one column per predicted class.
struct Confusion {
    classes: Vec<String>,
    counts: Vec<Vec<f64>>,
}

impl Confusion {
    /// `None` for a classifier that had no test split.
    fn of(source: &Source) -> Result<Option<Self>> {
        if !source.has("confusion.csv") {
            return Ok(None);
        }
        let csv = source.csv("confusion.csv")?;
        Ok(Some(Self { classes: csv.header.iter().skip(1).cloned().collect(), counts: csv.counts() }))
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.counts.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0.0)
    }

    fn accuracy(&self) -> f64 {
        let right: f64 = (0..self.classes.len()).map(|class| self.at(class, class)).sum();
        right / self.counts.iter().flatten().sum::<f64>()
    }

    /// Share of a true class that is recognized.
    fn recall(&self, class: usize) -> f64 {
        self.at(class, class) / self.counts.get(class).map_or(0.0, |row| row.iter().sum())
    }

    /// Share of what is called a class that is it.
    fn precision(&self, class: usize) -> f64 {
        let called: f64 = (0..self.counts.len()).map(|row| self.at(row, class)).sum();
        self.at(class, class) / called
    }

    fn table(&self) -> Table {
        let f1 = |precision: f64, recall: f64| 2.0 * precision * recall / (precision + recall);
        let row = |(class, name): (usize, &String)| {
            let (precision, recall) = (self.precision(class), self.recall(class));
            let samples: f64 = self.counts.get(class).map_or(0.0, |row| row.iter().sum());
            let shares = [precision, recall, f1(precision, recall)].map(number::percent);
            [vec![name.clone(), number::grouped(samples as i64)], shares.to_vec()].concat()
        };
        let rows = self.classes.iter().enumerate().map(row).collect();
        let header = ["class", "test samples", "precision", "recall", "F1"];
        Table { folded: true, ..Table::new("Every class", &header, rows) }
    }
}

fn per_class<'a>(confusion: &Confusion) -> Bars<'a> {
    let bar = |(class, name): (usize, &String)| {
        let recall = confusion.recall(class);
        Bar { label: name.clone(), value: recall, text: number::percent(recall), color: ACCENT }
    };
    let bars = confusion.classes.iter().enumerate().map(bar).collect();
    Bars { title: "Accuracy within each class (recall)", bars, full: Some(1.0) }
}
