//! Which commands of its driver a member is judged by.

/// What a member is about: the files that it may change, where it names some, and its text.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) targets: Vec<String>,
    pub(super) text: String,
}

impl About {
    fn has(&self, path: &str) -> bool {
        self.targets.iter().any(|target| target == path) || names_file(&self.text, path)
    }
}

/// The commands of a driver without those that are about other members: that name files of theirs, and none of its own.
pub(super) fn inherited(commands: &[String], own: &About, others: &[About]) -> Vec<String> {
    let is_theirs = |command: &&String| {
        let paths = paths_in(command);
        let of_others = |path: &String| others.iter().any(|other| other.has(path));
        paths.iter().any(of_others) && !paths.iter().any(|path| own.has(path))
    };
    commands.iter().filter(|command| !is_theirs(command)).cloned().collect()
}

/// The words of a command that look like files.
fn paths_in(command: &str) -> Vec<String> {
    let words = shell_words::split(command);
    let words = words.unwrap_or_else(|_| command.split_whitespace().map(str::to_owned).collect());
    let is_path = |word: &String| !word.starts_with('-') && word.contains(['.', '/']);
    words.into_iter().filter(is_path).map(|word| word.trim_start_matches("./").to_owned()).collect()
}

/// Whether a text has the name of the file at `path`, with or without its directory, as a word.
fn names_file(text: &str, path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    let goes_on = |c: char| c.is_alphanumeric() || "_-".contains(c);
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            let goes_on_before = before.ends_with(|c: char| goes_on(c) || c == '.');
            let goes_on_after = after.strip_prefix('.').unwrap_or(after).starts_with(goes_on);
            !(goes_on_before || goes_on_after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(text: &str) -> About {
        About { targets: Vec::new(), text: text.to_owned() }
    }

    #[test]
    fn a_command_about_another_member_is_not_inherited() {
        let (one, other) = (about("Change `one.sh`, and test it."), about("Change lib/other.sh. Run ./all.sh."));
        let of = |command: &str| {
            let commands = [command.to_owned()];
            let has = |own, other: &About| !inherited(&commands, own, std::slice::from_ref(other)).is_empty();
            (has(&one, &other), has(&other, &one))
        };
        assert_eq!(of("sh one.sh"), (true, false));
        assert_eq!(of("sh lib/other.sh --fast"), (false, true));
        assert_eq!(of("sh one.sh && sh other.sh"), (true, true));
        // About neither, or about all.
        for command in ["make test", "sh test.sh", "cargo test -p x.y", "sh another.sh", "sh one.sh.in"] {
            assert_eq!(of(command), (true, true), "{command}");
        }
        let own = About { targets: vec!["one.sh".to_owned()], text: String::new() };
        let driver = About { targets: vec!["one.sh".to_owned(), "other.sh".to_owned()], text: String::new() };
        let commands = ["sh one.sh", "sh ./other.sh", "make"].map(str::to_owned);
        assert_eq!(inherited(&commands, &own, &[driver]), ["sh one.sh", "make"]);
    }
}
