//! Whether a text says something: a document of research, release notes, a map of what a fix touches.
//!
//! Nothing is read here but the text. What it is held against (the spec, other documents, the files that exist) is given.

mod block;
mod map;
mod placeholder;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub(crate) use map::{Files, map_entries, map_findings, map_remark};

use block::{Block, Kind, blocks, words};

/// Something that a text lacks, at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong: lower case, no full stop.
    pub(crate) what: String,
    /// What would do.
    pub(crate) help: String,
}

impl Finding {
    pub(crate) fn new(line: usize, what: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding { line, what: what.into(), help: help.into() }
    }

    /// Everything in one line.
    pub(crate) fn words(&self) -> String {
        format!("{} (line {}): {}", self.what, self.line, self.help)
    }
}

/// What is no news in a text: the words of its spec.
#[derive(Debug, Default)]
pub(crate) struct Known {
    title: String,
    own: HashSet<String>,
    all: String,
}

impl Known {
    /// What the text of a spec says already.
    pub(crate) fn of(title: Option<&str>, spec: &str) -> Known {
        let own: HashSet<String> = blocks(spec)
            .into_iter()
            .flat_map(|block| {
                let pieces = block.pieces();
                pieces.into_iter().chain([block.words])
            })
            .filter(|words| !words.is_empty())
            .collect();
        let mut sorted: Vec<&str> = own.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let all = format!(" {} ", sorted.join(" \n "));
        Known { title: words(title.unwrap_or_default()), own, all }
    }

    fn holds(&self, words: &str) -> bool {
        words == self.title || self.own.contains(words) || (is_long(words) && self.all.contains(&format!(" {words} ")))
    }

    /// Whether a part says what the spec does, as a whole or piece by piece, and at most that it is so.
    fn is_repeated(&self, block: &Block) -> bool {
        let pieces = block.pieces();
        let is_known = |piece: &str| piece.is_empty() || self.holds(piece) || self.holds(without_assent(piece));
        let is_assent = |piece: &str| without_assent(piece).is_empty();
        is_known(&block.words)
            || pieces.iter().all(|piece| is_known(piece) || is_assent(piece))
                && pieces.iter().any(|piece| !is_assent(piece))
    }
}

/// Words that say of what stands before them only that it is so.
const ASSENTS: [&str; 24] = [
    "done",
    "yes",
    "ok",
    "okay",
    "checked",
    "complete",
    "completed",
    "met",
    "fulfilled",
    "satisfied",
    "true",
    "confirmed",
    "verified",
    "see",
    "above",
    "below",
    "as",
    "required",
    "written",
    "ja",
    "erledigt",
    "oui",
    "fait",
    "x",
];

/// The words of a text without those at its end that say only that it is so.
fn without_assent(words: &str) -> &str {
    let mut rest = words;
    while let Some(word) = rest.rsplit(' ').next().filter(|word| ASSENTS.contains(word)) {
        rest = rest[..rest.len() - word.len()].trim_end();
    }
    rest
}

/// So many words are no chance: they were copied.
const LONG: usize = 6;

fn is_long(words: &str) -> bool {
    words.split(' ').count() >= LONG || !words.is_ascii() && words.chars().count() >= LONG * 3
}

/// Why a part says nothing.
fn void(block: &Block, known: &Known) -> Option<&'static str> {
    if block.words.is_empty() {
        return Some("it has no visible words");
    }
    if placeholder::is_placeholder(&block.text, &block.words) {
        return Some("it holds only a placeholder");
    }
    if placeholder::is_encoded(&block.text) {
        return Some("it holds encoded data and no words");
    }
    known.is_repeated(block).then_some("it repeats the spec")
}

/// Whether a sentence shows no words, or is a place for some.
pub(crate) fn says_nothing(text: &str) -> bool {
    let words = words(text);
    words.is_empty() || placeholder::is_placeholder(text, &words)
}

/// The first line that a reader sees words in, without the marks of a heading; `None` if there is none.
pub(crate) fn first_line(document: &str) -> Option<String> {
    let first = blocks(document).into_iter().find(|block| !block.words.is_empty())?;
    let line = document.lines().nth(first.line - 1).filter(|line| !line.contains("<!--"));
    let line = line.unwrap_or_else(|| first.text.lines().next().unwrap_or_default());
    Some(line.trim().trim_start_matches('#').trim().to_owned()).filter(|line| !line.is_empty())
}

/// So many words are a paragraph, and so many characters of a script that is written without spaces.
const PARAGRAPH: usize = 20;
const CHARACTERS: usize = 40;

/// Whether a line is a paragraph, and no title or remark.
pub(crate) fn is_paragraph(line: &str) -> bool {
    let words = words(line);
    let foreign = words.chars().filter(|c| *c > '\u{2e7f}').count();
    !line.trim_start().starts_with('#') && (words.split(' ').count() >= PARAGRAPH || foreign >= CHARACTERS)
}

/// Why `document` says nothing; `None` if it says something besides its headings.
pub(crate) fn emptiness(document: &str, known: &Known) -> Option<Finding> {
    let parts = blocks(document);
    let help = "write the findings in your own words";
    if is_binary(document) {
        return Some(Finding::new(1, "it is no text", help));
    }
    let found = |block: &Block, what: &str| {
        let first = if block.words.is_empty() { "" } else { block.text.lines().next().unwrap_or_default() };
        let shown: String = first.chars().take(40).collect();
        match shown.trim() {
            "" => Finding::new(block.line, what, help),
            shown => Finding::new(block.line, format!("{what}: '{shown}'"), help),
        }
    };
    let mut why = None;
    // A question says nothing when it is asked again, in whatever language.
    let title = parts.iter().find(|block| block.kind == Kind::Heading(1)).map(|block| block.words.as_str());
    let asks_again =
        |block: &Block| Some(block.words.as_str()) == title && block.text.trim_end().ends_with(['?', '？', '؟']);
    for block in parts.iter().filter(|block| !block.is_heading()) {
        match void(block, known) {
            Some(what) => why = why.or(Some(found(block, what))),
            None if asks_again(block) => why = why.or(Some(found(block, "it repeats its title"))),
            None if placeholder::is_outline(&block.words) => {
                why = why.or(Some(found(block, "it only announces what it would say")));
            }
            None => return is_repetitive(&parts).then(|| found(block, "it says one thing again and again")),
        }
    }
    let bare = |block: &Block| Finding::new(block.line, "it has a title but no text", help);
    why.or(parts.first().map(bare)).or(Some(Finding::new(1, "it has no visible words", help)))
}

/// Whether a document is none: bytes that stand for no character, one in twenty at least.
fn is_binary(document: &str) -> bool {
    let is_none = |c: &char| *c == '\u{fffd}' || c.is_control() && !c.is_whitespace();
    document.chars().filter(is_none).count() * 20 > document.chars().count()
}

/// Whether each section has the same text, or one sentence makes up all of it.
fn is_repetitive(parts: &[Block]) -> bool {
    let (mut sections, mut sentences) = (vec![String::new()], Vec::new());
    for block in parts {
        match block.kind {
            Kind::Heading(7) => {}
            Kind::Heading(_) => sections.push(String::new()),
            kind => {
                let section = sections.last_mut().expect("there is one");
                section.push_str(&block.words);
                section.push('\n');
                let counts = kind == Kind::Words && block.cells.is_empty();
                sentences.extend(if counts { block.pieces() } else { vec![block.text.clone()] });
            }
        }
    }
    let is_one = |texts: &[String], fewest: usize| texts.len() >= fewest && texts.iter().all(|text| *text == texts[0]);
    sections.retain(|section| !section.is_empty());
    sentences.retain(|sentence| !sentence.is_empty());
    is_one(&sections, 2) || is_one(&sentences, 3)
}

/// Whether release notes say something; `None` if they do.
pub(crate) fn notes_emptiness(notes: Option<&str>, known: &Known) -> Option<Finding> {
    let help = "write what changes for users; one sentence is enough";
    let Some(notes) = notes else { return Some(Finding::new(1, "the section is empty", help)) };
    let mut finding = emptiness(notes, known)?;
    // Notes may be headings alone: "### Fixed: two writers lose nothing".
    let says = |block: &Block| block.is_heading() && block.words.split(' ').count() > 2 && void(block, known).is_none();
    if blocks(notes).iter().any(says) {
        return None;
    }
    finding.help = help.to_owned();
    Some(finding)
}

/// Another document, as far as a copy is held against it.
struct Other<'o> {
    name: &'o str,
    blocks: Vec<String>,
    sentences: Vec<String>,
    all: String,
}

impl<'o> Other<'o> {
    fn of((name, text): (&'o str, &'o str)) -> Other<'o> {
        let parts = blocks(text);
        let sentences = parts.iter().flat_map(Block::pieces).map(|piece| folded(&piece)).collect();
        let blocks: Vec<String> = parts.into_iter().map(|block| folded(&block.words)).collect();
        let all = blocks.join(" ");
        Other { name, blocks, sentences, all }
    }

    /// Whether it has these words in a part of their own, or so many of them in a row that they were copied.
    fn has(&self, words: &String) -> bool {
        self.blocks.contains(words) || (is_long(words) && format!(" {} ", self.all).contains(&format!(" {words} ")))
    }
}

/// What `document` is a copy of: all that it says is in one of `inputs` and `others`, or in several of the inputs, whatever its headings
/// and white space. Gives the name of that, of several the first.
pub(crate) fn copied_from<'o>(
    document: &str,
    known: &Known,
    inputs: impl IntoIterator<Item = (&'o str, &'o str)>,
    others: impl IntoIterator<Item = (&'o str, &'o str)>,
) -> Option<&'o str> {
    let parts = blocks(document);
    // A long heading may be the finding itself, and what is below it its evidence.
    let says = |block: &&Block| !block.is_heading() || block.kind != Kind::Heading(1) && is_long(&block.words);
    let said: Vec<&Block> = parts.iter().filter(says).filter(|block| void(block, known).is_none()).collect();
    if said.iter().map(|block| block.words.split(' ').count()).sum::<usize>() < LONG
        && said.iter().map(|block| block.words.chars().count()).sum::<usize>() < LONG * 5
    {
        return None;
    }
    let own: Vec<String> = said.iter().map(|block| folded(&block.words)).collect();
    let joined = own.join(" ");
    let is_copy = |other: &Other<'_>| own.iter().all(|words| other.has(words)) || is_quoted_whole(&joined, &other.all);
    let inputs: Vec<Other<'o>> = inputs.into_iter().map(Other::of).collect();
    if let Some(input) = inputs.iter().find(|input| is_copy(input)) {
        return Some(input.name);
    }
    let holder = |words: &String| inputs.iter().find(|input| input.has(words)).map(|input| input.name);
    if let Some(names) = own.iter().map(holder).collect::<Option<Vec<_>>>() {
        return names.first().copied();
    }
    if is_rearranged(&said, &inputs) {
        return own.iter().find_map(holder).or(inputs.first().map(|input| input.name));
    }
    others.into_iter().map(Other::of).find(is_copy).map(|other| other.name)
}

/// What the prompt is called among the inputs of a document.
pub(crate) const PROMPT: &str = "the prompt";

/// So many words of another text in a row are part of a copy, and so many that are not may join two parts.
const PART: usize = 4;

/// Whether the sentences of a text are those of `inputs` in another order, or made of pieces of them, without a word that none of them has.
fn is_rearranged(said: &[&Block], inputs: &[Other<'_>]) -> bool {
    // The prompt has the words of all that the agent was given, and of much that every text may say.
    let documents = inputs.iter().filter(|input| input.name != PROMPT);
    let inputs_words: Vec<Vec<&str>> = documents.map(|input| input.all.split(' ').collect()).collect();
    let parts: HashSet<&[&str]> = inputs_words.iter().flat_map(|words| words.windows(PART)).collect();
    let known_words: HashSet<&str> = inputs_words.iter().flatten().copied().collect();
    let is_made_of_parts = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let mut taken = vec![false; words.len()];
        for (at, window) in words.windows(PART).enumerate() {
            if parts.contains(window) {
                taken[at..at + PART].fill(true);
            }
        }
        let longest = taken.split(|taken| *taken).map(<[bool]>::len).max().unwrap_or_default();
        words.len() >= PART * 2 && longest < PART && words.iter().all(|word| known_words.contains(word))
    };
    let is_taken = |words: &String| {
        inputs.iter().any(|input| input.has(words) || input.sentences.contains(words)) || is_made_of_parts(words)
    };
    let (mut all, mut own) = (0, 0);
    for piece in
        said.iter().flat_map(|block| block.pieces()).map(|piece| folded(&piece)).filter(|piece| !piece.is_empty())
    {
        let words = piece.split(' ').count();
        all += words;
        own += if is_taken(&piece) { 0 } else { words };
    }
    // A few words between two parts say nothing, a finding of a few words does.
    own < PART && own * LONG < all
}

/// Whether a text is another one with a few words around it, in a code block for example.
fn is_quoted_whole(own: &str, other: &str) -> bool {
    let words = |text: &str| text.split(' ').count();
    words(other) >= LONG * 2 && words(own) < words(other) + LONG * 2 && own.contains(other)
}

/// Words with the letters of other scripts that look like Latin ones as those.
fn folded(words: &str) -> String {
    const ALIKE: &str = "аaеeоoрpсcуyхxіiјjѕsһhԁdοoαaνvρpкkмmтtвbнh";
    let alike: Vec<char> = ALIKE.chars().collect();
    let latin = |c: char| alike.chunks(2).find(|pair| pair[0] == c).map_or(c, |pair| pair[1]);
    words.chars().map(latin).collect()
}

/// Whether two documents say the same in the same order, whatever their white space and comments.
pub(crate) fn same_words(one: &str, other: &str) -> bool {
    let said = |text| blocks(text).into_iter().map(|block| block.words).collect::<Vec<_>>();
    said(one) == said(other)
}

/// How a heading begins or what it holds that recommends something, in the languages that people wrote to us in.
const RECOMMENDS: [&str; 44] = [
    "recommend",
    "propos",
    "suggest",
    "chosen",
    "decision",
    "conclusion",
    "solution",
    "remedy",
    "what to do",
    "way forward",
    "next step",
    "how to fix",
    "the fix",
    "fix it",
    "empfehl",
    "empfohlen",
    "vorschlag",
    "entscheid",
    "fazit",
    "lösung",
    "abhilfe",
    "recommand",
    "recomend",
    "raccomand",
    "aanbevel",
    "aanbevol",
    "rekommend",
    "anbefal",
    "suosit",
    "doporuč",
    "zalec",
    "рекоменд",
    "предлож",
    "вывод",
    "推奨",
    "提案",
    "結論",
    "対策",
    "推荐",
    "推薦",
    "建议",
    "建議",
    "권장",
    "추천",
];

/// What is wrong with a document that has to recommend something; `None` if a heading of that sense is there, with words under it.
pub(crate) fn lacks_recommendation(document: &str, known: &Known) -> Option<Finding> {
    let parts = blocks(document);
    let recommends = |block: &Block| RECOMMENDS.iter().any(|stem| block.words.contains(stem));
    let help = "add a heading '## Recommendation' with what to do and why";
    let mut bare = None;
    for (at, block) in parts.iter().enumerate() {
        match block.kind {
            Kind::Heading(level) if recommends(block) || block.words == "fix" => {
                let below = parts[at + 1..]
                    .iter()
                    .take_while(|next| !matches!(next.kind, Kind::Heading(of) if of <= level))
                    .any(|next| !next.is_heading() && void(next, known).is_none());
                // "## Recommendation: take the lock before the read" says it by itself.
                let itself = block.text.split_once([':', '：']).is_some_and(|(_, rest)| words(rest).contains(' '));
                if below || itself {
                    return None;
                }
                bare = bare.or(Some(block.line));
            }
            // "**Recommendation**: change the sign."
            Kind::Words => {
                let lead = block.text.split_once([':', '：']).map(|(lead, rest)| (words(lead), words(rest)));
                let leads = lead.is_some_and(|(lead, rest)| {
                    lead.split(' ').count() <= 3
                        && RECOMMENDS.iter().any(|stem| lead.contains(stem))
                        && !rest.is_empty()
                });
                if leads && void(block, known).is_none() {
                    return None;
                }
            }
            _ => {}
        }
    }
    Some(match bare {
        Some(line) => Finding::new(line, "its recommendation is empty", help),
        None => Finding::new(1, "it has no heading such as 'Recommendation'", help),
    })
}
