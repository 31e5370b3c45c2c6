//! Eight processes that append to one spec while git packs the refs under them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{domain::event::Op, store::Store};

use crate::store::tests::{records, settings, spec, support, worker};

const WRITERS: usize = 8;
const EACH: usize = 200;

#[test]
fn nothing_is_lost_among_eight_writers() {
    let temp = Arc::new(support::repo());
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    records(&store, &spec(), &[Op::Add]);
    let done = Arc::new(AtomicBool::new(false));
    let packer = std::thread::spawn({
        let (temp, done) = (temp.clone(), done.clone());
        move || {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                // It fails when it meets a lock, as it may.
                rounds += usize::from(temp.try_git(&["pack-refs", "--all", "--prune"]).code == 0);
            }
            rounds
        }
    });
    let began = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let mut command = worker::process(&temp, &format!("append {} {EACH}", spec()));
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("spawned")
        })
        .collect();
    let reader = std::thread::spawn({
        let (temp, done) = (temp.clone(), done.clone());
        move || {
            let repo = temp.open();
            let store = Store::new(&repo, settings());
            let (mut reads, mut newest) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let state = store.state(&spec()).expect("reads").expect("the chain is always there");
                assert!(state.generation >= newest, "an older state was read after a newer one");
                newest = state.generation;
                assert_eq!(store.tips().expect("lists").len(), 1, "the listing is always complete");
                reads += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            reads
        }
    });
    for writer in writers {
        let output = writer.wait_with_output().expect("ends");
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let took = began.elapsed();
    done.store(true, Ordering::Relaxed);
    let packed = packer.join().expect("the packer ends");
    let reads = reader.join().expect("the reader saw no gap");
    println!("{} events in {took:?}, refs packed {packed} times and read {reads} times in that time", WRITERS * EACH);
    assert!(packed > 0 && reads > 0);

    let name = Store::ref_name(&spec());
    let total = WRITERS * EACH + 1;
    assert_eq!(temp.git(&["rev-list", "--count", "--first-parent", &name]), total.to_string());
    assert_eq!(temp.git(&["rev-list", "--count", &name]), total.to_string(), "the chain is linear");
    let of = |key: &str| {
        let format = format!("--format=%(trailers:key={key},valueonly,separator=)");
        temp.git(&["log", "--reverse", &format, &name])
    };
    let generations = of("Chant-Gen");
    assert!(generations.lines().map(|line| line.parse::<usize>().expect("a number")).eq(1..=total));
    assert_eq!(of("Chant-Nonce").lines().collect::<BTreeSet<_>>().len(), total);
    assert_eq!(temp.git(&["reflog", "show", "--format=%H", &name]).lines().count(), total);
}
