//! Words that only hold a place.

/// What stands alone where something is still to be written, as words.
const PHRASES: [&str; 80] = [
    "done",
    "do it",
    "ok",
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
    "to be completed",
    "to be filled",
    "to be continued",
    "to be done later",
    "will be filled in",
    "will be filled in later",
    "will be written later",
    "will be added later",
    "will follow",
    "work in progress will be filled in later",
    "under construction",
    "à compléter",
    "à faire",
    "pendiente",
    "por hacer",
    "por completar",
    "folgt",
    "folgt später",
    "ausstehend",
    "未定",
    "待定",
    "後で記入",
];

/// What documents list, one after the other.
const PARTS: [&str; 6] = ["hypothesis", "approach", "option", "finding", "step", "section"];

/// How they are numbered, or marked as the one that counts.
const NUMBERS: [&str; 11] = ["one", "two", "three", "first", "second", "third", "1", "2", "3", "recommended", "chosen"];

/// Whether a text only announces one of several parts, and nothing of what it would say: "Hypothesis one.", "The recommended approach."
pub(super) fn is_outline(words: &str) -> bool {
    let words: Vec<&str> =
        words.split(' ').filter(|word| !matches!(*word, "the" | "a" | "an" | "our" | "my")).collect();
    let is_part = |first: &str, second: &str| PARTS.contains(&first) && NUMBERS.contains(&second);
    matches!(words[..], [first, second] if is_part(first, second) || is_part(second, first))
}

/// Words that only announce that something will be written.
const ANNOUNCES: [&str; 42] = [
    "a",
    "the",
    "this",
    "that",
    "here",
    "it",
    "will",
    "is",
    "are",
    "be",
    "being",
    "to",
    "in",
    "out",
    "up",
    "of",
    "for",
    "section",
    "part",
    "document",
    "page",
    "chapter",
    "text",
    "content",
    "contents",
    "details",
    "more",
    "analysis",
    "findings",
    "follow",
    "follows",
    "come",
    "coming",
    "added",
    "filled",
    "written",
    "completed",
    "provided",
    "soon",
    "later",
    "shortly",
    "still",
];

/// Whether a text only announces what will be written, when: "This section will be filled in later."
pub(super) fn only_announces(words: &str) -> bool {
    let ends = ["later", "soon", "shortly", "written", "filled", "added", "completed", "provided", "follow", "follows"];
    let mut each = words.split(' ');
    each.clone().all(|word| ANNOUNCES.contains(&word))
        && each.any(|word| ends.contains(&word))
        && words.split(' ').any(|word| matches!(word, "will" | "to" | "follows" | "coming" | "being"))
}

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

/// So many words of that text are no words of another language.
const LONG_FILLER: usize = 8;

fn is_number(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit())
}

/// Whether a text is data in letters, as base64 writes it, and no words. Hashes and identifiers are none.
pub(super) fn is_encoded(text: &str) -> bool {
    let is_data = |token: &str| {
        let has = |is: fn(&char) -> bool| token.chars().any(|c| is(&c));
        let letters = token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_'));
        let mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
        letters && (token.len() >= 40 && mixed || token.len() >= 16 && token.ends_with('=') || token.len() > 128)
    };
    let (mut all, mut data) = (0, 0);
    for token in text.split_whitespace() {
        all += token.len();
        data += if is_data(token) { token.len() } else { 0 };
    }
    data > 0 && data * 10 >= all * 8
}

/// Whether a part of a text is still to be written; `words` are those of `text`.
pub(super) fn is_placeholder(text: &str, words: &str) -> bool {
    let each: Vec<&str> = words.split(' ').collect();
    let one_of = |list: &[&str], word: &&str| list.contains(word);
    let enclosed = [('[', ']'), ('<', '>'), ('{', '}')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close) && !text.contains('\n'));
    let lorem = each.iter().filter(|word| one_of(&LOREM, word)).count();
    let named = words.contains("lorem") || words.contains("ipsum");
    let filler = (named || each.len() >= LONG_FILLER) && lorem * 10 >= each.len() * 7;
    let one_word = each.len() > 2 && each.iter().all(|word| word == &each[0]) && !is_number(each[0]);
    let lone = words.chars().count() < 2 && words.is_ascii() && !is_number(words);
    enclosed
        || filler
        || one_word
        || lone
        || PHRASES.contains(&words)
        || only_announces(words)
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
