//! Servers outside that would write for a run whatever it asks them to: containers, service managers, terminal multiplexers, editors, and the
//! agent that has the person's ssh keys.
//!
//! Known places and variables are looked at; a server that listens on the network or on an abstract socket cannot be hidden by its path.

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use crate::env::Env;

/// Sockets, and directories of sockets, of the system.
const SYSTEM: &[&str] = &[
    "/run/docker.sock",
    "/run/docker",
    "/run/podman",
    "/run/containerd",
    "/run/crio",
    "/run/k3s",
    "/run/libvirt",
    "/run/incus",
    "/var/lib/lxd/unix.socket",
    "/var/snap/lxd/common/lxd/unix.socket",
    "/run/dbus",
    "/run/systemd/private",
    "/run/screen",
    "/tmp/screens",
    "/run/acpid.socket",
    "/run/snapd.socket",
    "/run/cups",
];

/// Likewise in a home directory.
const AT_HOME: &[&str] =
    &[".docker/run", ".docker/desktop", ".colima", ".rd", ".orbstack/run", ".lima", ".ssh/agent", ".screen"];

/// Variables that name a socket, as a path or as `unix:<path>`.
const VARIABLES: &[&str] = &[
    "SSH_AUTH_SOCK",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "TMUX",
    "NVIM",
    "NVIM_LISTEN_ADDRESS",
    "KITTY_LISTEN_ON",
    "WEZTERM_UNIX_SOCKET",
    "VSCODE_IPC_HOOK_CLI",
    "VSCODE_GIT_IPC_HANDLE",
    "GNOME_KEYRING_CONTROL",
    "SCREENDIR",
    "ZELLIJ_SOCKET_DIR",
    "XDG_RUNTIME_DIR",
];

/// Beginnings of names in the directory of temporary files: one directory for each user, or for each server.
const TEMPORARY: &[&str] = &["tmux-", "ssh-", "zellij-", "nvim."];

/// The sockets of such servers that there are, as `env` and the usual places tell. The runtime directory of the person is one of
/// them: session bus, service manager, keyring and rootless containers all listen there.
pub(crate) fn sockets(env: &Env) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    let home = env.home();
    if let Some(home) = &home {
        found.extend(AT_HOME.iter().map(|name| home.join(name)));
    }
    let uid = rustix::process::getuid().as_raw();
    let mut named = vec![format!("/run/user/{uid}").into(), format!("/tmp/emacs{uid}").into()];
    named.extend(VARIABLES.iter().filter_map(|name| path_in(env.text(name)?)));
    let mut temporary = vec![PathBuf::from("/tmp"), env.temp_dir()];
    temporary.extend(env.var("TMUX_TMPDIR").map(PathBuf::from));
    named.extend(temporary.iter().flat_map(|dir| in_temporary(dir)));
    // A variable may name anything.
    found.extend(named.into_iter().filter(|path| fs::metadata(path).is_ok_and(|meta| is_a_place(&meta))));
    let contains_run =
        |path: &Path| home.iter().map(PathBuf::as_path).chain([env.cwd()]).any(|dir| dir.starts_with(path));
    found.retain(|path| path.exists() && !contains_run(path));
    found.sort();
    found.dedup();
    found
}

/// The path in the value of a variable: `/path`, `/path,1,2`, `unix:///path`, `unix:path=/path,guid=…`.
fn path_in(value: &str) -> Option<PathBuf> {
    let value = value.strip_prefix("unix:").map_or(value, |rest| rest.strip_prefix("path=").unwrap_or(rest));
    let value = value.split(',').next().unwrap_or(value);
    let trimmed = value.trim_start_matches('/');
    (trimmed.len() < value.len()).then(|| Path::new("/").join(trimmed))
}

/// Entries of a directory of temporary files that are called like such sockets or what holds them.
fn in_temporary(dir: &Path) -> Vec<PathBuf> {
    let begins = |name: &str| TEMPORARY.iter().any(|beginning| name.starts_with(beginning));
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| begins(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}

/// Whether it is a socket, or a directory that only this user can enter, as servers make them.
fn is_a_place(meta: &fs::Metadata) -> bool {
    let private = meta.is_dir() && meta.mode() & 0o077 == 0 && meta.uid() == rustix::process::getuid().as_raw();
    meta.file_type().is_socket() || private
}
