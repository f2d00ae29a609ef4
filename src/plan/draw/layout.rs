//! Where boxes and wires go in a layered drawing from top to bottom: longest-path layers, barycenter ordering
//! (Sugiyama, Tagawa and Toda 1981), and positions that are as near to the neighbors' mean as the order allows
//! (isotonic regression by pooling adjacent violators).

use std::collections::BTreeMap;

/// A graph to lay out: boxes with their widths, and lines between them, each with a starting point.
pub struct Input<'a> {
    pub widths: &'a [f64],
    /// From, to, and what the line carries: lines from one box that carry the same share their way.
    pub lines: &'a [(usize, usize, usize)],
    /// Least distance between neighbors in a layer.
    pub gap: f64,
}

/// A layout.
pub struct Layout {
    /// Layer of each box, the first at the top.
    pub layers: Vec<usize>,
    /// Horizontal middle of each box.
    pub x: Vec<f64>,
    /// For each line the horizontal places at which it passes the layers between its ends, from top to bottom.
    pub ways: Vec<Vec<f64>>,
    pub width: f64,
}

/// Width that a passing line takes.
const LINE: f64 = 10.0;
const SWEEPS: usize = 12;

/// Lays out; the lines must not form a cycle and lead from lower to higher indices.
pub fn layout(input: &Input) -> Layout {
    let layers = layers(input);
    let mut grid = Grid::new(input, &layers);
    grid.order();
    grid.place();
    let leftmost = (0..grid.x.len()).map(|at| grid.x[at] - grid.width[at] / 2.0).fold(f64::INFINITY, f64::min);
    let rightmost = (0..grid.x.len()).map(|at| grid.x[at] + grid.width[at] / 2.0).fold(0.0, f64::max);
    let x: Vec<f64> = grid.x.iter().map(|x| x - leftmost).collect();
    let ways = grid.ways.iter().map(|way| way.iter().map(|at| x[*at]).collect()).collect();
    let width = if x.is_empty() { 0.0 } else { rightmost - leftmost };
    Layout { layers, x: x[..input.widths.len()].to_vec(), ways, width }
}

/// Each box one below the lowest that it needs; what needs nothing, right above the first that needs it.
fn layers(input: &Input) -> Vec<usize> {
    let mut layers = vec![0; input.widths.len()];
    let mut lines = input.lines.to_vec();
    lines.sort_unstable();
    for (from, to, _) in &lines {
        layers[*to] = layers[*to].max(layers[*from] + 1);
    }
    for source in (0..layers.len()).filter(|index| lines.iter().all(|(_, to, _)| to != index)) {
        let consumers = lines.iter().filter(|(from, ..)| *from == source).map(|(_, to, _)| layers[*to]);
        layers[source] = consumers.min().map_or(0, |layer| layer - 1);
    }
    layers
}

/// Boxes, and points that lines pass through, by layer.
struct Grid {
    /// Box or point, from left to right.
    rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    width: Vec<f64>,
    x: Vec<f64>,
    ways: Vec<Vec<usize>>,
    gap: f64,
    boxes: usize,
}

impl Grid {
    fn new(input: &Input, layers: &[usize]) -> Self {
        let boxes = layers.len();
        let mut rows = vec![Vec::new(); layers.iter().max().map_or(0, |last| last + 1)];
        layers.iter().enumerate().for_each(|(index, layer)| rows[*layer].push(index));
        let mut width = input.widths.to_vec();
        let mut points: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        let (mut above, mut below) = (vec![Vec::new(); boxes], vec![Vec::new(); boxes]);
        let mut ways = Vec::new();
        for (from, to, carried) in input.lines {
            let mut way = vec![*from];
            for (layer, row) in rows.iter_mut().enumerate().take(layers[*to]).skip(layers[*from] + 1) {
                let point = *points.entry((*from, *carried, layer)).or_insert_with(|| {
                    row.push(width.len());
                    width.push(LINE);
                    above.push(Vec::new());
                    below.push(Vec::new());
                    width.len() - 1
                });
                way.push(point);
            }
            way.push(*to);
            for step in way.windows(2) {
                if !below[step[0]].contains(&step[1]) {
                    below[step[0]].push(step[1]);
                    above[step[1]].push(step[0]);
                }
            }
            ways.push(way[1..way.len() - 1].to_vec());
        }
        Self { rows, above, below, x: vec![0.0; width.len()], width, ways, gap: input.gap, boxes }
    }

    /// Orders every layer by the mean place of its neighbors, downwards and upwards in turn, and keeps the order with
    /// the fewest crossings.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let rows: Vec<usize> =
                if down { (1..self.rows.len()).collect() } else { (0..self.rows.len()).rev().skip(1).collect() };
            for row in rows {
                let fixed = self.places(if down { row - 1 } else { row + 1 });
                let neighbors = if down { &self.above } else { &self.below };
                let own = self.places(row);
                let rank = |at: &usize| mean(neighbors[*at].iter().map(|n| fixed[n])).unwrap_or(own[at]);
                self.rows[row].sort_by(|a, b| rank(a).total_cmp(&rank(b)));
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    fn places(&self, row: usize) -> BTreeMap<usize, f64> {
        self.rows[row].iter().enumerate().map(|(place, at)| (*at, place as f64)).collect()
    }

    fn crossings(&self) -> usize {
        let mut count = 0;
        for row in 1..self.rows.len() {
            let upper = self.places(row - 1);
            let ends: Vec<Vec<f64>> =
                self.rows[row].iter().map(|at| self.above[*at].iter().map(|n| upper[n]).collect()).collect();
            for (left, ends_left) in ends.iter().enumerate() {
                for end in ends_left {
                    count += ends[left + 1..].iter().flatten().filter(|other| *other < end).count();
                }
            }
        }
        count
    }

    /// Horizontal places: each as near to the mean of its neighbors as the order and the gaps allow.
    fn place(&mut self) {
        for row in 0..self.rows.len() {
            self.settle(row, |_| None);
        }
        for sweep in 0..2 * SWEEPS {
            let down = sweep % 2 == 0;
            let rows: Vec<usize> =
                if down { (0..self.rows.len()).collect() } else { (0..self.rows.len()).rev().collect() };
            for row in rows {
                let (above, below, x) = (self.above.clone(), self.below.clone(), self.x.clone());
                let last = sweep + 2 >= 2 * SWEEPS;
                self.settle(row, |at| {
                    let neighbors = if down { &above[at] } else { &below[at] };
                    let both = above[at].iter().chain(&below[at]);
                    if last { mean(both.map(|n| x[*n])) } else { mean(neighbors.iter().map(|n| x[*n])) }
                });
            }
        }
    }

    /// Moves the layer's members to where they want to be, in order and apart.
    fn settle(&mut self, row: usize, wanted: impl Fn(usize) -> Option<f64>) {
        let members = &self.rows[row];
        let mut offset = 0.0;
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        let mut offsets = Vec::new();
        for (place, at) in members.iter().enumerate() {
            if place > 0 {
                let before = members[place - 1];
                let lines = *at >= self.boxes && before >= self.boxes;
                let gap = if lines { LINE } else { self.gap };
                offset += (self.width[before] + self.width[*at]) / 2.0 + gap;
            }
            offsets.push(offset);
            // Straight long lines matter more than well-centered boxes.
            let weight = if *at >= self.boxes { 4.0 } else { 1.0 };
            let mut pool = (wanted(*at).unwrap_or(self.x[*at]) - offset, weight, 1);
            while let Some(before) = pools.pop_if(|before| before.0 > pool.0) {
                let weight = before.1 + pool.1;
                pool = ((before.0 * before.1 + pool.0 * pool.1) / weight, weight, before.2 + pool.2);
            }
            pools.push(pool);
        }
        let starts = pools.iter().flat_map(|(start, _, count)| std::iter::repeat_n(*start, *count));
        let placed: Vec<(usize, f64)> =
            members.iter().zip(starts.zip(offsets)).map(|(at, (start, offset))| (*at, start + offset)).collect();
        placed.into_iter().for_each(|(at, x)| self.x[at] = x);
    }
}

/// The mean, or `None` of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
