//! Leases: who works on what, for how long by the database's clock, and under which epoch.
//!
//! Time only says who may take a lease. What keeps two from writing is the epoch: every append of a holder
//! names it, and whoever takes the lease over counts it up. So a holder whose lease ran out while nobody wanted
//! it just goes on.

use std::sync::Arc;
use std::time::Duration;

use bp_journal::StoreError;

use crate::link::Link;
use crate::reader::unsigned;
use crate::settings::Settings;

/// A lease that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) name: String,
    pub(crate) epoch: i64,
}

/// Who wants a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// For people: `pid 7 on build-3`.
    pub name: String,
    /// What no two living holders have at once: whoever has the place of a lease's holder knows that the one
    /// before has ended, and need not wait until its lease runs out.
    pub place: String,
}

const TAKE: &str = "\
INSERT INTO journal_leases AS l (name, epoch, holder, place, expires) \
VALUES ($1, 1, $2, $3, clock_timestamp() + $4 * INTERVAL '1 second') \
ON CONFLICT (name) DO UPDATE SET epoch = l.epoch + 1, holder = excluded.holder, place = excluded.place, \
expires = excluded.expires \
WHERE l.expires <= clock_timestamp() OR l.place = excluded.place \
RETURNING epoch";
const HELD: &str = "\
SELECT holder, epoch, CAST(extract(epoch FROM expires - clock_timestamp()) * 1000 AS BIGINT) \
FROM journal_leases WHERE name = $1";
const RENEW: &str = "\
UPDATE journal_leases SET expires = clock_timestamp() + $3 * INTERVAL '1 second' WHERE name = $1 AND epoch = $2";
const RELEASE: &str = "\
UPDATE journal_leases SET expires = clock_timestamp() WHERE name = $1 AND epoch = $2";

/// Takes the lease of this name; refused where another holds it that has not run out.
pub(crate) async fn take(
    link: &Link,
    settings: &Settings,
    name: &str,
    holder: &Holder,
) -> Result<Lease, StoreError> {
    let seconds = settings.lease.as_secs_f64();
    let (epoch, held) = link
        .with("take a lease", |session| async move {
            let take = session.prepared(TAKE).await?;
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&name, &holder.name, &holder.place, &seconds];
            if let Some(row) = session.client.query_opt(&take, &parameters).await? {
                return Ok((Some(row.try_get(0)?), None));
            }
            let held = session.prepared(HELD).await?;
            let row = session.client.query_one(&held, &[&name]).await?;
            let held: (String, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok((None, Some(held)))
        })
        .await?;
    let name = name.to_owned();
    match (epoch, held) {
        (Some(epoch), _) => Ok(Lease { name, epoch }),
        (None, Some((holder, epoch, left))) => {
            let left = Duration::from_millis(unsigned(left.max(0)));
            Err(StoreError::Held { name, holder, epoch: unsigned(epoch), left })
        }
        (None, None) => Err(crate::failure::other("can't take a lease", "the database gave none")),
    }
}

/// Renews a lease, again and again, until it is another's.
pub(crate) async fn keep(link: Arc<Link>, settings: Arc<Settings>, lease: Lease) {
    let seconds = settings.lease.as_secs_f64();
    loop {
        tokio::time::sleep(settings.lease / 4).await;
        let (name, epoch) = (lease.name.as_str(), lease.epoch);
        let renewed = link.with("renew a lease", |session| async move {
            let renew = session.prepared(RENEW).await?;
            session.client.execute(&renew, &[&name, &epoch, &seconds]).await
        });
        // Whoever appends is told why it can't be renewed.
        if renewed.await.is_ok_and(|rows| rows == 0) {
            return;
        }
    }
}

/// Gives a lease back, if it is still held.
pub(crate) async fn release(link: &Link, lease: &Lease) -> Result<(), StoreError> {
    let (name, epoch) = (lease.name.as_str(), lease.epoch);
    link.with("give a lease back", |session| async move {
        let release = session.prepared(RELEASE).await?;
        session.client.execute(&release, &[&name, &epoch]).await.map(drop)
    })
    .await
}
