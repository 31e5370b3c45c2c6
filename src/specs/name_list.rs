//! The names of all specs as one text, to look through for what a person has typed a part of.

use bstr::ByteSlice as _;
use serde::{Deserialize, Serialize};

use crate::project::{Project, SPECS_DIR};
use crate::{
    domain::id::SpecId,
    error::Result,
    git::work_file::{Directory, Stamp},
    specs::cache,
    store::SPECS,
};

/// Fewer than these are listed as fast as they are read, in bytes of the text.
const FEW: usize = 4096;

/// The first bytes of the file, another version for another format.
const MAGIC: &[u8; 8] = b"CHANTNM2";

/// A larger file is not read, in bytes: a hundred thousand names take some two million.
const MAX_LEN: u64 = 1 << 28;

/// The header of the file, before the names.
#[derive(PartialEq, Serialize, Deserialize)]
struct Head {
    /// The program that wrote it.
    binary: String,
    /// The stamps of what the names were listed from: a directory's changes with every name that comes or goes.
    sources: Vec<Option<Stamp>>,
}

/// The ids of all specs that have a ref or a file under `.chant/specs`, one a line, after the header of their file. Some occur twice, and
/// not every line is an id.
#[derive(Debug)]
pub(crate) struct NameList {
    bytes: Vec<u8>,
    begin: usize,
}

impl NameList {
    /// The current names: those of the file while the directories are unchanged, otherwise what `list` returns.
    pub(crate) fn find(project: &Project, list: impl FnOnce() -> Result<String>) -> Result<NameList> {
        let began = project.env.now().as_nanosecond();
        let sources = sources(project);
        let (dir, name) = match project.repo.is_linked() {
            true => (project.repo.git_dir().to_owned(), "chant-names"),
            false => (project.repo.chant_dir(), "names"),
        };
        let head = sources.map(|sources| Head { binary: project.env.binary().to_string(), sources });
        if let Some(head) = &head
            && let Some((bytes, _, begin)) =
                cache::read_file::<Head>(&dir, name, MAGIC, MAX_LEN).filter(|(_, found, _)| found == head)
        {
            return Ok(NameList { bytes, begin });
        }
        let text = list()?;
        // The sources were looked at before the names were listed: what has come or gone since shows in the stamps.
        let settled = |head: &Head| head.sources.iter().flatten().all(|stamp| stamp.is_settled(began));
        if let Some(head) = head.filter(settled)
            && text.len() >= FEW
        {
            let _is_slower_next_time = cache::write_file(&dir, name, MAGIC, &head, text.as_bytes());
        }
        Ok(NameList { bytes: text.into_bytes(), begin: 0 })
    }

    /// The specs that `query` is a short form of.
    pub(crate) fn matching(&self, query: &str) -> Vec<SpecId> {
        // Every short form ends with the sequence or the suffix, or with a member's number after it.
        let (stem, _) = SpecId::split_member(query);
        let last = stem.rsplit_once('-').map_or(stem, |(_, last)| last);
        self.containing(last).into_iter().filter(|id| id.matches(query)).collect()
    }

    /// The specs whose id contains `part`, in the order of the ids; none if `part` is empty or has several lines.
    pub(crate) fn containing(&self, part: &str) -> Vec<SpecId> {
        let mut found = Vec::new();
        if part.is_empty() || part.contains('\n') {
            return found;
        }
        // Looked for in the whole text at once: line by line would take ten times as long.
        let text = &self.bytes[self.begin..];
        let mut end = 0;
        for at in text.find_iter(part) {
            if at < end {
                continue;
            }
            let begin = text[..at].rfind_byte(b'\n').map_or(0, |before| before + 1);
            end = text[at..].find_byte(b'\n').map_or(text.len(), |length| at + length);
            found.extend(text[begin..end].to_str().ok().and_then(|name| SpecId::new(name).ok()));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The stamps of what names are listed from; `None` where that is not directories alone, or nothing is to be kept.
fn sources(project: &Project) -> Option<Vec<Option<Stamp>>> {
    if project.without_cache() || project.repo.is_bare() {
        return None;
    }
    let common = project.repo.common_dir();
    let stamp =
        |directory: Option<Directory>| directory.map_or(Some(None), |directory| directory.own_stamp().map(Some));
    // First the loose refs: git packs a ref before it takes the loose one away.
    let mut all = vec![stamp(Directory::open(common, SPECS.trim_end_matches('/').into()).ok()?)?];
    all.push(Directory::open(common, "".into()).ok()??.stamp("packed-refs".into()).ok()?);
    for top in project.tops() {
        all.push(stamp(Directory::open(&top, SPECS_DIR.into()).ok()?)?);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_wherever_it_stands_and_once() {
        let specs = ["2026-02-08-001-aaa", "2026-02-08-010-v7b", "2026-02-08-010-v7b.2", "2026-02-10-001-b01"];
        // As they are listed: in no order, a loose ref beside its file, and what is no id.
        let listed = format!("head\n{}\n2026-02-08.lock\n{}\n", specs.join("\n"), [specs[3], specs[0]].join("\n"));
        let bytes = listed.into_bytes();
        let names = NameList { bytes, begin: 5 };
        let with = |part| names.containing(part).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(with("001"), ["2026-02-08-001-aaa", "2026-02-10-001-b01"]);
        assert_eq!(with("a"), ["2026-02-08-001-aaa"]);
        assert_eq!(with("0").len(), 4);
        assert_eq!(with("v7b.2"), ["2026-02-08-010-v7b.2"]);
        assert_eq!(with("2026-02-10"), ["2026-02-10-001-b01"]);
        // A name ends with its line.
        assert!(with("aaa\n2026").is_empty() && with("").is_empty() && with("zzz").is_empty());
        let matching = |query| names.matching(query).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(matching("010"), ["2026-02-08-010-v7b"]);
        assert_eq!(matching("v7b.2"), ["2026-02-08-010-v7b.2"]);
        assert_eq!(matching("10-001"), ["2026-02-10-001-b01"]);
        assert!(matching("aa").is_empty() && matching("").is_empty());
    }
}
