//! Work that upstream squashed, and what was done to its lines since: later changes, reverts, resolved conflicts.

use crate::support::Sandbox;

/// Finished work that is not merged: `five` and `six` for the lines in `file`, and a line in `changes`, which all work changes.
fn finished() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("file", &"one two three four 5 6 seven eight nine ten\n".replace(' ', "\n"));
    sandbox.write("changes", "# Changes\n");
    sandbox.commit("Lines");
    sandbox.agent("sed -i s/5/five/ file; echo '- five' >>changes; git commit -qam Five; sed -i s/6/six/ file; git commit -qam Six");
    let id = sandbox.add(&["Say it"]);
    sandbox.commit("Spec");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    (sandbox, id)
}

#[test]
fn a_squash_is_found_however_often_its_files_were_changed_since() {
    let (sandbox, id) = finished();
    let changes = |n: usize| format!("# Changes\n- five\n{}", "- more\n".repeat(n));
    sandbox.write("changes", "# Changes\n- early\n");
    sandbox.commit("Early");
    sandbox.write("changes", "# Changes\n");
    sandbox.commit("Not so early");
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.git(&["merge", "-q", "--squash", &format!("chant/{id}")]);
    sandbox.commit("Other words (#12)");
    let mut stream = String::new();
    for n in 1..=60 {
        let text = changes(n);
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter A <a@x> {} +0000\ndata 4\nmore\n{}M 644 inline changes\ndata {}\n{text}\n",
            2_000_000_000 + n,
            if n == 1 { "from refs/heads/main^0\n" } else { "" },
            text.len(),
        ));
    }
    sandbox.write("../stream", &stream);
    sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-c", "git fast-import --quiet <../stream"])).ok();
    sandbox.git(&["reset", "-q", "--hard"]);
    sandbox.write("file", &sandbox.read("file").replace("six", "SIX"));
    let tip = sandbox.commit("Mine on top");
    assert_eq!(sandbox.status(&id), "completed");
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), tip, "nothing is merged again");
}

#[test]
fn a_file_that_the_target_renamed_does_not_pass_for_the_work() {
    let (sandbox, id) = finished();
    sandbox.git(&["mv", "file", "moved"]);
    sandbox.write("changes", "# Changes\n- five\n");
    sandbox.commit("Move");
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.chant(&["merge", &id]).ok();
    assert!(sandbox.read("moved").contains("five\nsix\n"));
}

/// Squashes finished work into main, and commits what `then` makes on top.
fn squash_and(sandbox: &Sandbox, id: &str, then: &str) {
    sandbox.git(&["merge", "-q", "--squash", &format!("chant/{id}")]);
    sandbox.git(&["rm", "-rqf", "--ignore-unmatch", ".chant"]);
    sandbox.commit("Other words (#12)");
    sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-ec", then])).ok();
}

#[test]
fn work_that_a_person_took_back_is_merged_again_only_by_name_of_its_branch() {
    let revert = "git revert --no-edit HEAD >.out; git rm -rqf --ignore-unmatch .chant";
    for then in [
        revert.to_owned(),
        // Between other commits on the same files.
        "echo eleven >>file; git commit -qam Eleven; git revert --no-edit HEAD~ >.out; echo twelve >>file; git commit -qam Twelve".to_owned(),
        "sed -i s/five/5/ file; git commit -qam Half; sed -i s/six/6/ file; sed -i /five/d changes; git commit -qam Rest".to_owned(),
    ] {
        let (sandbox, id) = finished();
        let before = sandbox.git(&["rev-parse", "HEAD"]);
        squash_and(&sandbox, &id, &then);
        assert_eq!(sandbox.status(&id), "finished", "{then}");
        let tip = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.chant(&["merge", "--all"]).fails(1, &["'main' had this work as", "reverted it", "--onto main"]);
        sandbox.chant(&["merge"]).fails(1, &["reverted it"]);
        sandbox.chant(&["merge", &id, "--agent"]).fails(1, &["reverted it"]);
        assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), tip, "{then}");
        assert!(sandbox.chant(&["status"]).ok().out.contains("reverted it"));
        if then == revert {
            // Pulled at once, beside a commit of one's own.
            sandbox.git(&["branch", "-q", "theirs"]);
            sandbox.git(&["reset", "-q", "--hard", &before]);
            sandbox.write("other", "mine\n");
            sandbox.commit("Mine");
            sandbox.git(&["merge", "-q", "--no-edit", "theirs"]);
            sandbox.chant(&["merge", "--all"]).fails(1, &["reverted it"]);
            // A person changed their mind.
            sandbox.git(&["revert", "--no-edit", "theirs"]);
            assert_eq!(sandbox.status(&id), "completed");
            sandbox.git(&["reset", "-q", "--hard", "theirs"]);
        }
        sandbox.chant(&["merge", &id, "--onto", "main"]).ok();
        assert!(sandbox.read("file").contains("five\nsix\n"), "{then}");
        assert_eq!(sandbox.status(&id), "completed", "{then}");
    }
}

#[test]
fn later_changes_to_the_lines_of_a_squash_are_no_revert() {
    for then in [
        "sed -i s/five/FIVE/ file; git commit -qam Five",
        "git rm -q file; git commit -qm Gone",
        "grep -E 'five|six' file >moved; sed -i 's/five/5/; s/six/6/' file; git add moved; git commit -qam Move",
        "git revert --no-edit HEAD; git revert --no-edit HEAD",
    ] {
        let (sandbox, id) = finished();
        squash_and(&sandbox, &id, then);
        assert_eq!(sandbox.status(&id), "completed", "{then}");
        let tip = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.chant(&["merge", "--all"]).ok();
        assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), tip, "{then}");
    }
}

#[test]
fn of_work_that_only_takes_lines_away_a_squash_is_found_among_many_commits() {
    let sandbox = Sandbox::new();
    sandbox.write("file", &"one two three four 5 6 seven eight nine ten\n".replace(' ', "\n"));
    sandbox.commit("Lines");
    sandbox.agent("sed -i '/^[56]$/d' file; git commit -qam Less");
    let id = sandbox.add(&["Less"]);
    sandbox.commit("Spec");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let many = |from: usize| {
        let text = |n: usize| format!("{}{}", sandbox.read("file"), "more\n".repeat(n % 50 + from));
        let mut stream = String::new();
        for n in 1..=400 {
            let text = text(n);
            let begin = if n == 1 { "from refs/heads/main^0\n" } else { "" };
            stream.push_str(&format!(
                "commit refs/heads/main\ncommitter A <a@x> {} +0000\ndata 4\nmore\n{begin}M 644 inline file\ndata {}\n{text}\n",
                2_000_000_000 + from + n,
                text.len(),
            ));
        }
        sandbox.write("../stream", &stream);
        sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-c", "git fast-import --quiet <../stream"])).ok();
        sandbox.git(&["reset", "-q", "--hard"]);
    };
    many(1);
    squash_and(&sandbox, &id, "true");
    many(2);
    let calls = sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["chant", "show", &id]));
    assert!(calls.ok().out.contains("completed"));
}

#[test]
fn a_revert_that_changes_more_is_a_revert() {
    for (then, reverted) in [
        // Another file in the same commit.
        (
            "git revert -n HEAD; git rm -rqf --ignore-unmatch .chant; echo why >why; git add why; git commit -qm 'Not so'",
            true,
        ),
        // A line of the work changed since, and the conflict is resolved to what was there before the work.
        (
            "sed -i s/five/FIVE/ file; git commit -qam Five; sed -i s/FIVE/5/ file; sed -i s/six/6/ file; sed -i /five/d changes; echo why >why; git add why; git commit -qam 'Not so'",
            true,
        ),
        // Resolved otherwise, in git's own words.
        (
            "sed -i s/five/FIVE/ file; git commit -qam Five; git revert HEAD~ >.out 2>&1 || true; printf 'one two three four V 6 seven eight nine ten\n' | tr ' ' '\n' >file; git add file changes; git rm -rqf --ignore-unmatch .chant; git commit -q --no-edit",
            true,
        ),
        ("sed -i s/five/V/ file; sed -i s/six/VI/ file; sed -i /five/d changes; git commit -qam Roman", false),
    ] {
        let (sandbox, id) = finished();
        squash_and(&sandbox, &id, then);
        let tip = sandbox.git(&["rev-parse", "HEAD"]);
        if reverted {
            assert_eq!(sandbox.status(&id), "finished", "{then}");
            sandbox.chant(&["merge", "--all"]).fails(1, &["'main' had this work as", "reverted it", "--onto main"]);
        } else {
            assert_eq!(sandbox.status(&id), "completed", "{then}");
            sandbox.chant(&["merge", "--all"]).ok();
        }
        assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), tip, "{then}");
    }
}

#[test]
fn a_squash_with_a_resolved_conflict_is_named_and_a_person_says_that_it_is_the_work() {
    let (sandbox, id) = finished();
    sandbox.write("file", &sandbox.read("file").replace("5\n", "V\n"));
    sandbox.commit("Roman");
    sandbox.chant(&["merge", &id]).fails(1, &["conflicts with 'main'"]);
    assert!(!sandbox.chant(&["show", &id]).ok().out.contains("seems to have this work"));
    let merge = sandbox.try_git(&["merge", "-q", "--squash", &format!("chant/{id}")]);
    assert_ne!(merge.code, 0, "{merge:?}");
    sandbox.write("file", &"one two three four V-five six seven eight nine ten\n".replace(' ', "\n"));
    let squash = sandbox.commit("Other words (#12)");
    let named = format!("'main' seems to have this work, altered, as {}", &squash[..10]);
    sandbox.chant(&["show", &id]).fails(0, &[&named]);
    let by_hand = format!("git chant finish {} --commit {}", &id[11..18], &squash[..10]);
    sandbox.chant(&["merge", &id]).fails(1, &["conflicts with 'main'", &named, &by_hand]);
    sandbox.chant(&["reset", &id]).ok();
    sandbox.chant(&["finish", &id, "--commit", &squash[..10]]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), squash);
    assert!(sandbox.chant(&["why", "file:5"]).ok().out.contains("Say it"));
}
