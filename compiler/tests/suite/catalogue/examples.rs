//! From an example of a page to what `bpc` says of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bp_compiler::analysis::Analysis;
use bp_compiler::catalogue::{Example, Page};
use bp_compiler::render::human;

/// What is said of a program.
pub(crate) struct Said {
    /// The codes, in order.
    pub(crate) codes: Vec<String>,
    /// As a person sees it.
    pub(crate) drawn: String,
    /// The example's files after its fix, where there is one.
    pub(crate) mended: Option<Vec<(String, String)>>,
}

/// Where the examples lie: the test works in it, so that paths are short and always the same. It is gone
/// with this.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
    before: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let before = std::env::current_dir().unwrap();
        std::env::set_current_dir(folder.path()).unwrap();
        Self { folder, before }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder is not removed from under one's feet.
        let _ = std::env::set_current_dir(&self.before);
    }
}

/// Writes the example and asks the compiler.
pub(crate) fn said(within: &Folder, name: &str, page: &Page, example: &Example) -> Said {
    let folder = PathBuf::from(name);
    let at = within.folder.path().join(&folder);
    std::fs::create_dir_all(&at).unwrap();
    for (file, text) in &example.files {
        write(&at, file, text, example.generate.as_deref());
    }
    let (root, _) = example.files.last().unwrap();
    if let Some(run) = &example.run {
        let (_, text) = example.files.last().unwrap();
        return run_in(&at, run, text);
    }
    if example.generate.as_deref() == Some("unsound") {
        return unsound(&folder.join(root));
    }
    let analysis = Analysis::check(&folder.join(root));
    let mut said = Said { codes: Vec::new(), drawn: String::new(), mended: None };
    for diagnostic in analysis.diagnostics() {
        said.codes.push(diagnostic.code.to_owned());
        // Others than the page's are no part of what it teaches.
        if diagnostic.code == page.code || !example.is_wrong {
            let sources = |id| analysis.sources().file(id);
            said.drawn.push_str(&human::text(diagnostic, sources, human::Style::default()));
            let fix = diagnostic.fix.as_ref().filter(|_| example.generate.is_none());
            said.mended = fix.map(|fix| crate::common::mended(&analysis, &example.files, fix));
        }
    }
    said.drawn = tidy(&said.drawn, &format!("{name}/"));
    said
}

/// A defect of the compiler, as it would be told: the program's plan, with a step that leads nowhere.
fn unsound(root: &Path) -> Said {
    let analysis = Analysis::load(root);
    let mut plan = analysis.plan().expect("the example has a plan").clone();
    for output in plan.outputs.values_mut() {
        output.value = bp_plan::Expr::Node("lost".to_owned());
    }
    let found = Analysis::doubts(&plan).expect("the plan is not sound");
    let sources = |id| analysis.sources().file(id);
    let drawn = human::text(&found, sources, human::Style::default());
    Said { codes: vec![found.code.to_owned()], drawn: tidy(&drawn, ""), mended: None }
}

/// What the program says on stderr, and on stdout where another form of messages is asked for; the example is
/// its stdin, too.
fn run_in(folder: &Path, run: &str, stdin: &str) -> Said {
    let is_on_stdout = run.contains("--message-format");
    let mut program = Command::new(env!("CARGO_BIN_EXE_bpc"))
        .args(run.split(' '))
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(if is_on_stdout { Stdio::piped() } else { Stdio::null() })
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever does not read it has ended.
    let _ = program.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = program.wait_with_output().unwrap();
    let said = if is_on_stdout { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(said).into_owned();
    let codes = text.match_indices("error[").chain(text.match_indices("warning["));
    let codes = codes.filter_map(|(at, _)| {
        let rest = text[at..].split_once('[')?.1;
        Some(rest.split_once(']')?.0.to_owned())
    });
    let codes = codes.collect();
    let lines = text.lines().filter(|line| !is_last(line));
    let drawn = tidy(&lines.collect::<Vec<_>>().join("\n"), "");
    Said { codes, drawn, mended: None }
}

/// `1 error`, `for more: …`: they belong to the run.
fn is_last(line: &str) -> bool {
    line.starts_with("for more: ")
        || line.split(", ").all(|part| {
            let (count, what) = part.split_once(' ').unwrap_or_default();
            count.parse::<u32>().is_ok()
                && matches!(what, "error" | "errors" | "warning" | "warnings")
        })
}

/// Without the folder, and without what is too long to be read.
fn tidy(drawn: &str, folder: &str) -> String {
    let text = if folder.is_empty() { drawn.to_owned() } else { drawn.replace(folder, "") };
    format!("{}\n", text.trim_end())
}

/// A file of an example. With `generate=repeat`, `«9 × text»` stands for the text nine times, with each
/// `#` in it for its number and each `#-` for the one before, and `name-«9».bp` for nine files; with `generate=latin-1` the file is no UTF-8.
fn write(folder: &Path, file: &str, text: &str, generate: Option<&str>) {
    let put = |file: &str, content: &[u8]| {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    match generate {
        Some("latin-1") => {
            let bytes: Vec<u8> =
                text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
            put(file, &bytes);
        }
        Some("empty") => put(file, b""),
        Some("repeat") => match file.split_once('«') {
            Some((before, rest)) => {
                let (count, after) = rest.split_once('»').unwrap();
                for number in 1..=count.parse::<usize>().unwrap() {
                    let file = format!("{before}{number}{after}");
                    put(&file, repeat(text).replace('#', &number.to_string()).as_bytes());
                }
            }
            None => put(file, repeat(text).as_bytes()),
        },
        Some("unsound") | None => put(file, text.as_bytes()),
        Some(other) => panic!("`generate={other}` is not known"),
    }
}

/// Each `«9 × text»` written out.
fn repeat(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once('«') {
        out.push_str(before);
        let (inner, after) = inner.split_once('»').unwrap();
        let (count, part) = inner.split_once(" × ").unwrap();
        let part = part.replace("\\n", "\n");
        for number in 1..=count.parse::<usize>().unwrap() {
            let part = part.replace("#-", &(number - 1).to_string());
            out.push_str(&part.replace('#', &number.to_string()));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
