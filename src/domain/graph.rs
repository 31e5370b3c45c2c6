//! Directed graphs of small numbers: which nodes lie on cycles, and the shortest path around.

use std::collections::{HashMap, HashSet, VecDeque};

/// For each node the nodes that it leads to.
pub(crate) type Edges = Vec<Vec<usize>>;

/// The groups of nodes that lead to each other, of those that hold a cycle: two nodes and more, or one that leads to itself.
/// Each group is sorted, and so are the groups.
///
/// Tarjan's algorithm with a stack of its own: time grows with nodes and edges, whatever the depth.
pub(crate) fn cycles(edges: &Edges) -> Vec<Vec<usize>> {
    let mut search = Search {
        edges,
        number: vec![None; edges.len()],
        low: vec![0; edges.len()],
        open: Vec::new(),
        is_open: HashSet::new(),
        next: 0,
        found: Vec::new(),
    };
    for start in 0..edges.len() {
        search.from(start);
    }
    search.found.sort_unstable();
    search.found
}

struct Search<'e> {
    edges: &'e Edges,
    /// The order in which nodes were met.
    number: Vec<Option<usize>>,
    /// The earliest node that is still open and can be reached.
    low: Vec<usize>,
    open: Vec<usize>,
    is_open: HashSet<usize>,
    next: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, start: usize) {
        if self.number[start].is_some() {
            return;
        }
        self.meet(start);
        // Each node on the way with the number of the edge that is followed next.
        let mut way = vec![(start, 0)];
        while let Some((node, edge)) = way.last_mut() {
            let node = *node;
            if let Some(to) = self.edges[node].get(*edge).copied() {
                *edge += 1;
                match self.number[to] {
                    None => {
                        self.meet(to);
                        way.push((to, 0));
                    }
                    Some(met) if self.is_open.contains(&to) => self.low[node] = self.low[node].min(met),
                    Some(_) => {}
                }
                continue;
            }
            way.pop();
            if let Some((above, _)) = way.last() {
                self.low[*above] = self.low[*above].min(self.low[node]);
            }
            if self.number[node] == Some(self.low[node]) {
                self.end_group(node);
            }
        }
    }

    fn meet(&mut self, node: usize) {
        self.number[node] = Some(self.next);
        self.low[node] = self.next;
        self.next += 1;
        self.open.push(node);
        self.is_open.insert(node);
    }

    fn end_group(&mut self, root: usize) {
        let at = self.open.iter().rposition(|node| *node == root).expect("a root is open until it is closed");
        let mut group = self.open.split_off(at);
        for node in &group {
            self.is_open.remove(node);
        }
        if group.len() > 1 || self.edges[root].contains(&root) {
            group.sort_unstable();
            self.found.push(group);
        }
    }
}

/// The shortest way from `start` to `end`, which may be `start` itself, through nodes of `group` alone (sorted), both ends included.
/// `None` if there is none, or `steps` (edges that may still be looked at) do not suffice.
pub(crate) fn shortest_path(
    edges: &Edges,
    group: &[usize],
    start: usize,
    end: usize,
    steps: &mut usize,
) -> Option<Vec<usize>> {
    let mut came_from = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for to in &edges[node] {
            *steps = steps.checked_sub(1)?;
            if *to == end {
                // `start` itself came from nowhere, so that the way ends there.
                let mut way = vec![end, node];
                while let Some(before) = came_from.get(way.last()?) {
                    way.push(*before);
                }
                way.reverse();
                return Some(way);
            }
            if *to != start && group.binary_search(to).is_ok() && !came_from.contains_key(to) {
                came_from.insert(*to, node);
                queue.push_back(*to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn around(edges: &Edges, group: &[usize], start: usize) -> Vec<usize> {
        shortest_path(edges, group, start, start, &mut 1000).expect("there is a way")
    }

    #[test]
    fn a_node_that_is_met_only_after_the_circle_was_closed_is_on_one_too() {
        // 0 -> 1 -> 2 -> 0, and 0 -> 3 -> 2: depth first, 3 finds 2 done.
        let edges = vec![vec![1, 3], vec![2], vec![0], vec![2], vec![0]];
        let found = cycles(&edges);
        assert_eq!(found, [[0, 1, 2, 3]]);
        assert_eq!(around(&edges, &found[0], 3), [3, 2, 0, 3]);
        assert_eq!(around(&edges, &found[0], 1), [1, 2, 0, 1]);
    }

    #[test]
    fn one_that_leads_to_itself_is_a_circle_and_a_line_is_none() {
        let edges = vec![vec![0], vec![0], vec![3], vec![]];
        assert_eq!(cycles(&edges), [[0]]);
        assert_eq!(around(&edges, &[0], 0), [0, 0]);
    }

    #[test]
    fn deep_lines_and_wide_circles_need_no_stack() {
        const MANY: usize = 200_000;
        let mut edges: Edges = (0..MANY).map(|node| vec![node + 1]).collect();
        edges.push(vec![]);
        assert_eq!(cycles(&edges), Vec::<Vec<usize>>::new());
        edges[MANY] = vec![0];
        let found = cycles(&edges);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].len(), MANY + 1);
        assert_eq!(shortest_path(&edges, &found[0], 0, 0, &mut 10), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// Against reachability worked out the slow way.
        #[test]
        fn exactly_those_that_reach_themselves(pairs in prop::collection::vec((0usize..9, 0usize..9), 0..25)) {
            let mut edges: Edges = vec![Vec::new(); 9];
            let mut reach = [[false; 9]; 9];
            for (from, to) in pairs {
                edges[from].push(to);
                reach[from][to] = true;
            }
            for by in 0..9 {
                for from in 0..9 {
                    for to in 0..9 {
                        reach[from][to] |= reach[from][by] && reach[by][to];
                    }
                }
            }
            let found = cycles(&edges);
            let all: Vec<usize> = { let mut all = found.concat(); all.sort_unstable(); all };
            let expected: Vec<usize> = (0..9).filter(|node| reach[*node][*node]).collect();
            prop_assert_eq!(all, expected);
            for group in &found {
                for node in group {
                    let way = around(&edges, group, *node);
                    prop_assert_eq!((way.first(), way.last()), (Some(node), Some(node)));
                    prop_assert!(way.len() >= 2);
                    for step in way.windows(2) {
                        prop_assert!(edges[step[0]].contains(&step[1]));
                        prop_assert!(group.contains(&step[1]));
                    }
                }
            }
        }
    }
}
