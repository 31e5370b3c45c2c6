//! `GIT_CONFIG_PARAMETERS`: how `git -c key=value chant …` reaches us, which gix does not read.

use bstr::{BString, ByteSlice};

use crate::error::{Error, Kind, Result};

/// Takes the variable's value apart into `key=value` (or `key`, an implicit true) as they were given, in order.
///
/// Both of git's forms are read: `'key=value'` (before 2.31, and still accepted) and `'key'='value'`. Anything else is
/// an error, as in git.
pub(crate) fn parse(value: &[u8]) -> Result<Vec<BString>> {
    let mut settings = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        let (mut setting, after) = dequote(rest).ok_or_else(malformed)?;
        rest = after;
        if let Some(after) = rest.strip_prefix(b"=") {
            setting.push(b'=');
            rest = after;
            // A bare `'key'=` is git's way to write an implicit true.
            if rest.is_empty() || rest[0].is_ascii_whitespace() {
                setting.pop();
            } else {
                let (text, after) = dequote(rest).ok_or_else(malformed)?;
                setting.extend(text);
                rest = after;
            }
        }
        if !rest.is_empty() && !rest[0].is_ascii_whitespace() {
            return Err(malformed());
        }
        rest = rest.trim_start();
        settings.push(BString::from(checked(setting)?));
    }
    Ok(settings)
}

/// One run of `'…'`, in which a quote is written `'\''` and `!` as `'\!'`; also what follows it.
fn dequote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"'")?;
    let mut value = Vec::new();
    loop {
        let end = rest.find_byte(b'\'')?;
        value.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        let escaped = match rest {
            [b'\\', byte @ (b'\'' | b'!'), b'\'', ..] => *byte,
            _ => return Some((value, rest)),
        };
        value.push(escaped);
        rest = &rest[3..];
    }
}

/// A key has at least a section and a name.
fn checked(setting: Vec<u8>) -> Result<Vec<u8>> {
    let key = setting.split_str("=").next().unwrap_or_default();
    let dotted = key.find_byte(b'.').is_some_and(|at| at > 0) && !key.ends_with(b".");
    if dotted && !key.contains(&b'\n') {
        return Ok(setting);
    }
    let message = format!("bogus config parameter: '{}'", key.as_bstr().to_string().escape_debug());
    Err(Error::fatal(Kind::BadConfig, message))
}

fn malformed() -> Error {
    Error::fatal(Kind::BadConfig, "bogus format in GIT_CONFIG_PARAMETERS")
        .hint("git sets this variable for 'git -c key=value'; unset it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        parse(text.as_bytes()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_forms_and_the_implicit_true() {
        assert_eq!(read("'chant.agent=a b' 'x.y'='1=2'"), ["chant.agent=a b", "x.y=1=2"]);
        assert_eq!(read("  'a.b'=   'c.d' "), ["a.b", "c.d"]);
        assert_eq!(read("'a.b'=''"), ["a.b="]);
        assert!(read("").is_empty());
    }

    #[test]
    fn quotes_and_bangs_come_back() {
        assert_eq!(read(r"'a.b'='it'\''s'\!' ok'"), ["a.b=it's! ok"]);
    }

    #[test]
    fn malformed_values_are_errors() {
        for bad in ["a.b=c", "'a.b", "'a.b'='c", "'a.b''c.d'", "'a.b'=c", "'nodot'='1'", "'.x'='1'", "'a.'", r"'a.b'\'"]
        {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
