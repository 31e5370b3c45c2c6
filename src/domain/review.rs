//! Where the review of finished work stands: what a person said, held against the commit that it was said of.

use gix::ObjectId;

use super::event::Review;

/// The standing of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No person has said anything.
    Open,
    /// A person approved another commit than the one that would be merged.
    Stale,
    /// A person approved this very commit.
    Approved,
    /// A person rejected this very commit.
    Rejected,
}

/// Where the review of the work that ends with `tip` stands, by the last answer about it.
pub(crate) fn standing(answer: Option<&Review>, tip: ObjectId) -> Standing {
    match answer {
        None => Standing::Open,
        Some(answer) if answer.commit == tip && answer.approved => Standing::Approved,
        Some(answer) if answer.commit == tip => Standing::Rejected,
        Some(answer) if answer.approved => Standing::Stale,
        Some(_) => Standing::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_about_one_commit() {
        let [tip, other] = [1, 2].map(|byte| ObjectId::from_bytes_or_panic(&[byte; 20]));
        let of = |approved, commit| standing(Some(&Review { approved, commit }), tip);
        assert_eq!(standing(None, tip), Standing::Open);
        assert_eq!([of(true, tip), of(false, tip)], [Standing::Approved, Standing::Rejected]);
        assert_eq!([of(true, other), of(false, other)], [Standing::Stale, Standing::Open]);
    }
}
