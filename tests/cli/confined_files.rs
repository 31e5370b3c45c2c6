//! Files that git goes by, wherever they lie, and that a confined agent can neither write nor make; and what it leaves where git-chant reads.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::{
    agent_work::{GOOD, with_free_agent},
    confined::{completes, confined},
    support::Sandbox,
};

/// An agent that tries to write each file, says which it could, and does its work.
fn tries(files: &[&Path]) -> String {
    let one = |file: &&Path| {
        let (file, dir) = (file.display(), file.parent().unwrap().display());
        format!(
            "(mkdir -p {dir}; echo '[core]' >>{file}; rm -f {file}.new; echo x >{file}.new && mv {file}.new {file} || ! rm -f {file}.new) 2>/dev/null && echo {file}"
        )
    };
    let all: Vec<String> = files.iter().map(one).collect();
    format!("exec 3>../allowed; {{ {}; }} >&3; {GOOD}", all.join("; "))
}

fn allowed(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.dir().join("allowed")).unwrap()
}

fn program(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn files_that_the_configuration_includes_can_be_neither_written_nor_made() {
    let Some((sandbox, id)) = confined("") else { return };
    let home = sandbox.dir().join("home");
    let [absent, away, empty, work, deeper, own] =
        ["absent", "no/such/directory", "empty", "work", "deeper", "own"].map(|name| home.join(name));
    let set = |key: &str, path: &str| sandbox.git(&["config", "--global", "--add", key, path]);
    set("include.path", "~/absent");
    set("include.path", "~/no/such/directory");
    set("include.path", empty.to_str().unwrap());
    set("includeIf.gitdir:~/elsewhere/.path", "~/work");
    sandbox.git(&["config", "include.path", own.to_str().unwrap()]);
    fs::write(&empty, "").unwrap();
    // What is included by what is not in force here.
    fs::write(&work, "[include]\n\tpath = deeper\n").unwrap();
    sandbox.agent(&tries(&[&absent, &away, &empty, &work, &deeper, &own]));
    completes(&sandbox, &id);
    assert_eq!(allowed(&sandbox), "");
    assert!(!absent.exists() && !deeper.exists() && !own.exists() && !home.join("no").exists());
    assert_eq!(fs::read_to_string(&empty).unwrap(), "");
}

#[test]
fn a_file_that_the_command_line_includes_can_be_neither_written_nor_made() {
    let Some((sandbox, id)) = confined("") else { return };
    let file = sandbox.dir().join("home/given");
    sandbox.agent(&tries(&[&file]));
    let include = format!("include.path={}", file.display());
    sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["-c", &include, "chant", "work", &id])).ok();
    assert_eq!((allowed(&sandbox).as_str(), sandbox.status(&id).as_str()), ("", "completed"));
}

#[test]
fn an_included_file_without_force_here_that_it_replaced_waits_for_a_person() {
    let Some((sandbox, id)) = confined("") else { return };
    let (link, file) = (sandbox.dir().join("home/link"), sandbox.dir().join("home/work"));
    fs::write(&file, "[user]\n\tnickname = Ada\n").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    sandbox.git(&["config", "--global", "includeIf.gitdir:~/elsewhere/.path", link.to_str().unwrap()]);
    sandbox.agent(&format!("rm {0}; printf '[core]\\n\\teditor = x\\n' >{0}; {GOOD}", link.display()));
    sandbox.chant(&["work", &id]).fails(1, &["the included configuration file", "was changed"]);
    assert_eq!(sandbox.status(&id), "finished");
}

#[test]
fn programs_that_the_configuration_names_by_a_path_cannot_be_written() {
    let Some((sandbox, id)) = confined("") else { return };
    let home = sandbox.dir().join("home");
    let names = ["tool", "monitor", "editor", "agent", "ssh", "template", "alias"];
    let [tool, monitor, editor, agent, ssh, template, alias] = names.map(|name| home.join(name));
    for path in [&tool, &monitor, &editor, &ssh, &alias] {
        program(path, "exit 1");
    }
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(&template).unwrap();
    sandbox.git(&["config", "chant.notify", "~/tool --now"]);
    sandbox.git(&["config", "--global", "core.fsmonitor", monitor.to_str().unwrap()]);
    sandbox.git(&["config", "--global", "core.editor", "sh \"$HOME/editor\""]);
    sandbox.git(&["config", "--global", "alias.x", "!~/alias"]);
    sandbox.git(&["config", "--global", "includeIf.gitdir:~/elsewhere/.path", "~/inactive"]);
    fs::write(home.join("inactive"), format!("[core]\n\tsshCommand = {} -v\n", ssh.display())).unwrap();
    let hook = template.join("hooks");
    program(&agent, &tries(&[&tool, &monitor, &editor, &agent, &ssh, &hook, &alias]));
    let text = fs::read_to_string(&agent).unwrap();
    let prelude = fs::read_to_string(sandbox.dir().join("agent.sh")).unwrap();
    program(&agent, &(prelude + text.strip_prefix("#!/bin/sh\n").unwrap()));
    sandbox.git(&["config", "chant.agent.scripted.cmd", agent.to_str().unwrap()]);
    let mut work = sandbox.binary(&["work", &id]);
    sandbox.run(work.env("GIT_TEMPLATE_DIR", &template)).ok();
    assert_eq!((allowed(&sandbox).as_str(), sandbox.status(&id).as_str()), ("", "completed"));
}

#[test]
fn a_program_behind_a_link_that_it_replaced_waits_for_a_person_and_does_not_run() {
    let Some((sandbox, id)) = confined("") else { return };
    let (link, tool, ran) =
        (sandbox.dir().join("home/link"), sandbox.dir().join("home/tool"), sandbox.dir().join("ran"));
    program(&tool, "true");
    std::os::unix::fs::symlink(&tool, &link).unwrap();
    sandbox.git(&["config", "chant.notify", link.to_str().unwrap()]);
    let text = format!("printf '#!/bin/sh\\necho x >{}\\n' >{1}; chmod +x {1}", ran.display(), link.display());
    sandbox.agent(&format!("rm {}; {text}; {GOOD}", link.display()));
    sandbox.chant(&["work", &id]).fails(1, &["the program", "was changed"]);
    assert_eq!(sandbox.status(&id), "finished");
    assert!(!ran.exists());
}

#[test]
fn large_files_come_into_the_store_if_the_work_names_them_and_they_are_what_their_name_says() {
    let script = format!(
        "l=$(git rev-parse --git-common-dir)/lfs/objects; sum() {{ printf %s $1 | sha256sum | cut -d' ' -f1; }}
        put() {{ d=$l/$(echo $1 | cut -c1-2)/$(echo $1 | cut -c3-4); mkdir -p $d; f=$d/$1; }}
        point() {{ printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' $1 $2; }}
        s=$(sum large); echo $s >\"$HOME/name\"; put $s; printf large >$f; point $s 5 >pointer
        put $(sum unnamed); printf unnamed >$f
        s=$(echo $s | tr 0-9a-f 1-9a-f0); put $s; printf other >$f; point $s 5 >false
        s=$(echo $s | tr 0-9a-f 1-9a-f0); put $s; truncate -s 900G $f; point $s 966367641600 >endless; put short; echo x >$f
        git add pointer false endless; git commit -qm Large; {GOOD}"
    );
    let Some((sandbox, id)) = confined(&script) else { return };
    completes(&sandbox, &id);
    let name = fs::read_to_string(sandbox.dir().join("home/name")).unwrap();
    let (name, store) = (name.trim(), sandbox.repo.join(".git/lfs/objects"));
    let large = store.join(&name[..2]).join(&name[2..4]).join(name);
    assert_eq!(fs::read_to_string(large).unwrap(), "large");
    assert_eq!(fs::read_dir(&store).unwrap().count(), 1, "nothing else came in");
}

#[test]
fn of_what_it_left_in_the_git_directory_of_its_worktree_only_what_git_keeps_there_stays() {
    let script = format!(
        "d=$(git rev-parse --git-dir); truncate -s 900G $d/huge; mkdir $d/dir; echo x >$d/dir/x; echo m >$d/OWN_HEAD
        truncate -s 900G $d/logs/endless; {GOOD}"
    );
    let Some((sandbox, id)) = confined(&script) else { return };
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let dir = fs::read_dir(sandbox.repo.join(".git/worktrees")).unwrap().next().unwrap().unwrap().path();
    let names = ["huge", "dir", "OWN_HEAD", "index"].map(|name| dir.join(name).exists());
    assert_eq!(names, [false, false, true, true]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn packs_that_another_directory_has_too_are_told_once_and_refused_where_a_sandbox_is_required() {
    let Some((sandbox, id)) = confined(GOOD) else { return };
    sandbox.git(&["repack", "-adq"]);
    let pack = fs::read_dir(sandbox.repo.join(".git/objects/pack")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        path.extension().is_some_and(|kind| kind == "pack").then_some(path)
    });
    let pack = pack.unwrap();
    fs::hard_link(&pack, sandbox.dir().join("other")).unwrap();
    sandbox.chant(&["work", &id]).fails(1, &["hard links", "git repack -a -d -f"]);
    sandbox.git(&["config", "chant.confine", "auto"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("hard links") && ran.err.contains("git repack -a -d -f"), "{}", ran.err);
    let again = sandbox.add(&["Once more"]);
    sandbox.agent("echo three >file");
    assert!(!sandbox.chant(&["work", &again]).ok().err.contains("hard links"));
    sandbox.git(&["repack", "-a", "-d", "-f", "-q"]);
    sandbox.git(&["config", "chant.confine", "require"]);
    let last = sandbox.add(&["As said"]);
    sandbox.agent("echo four >file");
    sandbox.chant(&["work", &last]).ok();
}

#[test]
fn a_branch_whose_name_is_no_utf_8_is_told() {
    let (sandbox, id) = with_free_agent(&format!("git branch \"$(printf 'caf\\351')\"; {GOOD}"));
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("'refs/heads/caf\u{fffd}' was created"), "{}", ran.err);
}

#[test]
fn a_large_hook_is_known_by_its_content() {
    let sandbox = Sandbox::new();
    let hook = sandbox.repo.join(".git/hooks/post-merge");
    program(&hook, &format!("exit 0\n{}", "#".repeat(2 << 20)));
    let path = hook.display();
    sandbox.agent(&format!("touch -r {path} time; printf 'exit 3' | dd of={path} bs=1 seek=10 conv=notrunc 2>/dev/null; touch -r time {path}; rm time; {GOOD}"));
    let sandbox = sandbox.unconfined();
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &["the hook 'hooks/post-merge' was changed"]);
}
