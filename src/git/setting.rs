//! A setting under which git is run, whatever its name.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
};

use super::process::Git;

/// A key of git's configuration and its value. The middle of the key may hold any byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Setting {
    /// `key` with `value`.
    pub(crate) fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Setting {
        Setting { key: key.into(), value: value.into() }
    }
}

impl Git {
    /// Adds a setting, stronger than every configuration file and than the person's own `-c`.
    #[must_use]
    pub(crate) fn setting(self, setting: &Setting) -> Git {
        let Setting { key, value } = setting;
        if !key.contains(&b'=') {
            return self.config(OsString::from_vec([key, &b"="[..], value].concat()));
        }
        // Git ends the key of a `-c` at its first `=`, and that of a `--config-env` at its last.
        let variable = format!("CHANT_SETTING_{}", self.settings_by_variable());
        let option = [b"--config-env=", &key[..], b"=", variable.as_bytes()].concat();
        self.global(OsString::from_vec(option)).env(variable, OsStr::from_bytes(value))
    }
}
