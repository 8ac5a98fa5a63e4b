//! A page: a title, paragraphs, and blocks of code that are examples.

use std::collections::BTreeMap;

/// What the file of an example is called where its block says nothing.
const ROOT: &str = "example.bp";

/// The page of a code.
#[derive(Clone, Debug)]
pub struct Page {
    /// `E2001`.
    pub code: &'static str,
    /// What it says, in a few words.
    pub title: String,
    /// What stands below the title.
    pub blocks: Vec<Block>,
    /// The page as it was written, in Markdown.
    pub text: &'static str,
}

/// A part of a page.
#[derive(Clone, Debug)]
pub enum Block {
    /// Words; on one line.
    Paragraph(String),
    /// Code, or what the compiler says of it.
    Fence(Fence),
}

/// A block of code.
#[derive(Clone, Debug, Default)]
pub struct Fence {
    /// `bp`, `hbs`, `toml`; `text` for what the compiler says.
    pub language: String,
    /// The words after it: `wrong`, `right`.
    pub words: Vec<String>,
    /// `file=other.bp`, `run="compile example.bp"`.
    pub attributes: BTreeMap<String, String>,
    /// The code, each line with its end.
    pub text: String,
    /// The line of the page (from 0) on which the closing mark stands.
    pub end: usize,
}

/// A program that a page shows.
#[derive(Clone, Debug)]
pub struct Example {
    /// Whether it has the mistake.
    pub is_wrong: bool,
    /// Name and text of its files, the root last.
    pub files: Vec<(String, String)>,
    /// The arguments of `bpc`, where it isn't `check` that finds the mistake.
    pub run: Option<String>,
    /// How the text becomes the program, where it isn't the program itself.
    pub generate: Option<String>,
    /// A code that comes with the page's, and can't be left out.
    pub also: Option<String>,
    /// What the compiler says of it, as the page has it.
    pub said: Option<String>,
    /// The line of the page (from 0) on which the block's closing mark stands.
    pub end: usize,
}

impl Page {
    /// Reads a page; what has no form is a paragraph.
    pub fn parse(code: &'static str, text: &'static str) -> Self {
        let mut lines = text.lines().enumerate().peekable();
        let mut title = String::new();
        if let Some((_, head)) = lines.next_if(|(_, line)| line.starts_with("# ")) {
            let head = head.trim_start_matches("# ");
            head.split_once(": ").map_or(head, |(_, title)| title).trim().clone_into(&mut title);
        }
        let mut blocks = Vec::new();
        let mut paragraph: Vec<&str> = Vec::new();
        let end = |paragraph: &mut Vec<&str>, blocks: &mut Vec<Block>| {
            if !paragraph.is_empty() {
                blocks.push(Block::Paragraph(paragraph.join(" ")));
                paragraph.clear();
            }
        };
        while let Some((_, line)) = lines.next() {
            if let Some(info) = line.strip_prefix("```") {
                end(&mut paragraph, &mut blocks);
                let mut fence = Fence::headed(info);
                for (at, line) in lines.by_ref() {
                    fence.end = at;
                    if line == "```" {
                        break;
                    }
                    fence.text.push_str(line);
                    fence.text.push('\n');
                }
                blocks.push(Block::Fence(fence));
            } else if line.trim().is_empty() {
                end(&mut paragraph, &mut blocks);
            } else {
                paragraph.push(line.trim());
            }
        }
        end(&mut paragraph, &mut blocks);
        Self { code, title, blocks, text }
    }

    /// `error` or `warning`.
    pub fn severity(&self) -> &'static str {
        if self.code.starts_with('W') { "warning" } else { "error" }
    }

    /// The programs of the page. A file that stands before one belongs to all that follow.
    pub fn examples(&self) -> Vec<Example> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut examples: Vec<Example> = Vec::new();
        for block in &self.blocks {
            let Block::Fence(fence) = block else { continue };
            let said = |word: &str| fence.words.iter().any(|it| it == word);
            let attribute = |name: &str| fence.attributes.get(name).cloned();
            let name = attribute("file").unwrap_or_else(|| ROOT.to_owned());
            if fence.language == "text" {
                if let Some(example) = examples.last_mut() {
                    example.said = Some(fence.text.clone());
                }
            } else if said("wrong") || said("right") {
                let beside = files.iter().filter(|(other, _)| **other != name);
                let mut all: Vec<_> =
                    beside.map(|(name, text)| (name.clone(), text.clone())).collect();
                all.push((name, fence.text.clone()));
                examples.push(Example {
                    is_wrong: said("wrong"),
                    files: all,
                    run: attribute("run"),
                    generate: attribute("generate"),
                    also: attribute("also"),
                    said: None,
                    end: fence.end,
                });
            } else {
                files.insert(name, fence.text.clone());
            }
        }
        examples
    }
}

impl Fence {
    /// From what stands behind the opening mark: a language, words, and `name=value` with quotes
    /// around what has blanks.
    fn headed(info: &str) -> Self {
        let mut fence = Self::default();
        let mut rest = info.trim();
        while !rest.is_empty() {
            let quote = rest.find('"');
            let blank = rest.find(' ').unwrap_or(rest.len());
            let end = match quote.filter(|quote| *quote < blank) {
                Some(quote) => rest
                    .get(quote + 1..)
                    .and_then(|inner| inner.find('"'))
                    .map_or(rest.len(), |close| quote + close + 2),
                None => blank,
            };
            let (word, after) = rest.split_at(end);
            match word.split_once('=') {
                Some((name, value)) => {
                    let value = value.trim_matches('"').to_owned();
                    fence.attributes.insert(name.to_owned(), value);
                }
                None if fence.language.is_empty() => word.clone_into(&mut fence.language),
                None => fence.words.push(word.to_owned()),
            }
            rest = after.trim_start();
        }
        fence
    }
}
