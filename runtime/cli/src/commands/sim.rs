//! `bpr sim serve`.

use crate::DONE;
use crate::arguments::Serve;
use crate::told::Told;

pub(crate) async fn serve(asked: Serve) -> Result<u8, Vec<Told>> {
    let Serve { clusters, dir, ready_after } = asked;
    if clusters == 0 {
        return Err(vec![
            Told::error("no clusters are asked for").help("`--clusters 3` serves three"),
        ]);
    }
    let what = bp_sim::Serve { clusters, dir: dir.clone(), ready_after };
    match bp_sim::serve(what).await {
        Ok(()) => Ok(DONE),
        Err(error) => Err(vec![Told::error(format!("{}: {error}", dir.display()))]),
    }
}
