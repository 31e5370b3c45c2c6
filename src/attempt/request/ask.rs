//! The side of the agent: a request is written, and its answer waited for.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{Answer, MOST, Mailbox, REQUESTS, Request, seal};
use crate::{
    agent::around,
    env::{Env, local_file, random_bytes},
    error::{Error, IoContext, Kind, Result},
};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Asks the process that runs the agent, of which `run_dir` is the folder of the run.
///
/// # Errors
/// `no-answer` if there is none within ten seconds, `refused-request` with the reason if it is refused, `too-large`.
pub(crate) fn ask(env: &Env, run_dir: &Path, request: &Request) -> Result<Answer> {
    let mailbox = Mailbox::of(run_dir);
    let json = serde_json::to_vec(request).expect("strings are JSON");
    if json.len() as u64 > MOST {
        return Err(Error::fatal(Kind::TooLarge, format!("it has {} bytes; an agent may ask with {MOST}", json.len())));
    }
    let key: String = random_bytes::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let dir = mailbox.writable.join(REQUESTS);
    let sealed = seal::sealed(&around::mark(env).unwrap_or_default(), &key, &json);
    let temporary = local_file::stage(&dir, &sealed).io("create a file in", &dir)?;
    let path = dir.join(format!("request-{key}"));
    temporary.persist_noclobber(&path).map_err(|error| error.error).io("write", &path)?;
    let begun = Instant::now();
    loop {
        match mailbox.kept("answer", &key) {
            Some(Answer::Refused { why }) => return Err(Error::negative(Kind::RefusedRequest, why)),
            Some(answer) => return Ok(answer),
            None if begun.elapsed() < PATIENCE => std::thread::sleep(LOOK),
            None => {
                let message = "the process that runs this agent did not answer within 10 seconds";
                return Err(Error::fatal(Kind::NoAnswer, format!("{message}; the request is read when the run ends")));
            }
        }
    }
}
