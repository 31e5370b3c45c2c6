//! The answer to one request for a permission: what the agent wants to do, and whether it may.

use std::path::Path;

use agent_client_protocol_schema::v1::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    SelectedPermissionOutcome, ToolKind,
};

use super::{
    files::Files,
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
    let files = of_request(request, known.map(|call| &call.files), kind);
    // Of a use that may have been forgotten nothing is known but what the request says.
    let is_known = known.is_some() || fields.kind.is_some() || !calls.has_forgotten;
    let allowed = !cancelled && is_known && permit.allows(kind, &files, worktree);
    let option = option(&request.options, allowed);
    let decided = Permission {
        kind: permit::name(kind).to_owned(),
        what: described(&title, &files),
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

/// The files that a request is about, those that its tool named before among them. The place in which a command runs is none.
fn of_request(request: &RequestPermissionRequest, known: Option<&Files>, kind: ToolKind) -> Files {
    let fields = &request.tool_call.fields;
    if permit::is_without_files(kind) {
        return Files::default();
    }
    let (locations, content) = (fields.locations.as_deref(), fields.content.as_deref());
    let mut all = Files::of(locations.unwrap_or_default(), content.unwrap_or_default(), fields.raw_input.as_ref());
    known.into_iter().for_each(|known| all.extend(known));
    all
}

/// What the agent wants to do: the title that it gave, with the files that this does not name.
fn described(title: &str, files: &Files) -> String {
    let names = files.named.iter().map(|file| file.to_string_lossy());
    let named: Vec<&str> = title.split(|c: char| c.is_whitespace() || "'\"`".contains(c)).map(base_name).collect();
    let unnamed: Vec<_> = names.filter(|name| !named.contains(&base_name(name))).collect();
    match unnamed.is_empty() {
        true => one_line(title),
        false => one_line(&format!("{title} ({})", unnamed.join(", "))),
    }
}

/// The last part of a path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The option that says yes, or no, to this one request.
fn option(options: &[PermissionOption], allowed: bool) -> Option<&PermissionOption> {
    let kind = if allowed { PermissionOptionKind::AllowOnce } else { PermissionOptionKind::RejectOnce };
    let of = |kind| options.iter().find(|option| option.kind == kind);
    // A no for good is a no as well.
    of(kind).or_else(|| if allowed { None } else { of(PermissionOptionKind::RejectAlways) })
}
