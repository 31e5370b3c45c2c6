//! `graph`: what builds on what, as a tree for people, and in the languages of Graphviz and Mermaid.

use std::collections::{HashMap, HashSet};

use super::{picture, prelude::*};
use crate::terminal::fit::{cut, width};

pub(super) const ANSWERS: &[Kind] = &[of::<GraphAnswer>(&["graph"])];

/// What builds on what.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct GraphAnswer {
    /// The graph.
    pub graph: GraphView,
    /// How it is drawn for people.
    #[serde(skip)]
    pub form: GraphForm,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GraphForm {
    /// As a tree, for people.
    Tree,
    /// For Graphviz.
    Dot,
    /// For Mermaid.
    Mermaid,
    /// As a picture.
    Svg,
}

impl Answer for GraphAnswer {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let text = match self.form {
            GraphForm::Tree => Tree::new(&self.graph, look).text(),
            GraphForm::Dot => dot(&self.graph),
            GraphForm::Mermaid => mermaid(&self.graph),
            GraphForm::Svg => picture::standalone(&self.graph),
        };
        out.write_all(text.as_bytes())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.graph.edges.iter().map(|edge| edge as _).collect()
    }
}

/// Specs and what leads from one to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Graph")]
pub(crate) struct GraphView {
    /// The specs, in the order of their ids.
    pub nodes: Vec<NodeView>,
    /// What leads from one to another, each once, in the order of `from` and `to`.
    pub edges: Vec<EdgeView>,
}

/// A spec in a graph.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Node")]
pub(crate) struct NodeView {
    /// The id.
    pub id: SpecId,
    /// The short id.
    pub short: String,
    /// The title.
    pub title: Option<String>,
    /// The status.
    pub status: Status,
    /// The phase of its investigation.
    pub phase: Option<String>,
    /// Its investigation.
    pub topic: Option<String>,
    /// The spec that supersedes it.
    pub superseded_by: Option<SpecId>,
}

/// One spec builds on another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[schemars(rename = "Edge")]
pub(crate) struct EdgeView {
    /// The one that builds on the other.
    pub from: SpecId,
    /// The other.
    pub to: SpecId,
    /// Whether it waits for it.
    pub depends_on: bool,
    /// Whether it is informed by it, or by a document that it produces.
    pub informed_by: bool,
}

impl Record for EdgeView {
    /// The id, the id that it builds on, and `depends_on` or `informed_by`.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[self.from.as_str(), self.to.as_str(), if self.depends_on { "depends_on" } else { "informed_by" }])
    }
}

/// Each spec below what builds on it, and each member below its driver; one that was drawn already is named only.
struct Tree<'v> {
    look: &'v Look,
    nodes: HashMap<&'v SpecId, &'v NodeView>,
    below: HashMap<&'v SpecId, Vec<Step<'v>>>,
    roots: Vec<&'v SpecId>,
}

/// What stands below a spec, and why.
#[derive(Clone, Copy)]
struct Step<'v> {
    to: &'v SpecId,
    how: &'static str,
}

/// How deep the lines of a tree go on to the right; what is deeper stays there.
const DEEPEST: usize = 24;

impl<'v> Tree<'v> {
    fn new(view: &'v GraphView, look: &'v Look) -> Self {
        let nodes: HashMap<&SpecId, &NodeView> = view.nodes.iter().map(|node| (&node.id, node)).collect();
        let mut below: HashMap<&SpecId, Vec<Step<'v>>> = HashMap::new();
        for edge in &view.edges {
            let how = if edge.depends_on { "" } else { "informed by " };
            below.entry(&edge.from).or_default().push(Step { to: &edge.to, how });
        }
        for node in &view.nodes {
            let driver = node.id.member_of().and_then(|(driver, _)| nodes.get(&driver).map(|node| &node.id));
            let steps = driver.map(|driver| below.entry(driver).or_default());
            if let Some(steps) = steps.filter(|steps| steps.iter().all(|step| *step.to != node.id)) {
                steps.push(Step { to: &node.id, how: "member " });
            }
        }
        reduce(view, &mut below);
        let leads_up: HashSet<&SpecId> = below.values().flatten().map(|step| step.to).collect();
        let mut tree = Tree { look, nodes, below, roots: Vec::new() };
        tree.roots = view.nodes.iter().map(|node| &node.id).filter(|id| !leads_up.contains(id)).collect();
        tree.add_circles(view);
        tree
    }

    /// On a circle everything has something above it: of each that no root reaches, the first spec is a root.
    fn add_circles(&mut self, view: &'v GraphView) {
        let mut reached: HashSet<&SpecId> = HashSet::new();
        let mut open: Vec<&SpecId> = self.roots.clone();
        let mut nodes = view.nodes.iter();
        loop {
            while let Some(id) = open.pop() {
                if reached.insert(id) {
                    open.extend(self.below.get(id).into_iter().flatten().map(|step| step.to));
                }
            }
            let Some(next) = nodes.find(|node| !reached.contains(&node.id)) else { break };
            self.roots.push(&next.id);
            open.push(&next.id);
        }
        self.roots.sort_unstable();
    }

    /// Depth first with a stack of its own: a chain may be thousands long.
    fn text(&self) -> String {
        let mut out = String::new();
        let mut drawn = HashSet::new();
        for root in &self.roots {
            let mut open = vec![(*root, String::new(), String::new(), "")];
            while let Some((id, first, rest, how)) = open.pop() {
                let Some(node) = self.nodes.get(id) else { continue };
                let below = self.below.get(id).map(Vec::as_slice).unwrap_or_default();
                let again = !drawn.insert(id);
                out.push_str(&first);
                self.line(node, how, again, width(&first), &mut out);
                if again {
                    continue;
                }
                for (at, step) in below.iter().enumerate().rev() {
                    let (corner, line) = self.strokes(at + 1 == below.len());
                    let deep = rest.chars().count() >= DEEPEST * 3;
                    let onward = if deep { rest.clone() } else { format!("{rest}{line}") };
                    open.push((step.to, format!("{rest}{corner}"), onward, step.how));
                }
            }
        }
        out
    }

    fn strokes(&self, last: bool) -> (&'static str, &'static str) {
        match (self.look.unicode, last) {
            (true, true) => ("└─ ", "   "),
            (true, false) => ("├─ ", "│  "),
            (false, true) => ("`- ", "   "),
            (false, false) => ("|- ", "|  "),
        }
    }

    /// Writes a spec from column `from` on: only its id where it was drawn above.
    fn line(&self, node: &NodeView, how: &str, again: bool, from: usize, out: &mut String) {
        let paint = &self.look.paint;
        let short = clean::line(&node.short);
        let id = paint.with(Slot::Id, &short);
        if again {
            out.push_str(&format!("{how}{id}  (see above)\n"));
            return;
        }
        let status = paint.with(Slot::from(node.status), node.status);
        let title = clean::line(node.title.as_deref().unwrap_or_default());
        let by = node.superseded_by.as_ref().map(|by| format!("  (superseded by {})", clean::line(by.short())));
        let from = from + width(how) + width(&short) + 2 + node.status.as_str().len() + 2;
        let title = cut(&format!("{title}{}", by.unwrap_or_default()), from, self.look);
        out.push_str(&format!("{how}{id}  {status}  {title}"));
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

/// Leaves out what another way implies: a spec that stands below a spec stands below that one's parents as well. One edge after the other
/// goes, so that a circle keeps a way to each of its specs.
fn reduce<'v>(view: &'v GraphView, below: &mut HashMap<&'v SpecId, Vec<Step<'v>>>) {
    for node in &view.nodes {
        let mut at = 0;
        while let Some(to) =
            below.get(&node.id).filter(|steps| steps.len() > 1).and_then(|steps| steps.get(at)).map(|step| step.to)
        {
            if leads_to(below, &node.id, to) {
                below.entry(&node.id).or_default().remove(at);
            } else {
                at += 1;
            }
        }
    }
}

/// Whether a way of more than one step leads from one spec to another.
fn leads_to<'v>(below: &HashMap<&'v SpecId, Vec<Step<'v>>>, from: &SpecId, to: &SpecId) -> bool {
    let next = |id: &SpecId| below.get(id).into_iter().flatten().map(|step| step.to);
    let mut open: Vec<&SpecId> = next(from).filter(|id| *id != to).collect();
    let mut seen: HashSet<&SpecId> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        for step in next(id).filter(|step| *step != from) {
            if step == to {
                return true;
            }
            if seen.insert(step) {
                open.push(step);
            }
        }
    }
    false
}

/// Graphviz: <https://graphviz.org/doc/info/lang.html>. In a quoted string only the quote and the backslash mean something.
fn dot(view: &GraphView) -> String {
    let quoted = |text: &str| format!("\"{}\"", clean::line(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = String::from("digraph chant {\n  rankdir=BT;\n  node [shape=box];\n");
    for node in &view.nodes {
        let label = format!("{} ({})", node.short, node.status);
        let label = node.title.as_deref().map_or(label.clone(), |title| format!("{label}: {title}"));
        out.push_str(&format!("  {} [label={}];\n", quoted(node.id.as_str()), quoted(&label)));
    }
    for edge in &view.edges {
        let style = if edge.depends_on { "" } else { " [style=dashed]" };
        out.push_str(&format!("  {} -> {}{style};\n", quoted(edge.from.as_str()), quoted(edge.to.as_str())));
    }
    out.push_str("}\n");
    out
}

/// Mermaid: <https://mermaid.js.org/syntax/flowchart.html>. What could end a label, or be taken for HTML, is an entity.
fn mermaid(view: &GraphView) -> String {
    let places: HashMap<&SpecId, usize> = view.nodes.iter().enumerate().map(|(at, node)| (&node.id, at)).collect();
    let plain = |c: char| c.is_alphanumeric() || " -_.,:()/".contains(c);
    let escaped = |text: &str| -> String {
        let text = clean::line(text);
        text.chars().map(|c| if plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) }).collect()
    };
    let mut out = String::from("flowchart BT\n");
    for (at, node) in view.nodes.iter().enumerate() {
        let title = node.title.as_deref().map(|title| format!(": {title}")).unwrap_or_default();
        let label = escaped(&format!("{} ({}){title}", node.short, node.status));
        out.push_str(&format!("    n{at}[\"{label}\"]\n"));
    }
    for edge in &view.edges {
        let arrow = if edge.depends_on { "-->" } else { "-.->" };
        out.push_str(&format!("    n{} {arrow} n{}\n", places[&edge.from], places[&edge.to]));
    }
    out
}
