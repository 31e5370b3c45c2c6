//! Words that only hold a place.

/// What stands alone where something is still to be written, as words.
const PHRASES: [&str; 55] = [
    "todo",
    "to do",
    "tbd",
    "tba",
    "tbc",
    "fixme",
    "xxx",
    "wip",
    "n a",
    "na",
    "none",
    "nil",
    "null",
    "nothing",
    "placeholder",
    "coming soon",
    "work in progress",
    "to be done",
    "to be determined",
    "to be decided",
    "to be written",
    "to be added",
    "to be defined",
    "to be filled in",
    "fill in",
    "fill me in",
    "fill this in",
    "fill in after implementation",
    "fill in later",
    "write me",
    "write this",
    "text here",
    "your text here",
    "insert text here",
    "pending",
    "later",
    "foo bar",
    "etc",
    "see above",
    "see below",
    "see code",
    "see the code",
    "see commit",
    "see the commit",
    "see diff",
    "see the diff",
    "changelog entry",
    "release notes",
    "as above",
    "as described",
    "no comment",
    "not applicable",
    "to follow",
    "no recommendation",
    "no recommendation can be given",
];

/// With one of these a text begins that is still to be written.
const MARKS: [&str; 4] = ["todo", "tbd", "fixme", "placeholder"];

/// The words of the text that printers fill pages with.
const LOREM: [&str; 69] = [
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consectetur",
    "consectetuer",
    "adipiscing",
    "adipisicing",
    "elit",
    "sed",
    "do",
    "eiusmod",
    "tempor",
    "incididunt",
    "ut",
    "labore",
    "et",
    "dolore",
    "magna",
    "aliqua",
    "enim",
    "ad",
    "minim",
    "veniam",
    "quis",
    "nostrud",
    "exercitation",
    "ullamco",
    "laboris",
    "nisi",
    "aliquip",
    "ex",
    "ea",
    "commodo",
    "consequat",
    "duis",
    "aute",
    "irure",
    "in",
    "reprehenderit",
    "voluptate",
    "velit",
    "esse",
    "cillum",
    "eu",
    "fugiat",
    "nulla",
    "pariatur",
    "excepteur",
    "sint",
    "occaecat",
    "cupidatat",
    "non",
    "proident",
    "sunt",
    "culpa",
    "qui",
    "officia",
    "deserunt",
    "mollit",
    "anim",
    "id",
    "est",
    "laborum",
    "vivamus",
    "praesent",
    "mauris",
    "nunc",
];

/// Whether a part of a text is still to be written; `words` are those of `text`.
pub(super) fn is_placeholder(text: &str, words: &str) -> bool {
    let each: Vec<&str> = words.split(' ').collect();
    let one_of = |list: &[&str], word: &&str| list.contains(word);
    let enclosed = [('[', ']'), ('<', '>'), ('{', '}')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close) && !text.contains('\n'));
    let lorem = each.iter().filter(|word| one_of(&LOREM, word)).count();
    let filler = (words.contains("lorem") || words.contains("ipsum")) && lorem * 10 >= each.len() * 7;
    let lone = words.chars().count() < 2 && words.is_ascii() && !words.chars().all(|c| c.is_ascii_digit());
    enclosed
        || filler
        || lone
        || PHRASES.contains(&words)
        || each
            .iter()
            .all(|word| one_of(&MARKS, word) || matches!(*word, "tba" | "xxx" | "wip" | "x" | "asdf" | "bla" | "blah"))
        || (MARKS.contains(&each[0]) && is_marked(text, each[0]))
}

/// Whether `mark` is a mark and no word of a sentence: in capitals or with a colon, as the first word.
fn is_marked(text: &str, mark: &str) -> bool {
    let start: String = text.chars().skip_while(|c| !c.is_alphanumeric()).collect();
    let written: String = start.chars().take_while(|c| c.is_alphanumeric()).collect();
    let rest = start[written.len()..].trim_start();
    written.to_lowercase() == mark
        && (rest.starts_with([':', '-', '(', '.', '…']) || rest.split_whitespace().count() < 5)
        && (written.chars().all(char::is_uppercase) || rest.starts_with(':'))
}
