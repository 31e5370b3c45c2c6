//! The one table that decides which operation may follow which status.

use super::{event::Op, status::Status};

/// An operation that the status does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not possible: the spec is {from}", op.as_str())]
pub struct Forbidden {
    /// What was to be done.
    pub op: Op,
    /// The status that stands against it.
    pub from: Status,
}

/// The status after `op` on a spec that is `from`; `was` is what an archived spec was before.
///
/// # Errors
/// [`Forbidden`] where the table of the design has no such step.
pub(crate) fn next(from: Status, op: &Op, was: Option<Status>) -> Result<Status, Forbidden> {
    use Status::{Archived, Cancelled, Completed, Failed, Finished, InProgress, Paused, Pending};
    let allowed: &[Status] = match op {
        Op::Start => &[Pending, Paused, Failed, Finished],
        Op::Resume => &[InProgress, Paused, Failed, Finished],
        Op::Pause => &[InProgress, Paused],
        Op::Finish => &[Pending, InProgress, Paused, Failed],
        Op::Land | Op::Review => &[Finished],
        Op::Complete => &[Pending, InProgress, Paused, Finished, Failed, Cancelled],
        Op::Fail => &[Pending, InProgress, Paused, Finished, Failed],
        Op::Cancel => &[Pending, InProgress, Paused, Finished, Failed],
        Op::Reset => &[InProgress, Paused, Finished, Failed, Completed, Cancelled],
        Op::Release => &[InProgress, Paused],
        Op::Archive => &[Completed, Cancelled],
        Op::Unarchive => &[Archived],
        Op::Edit | Op::Resolve | Op::Approve | Op::Reject | Op::Ack | Op::Supersede | Op::Adopt | Op::Note => {
            &[Pending, InProgress, Paused, Finished, Failed, Completed, Cancelled]
        }
        Op::Add | Op::Merge | Op::Unknown(_) => &[],
    };
    if !allowed.contains(&from) {
        return Err(Forbidden { op: op.clone(), from });
    }
    Ok(match op {
        Op::Archive => Archived,
        Op::Unarchive => was.unwrap_or(Completed),
        _ => op.claims().unwrap_or(from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of DESIGN, section 3, written out a second time, independently of the code.
    #[test]
    fn the_table_is_the_one_of_the_design() {
        use Status::*;
        let may = |from: Status, to: Status| {
            Op::ALL.iter().any(|op| {
                let across = matches!(op, Op::Edit | Op::Resolve | Op::Approve | Op::Reject | Op::Ack | Op::Supersede)
                    || matches!(op, Op::Adopt | Op::Note | Op::Review);
                next(from, op, None) == Ok(to) && !across
            })
        };
        let rows: &[(Status, &[Status])] = &[
            (Pending, &[InProgress, Finished, Completed, Failed, Cancelled]),
            (InProgress, &[Finished, Failed, Paused, Cancelled, Pending, InProgress, Completed]),
            // A person pauses what would have gone on by itself.
            (Paused, &[InProgress, Finished, Failed, Cancelled, Pending, Completed, Paused]),
            // `land` keeps a finished spec finished: it announces the merge.
            (Finished, &[Completed, InProgress, Failed, Cancelled, Pending, Finished]),
            // Checked again, it may fail by something else.
            (Failed, &[InProgress, Finished, Cancelled, Pending, Completed, Failed]),
            (Completed, &[Pending, Archived]),
            (Cancelled, &[Pending, Archived, Completed]),
        ];
        for (from, to) in rows {
            for status in Status::ALL.iter().copied() {
                assert_eq!(may(*from, status), to.contains(&status), "{from} -> {status}");
            }
        }
        for status in Status::ALL.iter().copied() {
            assert_eq!(next(Archived, &Op::Unarchive, Some(status)), Ok(status));
            assert!(Op::ALL.iter().all(|op| *op == Op::Unarchive || next(Archived, op, None).is_err()));
        }
    }
}
