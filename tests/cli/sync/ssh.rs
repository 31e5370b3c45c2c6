//! ssh: an sshd of our own for each connection, as inetd would start it.

use std::{
    net::TcpListener,
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
};

use super::net::parts;
use crate::support::{Sandbox, tools::need};

/// Where sshd is: it insists on being started by its full name.
const SSHD: &str = "/usr/sbin/sshd";

/// Whether there is one.
pub fn is_there() -> bool {
    need(SSHD)
}

/// Serves the sandbox's directory to a key of its own; what a URL has before the path. Ends with the test's process.
pub fn serve(sandbox: &Sandbox) -> String {
    let dir = sandbox.dir().join("ssh");
    std::fs::create_dir(&dir).unwrap();
    for key in ["host", "user"] {
        let mut keygen = sandbox.command_in(&dir, "ssh-keygen");
        sandbox.run(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", key])).ok();
    }
    let privileges = Path::new("/run/sshd");
    if !privileges.exists() {
        // Only root's sshd separates privileges, and only root can make this; another's has no need of it.
        let _not_root = std::fs::create_dir(privileges);
    }
    let place = dir.display();
    let config = format!(
        "HostKey {place}/host\nAuthorizedKeysFile {place}/user.pub\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
         PermitRootLogin yes\nPidFile none\nLogLevel QUIET\n"
    );
    std::fs::write(dir.join("config"), config).unwrap();
    let client = format!(
        "ssh -F /dev/null -i {place}/user -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -o LogLevel=ERROR -o BatchMode=yes"
    );
    sandbox.git(&["config", "--global", "core.sshCommand", &client]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut template = sandbox.command_in(&dir, SSHD);
    template.args(["-i", "-f"]).arg(dir.join("config"));
    let (args, envs) = parts(&template);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream: OwnedFd = stream.unwrap().into();
            let mut sshd = Command::new(SSHD);
            sshd.args(&args).env_clear().envs(envs.clone());
            sshd.stdin(stream.try_clone().unwrap()).stdout(stream).stderr(Stdio::null());
            std::thread::spawn(move || sshd.status());
        }
    });
    let user = sandbox.run(sandbox.command_in(sandbox.dir(), "id").arg("-un")).ok().out;
    format!("ssh://{}@127.0.0.1:{port}", user.trim())
}
