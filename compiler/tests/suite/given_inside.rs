//! What nodes give the blueprints that they are made of, followed inside: what can never work there is told at the
//! value, as if it stood there.

use crate::composition::wrong;

/// What `expose` names is there.
#[test]
fn what_is_exposed_is_there() {
    let of = |exposed: &str| {
        let text = format!(
            "blueprint e {{ version = \"1.0.0\" }}\ncapability type Sql {{ property port: int = 1 }}\nnode type N {{ capability sql: Sql }}\nnode c: N for x in [\"a\", \"b\"]\nexpose sql = {exposed}\n"
        );
        wrong(&[("e.bp", &text)])
    };
    assert_eq!(of("c[\"b\"].sql"), [""; 0]);
    assert_eq!(of("c[\"z\"].sql"), ["E3024 e.bp:5"]);
}
