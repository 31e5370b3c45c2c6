//! Lines that are redrawn in place, on a terminal: one for each spec that is worked, or one for the command of a check that runs.

use std::{
    collections::HashMap,
    fmt::Write,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::canvas::{self, Canvas};
use crate::answer::progress::{Step, described};
use crate::domain::activity::{Activity, Wait};
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot, fit};

/// How often the clock in a line is redrawn.
const TICK: Duration = Duration::from_millis(200);

/// How often the lines are redrawn at most, a second.
const REDRAWN: u8 = 20;

/// The lines, and below them how far all of it is.
pub(super) struct Bars {
    multi: MultiProgress,
    specs: HashMap<String, ProgressBar>,
    /// The command of a check that runs, and how far it is.
    command: Option<ProgressBar>,
    /// The check that stands above.
    checking: String,
    total: Option<ProgressBar>,
}

impl Bars {
    /// No lines yet; they appear on stderr.
    pub(super) fn new() -> Self {
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Canvas::default()), REDRAWN);
        let multi = MultiProgress::with_draw_target(target);
        Bars { multi, specs: HashMap::new(), command: None, checking: String::new(), total: None }
    }

    /// Shows a step. Returns whether it belongs into a line; what does not is printed above them.
    pub(super) fn show(&mut self, step: &Step<'_>, look: &Look) -> bool {
        match step {
            Step::Of { short, step } => self.of(short, step, look),
            Step::Queue { running, done, failed, left } => {
                let failed = if *failed > 0 { format!(", {failed} not done") } else { String::new() };
                let text = format!("{running} running, {done} done{failed}, {left} to go");
                let multi = &self.multi;
                self.total.get_or_insert_with(|| multi.add(plain())).set_message(text);
                true
            }
            Step::Checking { what } => {
                self.checking = (*what).to_owned();
                false
            }
            Step::Running { command, line } => {
                let text = shortened(&running(command, line, &self.checking), CLOCK, look);
                let multi = &self.multi;
                let bar = self.command.get_or_insert_with(|| {
                    let bar = multi.add(timed());
                    bar.enable_steady_tick(TICK);
                    bar
                });
                bar.set_message(text);
                true
            }
            Step::Doing { activity, since } => {
                let multi = &self.multi;
                let bar = self.command.get_or_insert_with(|| {
                    let bar = multi.add(ProgressBar::new_spinner());
                    bar.enable_steady_tick(TICK);
                    bar
                });
                bar.set_style(living("  {clock}", &fitted(activity, 2, look), *since));
                true
            }
            // The line above says that all the time.
            Step::Still { .. } => true,
            Step::Ran => {
                if let Some(bar) = self.command.take() {
                    bar.finish_and_clear();
                    self.multi.remove(&bar);
                }
                true
            }
            Step::Over { short, .. } => {
                if let Some(bar) = self.specs.remove(*short) {
                    bar.finish_and_clear();
                    self.multi.remove(&bar);
                }
                false
            }
            _ => false,
        }
    }

    fn of(&mut self, short: &str, step: &Step<'_>, look: &Look) -> bool {
        let from = fit::width(short) + CLOCK;
        let text = match step {
            Step::Working { title, .. } => clean::line(title).into_owned(),
            Step::AgentStarted { .. } => "starting the agent".to_owned(),
            Step::AgentLine(line) => clean::line(line).into_owned(),
            Step::Checking { what } => format!("checking {}", clean::line(what)),
            Step::Running { command, line } if !line.is_empty() => running(command, line, ""),
            Step::Doing { activity, .. } => clean::line(&activity.what).into_owned(),
            Step::Running { .. } | Step::Ran | Step::Still { .. } => return true,
            _ => return false,
        };
        let style = match step {
            Step::Doing { activity, since } if activity.wait.is_some() => {
                let activity = fitted(activity, from, look);
                living("{prefix}  {elapsed:>4}  {clock}", &activity, *since)
            }
            _ => timed_style(),
        };
        if !self.specs.contains_key(short) {
            let bar = match &self.total {
                Some(total) => self.multi.insert_before(total, timed()),
                None => self.multi.add(timed()),
            };
            bar.set_prefix(look.paint.with(Slot::Id, clean::line(short)));
            bar.enable_steady_tick(TICK);
            self.specs.insert(short.to_owned(), bar);
        }
        if let Some(bar) = self.specs.get(short) {
            bar.set_style(style);
            bar.set_message(shortened(&text, from, look));
        }
        true
    }

    /// Does `write` where the lines are not.
    pub(super) fn above(&self, write: impl FnOnce()) {
        self.multi.suspend(write);
    }

    /// Takes the lines away.
    pub(super) fn clear(&self) {
        // A terminal that is gone has no lines.
        let _gone = self.multi.clear();
    }
}

/// What a command printed last, after the command where that does not stand above.
fn running(command: &str, line: &str, above: &str) -> String {
    match line {
        "" if command == above => "no output yet".to_owned(),
        line if command == above => clean::line(line).into_owned(),
        "" => clean::line(command).into_owned(),
        line => format!("{}: {}", clean::line(command), clean::line(line)),
    }
}

fn timed() -> ProgressBar {
    ProgressBar::new_spinner().with_style(timed_style())
}

fn timed_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix}  {elapsed:>4}  {wide_msg}").expect("the template is valid")
}

/// The columns before the text of a line that begins with a clock, besides its prefix.
const CLOCK: usize = "  1000  ".len();

/// The text, which begins in column `from`, with a mark at its end where it would not fit.
fn shortened(text: &str, from: usize, look: &Look) -> String {
    fit::cut(text, from + usize::from(canvas::FREE), look)
}

/// The activity in words that leave the clock on its line, which begins in column `from`.
fn fitted(activity: &Activity, from: usize, look: &Look) -> Activity {
    let cut = |text: &str, after: usize| shortened(&clean::line(text), after, look);
    let what = cut(&activity.what, from + ", 10h 10m 10s".len());
    let after = from + fit::width(&what) + " in 10h 10m 10s, ".len();
    let wait = activity.wait.as_ref().map(|wait| Wait { detail: cut(&wait.detail, after), ..wait.clone() });
    Activity { what, wait }
}

/// A line in which `{clock}` says what is done, and for how long it was, or what is left of a wait; it began `since` ago.
fn living(template: &str, activity: &Activity, since: Duration) -> ProgressStyle {
    let (activity, shown) = (activity.clone(), Instant::now());
    let clock = move |_: &ProgressState, out: &mut dyn Write| {
        // A line that cannot be drawn is none.
        let _drawn = out.write_str(&clean::line(&described(&activity, since + shown.elapsed())));
    };
    ProgressStyle::with_template(template).expect("the template is valid").with_key("clock", clock)
}

fn plain() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}").expect("the template is valid");
    ProgressBar::new_spinner().with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::color::Paint;

    #[test]
    fn a_line_is_neither_bare_nor_broken_off() {
        assert_eq!(running("make", "", "make"), "no output yet");
        assert_eq!(running("make", "", "verify"), "make");
        assert_eq!(running("make", "done", "make"), "done");
        let look = Look { paint: Paint::new(false), width: Some(40), screen: true, unicode: true };
        let title = shortened("A title of many words that does not fit", "010".len() + CLOCK, &look);
        assert_eq!(title, "A title of many words th…");
        assert!("010".len() + CLOCK + fit::width(&title) + usize::from(canvas::FREE) <= 40);
    }
}
