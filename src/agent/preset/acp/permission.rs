//! The answer to one request for a permission: what the agent wants to do, and whether it may.

use std::path::{Path, PathBuf};

use agent_client_protocol_schema::v1::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    SelectedPermissionOutcome, ToolCallContent, ToolKind,
};

use super::{
    permit::{self, Permit},
    update::Calls,
};
use crate::{agent::preset::parsed::one_line, domain::checks::Permission};

/// Decides about a request. An answer that counts for later requests is never given: each is decided by itself.
pub(super) fn decide(
    permit: &Permit,
    worktree: &Path,
    calls: &Calls,
    request: &RequestPermissionRequest,
    cancelled: bool,
) -> (Permission, RequestPermissionOutcome) {
    let (known, fields) = (calls.get(&request.tool_call.tool_call_id), &request.tool_call.fields);
    let kind = fields.kind.or(known.map(|call| call.kind)).unwrap_or(ToolKind::Other);
    let title = fields.title.clone().or_else(|| known.map(|call| call.title.clone())).unwrap_or_default();
    let files = files(request, kind);
    let allowed = !cancelled && permit.allows(kind, &files, worktree);
    let option = option(&request.options, allowed);
    let decided = Permission {
        kind: permit::name(kind).to_owned(),
        what: one_line(&title),
        allowed: allowed && option.is_some(),
    };
    let outcome = match option {
        Some(option) if !cancelled => {
            RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone()))
        }
        _ => RequestPermissionOutcome::Cancelled,
    };
    (decided, outcome)
}

/// The files that a request is about. The place in which a command runs is none.
fn files(request: &RequestPermissionRequest, kind: ToolKind) -> Vec<PathBuf> {
    let fields = &request.tool_call.fields;
    if matches!(kind, ToolKind::Execute | ToolKind::Search | ToolKind::Fetch | ToolKind::Think) {
        return Vec::new();
    }
    let locations = fields.locations.iter().flatten().map(|location| location.path.clone());
    let diffs = fields.content.iter().flatten().filter_map(|content| match content {
        ToolCallContent::Diff(diff) => Some(diff.path.clone()),
        _ => None,
    });
    let input = fields.raw_input.as_ref();
    let named = ["file_path", "filePath", "filepath", "path", "notebook_path"].into_iter();
    let named = named.filter_map(|name| input?.get(name)?.as_str().map(PathBuf::from));
    let mut files: Vec<PathBuf> = locations.chain(diffs).chain(named).collect();
    files.sort();
    files.dedup();
    files
}

/// The option that says yes, or no, to this one request.
fn option(options: &[PermissionOption], allowed: bool) -> Option<&PermissionOption> {
    let kind = if allowed { PermissionOptionKind::AllowOnce } else { PermissionOptionKind::RejectOnce };
    let of = |kind| options.iter().find(|option| option.kind == kind);
    // A no for good is a no as well.
    of(kind).or_else(|| if allowed { None } else { of(PermissionOptionKind::RejectAlways) })
}
