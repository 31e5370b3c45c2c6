//! Keeping the repository quick: git's own maintenance, begun where git itself would begin it.

use std::{fs, path::Path};

use super::{process::Git, repository::Repository};

/// So many loose objects are too many where `gc.auto` does not say.
const LOOSE: i64 = 6700;

/// So many packs where `gc.autoPackLimit` does not say.
const PACKS: i64 = 50;

/// Starts `git maintenance run --auto` if there is much to pack, as git does after what writes a lot, and does not wait for it. What
/// gix writes counts for no git. Nothing is started where `maintenance.auto` or `gc.auto` forbids it.
pub(crate) fn start_when_due(repo: &Repository) {
    let config = repo.gix().config_snapshot();
    if config.boolean("maintenance.auto") == Some(false) {
        return;
    }
    let most = |key: &str, default| config.integer(key).unwrap_or(default);
    if is_due(&repo.common_dir().join("objects"), most("gc.auto", LOOSE), most("gc.autoPackLimit", PACKS)) {
        // A failure to start is harmless: the next command tries again.
        let _unstarted = Git::at(repo).args(["maintenance", "run", "--auto", "--quiet"]).start();
    }
}

/// As git estimates it, see gc.auto in git-config(1): by one of 256 directories, and by the packs without a `.keep` file.
fn is_due(objects: &Path, loose: i64, packs: i64) -> bool {
    if loose <= 0 {
        return false;
    }
    let count = |dir: &str, counts: &dyn Fn(&Path) -> bool| {
        let entries = fs::read_dir(objects.join(dir)).into_iter().flatten().flatten();
        entries.filter(|entry| counts(&entry.path())).count() as i64
    };
    let is_object = |path: &Path| path.file_name().is_some_and(|name| name.len() >= 38);
    let is_pack =
        |path: &Path| path.extension().is_some_and(|end| end == "pack") && !path.with_extension("keep").exists();
    count("17", &is_object) > loose.saturating_add(255) / 256 || (packs > 0 && count("pack", &is_pack) > packs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_is_what_git_would_take_for_due() {
        let dir = crate::support::scratch::scratch();
        let make = |path: String| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
            fs::write(path, "").expect("a file");
        };
        assert!(!is_due(dir.path(), LOOSE, PACKS));
        (0..3).for_each(|number| make(format!("17/{number:038}")));
        make("17/tmp_obj_1".to_owned());
        assert!(is_due(dir.path(), 512, PACKS) && !is_due(dir.path(), 513, PACKS));
        assert!(
            !is_due(dir.path(), 0, PACKS) && !is_due(dir.path(), -1, PACKS) && !is_due(dir.path(), i64::MAX, PACKS)
        );
        (0..3).for_each(|number| make(format!("pack/{number}.pack")));
        make("pack/0.keep".to_owned());
        assert!(is_due(dir.path(), LOOSE, 1) && !is_due(dir.path(), LOOSE, 2) && !is_due(dir.path(), LOOSE, 0));
    }
}
