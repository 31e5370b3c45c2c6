//! The person at the terminal: an editor, a question, a list to choose from.

use std::{
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
};

use super::Env;
use crate::error::{Error, Kind, Result};

impl Env {
    /// Opens `path` in `editor`, a command line as git gives it, and waits for its end.
    ///
    /// # Errors
    /// `editor` if it cannot be run or says that something went wrong.
    pub(crate) fn edit(&self, editor: &str, path: &Path) -> Result<()> {
        if editor == ":" {
            return Ok(());
        }
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("{editor} \"$@\""))
            .arg(editor)
            .arg(path)
            .current_dir(self.cwd())
            .stdin(Stdio::inherit())
            .status()
            .map_err(|cause| Error::fatal(Kind::Editor, format!("cannot run the editor '{editor}': {cause}")))?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::fatal(Kind::Editor, format!("there was a problem with the editor '{editor}'")))
        }
    }

    /// Shows a page of the manual with `man`, and waits for the reader's end. Returns whether it was shown.
    pub(crate) fn show_manual(&self, page: &Path) -> bool {
        // A path with a slash in it is a file to every man.
        let shown = Command::new("man").arg(page).current_dir(self.cwd()).stdin(Stdio::inherit()).status();
        shown.is_ok_and(|status| status.success())
    }

    /// Asks for a yes or no.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool> {
        dialoguer::Confirm::new()
            .with_prompt(question)
            .default(false)
            .interact_opt()
            .map(|answer| answer.unwrap_or(false))
            .map_err(|cause| Error::fatal(Kind::Terminal, format!("cannot ask: {cause}")))
    }

    /// Asks for a line of text.
    pub(crate) fn ask(&self, question: &str) -> Result<String> {
        dialoguer::Input::<String>::new()
            .with_prompt(question)
            .allow_empty(true)
            .interact_text()
            .map_err(|cause| Error::fatal(Kind::Terminal, format!("cannot ask: {cause}")))
    }

    /// Offers a list; `None` if the person chose nothing.
    pub(crate) fn choose(&self, question: &str, items: &[String]) -> Result<Option<usize>> {
        dialoguer::Select::new()
            .with_prompt(question)
            .items(items)
            .default(0)
            .interact_opt()
            .map_err(|cause| Error::fatal(Kind::Terminal, format!("cannot ask: {cause}")))
    }

    /// All of the standard input, up to `limit` bytes and one more.
    pub(crate) fn read_stdin(&self, limit: usize) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::io::stdin().take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
