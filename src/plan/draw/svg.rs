//! A plan as one SVG file: no scripts, no fonts, no links; follows the reader's light or dark theme.

use std::fmt::Write;

use super::layout::{Input, Layout, layout};
use super::{StageBox, View, color};
use crate::artifact::ArtifactType;

const MARGIN: f64 = 24.0;
const LINE_HEIGHT: f64 = 17.0;
const PADDING: f64 = 12.0;
const BETWEEN_LAYERS: f64 = 52.0;
/// Widths of a character in the two sizes of text, on the generous side since fonts differ.
const LARGE: f64 = 8.0;
const SMALL: f64 = 6.6;

/// Of `.dag` only, so that a page may hold the drawing.
const STYLE: &str = ".dag{background:#fff;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
.dag text{fill:#1c2530;font-size:14px;font-weight:600}.dag text.s{font-size:11.5px;font-weight:400;fill:#5b6673}\
.dag rect{fill:#f6f8fa;stroke:#8b98a7;stroke-width:1.2}.dag rect.c{stroke-dasharray:5 4}\
.dag path{fill:none;stroke-width:1.7;opacity:.85}.dag path.m{opacity:.4;stroke-width:1.2}\
@media screen and (prefers-color-scheme:dark){.dag{background:#14181d}.dag text{fill:#e8edf2}.dag text.s{fill:#a3aeba}\
.dag rect{fill:#1f262e;stroke:#66727f}}";

/// Draws every stage as a box that names its outputs, and every wire as a line in the color of what it carries.
pub fn svg(view: &View) -> String {
    let ports: Vec<Vec<Port>> = (0..view.boxes.len()).map(|index| ports(view, index)).collect();
    let widths: Vec<f64> = view.boxes.iter().zip(&ports).map(|(stage, ports)| width(stage, ports)).collect();
    let port_of = |from: usize, output: &str| ports[from].iter().position(|port| port.output == output).unwrap_or(0);
    let lines: Vec<(usize, usize, usize)> =
        view.links.iter().map(|link| (link.from, link.to, port_of(link.from, &link.output))).collect();
    let placed = layout(&Input { widths: &widths, lines: &lines, gap: 34.0 });
    let page = Page { view, ports, widths, rows: rows(view, &placed), placed };
    page.draw(&lines)
}

/// An output that something is wired to.
struct Port {
    output: String,
    artifact_type: ArtifactType,
}

impl Port {
    fn width(&self) -> f64 {
        self.artifact_type.to_string().len() as f64 * SMALL + 18.0
    }
}

fn ports(view: &View, index: usize) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    for link in view.links.iter().filter(|link| link.from == index) {
        if ports.iter().all(|port| port.output != link.output) {
            ports.push(Port { output: link.output.clone(), artifact_type: link.artifact_type });
        }
    }
    ports.sort_by(|a, b| (a.artifact_type, &a.output).cmp(&(b.artifact_type, &b.output)));
    ports
}

fn width(stage: &StageBox, ports: &[Port]) -> f64 {
    let name = stage.name.chars().count() as f64 * LARGE;
    let small = stage.kind.chars().count().max(stage.variant.chars().count()) as f64 * SMALL;
    name.max(small).max(ports.iter().map(Port::width).sum()) + 2.0 * PADDING
}

fn height(stage: &StageBox) -> f64 {
    let lines = if stage.variant.is_empty() { 3.0 } else { 4.0 };
    lines * LINE_HEIGHT + PADDING
}

/// Top and height of each layer.
fn rows(view: &View, placed: &Layout) -> Vec<(f64, f64)> {
    let count = placed.layers.iter().max().map_or(0, |last| last + 1);
    let mut rows = vec![(0.0, 0.0); count];
    for (stage, layer) in view.boxes.iter().zip(&placed.layers) {
        rows[*layer].1 = height(stage).max(rows[*layer].1);
    }
    let mut top = MARGIN;
    for row in &mut rows {
        row.0 = top;
        top += row.1 + BETWEEN_LAYERS;
    }
    rows
}

struct Page<'a> {
    view: &'a View,
    ports: Vec<Vec<Port>>,
    widths: Vec<f64>,
    rows: Vec<(f64, f64)>,
    placed: Layout,
}

impl Page<'_> {
    fn draw(&self, lines: &[(usize, usize, usize)]) -> String {
        let width = (self.placed.width + 2.0 * MARGIN).ceil();
        let height = self.rows.last().map_or(2.0 * MARGIN, |(top, height)| top + height + MARGIN).ceil();
        let mut out = format!(
            "<svg class=\"dag\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n",
            escaped(&self.view.title)
        );
        for (index, line) in lines.iter().enumerate() {
            self.line(index, *line, &mut out);
        }
        for index in 0..self.view.boxes.len() {
            self.stage(index, &mut out);
        }
        out + "</svg>\n"
    }

    fn left(&self, index: usize) -> f64 {
        MARGIN + self.placed.x[index] - self.widths[index] / 2.0
    }

    fn top(&self, index: usize) -> f64 {
        self.rows[self.placed.layers[index]].0
    }

    /// Horizontal place of an output's dot.
    fn dot(&self, index: usize, port: usize) -> f64 {
        let all: f64 = self.ports[index].iter().map(Port::width).sum();
        let before: f64 = self.ports[index][..port].iter().map(Port::width).sum();
        MARGIN + self.placed.x[index] - all / 2.0 + before + 9.0
    }

    /// Where a line enters a box: spread over its top by where the lines come from.
    fn entry(&self, line: usize, to: usize) -> f64 {
        let from = |index: usize| {
            let link = &self.view.links[index];
            self.placed.ways[index].last().copied().unwrap_or(self.placed.x[link.from])
        };
        let mut entering: Vec<usize> =
            (0..self.view.links.len()).filter(|index| self.view.links[*index].to == to).collect();
        entering.sort_by(|a, b| from(*a).total_cmp(&from(*b)));
        let place = entering.iter().position(|index| *index == line).unwrap_or(0) as f64;
        let step = ((self.widths[to] - 2.0 * PADDING) / entering.len() as f64).min(22.0);
        MARGIN + self.placed.x[to] + (place - (entering.len() as f64 - 1.0) / 2.0) * step
    }

    fn line(&self, index: usize, (from, to, port): (usize, usize, usize), out: &mut String) {
        let link = &self.view.links[index];
        let (x, y) = (self.dot(from, port), self.top(from) + height(&self.view.boxes[from]));
        let mut path = format!("M{x:.1} {y:.1}");
        let mut here = (x, y);
        for (step, way) in self.placed.ways[index].iter().enumerate() {
            let (top, height) = self.rows[self.placed.layers[from] + 1 + step];
            bend(&mut path, here, (MARGIN + way, top));
            here = (MARGIN + way, top + height);
            _ = write!(path, "V{:.1}", here.1);
        }
        let end = (self.entry(index, to), self.top(to) - 6.0);
        bend(&mut path, here, end);
        let color = color(link.artifact_type);
        let many = self.view.links.iter().filter(|other| other.to == to).count() > 6;
        let class = if many { " class=\"m\"" } else { "" };
        let (producer, consumer) = (&self.view.boxes[from].name, &self.view.boxes[to].name);
        let says = format!("{producer}.{} to {consumer}.{} ({})", link.output, link.input, link.artifact_type);
        _ = writeln!(out, "<path{class} stroke=\"{color}\" d=\"{path}\"><title>{}</title></path>", escaped(&says));
        let (x, y) = end;
        let head = format!("M{:.1} {:.1}L{x:.1} {:.1}L{:.1} {:.1}Z", x - 4.0, y - 1.0, y + 6.0, x + 4.0, y - 1.0);
        _ = writeln!(out, "<path{class} style=\"fill:{color};stroke:none\" d=\"{head}\"/>");
    }

    fn stage(&self, index: usize, out: &mut String) {
        let stage = &self.view.boxes[index];
        let (left, top, width, height) = (self.left(index), self.top(index), self.widths[index], height(stage));
        let class = if stage.written { "" } else { " class=\"c\"" };
        _ = writeln!(
            out,
            "<rect{class} x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>"
        );
        let middle = MARGIN + self.placed.x[index];
        let mut y = top + PADDING + 6.0;
        for (line, class) in [(&stage.name, ""), (&stage.kind, " class=\"s\""), (&stage.variant, " class=\"s\"")] {
            if !line.is_empty() {
                let text = escaped(line);
                _ = writeln!(out, "<text{class} x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>");
                y += LINE_HEIGHT;
            }
        }
        for (place, port) in self.ports[index].iter().enumerate() {
            let (x, bottom, color) = (self.dot(index, place), top + height, color(port.artifact_type));
            let name = port.artifact_type;
            _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{bottom:.1}\" r=\"4\" fill=\"{color}\"/>");
            _ = writeln!(out, "<text class=\"s\" x=\"{x:.1}\" y=\"{:.1}\" dx=\"7\">{name}</text>", bottom - 7.0);
        }
    }
}

/// A curve that leaves and arrives straight down.
fn bend(path: &mut String, from: (f64, f64), to: (f64, f64)) {
    let middle = (from.1 + to.1) / 2.0;
    _ = write!(path, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", from.0, to.0, to.0, to.1);
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        // Not allowed in XML, even escaped.
        c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => "\u{fffd}".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
