//! A map from specs, in the order of their ids.

use std::cell::Cell;

use crate::domain::id::SpecId;

/// A map from ids to values that does not change. A lookup begins beside the last one, so that a loop over all specs is fast.
#[derive(Debug, Default)]
pub(crate) struct ById<V> {
    entries: Vec<(SpecId, V)>,
    last: Cell<usize>,
}

impl<V> ById<V> {
    /// The value of `id`.
    pub(crate) fn get(&self, id: &str) -> Option<&V> {
        let last = self.last.get();
        let near = (last..self.entries.len().min(last + 2)).find(|at| self.entries[*at].0.as_str() == id);
        let at = near.or_else(|| self.entries.binary_search_by(|(one, _)| one.as_str().cmp(id)).ok())?;
        self.last.set(at);
        Some(&self.entries[at].1)
    }

    /// The specs whose ids begin with `prefix`, in order.
    pub(crate) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = &SpecId> {
        let from = self.entries.partition_point(|(id, _)| id.as_str() < prefix);
        self.entries[from..].iter().map(|(id, _)| id).take_while(move |id| id.as_str().starts_with(prefix))
    }

    /// The specs, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &SpecId> {
        self.entries.iter().map(|(id, _)| id)
    }
}

/// Of two entries about one spec the later counts.
impl<V> FromIterator<(SpecId, V)> for ById<V> {
    fn from_iter<I: IntoIterator<Item = (SpecId, V)>>(entries: I) -> Self {
        let mut entries: Vec<(SpecId, V)> = entries.into_iter().collect();
        entries.reverse();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        entries.dedup_by(|(one, _), (other, _)| one == other);
        ById { entries, last: Cell::new(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_in_any_order_and_the_later_of_two_counts() {
        let ids = ["c", "a", "b", "a"].map(|id| SpecId::new(id).expect("valid"));
        let sorted: ById<usize> = ids.into_iter().zip(0..).collect();
        assert_eq!(sorted.ids().map(SpecId::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
        for (id, found) in [("b", Some(2)), ("a", Some(3)), ("c", Some(0)), ("d", None), ("c", Some(0)), ("0", None)] {
            assert_eq!(sorted.get(id).copied(), found, "{id}");
        }
    }
}
