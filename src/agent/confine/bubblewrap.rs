//! The sandbox of Linux: the arguments of bubblewrap, made from a [`Sandbox`].
//!
//! A run has namespaces of users, processes, mounts and System V's shared memory of its own, and no capabilities, root included: without
//! them root would mount the repository writable again, or reach it by `/proc/PID/root`. It has a session of its own, so that it cannot type into the
//! person's terminal (TIOCSTI), and devices and terminals of its own. `--disable-userns` is not used: agents have sandboxes too.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
};

use super::{
    layers::FILTER,
    sandbox::{Access, Sandbox},
};

/// The program.
pub(super) const PROGRAM: &str = "bwrap";

/// Devices and directories of devices that a run keeps, besides those that bubblewrap makes for it: graphics, virtual machines,
/// network tunnels. Disks are none of them: root could write the repository through its disk.
const DEVICES: &[&str] = &[
    "/dev/kvm",
    "/dev/fuse",
    "/dev/kfd",
    "/dev/dri",
    "/dev/snd",
    "/dev/dxg",
    "/dev/net",
    "/dev/nvidia0",
    "/dev/nvidia1",
    "/dev/nvidiactl",
    "/dev/nvidia-modeset",
    "/dev/nvidia-uvm",
    "/dev/nvidia-uvm-tools",
    "/dev/vhost-net",
    "/dev/vhost-vsock",
];

/// Where root could have the kernel run something outside. Bubblewrap closes these too, but not for a root without capabilities.
const KERNEL: &[&str] = &["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/acpi", "/proc/scsi"];

/// Settings of the kernel that forbid user namespaces: the file, the value that forbids them, and how a person would write it.
const FORBIDDING: &[(&str, &str, &str)] = &[
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=0"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=0"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=1"),
];

/// The words before the command of a run in `sandbox`.
pub(super) fn prefix(sandbox: &Sandbox) -> Vec<OsString> {
    let mut words = Words(vec![PROGRAM.into()]);
    let root = Path::new("/");
    words.add("--unshare-user").add("--unshare-pid").add("--unshare-ipc").add("--die-with-parent").add("--new-session");
    words.add("--cap-drop").add("ALL");
    if sandbox.layers.is_some() {
        // In the namespace of the layers this user is root.
        words.add("--uid").add(rustix::process::getuid().as_raw().to_string());
        words.add("--gid").add(rustix::process::getgid().as_raw().to_string());
    }
    if sandbox.layers.as_ref().is_some_and(|layers| layers.filter().is_some()) {
        words.add("--seccomp").add(FILTER);
    }
    for name in &sandbox.unset {
        words.add("--unsetenv").add(name);
    }
    words.mount(if sandbox.strict { "--ro-bind" } else { "--bind" }, root, root);
    words.add("--dev").add("/dev");
    // Without it there is a shared memory of the run's own; files of the person in it would be missing.
    let shared = Path::new("/dev/shm");
    if !sandbox.strict {
        words.mount("--bind-try", shared, shared);
    } else if sandbox.worktree.starts_with(shared) {
        words.mount("--ro-bind-try", shared, shared);
    }
    for device in DEVICES.iter().map(Path::new) {
        words.mount("--dev-bind-try", device, device);
    }
    words.mount("--ro-bind-try", Path::new("/sys"), Path::new("/sys"));
    words.add("--proc").add("/proc");
    for settings in KERNEL.iter().map(Path::new) {
        words.mount("--ro-bind-try", settings, settings);
    }
    for rule in sandbox.rules() {
        let path = &rule.path;
        match &rule.access {
            Access::Write | Access::Stays => words.mount("--bind", path, path),
            Access::Read => words.mount("--ro-bind-try", path, path),
            Access::Shows(content) => words.mount("--ro-bind", content, path),
            Access::Has(content) => words.mount("--bind", content, path),
            Access::Hidden if path.is_dir() => words.add("--tmpfs").add(path),
            // To connect to what is no socket is refused.
            Access::Hidden => words.mount("--ro-bind", Path::new("/dev/null"), path),
        };
    }
    let worktree = fs::canonicalize(&sandbox.worktree);
    words.add("--chdir").add(worktree.as_deref().unwrap_or(&sandbox.worktree)).add("--");
    words.0
}

/// A command line in the making.
struct Words(Vec<OsString>);

impl Words {
    fn add(&mut self, word: impl AsRef<OsStr>) -> &mut Self {
        self.0.push(word.as_ref().to_owned());
        self
    }

    fn mount(&mut self, how: &str, what: &Path, at: &Path) -> &mut Self {
        self.add(how).add(what).add(at)
    }
}

/// These settings as they are now.
pub(super) fn settings() -> String {
    let now = |(file, _, _): &(&str, &str, &str)| fs::read_to_string(file).unwrap_or_default().trim().to_owned();
    FORBIDDING.iter().map(now).collect::<Vec<_>>().join(" ")
}

/// The setting that keeps this user from making user namespaces, if one does.
pub(super) fn forbidden() -> Option<&'static str> {
    let forbids = |file: &str, value: &str| fs::read_to_string(file).is_ok_and(|text| text.trim() == value);
    FORBIDDING.iter().find(|(file, value, _)| forbids(file, value)).map(|(_, _, setting)| *setting)
}
