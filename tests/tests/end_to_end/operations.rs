//! What types and nodes say of capabilities and relationships is read at run time.

use std::time::Duration;

use bp_tests::Environment;

const KINDS: &str = r#"
blueprint kinds { version = "1.0.0" }
capability type Sql {
  property port: int = 5432
  property host: string
}
node type Db {
  property zone: string
  capability sql: Sql { host = "db-${self.zone}" }
}
relationship type Uses {
  source: App
  target: Db
  property path: string = "/${source.name}/${target.zone}"
}
node type App {
  property name: string
  property url: string = "${self.db.sql.host}:${self.db.sql.port}${self.db.via.path}"
  requires db: Db via Uses
}
input zone: string = "a"
node db: Db {
  zone = zone
  sql = { port = 80 }
  labels = { ...{ team = "x" }, zone = zone }
}
node plain: Db { zone = zone }
node app: App {
  name = "app-${zone}"
  db -> db
}
output url: string = app.url
output port: int = plain.sql.port
"#;

#[test]
fn capabilities_and_relationships_are_read() {
    let environment = Environment::new();
    let plan = environment.compile_text("kinds.bp", KINDS);
    let ended = environment.deploy(&plan, "kinds", &[]).wait(Duration::from_mins(1));
    assert_eq!(ended.code, Some(0), "{}", ended.words());
    let outputs = environment.ask("outputs", "kinds", 0);
    let text = outputs.to_string();
    assert!(text.contains("db-a:80/app-a/a") && text.contains("5432"), "{text}");
}
