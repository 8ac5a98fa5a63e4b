//! `bpc check --watch`, with real files and a real process.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The program while it watches; ended with the test.
struct Watching {
    program: Child,
    lines: Receiver<String>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Watching {
    fn start(folder: &Path, command: &str, arguments: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_bpc"))
            .args([command, "--watch"])
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let err = program.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { program, lines }
    }

    /// What is said until it waits again.
    fn next(&self) -> Option<Vec<String>> {
        let mut said = Vec::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30)).ok()?;
            let is_last = line.ends_with("; waiting for a change");
            said.push(line);
            if is_last {
                return Some(said);
            }
        }
    }

    fn round(&self) -> Vec<String> {
        self.next().unwrap_or_else(|| panic!("it does not look"))
    }

    /// Whether it says this, now or after what it has still to say.
    fn comes_to(&self, words: &str) {
        let mut said = String::new();
        for _ in 0..5 {
            let Some(round) = self.next() else { break };
            if round.join("\n").contains(words) {
                return;
            }
            said.push_str(&round.join("\n"));
        }
        panic!("it never says `{words}`:\n{said}");
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn it_looks_again_when_anything_it_read_changes() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(
        at,
        "root.bp",
        "blueprint x { version = \"1.0.0\" }\nuse \"./parts/a.bp\" as a\noutput o: int = a.one\noutput note: string = read(\"note.txt\")\n",
    );
    write(at, "parts/a.bp", "const one = 1\n");
    write(at, "note.txt", "hello");
    let watching = Watching::start(at, "check", &["root.bp"]);
    let first = watching.round().join("\n");
    assert!(first.starts_with("fine: 2 files checked in "), "{first}");

    write(at, "parts/a.bp", "const one = 1 +\n");
    watching.comes_to("error[E1");
    write(at, "parts/a.bp", "const one = 2\n");
    watching.comes_to("fine: ");
    // A file is taken away, and comes again.
    std::fs::remove_file(at.join("note.txt")).unwrap();
    watching.comes_to("there is no file");
    write(at, "note.txt", "again");
    watching.comes_to("fine: ");
    // As editors save: another file is put in its place.
    write(at, "parts/.a.bp.new", "const two = 2\n");
    std::fs::rename(at.join("parts/.a.bp.new"), at.join("parts/a.bp")).unwrap();
    watching.comes_to("not fine: ");
    std::fs::rename(at.join("parts/a.bp"), at.join("parts/b.bp")).unwrap();
    watching.comes_to("there is no file \"./parts/a.bp\"");
    write(at, "parts/a.bp", "const one = 3\n");
    watching.comes_to("fine: ");
}

#[test]
fn what_nobody_reads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "a.bp", "const one = 1\n");
    let watching = Watching::start(at, "check", &["a.bp"]);
    watching.round();
    for name in ["a.plan", ".a.bp.swp", "a.bp~"] {
        write(at, name, "x");
    }
    let more = watching.lines.recv_timeout(Duration::from_millis(1500));
    assert!(more.is_err(), "{more:?}");
}

#[test]
fn a_package_is_watched_with_what_it_depends_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let manifest = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n";
    write(at, "shop/bp.toml", manifest);
    write(at, "shop/a.bp", "const one = 1\n");
    write(at, "acme/bp.toml", "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n");
    write(at, "acme/acme.bp", "const two = 2\n");
    let watching = Watching::start(&at.join("shop"), "check", &[]);
    watching.comes_to("fine: 1 file checked");
    write(at, "shop/b.bp", "use acme\nconst three = acme.two + one\n");
    watching.comes_to("E6001");
    write(
        at,
        "shop/bp.toml",
        &format!("{manifest}[dependencies]\nacme = {{ path = \"../acme\" }}\n"),
    );
    watching.comes_to("there is no `one`");
    write(at, "shop/b.bp", "use acme\nconst three = acme.two + 1\n");
    watching.comes_to("fine: 3 files checked");
    write(at, "acme/acme.bp", "const two = 3\n");
    watching.comes_to("E6012");
}

#[test]
fn tests_run_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(
        at,
        "root.bp",
        "blueprint x { version = \"1.0.0\" }\nuse \"./a.bp\" as a\ninput n: int = a.one\ntest \"one\" { assert n == 1 }\n",
    );
    write(at, "a.bp", "const one = 1\n");
    let watching = Watching::start(at, "test", &[]);
    watching.comes_to("fine in ");
    write(at, "a.bp", "const one = 2\n");
    watching.comes_to("not fine in ");
    write(at, "a.bp", "const one = 1\n");
    watching.comes_to("fine in ");
}
