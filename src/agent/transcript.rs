//! Transcripts: what an agent printed, kept in this clone and never shared. Writing into one while the agent runs is not done here.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::id::SpecId;
use crate::env::{fault, local_file};
use crate::error::{IoContext, Result};
use crate::terminal::sanitize::Sanitizer;

/// How often a transcript that is being written is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How many characters a last line has at most.
const LONGEST_LINE: usize = 400;

/// How much of the end of a transcript is looked at for its last lines, in bytes.
const LAST: u64 = 64 * 1024;

/// Whether control sequences reach the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The bytes as the agent wrote them: for a file or a pipe.
    Raw,
    /// Without control sequences: for a terminal.
    Sanitised,
}

/// Where the transcript of an attempt lies: `<common dir>/chant/transcripts/<spec id>/<attempt>.log`.
pub(crate) fn path(common_dir: &Path, spec: &SpecId, attempt: &gix::oid) -> PathBuf {
    dir(common_dir, spec).join(format!("{attempt}.log"))
}

/// The directory that the transcripts of a spec are in.
pub(crate) fn dir(common_dir: &Path, spec: &SpecId) -> PathBuf {
    common_dir.join("chant").join("transcripts").join(spec.as_str())
}

/// Creates a transcript, readable by its owner only, with the directories above it. Fails if there is one.
pub(crate) fn create(path: &Path) -> Result<File> {
    open_to_append(path, OpenOptions::new().create_new(true), "create")
}

/// Opens the transcript of an attempt that goes on, to be added to; one that is not there is created.
pub(crate) fn resume(path: &Path) -> Result<File> {
    open_to_append(path, OpenOptions::new().create(true), "open")
}

/// Appending, so that two processes that hold it never write over each other.
fn open_to_append(path: &Path, options: &mut OpenOptions, verb: &str) -> Result<File> {
    if let Some(dir) = path.parent() {
        fault::around("dir.make", || local_file::make_dir(dir)).io("create", dir)?;
    }
    fault::around("transcript.create", || local_file::open_with(path, options.append(true).mode(0o600))).io(verb, path)
}

/// The last lines of a transcript that are not blank, without control sequences, cut where they are long, oldest first; none if there
/// is no transcript. Only the end of it is read.
pub(crate) fn last_lines(path: &Path, count: usize) -> Result<Vec<String>> {
    let Some((bytes, cut)) = tail(path)? else { return Ok(Vec::new()) };
    let mut sanitizer = Sanitizer::new();
    let text = sanitizer.push(&bytes) + &sanitizer.finish();
    // What is cut off at its beginning is no line.
    let whole = if !cut { text.as_str() } else { text.split_once('\n').map_or("", |(_, rest)| rest) };
    let lines: Vec<&str> = whole.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let cut = |line: &&str| line.chars().take(LONGEST_LINE).collect();
    Ok(lines[lines.len().saturating_sub(count)..].iter().map(cut).collect())
}

/// Opens a transcript for reading; `None` if there is none.
pub(crate) fn open(path: &Path) -> Result<Option<File>> {
    local_file::open(path).io("open", path)
}

/// Writes a transcript to `out`, and what is added to it, until `still_running` says no. Waits for a transcript that is not
/// there yet as long as the run goes on. A reader that goes away ends it without an error.
pub(crate) fn follow(
    path: &Path,
    still_running: &mut dyn FnMut() -> bool,
    form: Form,
    out: &mut dyn Write,
) -> Result<()> {
    let mut sanitizer = Sanitizer::new();
    let mut file = None;
    loop {
        // Asked first, read afterwards: nothing that was written before the end is missed.
        let running = still_running();
        if file.is_none() {
            file = open(path)?;
        }
        let rest = file.as_mut().map_or(Ok(true), |file| copy(file, path, form, &mut sanitizer, out));
        if !rest? {
            return Ok(());
        }
        if !running {
            let last = if form == Form::Sanitised { sanitizer.finish() } else { String::new() };
            write(out, last.as_bytes(), path)?;
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// The last line that is not blank, without control sequences; `None` if there is none. Read from the end, whatever the length: of a
/// huge line this is a piece near its end.
pub(crate) fn last_line(path: &Path) -> Result<Option<String>> {
    let Some((tail, cut)) = tail(path)? else { return Ok(None) };
    let mut tail = tail.as_slice();
    if cut {
        // Not from the middle of a character or, where there is a line end, of a control sequence.
        let whole =
            tail.iter().position(|byte| *byte == b'\n').filter(|at| tail[*at..].iter().any(u8::is_ascii_graphic));
        let cut = tail.iter().position(|byte| byte & 0xc0 != 0x80).unwrap_or_default();
        tail = &tail[whole.unwrap_or(cut)..];
    }
    let mut sanitizer = Sanitizer::new();
    let text = sanitizer.push(tail) + &sanitizer.finish();
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    Ok(last.map(|line| line.chars().take(LONGEST_LINE).collect::<String>().replace('\t', " ")))
}

/// The end of a transcript, and whether there is more before it; `None` if there is no transcript.
fn tail(path: &Path) -> Result<Option<(Vec<u8>, bool)>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let length = file.metadata().io("read", path)?.len();
    let from = length.saturating_sub(LAST);
    file.seek(SeekFrom::Start(from)).io("read", path)?;
    let mut bytes = Vec::new();
    file.take(LAST).read_to_end(&mut bytes).io("read", path)?;
    Ok(Some((bytes, from > 0)))
}

/// Copies up to the present end; `false` if the reader has gone away.
fn copy(file: &mut File, path: &Path, form: Form, sanitizer: &mut Sanitizer, out: &mut dyn Write) -> Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).io("read", path),
        };
        let read = &buffer[..count];
        let wanted = match form {
            Form::Raw => write(out, read, path)?,
            Form::Sanitised => write(out, sanitizer.push(read).as_bytes(), path)?,
        };
        if !wanted {
            return Ok(false);
        }
    }
}

/// Writes at once what there is; `false` if the reader has gone away.
fn write(out: &mut dyn Write, bytes: &[u8], path: &Path) -> Result<bool> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).io("print", path),
    }
}

#[cfg(test)]
#[path = "tests/transcript.rs"]
mod tests;
