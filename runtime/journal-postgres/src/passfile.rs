//! The password file of PostgreSQL's programs: `~/.pgpass`, or what `PGPASSFILE` names.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bp_journal::StoreError;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::settings::{refused, variable};

/// The password that the file has for this connection, if there is a file and it has one.
pub(crate) fn password(config: &Config) -> Result<Option<String>, StoreError> {
    let named = variable("PGPASSFILE").map(PathBuf::from);
    let path = named.or_else(|| Some(Path::new(&variable("HOME")?).join(".pgpass")));
    match path {
        Some(path) if path.is_file() => of_file(&path, config),
        _ => Ok(None),
    }
}

fn of_file(path: &Path, config: &Config) -> Result<Option<String>, StoreError> {
    let failed = |error: std::io::Error| {
        refused(format!("the password file {} can't be read: {error}", path.display()))
    };
    let mode = path.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(refused(format!(
            "the password file {} can be read by others, so it is not used: `chmod 600 {}`",
            path.display(),
            path.display()
        )));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Ok(found(&text, config))
}

/// The password of the first line that fits.
fn found(text: &str, config: &Config) -> Option<String> {
    // Of several hosts the first counts: a file that parts them is better named host by host.
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(_)) | None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let wanted = [&host, &port, config.get_dbname()?, config.get_user()?].map(str::to_owned);
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#')).map(fields);
    let fits = |fields: &Vec<String>| {
        fields.len() == 5
            && fields.iter().zip(&wanted).all(|(field, is)| field == "*" || field == is)
    };
    lines.find(fits).and_then(|mut fields| fields.pop())
}

/// The fields of a line: a `\` takes away the meaning of a `:` or `\` behind it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, fields.len()) {
            // A password's own `:` needs no `\`.
            (':', ..5) => fields.push(String::new()),
            (character, _) => {
                let own = if character == '\\' { characters.next() } else { Some(character) };
                if let Some(field) = fields.last_mut() {
                    field.extend(own);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn config(url: &str) -> Config {
        url.parse().unwrap()
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# hosts\ndb:5432:other:ann:no\ndb:*:journal:ann:a\\:b\\\\c:d\n*:*:*:*:late\nlocalhost:1:x:ann:s\n";
        assert_eq!(found(text, &config("postgres://ann@db/journal")).unwrap(), "a:b\\c:d");
        assert_eq!(found(text, &config("postgres://bob@db/journal")).unwrap(), "late");
        let local = "localhost:5433:journal:ann:socket";
        assert_eq!(found(local, &config("postgres://ann@%2Frun/journal?port=5433")), None);
        assert_eq!(
            found(local, &config("postgres://ann@/journal?host=/run&port=5433")).unwrap(),
            "socket"
        );
        assert_eq!(found("", &config("postgres://ann@db/journal")), None);
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        std::fs::write(&path, "*:*:*:*:hunter2\n").unwrap();
        let config = config("postgres://ann@db/journal");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = of_file(&path, &config).unwrap_err().to_string();
        assert!(said.contains("chmod 600") && !said.contains("hunter2"), "{said}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(of_file(&path, &config).unwrap().unwrap(), "hunter2");
    }
}
