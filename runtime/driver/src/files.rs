//! The content of files: in the journal's blobs until a provider is called.
//!
//! What the engine keeps and journals of a file is its path and digest. Here the content comes
//! beside them, in the form that [`bp_provider::File`] describes.

use std::collections::BTreeMap;

use bp_journal::Store;
use bp_plan::FileRef;
use bp_provider::{Class, Failure, File};
use serde_json::Value as Json;

/// The properties with the content of each file in them, by the pointers that lead there.
pub(crate) async fn with_content(
    store: &dyn Store,
    mut properties: BTreeMap<String, Json>,
    files: &BTreeMap<String, FileRef>,
) -> Result<BTreeMap<String, Json>, Failure> {
    for (pointer, file) in files {
        let bytes = store
            .blob(file.digest.hex())
            .await
            .map_err(|error| Failure::new(Class::Transient, error.to_string()))?
            .ok_or_else(|| {
                damaged(format!("the journal does not hold the file `{}`", file.path))
            })?;
        let whole = File::new(&file.path, file.digest.as_str(), bytes).to_json();
        *place(&mut properties, pointer).ok_or_else(|| {
            damaged(format!("nothing is at {pointer}, where the file `{}` was", file.path))
        })? = whole;
    }
    Ok(properties)
}

fn damaged(message: String) -> Failure {
    Failure::new(Class::Permanent, message)
}

/// What a JSON pointer into the properties leads to.
fn place<'p>(properties: &'p mut BTreeMap<String, Json>, pointer: &str) -> Option<&'p mut Json> {
    let path = pointer.strip_prefix('/')?;
    let (name, inner) = match path.find('/') {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    properties.get_mut(&name)?.pointer_mut(inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::place;

    #[test]
    fn pointers_lead_into_properties() {
        let mut properties = std::collections::BTreeMap::from([
            ("plain".to_owned(), serde_json::json!(1)),
            ("a/b".to_owned(), serde_json::json!({ "x~y": [1, { "z": 2 }] })),
        ]);
        assert_eq!(place(&mut properties, "/plain").unwrap(), 1);
        assert_eq!(place(&mut properties, "/a~1b/x~0y/1/z").unwrap(), 2);
        assert!(place(&mut properties, "/gone").is_none());
        assert!(place(&mut properties, "plain").is_none());
    }
}
