//! The repositories: specs committed, the merges of what was done on `main`, and the chains, written by the store itself.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use git_chant::testing::{Addition, Evidence, Facts, Landing, NewEvent, Op, Pin, Refusal, Settings, SpecId, Store};
use gix::ObjectId;

use crate::{
    MANY,
    specs::{self, Fate, Made},
};

/// How many are active where most are archived.
const ACTIVE: usize = 500;

/// So many are folded into the archive at once.
const FOLDED: usize = 2_000;

/// So many events has a spec that was tried again and again.
const LONG: u64 = 50;

/// Changes with everything that is made here: what an older version made is made anew.
const VERSION: &str = "3";

/// A repository to measure in.
pub struct Repository {
    pub top: PathBuf,
    /// A completed spec in the middle.
    pub completed: String,
    /// The newest pending one that depends on another.
    pub pending: String,
    /// One that is under way, with a worktree.
    pub working: String,
    /// One that was tried again and again.
    pub tried: String,
}

/// The repository with `count` specs below `home`, loose or packed; made unless it is there.
pub fn prepare(home: &Path, count: usize, packed: bool) -> Repository {
    let top = home.join(format!("{count}-{}", if packed { "packed" } else { "loose" }));
    let made = specs::make(count, if count > MANY { count - ACTIVE } else { 0 });
    let stamp = top.join(".git/bench-version");
    if fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION) {
        try_again(&top, &tried(&made).id);
        return repository(top, &made);
    }
    eprintln!("making {}", top.display());
    for old in [top.clone(), worktree(&top, &working(&made).id)] {
        if old.exists() {
            fs::remove_dir_all(&old).expect("what an earlier run left can be removed");
        }
    }
    fs::create_dir_all(&top).expect("the directory can be made");
    if packed && count <= MANY {
        let loose = prepare(home, count, false);
        let from = format!("{}/.", loose.top.display());
        succeed(Command::new("cp").args(["-Rp", &from, &top.to_string_lossy()]));
        fs::remove_file(&stamp).expect("the stamp was copied");
        fs::remove_dir_all(top.join(".git/worktrees")).expect("the worktree of the other was copied");
        git(&top, &["gc", "-q"]);
        git(&top, &["update-index", "-q", "--refresh"]);
    } else {
        git(&top, &["init", "-q", "-b", "main"]);
        // git is not to pack what is measured loose.
        git(&top, &["config", "gc.auto", "0"]);
        git(&top, &["config", "maintenance.auto", "false"]);
        let commits = history(&top, &made);
        git(&top, &["reset", "-q", "--hard"]);
        chains(&top, &made, &commits);
        if packed {
            git(&top, &["gc", "-q"]);
        }
    }
    let id = &working(&made).id;
    let place = worktree(&top, id);
    git(&top, &["worktree", "add", "-q", "--no-checkout", "-B", &format!("chant/{id}"), &place.to_string_lossy()]);
    fs::write(stamp, VERSION).expect("the stamp can be written");
    try_again(&top, &tried(&made).id);
    repository(top, &made)
}

fn repository(top: PathBuf, made: &[Made]) -> Repository {
    let middle = &made[made.len() / 2..];
    let completed = middle.iter().find(|spec| spec.fate == Fate::Completed).expect("most are completed");
    let depends = |spec: &&Made| spec.fate == Fate::Pending && spec.text.contains("depends_on:");
    let pending = made.iter().rev().find(depends).expect("many depend on others");
    let [working, tried] = [working(made), tried(made)].map(|spec| spec.id.clone());
    Repository { top, completed: completed.id.clone(), pending: pending.id.clone(), working, tried }
}

fn working(made: &[Made]) -> &Made {
    made.iter().find(|spec| spec.fate == Fate::InProgress).expect("some are under way")
}

fn tried(made: &[Made]) -> &Made {
    made.iter().rev().find(|spec| spec.fate == Fate::Failed).expect("some have failed")
}

/// Where the tool itself would put it.
fn worktree(top: &Path, id: &str) -> PathBuf {
    let name = top.file_name().unwrap_or_default().to_string_lossy();
    top.with_file_name(format!("{name}.chant-{}", &id[11..]))
}

/// What a completed spec left on `main`.
struct Landed {
    base: ObjectId,
    work: ObjectId,
    merge: ObjectId,
}

struct Commits {
    seed: ObjectId,
    landed: HashMap<usize, Landed>,
}

/// One commit with every spec, then a commit and a merge for each that was completed, as one stream for `git fast-import`.
fn history(top: &Path, made: &[Made]) -> Commits {
    let mut stream = Vec::new();
    let mut clock = 1_735_689_600;
    let mut commit = |stream: &mut Vec<u8>, branch: &str, mark: usize, subject: &str, parents: &[usize]| {
        clock += 60;
        write!(stream, "commit refs/heads/{branch}\nmark :{mark}\n").expect("memory takes everything");
        write!(stream, "committer Ada <ada@example.com> {clock} +0000\ndata {}\n{subject}\n", subject.len())
            .expect("memory takes everything");
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} :{parent}").expect("memory takes everything");
        }
    };
    commit(&mut stream, "main", 1, "Write everything down", &[]);
    for spec in made {
        let dir = if spec.fate == Fate::Archived { "archive" } else { "specs" };
        file(&mut stream, &format!(".chant/{dir}/{}.md", spec.id), &spec.text);
    }
    let mut tip = 1;
    let completed: Vec<usize> = (0..made.len()).filter(|at| made[*at].fate == Fate::Completed).collect();
    for at in &completed {
        let (work, merge) = (2 + 2 * at, 3 + 2 * at);
        let spec = &made[*at];
        let code = format!("// {}\n", spec.title);
        commit(&mut stream, "work", work, &spec.title, &[tip]);
        file(&mut stream, &spec.work_file, &code);
        commit(&mut stream, "main", merge, &format!("Merge chant/{}", spec.id), &[tip, work]);
        file(&mut stream, &spec.work_file, &code);
        tip = merge;
    }
    stream.extend_from_slice(b"reset refs/heads/work\nfrom 0000000000000000000000000000000000000000\n");
    let marks = marks(top, &stream);
    let mut base = 1;
    let mut landed = HashMap::new();
    for at in completed {
        let (work, merge) = (2 + 2 * at, 3 + 2 * at);
        landed.insert(at, Landed { base: marks[&base], work: marks[&work], merge: marks[&merge] });
        base = merge;
    }
    Commits { seed: marks[&1], landed }
}

fn file(stream: &mut Vec<u8>, path: &str, text: &str) {
    write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).expect("memory takes everything");
}

fn marks(top: &Path, stream: &[u8]) -> HashMap<usize, ObjectId> {
    let path = top.join(".git/bench-marks");
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .arg(format!("--export-marks={}", path.display()))
        .current_dir(top)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git can be run");
    import.stdin.take().expect("it was asked for").write_all(stream).expect("git reads its input");
    assert!(import.wait().expect("git ends").success(), "git fast-import failed");
    let text = fs::read_to_string(&path).expect("git wrote the marks");
    fs::remove_file(&path).expect("the marks can be removed");
    text.lines()
        .map(|line| {
            let (mark, id) = line[1..].split_once(' ').expect("git writes marks so");
            (mark.parse().expect("a mark is a number"), id.parse().expect("git writes ids"))
        })
        .collect()
}

/// The repository, written to as Ada.
fn open(top: &Path) -> gix::Repository {
    let mut repo = gix::open(top).expect("the repository was just made");
    let mut config = repo.config_snapshot_mut();
    config.set_raw_value("user.name", "Ada").expect("the key is valid");
    config.set_raw_value("user.email", "ada@example.com").expect("the key is valid");
    config.commit().expect("the values are valid");
    repo
}

fn store(repo: &gix::Repository) -> Store<'_> {
    let settings = Settings {
        clone: "00112233445566aa".into(),
        patience: Duration::from_secs(10),
        sync_objects: false,
        sync_refs: false,
    };
    Store::new(repo, settings)
}

/// Lets the spec fail until it has a long history.
fn try_again(top: &Path, id: &str) {
    let repo = open(top);
    let store = store(&repo);
    let chain = Chain { store: &store, id: SpecId::new(id).expect("the ids are valid"), informed: None };
    let tip = store.tip(&chain.id).expect("the ref can be read").expect("it has a chain");
    let (state, _) = store.state_at(&chain.id, tip).expect("the chain can be read");
    let base = repo.head_id().expect("there are commits").detach();
    for _ in state.generation / 2..LONG / 2 {
        chain.start(base);
        chain.fail();
    }
}

/// The events of every spec, in the order in which the specs were made.
fn chains(top: &Path, made: &[Made], commits: &Commits) {
    let repo = open(top);
    let store = store(&repo);
    let mut tips = Vec::with_capacity(made.len());
    let mut waiting = Vec::new();
    for (at, spec) in made.iter().enumerate() {
        let informed = spec.informed_by.map(|other| (made[other].id.as_str(), tips[other]));
        let chain = Chain { store: &store, id: SpecId::new(&spec.id).expect("the ids are valid"), informed };
        tips.push(chain.write(spec, commits.seed, commits.landed.get(&at)));
        if spec.fate == Fate::Archived {
            waiting.push((SpecId::new(&spec.id).expect("the ids are valid"), tips[at]));
        }
        let last = made.get(at + 1).is_none_or(|next| next.fate != Fate::Archived);
        if waiting.len() == FOLDED || (last && !waiting.is_empty()) {
            assert_eq!(store.fold_away(&waiting).expect("the archive can be written").len(), waiting.len());
            waiting.clear();
        }
    }
}

struct Chain<'a> {
    store: &'a Store<'a>,
    id: SpecId,
    informed: Option<(&'a str, ObjectId)>,
}

impl Chain<'_> {
    /// Writes the life of a spec, and returns its newest event.
    fn write(&self, spec: &Made, seed: ObjectId, landed: Option<&Landed>) -> ObjectId {
        let blob = self.store.write_blob(spec.text.as_bytes()).expect("the blob can be written");
        let add = Facts {
            spec_path: Some(format!(".chant/specs/{}.md", self.id)),
            spec_blob: Some(blob),
            created: Some(format!("{}T09:00:00Z", &spec.id[..10])),
            ..Facts::default()
        };
        let added = self.append(Op::Add, &spec.title, add, Some(blob));
        match spec.fate {
            Fate::Pending => added,
            Fate::Cancelled => self.append(Op::Cancel, "not worth it", Facts::default(), None),
            Fate::InProgress => self.start(seed),
            Fate::Failed => {
                self.start(seed);
                self.fail()
            }
            Fate::Archived => {
                self.append(Op::Cancel, "not worth it", Facts::default(), None);
                self.append(Op::Archive, "is archived", Facts::default(), None)
            }
            Fate::Completed => self.complete(spec, landed.expect("what is completed has landed")),
        }
    }

    /// Every fourth attempt fails at first.
    fn complete(&self, spec: &Made, landed: &Landed) -> ObjectId {
        if spec.text.len().is_multiple_of(4) {
            self.start(landed.base);
            self.fail();
        }
        self.start(landed.base);
        let finish = Facts { work_commits: vec![landed.work], exit: Some(0), ..Facts::default() };
        self.append(Op::Finish, "every check passed", finish, None);
        let landing = Some(Landing { old: Some(landed.base), new: landed.merge });
        self.append(Op::Land, "to main", Facts { landing, ..Facts::default() }, None);
        self.append(Op::Complete, &spec.title, Facts::default(), None)
    }

    fn start(&self, base: ObjectId) -> ObjectId {
        let url = Pin::Url("https://example.com/kvstore/issues/1".into());
        let pin = |(id, event): (&str, ObjectId)| Pin::Spec { id: SpecId::new(id).expect("it is valid"), event };
        let facts = Facts {
            base: Some(base),
            target: Some("refs/heads/main".into()),
            agent: Some("script".into()),
            informed_by: self.informed.map(pin).into_iter().chain([url]).collect(),
            ..Facts::default()
        };
        self.append(Op::Start, "an agent begins", facts, None)
    }

    fn fail(&self) -> ObjectId {
        let facts = Facts { exit: Some(3), reason: Some("the agent ended with 3".into()), ..Facts::default() };
        self.append(Op::Fail, "it failed", facts, None)
    }

    fn append(&self, op: Op, sentence: &str, facts: Facts, spec: Option<ObjectId>) -> ObjectId {
        let informed: Vec<ObjectId> = self.informed.iter().filter(|_| op == Op::Start).map(|(_, tip)| *tip).collect();
        let appended = self.store.append(&self.id, |_| {
            Ok(Addition {
                event: NewEvent { op: op.clone(), sentence: sentence.to_owned(), facts: facts.clone() },
                evidence: Evidence { spec, ..Evidence::default() },
                informed: informed.clone(),
            })
        });
        match appended {
            Ok(appended) => appended.event,
            Err(Refusal::Failed(error)) => panic!("{}: {}", self.id, error.message),
            Err(Refusal::NotAllowed { obstacle, .. }) => panic!("{}: {obstacle}", self.id),
        }
    }
}

/// Runs git in `top`; it has to succeed.
pub fn git(top: &Path, args: &[&str]) {
    succeed(Command::new("git").args(args).current_dir(top));
}

fn succeed(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("the program can be run");
    assert!(status.success(), "{command:?}: {status}");
}
