//! Test images beside the probabilities a classifier gave them. Knows no classifier.

use plotters::style::RGBColor;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::frame::{self, TEXT};
use crate::report::draw::palette::{ACCENT, FAINT, INK, MUTED, WRONG};
use crate::report::draw::pen::{self, Align, Font, Pen, Png};
use crate::report::draw::pictures::{Images, Look};
use crate::report::number;

/// One image and what was said of it.
pub struct Prediction {
    /// Row of the test split.
    pub index: usize,
    pub probabilities: Vec<f64>,
    pub predicted: usize,
    pub label: Option<usize>,
}

/// Bars shown at most; the most probable classes when there are more.
const BARS: usize = 10;
const PITCH: f64 = 15.0;
const SIDE: f64 = 112.0;

/// Draws predictions one under the other: the image on the left, a bar for each class on the right.
pub fn draw(title: &str, images: Option<&Images>, predictions: &[Prediction], classes: &[String]) -> Result<Png> {
    let bars = classes.len().clamp(1, BARS);
    let each = (34.0 + PITCH * bars as f64).max(34.0 + if images.is_some() { SIDE + 4.0 } else { 0.0 }) + 14.0;
    pen::draw((WIDTH, 30.0 + each * predictions.len() as f64), |pen| {
        frame::title(pen, title, 0.0);
        for (place, prediction) in predictions.iter().enumerate() {
            let y = 34.0 + each * place as f64;
            verdict(pen, prediction, classes, y + 10.0);
            if let Some(images) = images.filter(|images| place < images.pixels.len()) {
                let [h, w, _] = images.shape;
                let tall = (SIDE * h as f64 / w.max(1) as f64).min(PITCH * BARS as f64);
                images.draw(pen, place, Look::Picture, (0.0, y + 28.0), (SIDE, tall));
            }
            chart(pen, prediction, classes, if images.is_some() { SIDE + 14.0 } else { 0.0 }, y + 28.0);
        }
    })
}

fn name(classes: &[String], class: usize) -> String {
    classes.get(class).cloned().unwrap_or_else(|| class.to_string())
}

fn verdict(pen: &mut Pen<'_>, prediction: &Prediction, classes: &[String], y: f64) {
    let predicted = name(classes, prediction.predicted);
    let (text, color) = match prediction.label {
        Some(label) if label == prediction.predicted => (format!("✓ {predicted}"), ACCENT),
        Some(label) => (format!("✗ {predicted}, is {}", name(classes, label)), WRONG),
        None => (predicted, INK),
    };
    let font = Font { bold: true, color, ..TEXT };
    let text = pen.fitted(&text, 350.0, font);
    pen.text(&text, (0.0, y), font);
    let sample = format!("test sample {}", number::count(prediction.index));
    pen.text(&sample, (WIDTH - 2.0, y), Font { align: Align::Right, ..TEXT });
}

fn chart(pen: &mut Pen<'_>, prediction: &Prediction, classes: &[String], left: f64, top: f64) {
    let mut shown: Vec<usize> = (0..prediction.probabilities.len()).collect();
    if shown.len() > BARS {
        shown.sort_by(|&a, &b| prediction.probabilities[b].total_cmp(&prediction.probabilities[a]).then(a.cmp(&b)));
        shown.truncate(BARS);
    }
    let font = Font { size: 12.0, ..TEXT };
    let labels: Vec<String> = shown.iter().map(|&class| pen.fitted(&name(classes, class), 90.0, font)).collect();
    let start = left + labels.iter().map(|label| pen.width(label, font)).fold(0.0, f64::max) + 8.0;
    let full = WIDTH - 54.0 - start;
    for (row, (&class, label)) in shown.iter().zip(&labels).enumerate() {
        let y = top + PITCH * (row as f64 + 0.5);
        let probability = prediction.probabilities[class];
        let share = if probability.is_finite() { probability.clamp(0.0, 1.0) } else { 0.0 };
        let strong = class == prediction.predicted || Some(class) == prediction.label;
        pen.text(label, (start - 8.0, y), Font { align: Align::Right, bold: strong, ..font });
        pen.rect((start, y - 5.5), (full, 11.0), &FAINT);
        pen.rect((start, y - 5.5), (full * share, 11.0), &bar_color(prediction, class));
        pen.text(&number::percent(probability), (WIDTH - 2.0, y), Font { align: Align::Right, bold: strong, ..font });
    }
}

/// The right class in blue, a wrong guess in red, the rest in gray.
fn bar_color(prediction: &Prediction, class: usize) -> RGBColor {
    match prediction.label {
        Some(label) if label == class => ACCENT,
        Some(_) if class == prediction.predicted => WRONG,
        None if class == prediction.predicted => ACCENT,
        _ => MUTED,
    }
}
