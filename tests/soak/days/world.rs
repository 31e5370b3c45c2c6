//! The hub and its clones, with what each has seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::support::{Ran, Sandbox, chance::Chance};

/// What an agent does is in a file beside the clones, so that one configuration has them all.
const AGENT: &str = r#"
mood=$(cat "$beside/mood")
id=$CHANT_SPEC_ID
log="$beside/logs/$clone-$id-$CHANT_ATTEMPT"
word=$id-$CHANT_ATTEMPT-$(date +%N)
tick() { sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.tick && cat .tick >"$CHANT_SPEC_FILE" && rm .tick; }
commit() { git commit -qm "Work on $id" && echo "commit $(git rev-parse HEAD) $word" >>"$log"; }
leave() { echo "$word" >>"dirty-$id" && echo "left $word" >>"$log"; }
echo "$word" >>"work-$id"; git add "work-$id"; commit
case $mood in
good) tick ;;
leaves) leave; tick ;;
shared) echo "$word" >>file; git add file; commit; tick ;;
crash) leave; exit 9 ;;
killed) leave; kill -9 $$ ;;
hang) leave; sleep 30 ;;
unticked) leave ;;
wrong) leave; git chant fail --research-insufficient -m "Nothing is known of $id" ;;
loud) seq 1 30000; tick ;;
esac
"#;

/// Three clones of a bare repository, in one sandbox.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) hub: PathBuf,
    pub(super) clones: Vec<PathBuf>,
    /// How often each act was tried, and how often it succeeded.
    pub(super) counts: BTreeMap<&'static str, (usize, usize)>,
    /// The tips of histories that each clone had: they stay reachable in it.
    pub(super) tips: Vec<BTreeSet<String>>,
    /// The lines in the logs of agents that were looked for already.
    pub(super) checked: BTreeSet<String>,
    /// Numbers for names.
    next: usize,
}

impl World {
    pub(super) fn new(chance: &mut Chance) -> World {
        let sandbox = Sandbox::new();
        for clone in 0..3 {
            sandbox.write(&format!("notes-{clone}"), "one\n");
        }
        sandbox.commit("Notes");
        let dir = sandbox.repo.parent().unwrap().to_owned();
        std::fs::create_dir(dir.join("logs")).unwrap();
        let hub = dir.join("hub.git");
        sandbox.git(&["clone", "-q", "--bare", &sandbox.repo.display().to_string(), &hub.display().to_string()]);
        let mut world = World {
            sandbox,
            hub,
            clones: Vec::new(),
            counts: BTreeMap::new(),
            tips: vec![BTreeSet::new(); 3],
            checked: BTreeSet::new(),
            next: 0,
        };
        for number in 0..3 {
            world.add_clone(&dir, number, chance);
        }
        world
    }

    fn add_clone(&mut self, dir: &Path, number: usize, chance: &mut Chance) {
        let clone = dir.join(format!("clone{number}"));
        let url = format!("file://{}", self.hub.display());
        self.sandbox.git_in(dir, &["clone", "-q", &url, &clone.display().to_string()]);
        let agent = dir.join(format!("agent{number}.sh"));
        std::fs::write(&agent, format!("beside={}\nclone={number}\n{AGENT}", dir.display())).unwrap();
        let logs = dir.join("logs");
        let set = [
            ("chant.agent.daily.cmd", format!("sh {}", agent.display())),
            ("chant.agent", "daily".to_owned()),
            ("chant.timeout", "2s".to_owned()),
            ("chant.remote", "origin".to_owned()),
            ("chant.confine", (*chance.of(&["off", "auto"])).to_owned()),
            ("chant.confine.writable", logs.display().to_string()),
            ("chant.merge", (*chance.of(&["merge", "squash", "rebase", "ff"])).to_owned()),
        ];
        for (name, value) in set {
            self.sandbox.git_in(&clone, &["config", name, &value]);
        }
        self.clones.push(clone);
    }

    /// The directory that everything is in.
    pub(super) fn dir(&self) -> &Path {
        self.hub.parent().unwrap()
    }

    /// What the next agents do.
    pub(super) fn mood(&self, mood: &str) {
        std::fs::write(self.dir().join("mood"), mood).unwrap();
    }

    /// A number that no name has yet.
    pub(super) fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// `git <args>` in a clone, however it ends.
    pub(super) fn try_git(&self, clone: usize, args: &[&str]) -> Ran {
        let mut git = self.sandbox.command_in(&self.clones[clone], "git");
        self.sandbox.run(git.args(args))
    }

    /// `git <args>` in a clone, which must succeed.
    #[track_caller]
    pub(super) fn git(&self, clone: usize, args: &[&str]) -> String {
        self.sandbox.git_in(&self.clones[clone], args)
    }

    /// The id and status of every spec that a clone knows.
    #[track_caller]
    pub(super) fn statuses(&self, clone: usize) -> Vec<(String, String)> {
        let list = self.sandbox.chant_in(&self.clones[clone], &["list", "--all", "--json"]).ok().json();
        let text = |spec: &serde_json::Value, key: &str| spec[key].as_str().unwrap().to_owned();
        list["specs"].as_array().unwrap().iter().map(|spec| (text(spec, "id"), text(spec, "status"))).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(keep) = std::env::var_os("CHANT_SOAK_KEEP").filter(|_| std::thread::panicking()) {
            let kept = std::process::Command::new("cp").arg("-a").arg(self.dir()).arg(&keep).status();
            eprintln!("kept in {}: {kept:?}", Path::new(&keep).display());
        }
    }
}
