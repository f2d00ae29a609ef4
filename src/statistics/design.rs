//! The columns of a design of factors, and how well they fit values by least squares.

use std::collections::HashMap;

/// A factor, or several that act together, as columns: one for every level or combination there is but the first, 1
/// where it holds and else 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub factors: Vec<usize>,
    pub columns: usize,
    /// By factor, whether it is one of these or one of these is nested in it.
    covers: Vec<bool>,
    /// The column that is 1 in each measurement, if any.
    column: Vec<Option<usize>>,
}

impl Term {
    /// `nested[one][other]`: whether a factor is nested in another.
    pub fn new(members: &[usize], factors: &[Vec<usize>], nested: &[Vec<bool>]) -> Self {
        let runs = members.first().map_or(0, |factor| factors[*factor].len());
        let counts: Vec<usize> =
            members.iter().map(|factor| factors[*factor].iter().max().map_or(0, |last| last + 1)).collect();
        let cell = |run: usize| {
            members.iter().zip(&counts).fold(0, |cell, (factor, count)| cell * count + factors[*factor][run])
        };
        let mut places: HashMap<usize, usize> = HashMap::new();
        let place = |run: usize| {
            let next = places.len();
            *places.entry(cell(run)).or_insert(next)
        };
        let column = (0..runs).map(place).map(|place| place.checked_sub(1)).collect();
        let covers = |factor| members.iter().any(|member| *member == factor || nested[*member][factor]);
        Self {
            covers: (0..factors.len()).map(covers).collect(),
            column,
            columns: places.len().saturating_sub(1),
            factors: members.to_vec(),
        }
    }

    /// Whether the other term is a part of this one, or this one itself. A nested factor is a part of how it acts
    /// together with that which it is nested in.
    pub fn contains(&self, other: &Term) -> bool {
        let covers = |term: &Self, other: &Self| other.factors.iter().all(|factor| term.covers[*factor]);
        covers(self, other) && (self.factors.len() >= other.factors.len() || !covers(other, self))
    }
}

/// Terms, and all that least squares needs to know of them and the values.
#[derive(Debug)]
pub struct Design {
    pub terms: Vec<Term>,
    /// The lower triangle of the products of any two columns, centered, and of the values, which come last.
    products: Vec<Vec<f64>>,
}

/// What least squares leaves.
#[derive(Debug)]
pub struct Fit {
    /// Columns that are independent, the constant not counted.
    pub rank: usize,
    /// The residuals' sum of squares.
    pub squares: f64,
}

impl Design {
    /// The values' mean must be 0.
    pub fn new(terms: Vec<Term>, centered: &[f64]) -> Self {
        let last: usize = terms.iter().map(|term| term.columns).sum();
        let mut products: Vec<Vec<f64>> = (0..=last).map(|row| vec![0.0; row + 1]).collect();
        for (run, value) in centered.iter().enumerate() {
            let ones = terms.iter().zip(starts(&terms)).filter_map(|(term, start)| Some(start + term.column[run]?));
            let ones: Vec<usize> = ones.collect();
            for (place, row) in ones.iter().enumerate() {
                ones[..=place].iter().for_each(|column| products[*row][*column] += 1.0);
                products[last][*row] += value;
            }
            products[last][last] += value * value;
        }
        let counts: Vec<f64> = (0..last).map(|place| products[place][place]).collect();
        for (row, count) in counts.iter().enumerate() {
            let entries = products[row].iter_mut().zip(&counts);
            entries.for_each(|(entry, other)| *entry -= count * other / centered.len() as f64);
        }
        Self { terms, products }
    }

    /// Fits some of the terms. Eliminates column after column from the products of their columns and the values, whose
    /// own product is then what is left of it. Columns that others imply are left out.
    pub fn fit(&self, is_in: impl Fn(&Term) -> bool) -> Fit {
        let starts = self.terms.iter().zip(starts(&self.terms));
        let columns = starts.filter(|(term, _)| is_in(term)).flat_map(|(term, start)| start..start + term.columns);
        let columns: Vec<usize> = columns.chain([self.products.len() - 1]).collect();
        let row = |(place, row): (usize, &usize)| -> Vec<f64> {
            columns[..=place].iter().map(|column| self.products[*row][*column]).collect()
        };
        let mut products: Vec<Vec<f64>> = columns.iter().enumerate().map(row).collect();
        let last = products.len() - 1;
        let before: Vec<f64> = (0..last).map(|place| products[place][place]).collect();
        let mut rank = 0;
        for pivot in 0..last {
            let own = products[pivot][pivot];
            if own <= 1e-9 * before[pivot] {
                continue;
            }
            rank += 1;
            let column: Vec<f64> = (pivot + 1..=last).map(|row| products[row][pivot]).collect();
            for (row, entry) in column.iter().enumerate().filter(|(_, entry)| **entry != 0.0) {
                let rest = products[pivot + 1 + row][pivot + 1..].iter_mut();
                rest.zip(&column).for_each(|(product, other)| *product -= entry / own * other);
            }
        }
        Fit { rank, squares: products[last][last] }
    }
}

/// Where each term's columns begin.
fn starts(terms: &[Term]) -> impl Iterator<Item = usize> {
    terms.iter().scan(0, |next, term| Some(std::mem::replace(next, *next + term.columns)))
}
