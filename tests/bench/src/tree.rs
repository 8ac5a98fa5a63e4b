//! The work that is measured: N nodes in a binary tree, each with four properties, one of them its
//! parent's name, in our language, in terraform's and in KCL.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

pub(crate) const REGIONS: [&str; 3] = ["eu-west", "us-east", "ap-south"];

const HEAD: &str = r#"blueprint tree {
  version = "1.0.0"
}

node type Item {
  property name: string
  property region: string = "eu-west"
  property size: int = 0
  property parent_name: string = "none"
  requires parent: Item[0..1] via DependsOn
  provider = "noop"
}
"#;

/// One of a few.
pub(crate) fn region(i: usize) -> &'static str {
    REGIONS.get(i % REGIONS.len()).copied().unwrap_or_default()
}

/// The node above; none for the root.
pub(crate) fn parent(i: usize) -> Option<usize> {
    i.checked_sub(1).map(|above| above / 2)
}

/// The tree as a blueprint.
pub(crate) fn blueprint(nodes: usize) -> String {
    let mut text = HEAD.to_owned();
    for i in 0..nodes {
        let (name, requirement) = match parent(i) {
            None => ("\"none\"".to_owned(), String::new()),
            Some(p) => (format!("n{p}.name"), format!("\n  parent -> n{p}")),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nnode n{i}: Item {{\n  name        = \"node-{i}\"\n  region      = \"{}\"\n  size        = {}\n  \
             parent_name = {name}{requirement}\n}}\n",
            region(i),
            i % 17,
        );
    }
    text
}

/// The tree for terraform.
pub(crate) fn terraform(nodes: usize) -> String {
    let mut text = "terraform {\n  required_version = \">= 1.4\"\n}\n".to_owned();
    for i in 0..nodes {
        let name =
            parent(i).map_or("\"none\"".to_owned(), |p| format!("terraform_data.n{p}.output.name"));
        let _ = write!(
            text,
            "\nresource \"terraform_data\" \"n{i}\" {{\n  input = {{\n    name        = \"node-{i}\"\n    \
             region      = \"{}\"\n    size        = {}\n    parent_name = {name}\n  }}\n}}\n",
            region(i),
            i % 17,
        );
    }
    text
}

/// The tree for KCL.
pub(crate) fn kcl(nodes: usize) -> String {
    let mut text =
        "schema Item:\n    name: str\n    region: str = \"eu-west\"\n    size: int = 0\n    \
                    parent_name: str = \"none\"\n    depends_on: [str] = []\n"
            .to_owned();
    for i in 0..nodes {
        let (name, needs) = parent(i).map_or(("\"none\"".to_owned(), String::new()), |p| {
            (format!("n{p}.name"), format!("\"n{p}\""))
        });
        let _ = write!(
            text,
            "\nn{i} = Item {{\n    name = \"node-{i}\"\n    region = \"{}\"\n    size = {}\n    \
             parent_name = {name}\n    depends_on = [{needs}]\n}}\n",
            region(i),
            i % 17,
        );
    }
    text
}

/// Writes all forms into a folder: `tree.bp`, `terraform/main.tf`, `main.k`.
pub(crate) fn write(folder: &Path, nodes: usize) -> io::Result<()> {
    fs::create_dir_all(folder.join("terraform"))?;
    fs::write(folder.join("tree.bp"), blueprint(nodes))?;
    fs::write(folder.join("main.k"), kcl(nodes))?;
    fs::write(folder.join("terraform/main.tf"), terraform(nodes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_node_but_the_root_names_its_parent() {
        let text = blueprint(7);
        assert_eq!(text.matches("\nnode n").count(), 7);
        assert_eq!(text.matches("parent ->").count(), 6);
        assert!(text.contains("name        = \"node-6\"") && text.contains("parent -> n2\n"));
        let text = terraform(7);
        assert_eq!(text.matches("resource \"terraform_data\"").count(), 7);
        assert_eq!(text.matches(".output.name").count(), 6);
        let text = kcl(7);
        assert_eq!(text.matches(" = Item {").count(), 7);
        assert!(text.contains("parent_name = n2.name\n    depends_on = [\"n2\"]"));
    }

    #[test]
    fn both_forms_are_written() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 3).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("tree.bp")).unwrap(), blueprint(3));
        assert!(folder.path().join("terraform/main.tf").is_file());
    }
}
