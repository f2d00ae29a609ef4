//! What is wrong in any of the variants, each thing once.

use std::collections::{BTreeSet, HashMap};

use crate::config::Axis;
use crate::diagnostic::Diagnostic;
use crate::plan::sweep::Point;

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
    pub fn take(&mut self, axes: &[Axis], points: &[Point]) -> Vec<Diagnostic> {
        let complete = |(mut diagnostic, at): (Diagnostic, BTreeSet<usize>)| {
            if let Some(when) = when(axes, points, &at, &diagnostic) {
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
    let say = |axis: usize| format!("{} = {}", axes[axis].param, axes[axis].values[first[axis]].to_json());
    if alike == at.len() {
        let told = shared.iter().any(|axis| diagnostic.span == Some(axes[*axis].values[first[*axis]].span));
        let when = shared.into_iter().map(say).collect::<Vec<_>>().join(" and ");
        return (!told).then(|| format!("when {when}"));
    }
    let example = (0..axes.len()).map(say).collect::<Vec<_>>().join(" and ");
    Some(format!("in {} of {} variants, such as {example}", at.len(), points.len()))
}
