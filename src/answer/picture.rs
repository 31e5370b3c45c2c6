//! A graph of specs as SVG: one spec below the other, what each builds on above it, and arcs from one to the other.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};

use super::{EdgeView, GraphView, NodeView};
use crate::{domain::id::SpecId, terminal::clean};

/// How wide the picture is, in its own units.
const WIDTH: usize = 360;

/// How many columns arcs are drawn in, at most: what is more shares the last.
const COLUMNS: usize = 6;

/// How far two columns are apart.
const COLUMN: usize = 9;

/// How many characters a line of text has, and how many lines a title.
const CHARACTERS: usize = 42;
const TITLE_LINES: usize = 2;

/// How high a line of text is.
const LINE: usize = 17;

/// The space below a spec.
const GAP: usize = 16;

/// The colours of a picture that stands alone, as it is in a page too.
const STYLE: &str = include_str!("picture.css");

/// A picture that stands alone.
pub(crate) fn standalone(graph: &GraphView) -> String {
    let drawn = Picture::new(graph, &BTreeMap::new());
    format!("{}\n", drawn.svg(Some(STYLE)).into_string())
}

/// A picture in a page that has [`STYLE`] among its styles. Under each spec stands what `remarks` has of it, for example how many attempts
/// failed.
pub(super) fn inline(graph: &GraphView, remarks: &BTreeMap<SpecId, String>) -> Markup {
    Picture::new(graph, remarks).svg(None)
}

/// A spec where it is drawn.
struct Row<'g> {
    node: &'g NodeView,
    /// The middle of its dot.
    at: usize,
    /// What stands beside it: the text and its class.
    lines: Vec<(String, &'static str)>,
}

/// An arc from a spec to one above it.
struct Arc {
    from: usize,
    to: usize,
    column: usize,
    class: &'static str,
}

struct Picture<'g> {
    rows: Vec<Row<'g>>,
    arcs: Vec<Arc>,
    height: usize,
}

impl<'g> Picture<'g> {
    fn new(graph: &'g GraphView, remarks: &BTreeMap<SpecId, String>) -> Self {
        let mut rows = Vec::new();
        let mut top = 4;
        for node in in_order(graph) {
            let lines = lines(node, remarks.get(&node.id).map(String::as_str));
            let height = lines.len() * LINE + GAP;
            rows.push(Row { node, at: top + LINE / 2, lines });
            top += height;
        }
        let places: HashMap<&SpecId, usize> = rows.iter().enumerate().map(|(at, row)| (&row.node.id, at)).collect();
        let arcs = arcs(graph, &places);
        Picture { rows, arcs, height: top }
    }

    fn svg(&self, style: Option<&str>) -> Markup {
        let columns = self.arcs.iter().map(|arc| arc.column + 1).max().unwrap_or_default();
        let axis = columns * COLUMN + 10;
        let view = format!("0 0 {WIDTH} {}", self.height);
        html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(view) width=(WIDTH) height=(self.height) class="graph" role="img"
                aria-label="Graph: each spec below the specs that it builds on" {
                @if let Some(style) = style { style { (maud::PreEscaped(style)) } }
                @for arc in &self.arcs { path class=(arc.class) d=(self.path(arc, axis)) fill="none" stroke="currentColor" {} }
                @for row in &self.rows {
                    circle class=(format!("dot {}", row.node.status)) cx=(axis) cy=(row.at) r="5" {}
                    @for (line, (text, class)) in row.lines.iter().enumerate() {
                        text class=(class) x=(axis + 16) y=(row.at + 5 + line * LINE) { (text) }
                    }
                }
            }
        }
    }

    /// From dot to dot: a straight line for neighbours, otherwise a bracket in its column.
    fn path(&self, arc: &Arc, axis: usize) -> String {
        let (from, to) = (self.rows[arc.from].at, self.rows[arc.to].at);
        if arc.from == arc.to + 1 && arc.column == 0 {
            return format!("M{axis} {}V{}", from - 5, to + 5);
        }
        let x = axis.saturating_sub((arc.column + 1) * COLUMN);
        let bend = 7;
        let (inner, near, far) = (x + bend, from.saturating_sub(bend), to + bend);
        format!("M{} {from}H{inner}Q{x} {from} {x} {near}V{far}Q{x} {to} {inner} {to}H{}", axis - 5, axis - 5)
    }
}

/// The specs, each below those that it builds on and that it supersedes; what goes around in a circle follows in the order of ids.
fn in_order(graph: &GraphView) -> Vec<&NodeView> {
    let mut waits: HashMap<&SpecId, usize> = HashMap::new();
    let mut above: HashMap<&SpecId, Vec<&SpecId>> = HashMap::new();
    for (from, to) in links(graph) {
        *waits.entry(from).or_default() += 1;
        above.entry(to).or_default().push(from);
    }
    let mut left: BTreeMap<&SpecId, &NodeView> = graph.nodes.iter().map(|node| (&node.id, node)).collect();
    let is_free = |id: &SpecId, waits: &HashMap<&SpecId, usize>| waits.get(id).is_none_or(|count| *count == 0);
    let mut free: std::collections::BTreeSet<&SpecId> = left.keys().copied().filter(|id| is_free(id, &waits)).collect();
    let mut found = Vec::new();
    while let Some(id) = free.pop_first().or_else(|| left.keys().next().copied()) {
        let Some(node) = left.remove(id) else { continue };
        found.push(node);
        for from in above.get(id).into_iter().flatten() {
            if let Some(count) = waits.get_mut(from) {
                *count = count.saturating_sub(1);
            }
            if left.contains_key(from) && is_free(from, &waits) {
                free.insert(from);
            }
        }
    }
    found
}

/// What leads from one spec of the graph to another, superseding too.
fn links(graph: &GraphView) -> impl Iterator<Item = (&SpecId, &SpecId)> {
    let builds = graph.edges.iter().map(|edge| (&edge.from, &edge.to));
    builds.chain(superseding(graph))
}

/// Which spec of the graph supersedes which.
fn superseding(graph: &GraphView) -> impl Iterator<Item = (&SpecId, &SpecId)> {
    let there = |id: &SpecId| graph.nodes.iter().any(|node| node.id == *id);
    graph.nodes.iter().filter_map(move |node| Some((node.superseded_by.as_ref().filter(|by| there(by))?, &node.id)))
}

/// The arcs, short ones in the columns near the dots; two that overlap lie in two columns, as far as there are columns.
fn arcs(graph: &GraphView, places: &HashMap<&SpecId, usize>) -> Vec<Arc> {
    let class = |edge: &EdgeView| if edge.depends_on { "arc" } else { "arc informed" };
    let builds = graph.edges.iter().map(|edge| (&edge.from, &edge.to, class(edge)));
    let supersedes = superseding(graph).map(|(by, id)| (by, id, "arc supersedes"));
    let mut ends: Vec<(usize, usize, &'static str)> = builds
        .chain(supersedes)
        .filter_map(|(from, to, class)| Some((*places.get(from)?, *places.get(to)?, class)))
        .filter(|(from, to, _)| from != to)
        .map(|(from, to, class)| (from.max(to), from.min(to), class))
        .collect();
    ends.sort_by_key(|(from, to, _)| (from - to, *to));
    ends.dedup_by_key(|(from, to, _)| (*from, *to));
    let mut taken: Vec<Vec<(usize, usize)>> = vec![Vec::new(); COLUMNS];
    let mut arcs = Vec::new();
    for (from, to, class) in ends {
        if from == to + 1 {
            arcs.push(Arc { from, to, column: 0, class });
            continue;
        }
        let is_open = |column: &Vec<(usize, usize)>| column.iter().all(|(low, high)| from <= *low || to >= *high);
        let column = taken.iter().position(is_open).unwrap_or(COLUMNS - 1);
        taken[column].push((to, from));
        arcs.push(Arc { from, to, column, class });
    }
    arcs
}

/// What stands beside a spec.
fn lines(node: &NodeView, remark: Option<&str>) -> Vec<(String, &'static str)> {
    let mut lines = Vec::new();
    let phase = node.phase.as_deref().map(|phase| format!("{} \u{b7} ", clean::line(phase))).unwrap_or_default();
    lines.push((
        format!("{phase}{} \u{b7} {}", clean::line(&node.short), node.status.as_str().replace('_', " ")),
        "head",
    ));
    let title = clean::line(node.title.as_deref().unwrap_or_default()).into_owned();
    lines.extend(wrapped(&title).into_iter().map(|line| (line, "title")));
    lines.extend(remark.map(|remark| (clean::line(remark).into_owned(), "bad")));
    lines
}

/// A title in at most [`TITLE_LINES`] lines.
fn wrapped(title: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in title.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= CHARACTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let more = lines.len() > TITLE_LINES;
    lines.truncate(TITLE_LINES);
    for line in &mut lines {
        if line.chars().count() > CHARACTERS {
            *line = line.chars().take(CHARACTERS - 1).chain(['\u{2026}']).collect();
        }
    }
    if more && let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\u{2026}')) {
        *last = last.chars().take(CHARACTERS - 2).chain([' ', '\u{2026}']).collect();
    }
    lines
}
