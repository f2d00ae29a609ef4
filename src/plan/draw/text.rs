//! A plan as a tree of lines. A stage stands below the last of the stages it needs and names the others.

use super::View;

/// A stage that needs more than so many others stands for itself.
const MANY: usize = 5;

/// One line a stage.
pub fn text(view: &View) -> String {
    let tree = Tree::new(view);
    let mut lines = Vec::new();
    for root in &tree.roots {
        tree.write(*root, String::new(), String::new(), &mut lines);
    }
    let widths = lines.iter().fold((0, 0), |(tree, kind): (usize, usize), line: &Line| {
        (tree.max(line.tree.chars().count()), kind.max(line.kind.len()))
    });
    let line = |line: Line| {
        let pad = widths.0 - line.tree.chars().count();
        let text = format!("{}{:pad$}  {:kind$}  {}", line.tree, "", line.kind, line.also, kind = widths.1);
        text.trim_end().to_owned() + "\n"
    };
    lines.into_iter().map(line).collect()
}

struct Line {
    tree: String,
    kind: String,
    also: String,
}

struct Tree<'a> {
    view: &'a View,
    roots: Vec<usize>,
    children: Vec<Vec<usize>>,
    also: Vec<String>,
}

impl<'a> Tree<'a> {
    fn new(view: &'a View) -> Self {
        let mut tree = Self { view, roots: vec![], children: vec![vec![]; view.boxes.len()], also: vec![] };
        for index in 0..view.boxes.len() {
            let mut producers = view.producers(index);
            let also = match producers.len() {
                0 => String::new(),
                count if count > MANY && count == index => "takes everything above".to_owned(),
                count if count > MANY => format!("takes {}", tree.names(producers.iter().copied())),
                _ => {
                    let last = producers.pop_last();
                    tree.children[last.unwrap_or(index)].push(index);
                    let others = tree.names(producers.iter().copied());
                    if others.is_empty() { others } else { format!("and {others}") }
                }
            };
            if view.producers(index).is_empty() || view.producers(index).len() > MANY {
                tree.roots.push(index);
            }
            tree.also.push(also);
        }
        tree
    }

    fn name(&self, index: usize) -> String {
        let own = &self.view.boxes[index];
        if own.variant.is_empty() { own.name.clone() } else { format!("{} [{}]", own.name, own.variant) }
    }

    fn names(&self, indices: impl Iterator<Item = usize>) -> String {
        indices.map(|index| self.name(index)).collect::<Vec<_>>().join(", ")
    }

    /// Writes a stage and all below it: `own` goes before its line, `below` before those under it.
    fn write(&self, index: usize, own: String, below: String, lines: &mut Vec<Line>) {
        let mut stack = vec![(index, own, below)];
        while let Some((index, own, below)) = stack.pop() {
            let stage = &self.view.boxes[index];
            let tree = own + &self.name(index);
            lines.push(Line { tree, kind: stage.kind.clone(), also: self.also[index].clone() });
            let last = self.children[index].last();
            for child in self.children[index].iter().rev() {
                let (branch, trunk) = if Some(child) == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                stack.push((*child, format!("{below}{branch}"), format!("{below}{trunk}")));
            }
        }
    }
}
