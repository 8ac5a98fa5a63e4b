//! What is edited: the tree of the other series, and the same as YAML with a JSON schema that says
//! of it what our types say.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use serde_json::{Value as Json, json};

use crate::tree;

/// A text in one of the languages, and what is typed into it.
pub(crate) struct Work {
    /// The text as it is opened, without mistakes.
    pub(crate) text: String,
    /// How its language is called.
    pub(crate) language: &'static str,
    /// The name of its file.
    pub(crate) file: &'static str,
    /// What stands before a number, which a letter behind it spoils.
    pub(crate) number: &'static str,
    /// What stands before the name of a region.
    pub(crate) region: &'static str,
    /// What begins a new entry, and one that can be completed there.
    pub(crate) entry: (&'static str, &'static str),
    /// What begins the value of an entry, and a name that can be completed there, among those of all
    /// nodes; nothing where the language has no names.
    pub(crate) name: Option<(&'static str, &'static str)>,
}

/// How many nodes make so many lines of a blueprint.
pub(crate) fn nodes(lines: usize) -> usize {
    let around = tree::blueprint(1).lines().count();
    let each = tree::blueprint(2).lines().count() - around;
    1 + lines.saturating_sub(around) / each.max(1)
}

/// The tree as a blueprint.
pub(crate) fn blueprint(nodes: usize) -> Work {
    Work {
        // Open: that there may be a new entry.
        text: tree::blueprint(nodes).replace(
            "  requires parent",
            "  property enabled: bool?\n  property owner: string?\n  requires parent",
        ),
        language: "blueprint",
        file: "tree.bp",
        number: "  size        = ",
        region: "  region      = ",
        entry: ("  ", "enabled"),
        name: Some(("  owner       = ", "n1")),
    }
}

/// The tree as YAML.
pub(crate) fn yaml(nodes: usize) -> Work {
    let mut text = String::from("version: 1.0.0\nnode_templates:\n");
    for i in 0..nodes {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "  n{i}:\n    type: Item\n    properties:\n      name: node-{i}\n      region: {}\n      size: {}\n",
            tree::region(i),
            i % 17,
        );
        let _ = match tree::parent(i) {
            None => writeln!(text, "      parent_name: none"),
            Some(p) => writeln!(
                text,
                "      parent_name: {{ get_attribute: [n{p}, name] }}\n    requirements:\n      parent: n{p}"
            ),
        };
    }
    Work {
        text,
        language: "yaml",
        file: "tree.yaml",
        number: "      size: ",
        region: "      region: ",
        entry: ("      ", "enabled"),
        name: None,
    }
}

/// What the YAML must look like.
pub(crate) fn schema() -> Json {
    let or_function =
        |ty: &str| json!({ "anyOf": [{ "type": ty }, { "$ref": "#/definitions/fn" }] });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["version", "node_templates"],
        "additionalProperties": false,
        "properties": {
            "version": { "type": "string" },
            "node_templates": {
                "type": "object",
                "additionalProperties": { "$ref": "#/definitions/node" },
            },
        },
        "definitions": {
            "fn": {
                "type": "object",
                "additionalProperties": false,
                "properties": { "get_attribute": { "type": "array" } },
            },
            "node": {
                "type": "object",
                "required": ["type", "properties"],
                "additionalProperties": false,
                "properties": {
                    "type": { "enum": ["Item", "Root"], "description": "the node's type" },
                    "properties": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": false,
                        "properties": {
                            "name": or_function("string"),
                            "region": { "anyOf": [{ "enum": tree::REGIONS }, { "$ref": "#/definitions/fn" }] },
                            "size": or_function("integer"),
                            "parent_name": or_function("string"),
                            "enabled": or_function("boolean"),
                            "owner": or_function("string"),
                        },
                    },
                    "requirements": {
                        "type": "object",
                        "additionalProperties": { "type": "string" },
                    },
                },
            },
        },
    })
}

impl Work {
    /// Writes the file, and the schema beside it.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(self.file), &self.text)?;
        fs::write(folder.join("schema.json"), schema().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_have_the_lines_and_the_places() {
        let nodes = nodes(1_000);
        let ours = blueprint(nodes);
        let lines = ours.text.lines().count();
        assert!((990..=1_010).contains(&lines), "{lines}");
        for work in [ours, yaml(nodes)] {
            let starts = |start: &str| work.text.lines().filter(|l| l.starts_with(start)).count();
            assert_eq!(starts(work.number), nodes, "{}", work.language);
            assert_eq!(starts(work.region), nodes, "{}", work.language);
        }
    }
}
