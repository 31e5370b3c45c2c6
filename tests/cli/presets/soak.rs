//! The soak of agents: Claude Code itself works many specs at once, with a model that fails at random by everything that stops an agent.
//! Each spec ends completed or with a true reason, nothing is lost, and what the runs cost adds up.
//!
//! Not part of the normal run: `.ci/long agents`. `CHANT_SOAK_SECONDS` says for how long (1800), `CHANT_SOAK_SEED` repeats the chances of a
//! run; what the machine does in them is its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    endpoint::{Endpoint, Turn},
    real,
};
use crate::support::{Ran, Sandbox, chance::Chance, tools::need_agent};

/// What lasts for some seconds, for every run: the reason that is to be recorded, and the answer of the server.
const STORMS: [(&str, Turn); 6] = [
    ("overload", Turn::Error(529, "overloaded_error", "Overloaded")),
    ("rate-limit", Turn::Error(429, "rate_limit_error", "This request would exceed your account's rate limit.")),
    ("server-error", Turn::Error(500, "api_error", "Internal server error")),
    ("no-network", Turn::HangUp),
    ("bad-key", Turn::Error(401, "authentication_error", "invalid x-api-key")),
    (
        "no-credit",
        Turn::Error(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    ),
];

/// The storm in which the agent is not logged in: no request comes in it.
const LOGGED_OUT: &str = "not-logged-in";

/// What happens to one run in fair weather.
const MISHAPS: [&str; 6] = ["refusal", "question", "denied", "killed", "output-limit", "turn-limit"];

/// How many turns one run may take.
const TURNS: usize = 5;

/// From this length on a run has to meet everything, in seconds.
const WHOLE: u64 = 1200;

/// What Claude Code says to a model whose answer was too long, or that refused: it gives up when the model does so again.
const AGAIN: [(&str, Turn); 2] = [
    ("Break remaining work into smaller pieces", Turn::TooMuch),
    ("Your response above was stopped by a safety classifier", Turn::Refusal),
];

/// The model and what it did.
struct Weather {
    chance: Chance,
    /// The storm, if there is one, and until when it lasts.
    storm: Option<usize>,
    until: Instant,
    /// From now on nothing fails.
    fair: bool,
    /// A file that is there while the agent is logged out.
    logged_out: PathBuf,
    /// What stopped, or may have stopped, the runs of each spec since that was looked at.
    served: BTreeMap<String, BTreeSet<&'static str>>,
    /// All since the beginning.
    ever: BTreeSet<(String, &'static str)>,
    /// How often each of it happened: to requests, which an agent may send again.
    counts: BTreeMap<&'static str, usize>,
    /// Words that the agent was told to write, and those that it says it has written, by spec.
    words: u32,
    written: BTreeSet<(String, String)>,
}

impl Weather {
    fn answer(&mut self, question: &Value) -> Turn {
        let spec = spec_of(question);
        let last = question["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
        // A session that resumes gets its prompt with what came before, such as what a tool said: the prompt counts.
        let resumes = last.to_string().contains("Part-");
        let is_result = last.to_string().contains("tool_result") && !resumes;
        for word in last.to_string().split("written-").skip(1).filter(|_| is_result) {
            let word: String = word.chars().take_while(char::is_ascii_alphanumeric).collect();
            self.written.insert((spec.clone(), word));
        }
        self.turn();
        if let Some(storm) = self.storm {
            // A run that began before the agent was logged out has a key that is not accepted any more.
            let (name, turn) = STORMS.get(storm).unwrap_or(&STORMS[4]);
            self.note(&spec, name);
            return turn.clone();
        }
        if let Some((_, turn)) = AGAIN.iter().find(|(said, _)| !resumes && last.to_string().contains(said)) {
            return turn.clone();
        }
        if !resumes && last.to_string().contains("go-on") {
            return self.write("; echo go-on");
        }
        if is_result {
            return Turn::Text("All of it is done.");
        }
        if self.fair || self.chance.below(100) >= 35 {
            return self.write("");
        }
        let mishap = *self.chance.of(&MISHAPS);
        self.note(&spec, mishap);
        match mishap {
            "refusal" => Turn::Refusal,
            "output-limit" => Turn::TooMuch,
            "question" => Turn::Tool(
                "AskUserQuestion",
                json!({"questions": [{"question": "Which file?", "header": "File", "multiSelect": false,
                    "options": [{"label": "One", "description": "One"}, {"label": "Two", "description": "Two"}]}]}),
            ),
            "denied" => Turn::Tool("Write", json!({"file_path": "/nowhere/file", "content": "mine\n"})),
            "killed" => self.write("; kill -9 $PPID; sleep 100"),
            _ => self.write("; sed -i 's/- \\[x\\]/- [ ]/' \"$CHANT_SPEC_FILE\"; echo go-on"),
        }
    }

    /// One command: a commit, a change that is not committed, the tick, and what comes after them.
    fn write(&mut self, then: &str) -> Turn {
        self.words += 1;
        let word = format!("w{}x", self.words);
        let command = format!(
            "echo {word} >>work-$CHANT_SPEC_ID && git add work-$CHANT_SPEC_ID && git commit -qm {word} && \
             echo {word} >>rest-$CHANT_SPEC_ID && sed -i 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" && echo written-{word}{then}"
        );
        Turn::Tool("Bash", json!({"command": command, "description": "Do it"}))
    }

    /// Has the storm pass, or the next one come.
    fn turn(&mut self) {
        if !self.fair && Instant::now() < self.until {
            return;
        }
        let storms = u64::try_from(STORMS.len()).unwrap() + 1;
        let next = self.chance.below(2 * storms);
        self.storm = (!self.fair && next < storms).then(|| usize::try_from(next).unwrap());
        self.until = Instant::now() + Duration::from_millis(2_000 + self.chance.below(6_000));
        if self.storm.is_some_and(|storm| storm == STORMS.len()) {
            std::fs::write(&self.logged_out, "").unwrap();
        } else {
            let _was_not_there = std::fs::remove_file(&self.logged_out);
        }
    }

    fn note(&mut self, spec: &str, what: &'static str) {
        self.served.entry(spec.to_owned()).or_default().insert(what);
        self.ever.insert((spec.to_owned(), what));
        *self.counts.entry(what).or_default() += 1;
    }
}

/// The number in the title of the spec that a request is about.
fn spec_of(question: &Value) -> String {
    let text = question["messages"].to_string();
    let number = text.split("Part-").nth(1).unwrap_or_default();
    number.chars().take_while(char::is_ascii_digit).collect()
}

/// A repository, the agent, and the weather in which it works.
struct Soak {
    sandbox: Sandbox,
    endpoint: Endpoint,
    weather: Arc<Mutex<Weather>>,
    /// The number in the title of each spec, by its id.
    numbers: BTreeMap<String, String>,
    /// How many specs were found with each reason after a round.
    found: BTreeMap<String, usize>,
}

impl Soak {
    fn new(seed: u64) -> Soak {
        let sandbox = Sandbox::new();
        let home = sandbox.dir().join("home");
        let weather = Arc::new(Mutex::new(Weather {
            chance: Chance::new(seed),
            storm: None,
            until: Instant::now() + Duration::from_secs(5),
            fair: false,
            logged_out: home.join("logged-out"),
            served: BTreeMap::new(),
            ever: BTreeSet::new(),
            counts: BTreeMap::new(),
            words: 0,
            written: BTreeSet::new(),
        }));
        let asked = weather.clone();
        let endpoint = Endpoint::answering(move |question| asked.lock().unwrap().answer(question));
        wrap(&sandbox);
        sandbox.git(&["config", "chant.agent", "claude"]);
        sandbox.git(&["config", "chant.rateLimitPause", "1s"]);
        sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it is done\n");
        Soak { sandbox, endpoint, weather, numbers: BTreeMap::new(), found: BTreeMap::new() }
    }

    fn weather(&self) -> MutexGuard<'_, Weather> {
        self.weather.lock().unwrap()
    }

    /// `git chant <args>` with the wrapped agent, which tries again twice before it gives up.
    fn chant(&self, args: &[&str]) -> Ran {
        self.sandbox.watch.renew();
        self.weather().turn();
        let mut command = real::command(&self.sandbox, &self.endpoint, args);
        let path =
            command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap().to_owned();
        let bin = self.sandbox.dir().join("bin");
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path))).unwrap();
        self.sandbox.run(command.env("PATH", path).env("CLAUDE_CODE_MAX_RETRIES", "2"))
    }

    /// Adds a spec, and one that waits for it.
    fn add_pair(&mut self) {
        let mut before: Option<String> = None;
        for _ in 0..2 {
            let number = self.numbers.len() + 1;
            let title = format!("Part-{number}");
            let mut args = vec![title.as_str(), "--body-file", "../body.md"];
            args.extend(before.iter().flat_map(|id: &String| ["--depends-on", id.as_str()]));
            let id = self.sandbox.add(&args);
            self.numbers.insert(id.clone(), number.to_string());
            before = Some(id);
        }
    }

    fn specs(&self) -> Vec<Value> {
        self.chant(&["list", "--all", "--json"]).ok().json()["specs"].as_array().unwrap().clone()
    }

    /// Works everything, looks at the reasons of what is not completed, and has those specs worked again, as a person would.
    fn round(&mut self) {
        self.chant(&["work", "--all", "--chain", "--jobs", "2", "--keep-going"]);
        let open = |spec: &Value| spec["status"] != "completed" && spec["status"] != "pending";
        let stopped: Vec<String> =
            self.specs().iter().filter(|spec| open(spec)).map(|spec| spec["id"].as_str().unwrap().to_owned()).collect();
        for id in &stopped {
            self.judge(id);
        }
        self.weather().served.clear();
        for id in &stopped {
            self.chant(&["work", id]);
        }
    }

    /// The recorded reason is one that this very spec met since its reasons were looked at.
    fn judge(&mut self, id: &str) {
        let log = self.chant(&["log", id, "--json"]).ok().json();
        let last = log["events"].as_array().unwrap().iter().find(|event| event["op"] != "note").unwrap().clone();
        let (stopped, reason) = (last["stopped"].as_str().unwrap_or_default(), last["reason"].as_str());
        assert!(reason.is_some(), "no reason: {last:#}");
        let number = &self.numbers[id];
        let met = self.weather().served.get(number).is_some_and(|served| served.contains(stopped));
        let met = met || self.was_logged_out(id, stopped);
        assert!(met, "'{id}' (Part-{number}) did not meet '{stopped}', but {:?}: {last:#}", self.weather().served);
        *self.found.entry(stopped.to_owned()).or_default() += 1;
    }

    fn was_logged_out(&self, id: &str, stopped: &str) -> bool {
        let locked_out = std::fs::read_to_string(self.sandbox.dir().join("home/locked-out")).unwrap_or_default();
        stopped == LOGGED_OUT && locked_out.lines().any(|line| line == id)
    }

    /// How many events record each kind of reason: those of attempts that went on, too. Each is one that its spec met.
    fn recorded(&self) -> BTreeMap<String, usize> {
        let mut recorded = BTreeMap::new();
        for (id, number) in &self.numbers {
            let log = self.chant(&["log", id, "--json"]).ok().json();
            for stopped in log["events"].as_array().unwrap().iter().filter_map(|event| event["stopped"].as_str()) {
                let met = self.weather().ever.iter().any(|(spec, what)| spec == number && *what == stopped);
                assert!(met || self.was_logged_out(id, stopped), "'{id}' (Part-{number}) never met '{stopped}'");
                *recorded.entry(stopped.to_owned()).or_default() += 1;
            }
        }
        recorded
    }

    /// Everything that the agent says it has written is in some history.
    fn nothing_is_lost(&self) -> usize {
        let written = self.weather().written.clone();
        // What it committed, and what it did not.
        for files in ["work-*", "rest-*"] {
            let texts = self.sandbox.git(&["log", "--all", "-m", "-p", "--format=", "--", files]);
            let found: BTreeSet<&str> = texts.lines().filter_map(|line| line.strip_prefix('+')).collect();
            for (spec, word) in &written {
                assert!(found.contains(word.as_str()), "'{word}' of Part-{spec} is lost from {files}");
            }
        }
        written.len()
    }

    /// The sum of what the events say of each run; it is what `cost` says.
    fn cost_adds_up(&self) -> (u64, u64) {
        let costs = self.chant(&["cost", "--json"]).ok().json()["costs"].clone();
        let (mut tokens, mut runs) = ([0; 3], 0);
        for id in self.numbers.keys() {
            let log = self.chant(&["log", id, "--json"]).ok().json();
            for usage in
                log["events"].as_array().unwrap().iter().map(|event| &event["usage"]).filter(|usage| usage.is_object())
            {
                for (sum, name) in tokens.iter_mut().zip(["tokens_in", "tokens_cached", "tokens_out"]) {
                    *sum += usage[name].as_u64().unwrap();
                }
                runs += 1;
            }
        }
        let total = &costs["total"];
        let said = ["tokens_in", "tokens_cached", "tokens_out"].map(|name| total[name].as_u64().unwrap());
        assert_eq!((said, costs["runs"].as_u64()), (tokens, Some(runs)), "{costs:#}");
        for list in ["by_spec", "by_agent", "by_month"] {
            let sum: u64 =
                costs[list].as_array().unwrap().iter().map(|line| line["cost"]["tokens_in"].as_u64().unwrap()).sum();
            assert_eq!(sum, tokens[0], "{list}: {costs:#}");
        }
        (runs, tokens[0])
    }
}

/// Puts a `claude` before the real one that limits its turns, and that is logged out now and then.
fn wrap(sandbox: &Sandbox) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&path).map(|dir| dir.join("claude")).find(|path| path.is_file()).unwrap();
    let bin = sandbox.dir().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let text = format!(
        "#!/bin/sh\nif [ -e ~/logged-out ] && [ \"$CHANT_SPEC_ID\" ]; then unset ANTHROPIC_API_KEY; echo \"$CHANT_SPEC_ID\" >>~/locked-out; fi\n\
         exec '{}' --max-turns {TURNS} \"$@\"\n",
        real.display()
    );
    let wrapper = bin.join("claude");
    std::fs::write(&wrapper, text).unwrap();
    set_executable(&wrapper);
}

fn set_executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[ignore = "half an hour: .ci/long agents"]
fn a_soak_of_agents_that_stop_by_everything() {
    if !need_agent("claude") {
        return;
    }
    let seed = Chance::seed("CHANT_SOAK_SEED");
    let seconds = std::env::var("CHANT_SOAK_SECONDS").ok().and_then(|value| value.parse().ok()).unwrap_or(1800);
    println!("CHANT_SOAK_SEED={seed} CHANT_SOAK_SECONDS={seconds}");
    let (begun, mut soak) = (Instant::now(), Soak::new(seed));
    let mut told = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        soak.add_pair();
        soak.add_pair();
        soak.round();
        if begun.elapsed().as_secs() / 60 > told {
            told = begun.elapsed().as_secs() / 60;
            println!("{told} min: {} specs, {:?}", soak.numbers.len(), soak.found);
        }
    }
    soak.weather().fair = true;
    for _ in 0..20 {
        soak.round();
        if soak.specs().iter().all(|spec| spec["status"] == "completed") {
            break;
        }
    }
    let specs = soak.specs();
    assert_eq!(specs.len(), soak.numbers.len());
    for spec in &specs {
        assert_eq!(spec["status"], "completed", "{spec:#}");
        assert!(!soak.sandbox.read(&format!("work-{}", spec["id"].as_str().unwrap())).is_empty());
    }
    let words = soak.nothing_is_lost();
    let (runs, tokens) = soak.cost_adds_up();
    let recorded = soak.recorded();
    if seconds >= WHOLE {
        let kinds = STORMS.iter().map(|(name, _)| *name).chain(MISHAPS).chain([LOGGED_OUT]);
        let missing: Vec<&str> = kinds.filter(|kind| !recorded.contains_key(*kind)).collect();
        assert!(missing.is_empty(), "no run was stopped by {missing:?}: {recorded:?}");
    }
    assert_eq!(soak.chant(&["fsck", "--json"]).ok().json()["problems"], json!([]));
    soak.sandbox.git(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
    assert_eq!(soak.sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(soak.sandbox.git(&["branch", "--list"]), "* main");
    println!(
        "{} specs in {} s, all completed in the end; {runs} runs with a cost, {tokens} tokens in; {words} words of agents all there;\n\
         the model's failures, by request {:?};\nreasons recorded, by event {recorded:?};\nfound after a round {:?}",
        specs.len(),
        begun.elapsed().as_secs(),
        soak.weather().counts,
        soak.found
    );
}
