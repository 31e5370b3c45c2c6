//! The table of places held against the system calls of every scenario: each effect of the tool on a file or a process lies between
//! the two points of a place, and each place has one effect. Strace tells the calls.

use std::collections::{BTreeMap, BTreeSet};

use git_chant::testing::PLACES;

use crate::{passages, scenario::ALL, support::tools, trial::Trial};

/// Places with more than one effect that cannot be told apart from here: one transaction of gix, the directories above a file, a tree
/// that is removed, the start of a process.
const COMPOUND: &[&str] = &[
    "dir.make",
    "placeholder.drop",
    "placeholder.make",
    "pool.probe",
    "private.back",
    "private.copy",
    "private.drop",
    "private.make",
    "ref.commit",
    "ref.lock",
    "ref.unlock",
    "run.remove",
    "tree.forget",
    "tree.remove",
];

/// Places that no scenario comes to, and which commands do.
const ELSEWHERE: &[(&str, &str)] = &[
    ("aside.copy", "on a file system without links"),
    ("aside.return", "after a merge that did not happen: tests/cli/places.rs"),
    ("aside.rewrite", "where the work tree is on another file system than the repository"),
    ("file.remove", "'fsck --repair' of old files, and an add that fails"),
    ("given.place", "'report -o', which writes where a person says: tests/cli/report.rs"),
    ("git.merge", "where a person or an agent resolves a conflict"),
    ("git.notes", "where both sides wrote notes"),
    ("exclude.write", "with worktrees inside the main one"),
    ("include.copy", "with .worktreeinclude"),
    ("index.place", "with many specs: tests/cli/index.rs"),
    ("lock.drop", "after a kill in a ref transaction: tests/cli/locks.rs"),
    ("lock.move", "after a kill in a ref transaction: tests/cli/locks.rs"),
    ("lock.return", "where two processes take away one lock"),
    ("log.begin", "'fsck --repair' of a chain without a log"),
    ("output.return", "where a document is edited while it is replaced"),
    ("private.remove", "where the sandbox that it is for does not work: tests/cli/confined.rs"),
    ("prune.dir", "'prune'"),
    ("prune.file", "'prune'"),
    ("ref.mend", "'fsck --repair' of a ref that a power cut emptied"),
    ("slot.take", "with chant.agent.<name>.jobs"),
    ("lease.forget", "of a run that died"),
];

const CALLS: &str = "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,open,openat,\
    creat,truncate,ftruncate,fork,vfork,clone,clone3,kill,tkill,tgkill,pidfd_send_signal";

/// One system call of a process. Strace writes it in two parts where another came in between.
struct Call {
    pid: u32,
    text: String,
}

fn calls(trace: &[String]) -> Vec<Call> {
    let mut begun = BTreeMap::<u32, usize>::new();
    let mut calls: Vec<Call> = Vec::new();
    for line in trace {
        let Some((pid, text)) = line.split_once(' ') else { continue };
        let (pid, text): (u32, _) = (pid.parse().unwrap(), text.trim());
        if let Some(first) = text.strip_suffix("<unfinished ...>") {
            begun.insert(pid, calls.len());
            calls.push(Call { pid, text: first.to_owned() });
        } else if text.starts_with("<... ") {
            let rest = text.split_once("resumed>").map_or("", |(_, rest)| rest);
            if let Some(at) = begun.remove(&pid) {
                calls[at].text.push_str(rest);
            }
        } else {
            calls.push(Call { pid, text: text.to_owned() });
        }
    }
    calls
}

impl Call {
    fn name(&self) -> &str {
        self.text.split('(').next().unwrap_or_default()
    }

    fn result(&self) -> Option<i64> {
        self.text.rsplit_once("= ")?.1.split([' ', '<']).next()?.parse().ok()
    }

    fn is_start(&self) -> bool {
        matches!(self.name(), "fork" | "vfork" | "clone" | "clone3")
    }

    fn is_thread(&self) -> bool {
        self.text.contains("CLONE_THREAD")
    }

    /// Whether the call changed something that other processes can see.
    fn is_effect(&self) -> bool {
        if self.result().is_none_or(|result| result < 0) {
            return false;
        }
        match self.name() {
            "open" | "openat" => {
                (self.text.contains("O_CREAT") || self.text.contains("O_TRUNC"))
                    && !self.text.contains("O_TMPFILE")
                    && !self.is_private()
            }
            "unlink" | "unlinkat" | "rmdir" | "mkdir" | "mkdirat" | "truncate" | "ftruncate" => !self.is_private(),
            "rename" | "renameat" | "renameat2" | "link" | "linkat" => !self.text.contains("/objects/"),
            // To itself, as the runtime does at the end.
            "tgkill" | "tkill" => false,
            "write" => false,
            _ if self.is_start() => !self.is_thread(),
            _ => true,
        }
    }

    /// Whether the call is about a name that no other process reads: of a temporary file, of an object.
    fn is_private(&self) -> bool {
        let mut parts = self.text.split(['"', '<', '>', '/']);
        parts.any(|part| {
            [".tmp", ".chant-tmp-", ".lease-", "tmp_obj_", "objects"].iter().any(|prefix| part.starts_with(prefix))
        })
    }
}

/// The processes of a trace that are threads of the first.
fn threads(calls: &[Call]) -> BTreeSet<u32> {
    let mut own: BTreeSet<u32> = calls.first().map(|call| call.pid).into_iter().collect();
    for call in calls.iter().filter(|call| call.is_start() && call.is_thread()) {
        if own.contains(&call.pid) {
            own.extend(call.result().and_then(|pid| u32::try_from(pid).ok()));
        }
    }
    own
}

/// What is wrong with one run; adds the places that it came by, with the number of their effects.
fn judge(name: &str, trace: &[String], seen: &mut BTreeMap<String, usize>) -> Vec<String> {
    let calls = calls(trace);
    let own = threads(&calls);
    let mut wrong = Vec::new();
    // Where it is now, and how many effects there were here.
    let mut place: Option<(String, usize)> = None;
    for call in calls.iter().filter(|call| own.contains(&call.pid)) {
        if let Some(point) = passages::point(&call.text) {
            let (at, when) = point.rsplit_once('.').unwrap();
            seen.entry(at.to_owned()).or_default();
            place = (when == "before").then(|| (at.to_owned(), 0));
        } else if call.is_effect() {
            match &mut place {
                None => wrong.push(format!("{name}: outside of every place: {}", call.text)),
                Some((at, count)) => {
                    *count += 1;
                    *seen.entry(at.clone()).or_default() += 1;
                    if *count > 1 && !COMPOUND.contains(&at.as_str()) {
                        wrong.push(format!("{name}: the effect number {count} in '{at}': {}", call.text));
                    }
                }
            }
        }
    }
    wrong
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_effect_lies_between_two_points_and_every_point_is_passed() {
    if !(tools::need("strace") && tools::need("bwrap")) {
        return;
    }
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    for scenario in ALL {
        let start = (scenario.prepare)();
        let (ran, trace) = passages::traced(&Trial::new(&start), &scenario.command(&start.id), CALLS);
        assert_eq!(ran.code, 0, "{}: {}{}", scenario.name, ran.out, ran.err);
        wrong.extend(judge(scenario.name, &trace, &mut seen));
    }
    assert!(wrong.is_empty(), "{} effects:\n{}", wrong.len(), wrong.join("\n"));
    // A place without an effect has a name for something that is not done there. The effect of `agent.go` is on a pipe.
    let idle: Vec<_> = seen.iter().filter(|(place, effects)| **effects == 0 && *place != "agent.go").collect();
    assert!(idle.is_empty(), "nothing is done at {idle:?}");
    let explained: BTreeSet<&str> = ELSEWHERE.iter().map(|(place, _)| *place).collect();
    let known: BTreeSet<&str> = PLACES.iter().copied().collect();
    assert!(explained.is_subset(&known), "explained and no place");
    let passed: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
    let missed: Vec<_> = known.iter().filter(|place| !passed.contains(*place) && !explained.contains(*place)).collect();
    assert!(missed.is_empty(), "no scenario comes to {missed:?}");
    let needless: Vec<_> = explained.intersection(&passed).collect();
    assert!(needless.is_empty(), "explained, and passed all the same: {needless:?}");
}

#[test]
fn an_effect_without_a_point_would_be_noticed() {
    let lines = |texts: &[&str]| texts.iter().map(|text| format!("7 {text}")).collect::<Vec<_>>();
    let judged = |texts: &[&str]| judge("x", &lines(texts), &mut BTreeMap::new()).len();
    let (before, after) = (
        "write(5</passages>, \"file.place.before\\n\", 18) = 18",
        "write(5</passages>, \"file.place.after\\n\", 17) = 17",
    );
    let rename = "rename(\"/r/.tmp1\", \"/r/a\") = 0";
    assert_eq!(judged(&[before, rename, after]), 0);
    assert_eq!(judged(&[before, rename, rename, after]), 1);
    assert_eq!(judged(&[before, after, rename]), 1);
    assert_eq!(judged(&["rename(\"/r/.tmp1\", \"/r/a\") = -1 ENOENT (No such file)"]), 0);
    assert_eq!(judged(&["openat(AT_FDCWD, \"/r/x\", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3"]), 1);
    assert_eq!(judged(&["clone3({flags=CLONE_VM|CLONE_VFORK} <unfinished ...>", "<... clone3 resumed>) = 8"]), 1);
    assert_eq!(judged(&["clone3({flags=CLONE_VM|CLONE_THREAD}) = 8"]), 0);
}
