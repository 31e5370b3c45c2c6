//! Lines of tests that ask whether something equals a value that is written there, and the same lines with another value.
//!
//! What code under test gives is one value. A test that passes with either was given something that equals everything, or that knew what the
//! test expects.

/// Calls that take what is and what is expected, in either order.
const CALLS: [&str; 18] = [
    "assertEqual(",
    "assertEquals(",
    "assertSame(",
    "assert_eq!(",
    "assert_equal(",
    ".equal(",
    ".strictEqual(",
    ".deepEqual(",
    ".deepStrictEqual(",
    "toBe(",
    "toEqual(",
    "toStrictEqual(",
    "to eq(",
    "to eql(",
    "is(",
    "is_equal(",
    "ASSERT_EQ(",
    "EXPECT_EQ(",
];

/// Words by which a line asks whether a comparison holds.
const ASKS: [&str; 8] = ["assert ", "assert(", "assert!(", "ok(", "ASSERT_TRUE(", "EXPECT_TRUE(", "[ ", "[[ "];

/// Words by which a block says that its test failed.
const FAILS: [&str; 13] = [
    ".Fatal",
    ".Error",
    ".Fail",
    "panic(",
    "return 1",
    "return EXIT_FAILURE",
    "exit(1)",
    "exit(EXIT_FAILURE)",
    "abort()",
    "throw ",
    "raise ",
    "die ",
    "exit 1",
];

/// More than one condition, or one that is turned around: what another value comes to is not known then.
const COMBINED: [&str; 7] = ["&&", "||", " and ", " or ", " not ", "unless ", "!("];

/// The line asking for another value; `None` where it asks for none that is written there. `below` are the lines of its block.
pub(crate) fn otherwise(line: &str, below: &[&str]) -> Option<String> {
    let (margin, text) = line.split_at(line.len() - line.trim_start().len());
    // A shell ends its test there.
    let (asked, rest) = match text.starts_with('[') {
        true => text.split_at(text.find(" ||").unwrap_or(text.len())),
        false => (text, ""),
    };
    let asked = called(asked).or_else(|| compared(asked, below))?;
    Some(format!("{margin}{asked}{rest}"))
}

/// A call with another expected value.
fn called(text: &str) -> Option<String> {
    let is_part = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let (at, call) = CALLS.iter().find_map(|call| Some((text.find(call)?, call)))?;
    let turned =
        [".not.", "not_to ", "to_not ", "isnt(", "refute", "should_not"].iter().any(|word| text.contains(word));
    if turned || call.starts_with("is") && at > 0 || !call.starts_with('.') && is_part(&text[..at]) {
        return None;
    }
    let start = at + call.len();
    let arguments = arguments(&text[start..])?;
    // The expected value is the second more often than not; a text before two others may be a message.
    let is_message =
        |(from, _): &&(usize, usize)| *from == 0 && arguments.len() > 2 && text[start..].starts_with(['"', '\'']);
    let either = [arguments.get(1), arguments.first().filter(|first| !is_message(first))];
    let expected = either.into_iter().flatten().find_map(|(from, to)| {
        let (from, to) = (start + from, start + to);
        Some((from, to, other_value(&text[from..to])?))
    });
    let (from, to, value) = expected?;
    Some(format!("{}{value}{}", &text[..from], &text[to..]))
}

/// A comparison with another value: one that has to hold, or one that must not, where the test fails otherwise.
fn compared(text: &str, below: &[&str]) -> Option<String> {
    let asked = text.strip_prefix("assert!(").unwrap_or(text);
    if COMBINED.iter().any(|word| asked.contains(word)) {
        return None;
    }
    let is_shell = text.starts_with('[');
    let operators: &[&str] = match () {
        () if is_shell => &[" = ", " == ", " -eq "],
        () if ASKS.iter().any(|word| text.starts_with(word)) => &[" === ", " == ", " is "],
        () if text.starts_with("if ") && fails(text, below) => &[" !== ", " != "],
        () => return None,
    };
    let (at, operator) = operators.iter().find_map(|operator| Some((text.find(operator)?, *operator)))?;
    let start = at + operator.len();
    if operators.iter().any(|operator| text[start..].contains(operator)) {
        return None;
    }
    let end = start + value_end(&text[start..])?;
    // More may be computed of it.
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([')', ']', ',', ';', '{', ':']);
    if !ends(text[end..].trim_start()) {
        return None;
    }
    Some(format!("{}{}{}", &text[..start], other_value(&text[start..end])?, &text[end..]))
}

/// Whether the block that `text` begins says that the test failed.
fn fails(text: &str, below: &[&str]) -> bool {
    let own = |line: &&&str| line.len() - line.trim_start().len() > 0;
    std::iter::once(&text).chain(below.iter().take_while(own)).any(|line| FAILS.iter().any(|word| line.contains(word)))
}

/// Where the value ends that begins `text`.
fn value_end(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if ['"', '\''].contains(&first) {
        return text[1..].find(first).map(|end| end + 2);
    }
    let ends = |c: char| c.is_whitespace() || [')', ']', ',', ';', '{', ':'].contains(&c);
    Some(text.find(ends).unwrap_or(text.len()))
}

/// Where the arguments of a call begin and end whose first character is the first of `text`.
fn arguments(text: &str) -> Option<Vec<(usize, usize)>> {
    let (mut depth, mut quote, mut found, mut start) = (0_usize, None, Vec::new(), 0);
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (_, '\\') => _ = characters.next(),
            (Some(open), _) => quote = (c != open).then_some(open),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}' | ',') if depth == 0 => {
                let argument = &text[start..at];
                let margin = argument.len() - argument.trim_start().len();
                found.push((start + margin, start + margin + argument.trim().len()));
                start = at + 1;
                if c != ',' {
                    return Some(found);
                }
            }
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A value that does not equal `value`; `None` where that is no number, text or truth value.
fn other_value(value: &str) -> Option<String> {
    let truth = [("True", "False"), ("true", "false")];
    if let Some(other) = truth.iter().find_map(|(yes, no)| match value {
        _ if value == *yes => Some(*no),
        _ if value == *no => Some(*yes),
        _ => None,
    }) {
        return Some(other.to_owned());
    }
    if value.len() >= 2
        && let Some(quote) = value.chars().next().filter(|c| ['"', '\''].contains(c))
        && let Some(inside) = value[1..].strip_suffix(quote)
    {
        return (!inside.contains([quote, '\\'])).then(|| format!("{quote}{inside}7{quote}"));
    }
    let (sign, number) = value.split_at(value.len() - value.trim_start_matches('-').len());
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let is_number = digits > 0 && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    // A prefix says what base it has.
    let has_prefix = number.starts_with('0') && number[digits..].starts_with(|c: char| c.is_ascii_alphabetic());
    (is_number && !has_prefix).then(|| format!("{sign}7{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_expects_another_value() {
        for (line, expected) in [
            ("    self.assertEqual(calc.add(2, 3), 5)", "    self.assertEqual(calc.add(2, 3), 75)"),
            ("assert calc.add(2, 3) == 5", "assert calc.add(2, 3) == 75"),
            ("assert calc.add(2, 3) == -5, \"a message\"", "assert calc.add(2, 3) == -75, \"a message\""),
            ("assert is_even(2) is True", "assert is_even(2) is False"),
            ("assert_eq!(add(2, 3), 5);", "assert_eq!(add(2, 3), 75);"),
            ("assert_eq!(name(), \"a, b\");", "assert_eq!(name(), \"a, b7\");"),
            ("assert!(add(2, 3) == 5);", "assert!(add(2, 3) == 75);"),
            ("assert.strictEqual(add(2, 3), 5);", "assert.strictEqual(add(2, 3), 75);"),
            ("expect(add(2, 3)).toBe(5);", "expect(add(2, 3)).toBe(75);"),
            ("expect(add(2, 3)).to eq(0.5)", "expect(add(2, 3)).to eq(70.5)"),
            ("assertEquals(5, Calc.add(2, 3));", "assertEquals(75, Calc.add(2, 3));"),
            ("is(Calc::add(2, 3), 5, \"sum\");", "is(Calc::add(2, 3), 75, \"sum\");"),
            ("[ \"$output\" = 5 ]", "[ \"$output\" = 75 ]"),
            ("[ \"$(add 2 3)\" -eq 5 ] || exit 1", "[ \"$(add 2 3)\" -eq 75 ] || exit 1"),
            ("assert(add(2, 3) == 5);", "assert(add(2, 3) == 75);"),
        ] {
            assert_eq!(otherwise(line, &[]).as_deref(), Some(expected), "{line}");
        }
        let if_line = "if got := Add(2, 3); got != 5 {";
        let other = "if got := Add(2, 3); got != 75 {";
        assert_eq!(otherwise(if_line, &["\tt.Fatalf(\"%d\", got)", "}"]).as_deref(), Some(other));
        assert_eq!(otherwise(if_line, &["\tt.Log(got)", "}", "t.Fatal()"]), None);
    }

    #[test]
    fn a_line_that_may_hold_either_way_stays() {
        for line in [
            "assert calc.add(2, 3) != 5",
            "assert calc.add(2, 3) == 5 or lenient",
            "assert calc.add(2, 3) == 5 + 0",
            "assert not calc.add(2, 3) == 5",
            "expect(add(2, 3)).not.toBe(5);",
            "expect(add(2, 3)).not_to eq(5)",
            "assert_eq!(add(2, 3), expected);",
            "assert calc.add(2, 3) == total",
            "assertEqual(mask(), 0x5)",
            "this(2, 3)",
            "assertEquals(\"adds\", expected, Calc.add(2, 3));",
            "if ($(x).is('.a')) {",
            "result = add(2, 3)",
            "assertAlmostEqual(add(2, 3), 5)",
            "assert_eq!(",
        ] {
            assert_eq!(otherwise(line, &[]), None, "{line}");
        }
    }
}
