//! The simulation behind DESIGN, section 3: clones that work offline and exchange in random order, over a ring, random peers,
//! one or two servers that take fast-forwards only, a server with peers beside it, and a server with a mirror that receives no push.

use std::collections::BTreeSet;

use crate::domain::{
    converge::{Source, Step, integrate},
    event::{Facts, Op},
    history::History,
};
use gix::ObjectId;

use crate::domain::tests::{
    cases,
    world::{join, seal},
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Ring,
    Peers,
    Server,
    ServerAndPeers,
    TwoServers,
    /// The first clone only reads, and only from the mirror; the others also ask it now and then.
    Mirror,
}

/// Random numbers that repeat in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % below as u64).expect("below a usize")
    }

    fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, self.roll(at + 1));
        }
        order
    }
}

struct Sim {
    mode: Mode,
    dice: Dice,
    history: History,
    clones: Vec<ObjectId>,
    servers: Vec<ObjectId>,
    /// What the mirror had when it copied the server last.
    mirror: Option<ObjectId>,
}

impl Sim {
    fn new(mode: Mode, clones: usize, seed: u64) -> Sim {
        let first = seal(Op::Add, &[], 1, 0, Facts { nonce: Some(seed.to_string()), ..Facts::default() });
        let servers = match mode {
            Mode::Ring | Mode::Peers => 0,
            Mode::Server | Mode::ServerAndPeers | Mode::Mirror => 1,
            Mode::TwoServers => 2,
        };
        Sim {
            mode,
            dice: Dice(seed),
            clones: vec![first.id; clones],
            servers: vec![first.id; servers],
            mirror: (mode == Mode::Mirror).then_some(first.id),
            history: History::new([first]),
        }
    }

    /// Whether the clone never pushes, and so never works.
    fn only_reads(&self, clone: usize) -> bool {
        self.mode == Mode::Mirror && clone == 0
    }

    fn append(&mut self, clone: usize, nonce: usize) {
        let tip = self.clones[clone];
        let generation = self.history.get(tip).expect("known").generation + 1;
        let facts = Facts { nonce: Some(nonce.to_string()), ..Facts::default() };
        let event = seal(Op::Edit, &[tip], generation, nonce as i64, facts);
        self.clones[clone] = event.id;
        self.history = self.history.followed_by(event);
    }

    fn integrate(&mut self, clone: usize, remote: ObjectId, source: Source) {
        match integrate(&self.history, self.clones[clone], remote, source) {
            Step::Keep => {}
            Step::Adopt => self.clones[clone] = remote,
            Step::Merge(parents) => {
                let event = join(&self.history, &parents);
                self.clones[clone] = event.id;
                if self.history.get(event.id).is_none() {
                    self.history = self.history.followed_by(event);
                }
            }
        }
    }

    fn fetch(&mut self, clone: usize, server: usize) {
        let source = if server == 0 { Source::Authority } else { Source::Pushed };
        self.integrate(clone, self.servers[server], source);
    }

    fn push(&mut self, clone: usize, server: usize) {
        if self.history.reaches(self.clones[clone], self.servers[server]) {
            self.servers[server] = self.clones[clone];
        }
    }

    fn exchange(&mut self) {
        let count = self.clones.len();
        if self.mode == Mode::Ring {
            let old = self.clones.clone();
            for clone in 0..count {
                self.integrate(clone, old[(clone + 1) % count], Source::FetchOnly);
            }
        } else if self.mode == Mode::Peers || (self.mode == Mode::ServerAndPeers && self.dice.roll(10) < 4) {
            let pair = self.dice.order(count);
            self.integrate(pair[0], self.clones[pair[1]], Source::FetchOnly);
        } else if let Some(mirror) = self.mirror.filter(|_| self.dice.roll(10) < 4) {
            if self.dice.roll(2) == 0 {
                self.mirror = Some(self.servers[0]);
            } else {
                let clone = self.dice.roll(count);
                self.integrate(clone, mirror, Source::FetchOnly);
            }
        } else {
            let (clone, server) = (self.dice.roll(count), self.dice.roll(self.servers.len()));
            if self.only_reads(clone) {
                return;
            }
            let what = self.dice.roll(3);
            if what != 1 {
                self.fetch(clone, server);
            }
            if what != 0 {
                self.push(clone, server);
            }
        }
    }

    /// Every tip that there is.
    fn tips(&self) -> impl Iterator<Item = &ObjectId> {
        self.clones.iter().chain(&self.servers).chain(&self.mirror)
    }

    /// All exchange until nothing changes any more; the number of rounds, `None` if it never ends.
    fn settle(&mut self) -> Option<usize> {
        for round in 0..40 {
            if self.tips().collect::<BTreeSet<_>>().len() == 1 {
                return Some(round);
            }
            let steps = if self.mode == Mode::Ring { 1 } else { self.clones.len() * 3 };
            for _ in 0..steps {
                self.exchange();
            }
            for clone in self.dice.order(self.clones.len()) {
                for server in self.dice.order(self.servers.len()) {
                    if !self.only_reads(clone) {
                        self.fetch(clone, server);
                        self.push(clone, server);
                    }
                }
            }
            if self.mirror.is_some() {
                self.mirror = Some(self.servers[0]);
                self.integrate(0, self.servers[0], Source::FetchOnly);
            }
        }
        None
    }
}

fn run(mode: Mode, clones: usize, seed: u64) {
    let mut sim = Sim::new(mode, clones, seed);
    for step in 0..25 {
        if sim.dice.roll(100) < 45 {
            let clone = sim.dice.roll(clones);
            if !sim.only_reads(clone) {
                sim.append(clone, step + 1);
            }
        } else {
            sim.exchange();
        }
    }
    let what = format!("{mode:?}, {clones} clones, seed {seed}");
    assert!(sim.settle().is_some(), "{what}: the tips never become equal");
    let ops = sim.history.events().iter().filter(|event| !event.is_merge()).count();
    assert_eq!(sim.history.ops_of(sim.clones[0]).count(), ops, "{what}: operations were lost");
    let (tip, events) = (sim.clones[0], sim.history.events().len());
    for _ in 0..20 {
        sim.exchange();
    }
    assert!(sim.tips().all(|other| *other == tip), "{what}: a tip moved after quiet");
    assert_eq!(sim.history.events().len(), events, "{what}: events were made after quiet");
}

/// Six modes, three numbers of clones: 1,080 histories by default.
fn runs(mode: Mode) {
    for clones in [3, 4, 5] {
        for seed in 0..u64::from(cases(60)) {
            run(mode, clones, seed);
        }
    }
}

#[test]
fn a_ring_converges() {
    runs(Mode::Ring);
}

#[test]
fn random_peers_converge() {
    runs(Mode::Peers);
}

#[test]
fn one_server_converges() {
    runs(Mode::Server);
}

#[test]
fn a_server_with_peers_beside_it_converges() {
    runs(Mode::ServerAndPeers);
}

#[test]
fn two_servers_converge() {
    runs(Mode::TwoServers);
}

#[test]
fn a_mirror_without_pushes_converges() {
    runs(Mode::Mirror);
}
