//! What is wrong in any of the variants, each thing once.

use std::collections::{BTreeSet, HashMap};

use crate::config::{Axis, Point, Sweep};
use crate::diagnostic::Diagnostic;

/// Diagnostics with the points of the sweep that they were met at.
#[derive(Default)]
pub struct Findings {
    found: Vec<(Diagnostic, BTreeSet<usize>)>,
    places: HashMap<String, usize>,
}

impl Findings {
    /// Notes what is wrong at a point.
    pub fn add<'a>(&mut self, point: usize, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
        for diagnostic in diagnostics {
            let place = *self.places.entry(format!("{diagnostic:?}")).or_insert_with(|| {
                self.found.push((diagnostic.clone(), BTreeSet::new()));
                self.found.len() - 1
            });
            self.found[place].1.insert(point);
        }
    }

    /// Everything once; what is not wrong at every point says when it is.
    pub fn take(&mut self, sweep: &Sweep) -> Vec<Diagnostic> {
        let complete = |(mut diagnostic, at): (Diagnostic, BTreeSet<usize>)| {
            if let Some(when) = when(&sweep.axes, &sweep.points, &at, &diagnostic) {
                diagnostic.message = format!("{} ({when})", diagnostic.message);
            }
            diagnostic
        };
        std::mem::take(self).found.into_iter().map(complete).collect()
    }
}

/// In which variants, in words; `None` when in all, or when the diagnostic stands at the swept value itself.
fn when(axes: &[Axis], points: &[Point], at: &BTreeSet<usize>, diagnostic: &Diagnostic) -> Option<String> {
    let first = &points[*at.first()?];
    if at.len() == points.len() {
        return None;
    }
    let shared: Vec<usize> = (0..axes.len()).filter(|a| at.iter().all(|p| points[*p][*a] == first[*a])).collect();
    let alike = points.iter().filter(|point| shared.iter().all(|axis| point[*axis] == first[*axis])).count();
    let value = |axis: usize| first[axis].map(|index| &axes[axis].values[index]);
    let say = |axis: usize| value(axis).map(|value| format!("{} = {}", axes[axis].param, value.to_json()));
    let say_all = |among: &mut dyn Iterator<Item = usize>| match among.filter_map(say).collect::<Vec<_>>() {
        said if said.is_empty() => "nothing is varied".to_owned(),
        said => said.join(" and "),
    };
    if alike == at.len() {
        let told = shared
            .iter()
            .any(|axis| diagnostic.span.is_some() && diagnostic.span == value(*axis).map(|value| value.span));
        let when = say_all(&mut shared.into_iter());
        return (!told).then(|| format!("when {when}"));
    }
    let example = say_all(&mut (0..axes.len()));
    Some(format!("in {} of {} variants, such as {example}", at.len(), points.len()))
}
