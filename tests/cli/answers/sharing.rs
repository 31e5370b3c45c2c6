//! Two clones and a server: what `sync` and the commands around it answer.

use crate::answers::story::{Story, stories};

stories! {
    sharing = super::sharing;
}

fn sharing(story: &mut Story) {
    story.sandbox.agent("echo two >file; tick");
    let mine = story.add(&["Mine"]);
    story.chapter("Without a remote");
    story.chant(&["sync"]);
    story.git(&["init", "-q", "--bare", "-b", "main", "../server"]);
    story.git(&["remote", "add", "origin", "../server"]);
    story.commit("Specs");
    story.git(&["push", "-q", "origin", "main"]);
    story.chapter("Specs are shared");
    story.chant(&["sync", "--dry-run"]);
    story.chant(&["sync"]);
    story.chant(&["sync"]);
    story.git(&["clone", "-q", "../server", "../clone"]);
    let (here, there) = (story.dir.clone(), story.sandbox.dir().join("clone"));
    story.dir = there.clone();
    story.chant(&["list"]);
    story.chant(&["sync"]);
    story.chapter("Two begin the same spec");
    story.chant(&["work", &mine, "--agent", "manual"]);
    story.chant(&["sync"]);
    let tip = format!("refs/chant/specs/{mine}");
    let theirs = story.git(&["rev-parse", &tip]);
    story.dir = here;
    story.chant(&["work", &mine, "--agent", "manual"]);
    if story.git(&["rev-parse", &tip]) < theirs {
        // The attempts are named in the order of their ids.
        story.again = true;
        return;
    }
    story.chant(&["sync"]);
    story.chant(&["status"]);
    story.chant(&["list"]);
    story.chant(&["show", &mine]);
    story.chant(&["work", &mine]);
    let attempt = story.sandbox.show(&mine)["attempt"].as_str().unwrap().to_owned();
    story.chant(&["choose", &mine, "--keep", "nothing"]);
    story.chant(&["choose", &mine, "--keep", &attempt]);
    story.chant(&["log", &mine]);
    story.chant(&["sync"]);
    story.dir = there;
    story.chant(&["sync"]);
    story.chant(&["status"]);
    story.chapter("A remote that is not there");
    story.git(&["remote", "set-url", "origin", "../nowhere"]);
    story.chant(&["sync"]);
}
